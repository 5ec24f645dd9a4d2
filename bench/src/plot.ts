import { judge, levelOf, marginOf, type Row, shown } from './row.ts'

const WIDTH = 900
const LABELS = 470
const VALUES = 165
const BARS = WIDTH - LABELS - VALUES
const LINE = 28
/** Powers of two beyond which a bar grows no further. */
const FAR = 6
const TOP = 56

/** Bars show how far each figure is beyond its mark, on a scale of powers of two: past the line is reached. */
export function toPlot(rows: readonly Row[]): string {
  const judged = rows.flatMap((row) =>
    row.mark === null ? [] : [{ row, mark: row.mark, power: powerOf(marginOf(row.ratio.median, row.mark)) }],
  )
  const powers = judged.map(({ power }) => power)
  const low = Math.floor(Math.min(-1, ...powers))
  const high = Math.ceil(Math.max(1, ...powers))
  const x = (power: number) => Math.round(LABELS + ((power - low) / (high - low)) * BARS)
  const height = TOP + judged.length * LINE + 12

  const ticks = Array.from({ length: high - low + 1 }, (_, index) => low + index).map((power) => {
    const name = power === 0 ? 'mark' : power > 0 ? `${2 ** power}×` : `1/${2 ** -power}`
    return (
      `<line class="${power === 0 ? 'mark' : 'grid'}" x1="${x(power)}" x2="${x(power)}" y1="${TOP - 8}" y2="${height - 12}"/>` +
      `<text class="quiet" x="${x(power)}" y="${TOP - 14}" text-anchor="middle">${name}</text>`
    )
  })
  const bars = judged.map(({ row, mark, power }, index) => {
    const y = TOP + index * LINE
    const to = x(power)
    const unit = row.peer === null ? ` ${row.unit}` : '×'
    const told = `${shown(row.ratio.median)}${unit} (${'atLeast' in mark ? '≥' : '≤'} ${shown(levelOf(mark))})`
    return (
      `<text x="${LABELS - 12}" y="${y + 14}" text-anchor="end">${escaped(row.what)}</text>` +
      `<rect class="${judge(row)}" x="${LABELS}" y="${y + 2}" width="${Math.max(2, to - LABELS)}" height="${LINE - 12}" rx="3"/>` +
      `<text class="quiet" x="${WIDTH - 4}" y="${y + 14}" text-anchor="end">${escaped(told)}</text>`
    )
  })

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Each figure against its mark">
<style>
text { font: 11.5px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 14px }
.quiet { fill: #57606a }
.grid { stroke: #d0d7de }
.mark { stroke: #24292f; stroke-width: 1.5 }
.reached { fill: #2da44e }
.level { fill: #bf8700 }
.missed { fill: #cf222e }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.quiet { fill: #9198a1 }
.grid { stroke: #3d444d }
.mark { stroke: #e6edf3 }
.reached { fill: #3fb950 }
.level { fill: #d29922 }
.missed { fill: #f85149 }
}
</style>
<text class="title" x="12" y="22">Each figure against its mark: further to the right is better</text>
${[...bars, ...ticks].join('\n')}
</svg>
`
}

function powerOf(margin: number): number {
  return Math.max(-FAR, Math.min(FAR, Math.log2(margin))) || 0
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
