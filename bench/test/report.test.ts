import { describe, expect, it } from 'vitest'
import { ratioOf, sampleOf } from '../src/measure.ts'
import { toPlot } from '../src/plot.ts'
import { between, toMarkdown, toTable } from '../src/report.ts'
import { judge, type Mark, marginOf, type Row, shown } from '../src/row.ts'

const one = (value: number) => ({ median: value, least: value, most: value })

function row(ratio: number, mark: Mark | null, peer = true): Row {
  return {
    what: 'a <row>',
    unit: 'µs',
    ours: one(ratio),
    peer: peer ? { what: 'a peer', ...one(1) } : null,
    ratio: one(ratio),
    mark,
  }
}

describe('a figure', () => {
  it.each([
    [0.4, { atLeast: 0.5 }, true, 'missed'],
    [0.5, { atLeast: 0.5 }, true, 'reached'],
    [1.3, { atMost: 1.3 }, true, 'reached'],
    [1.4, { atMost: 1.3 }, true, 'missed'],
    [1.1, { atMost: 1 }, true, 'level'],
    [1.3, { atMost: 1 }, true, 'missed'],
    [1.1, { atLeast: 30 }, true, 'missed'],
    [1.21, { atMost: 1.2 }, false, 'missed'],
    [Number.NaN, { atMost: 1 }, true, 'missed'],
    [7, null, true, 'reported'],
  ] as const)('of %s against %o is %s', (ratio, mark, peer, judgement) => {
    expect(judge(row(ratio, mark, peer))).toBe(judgement)
  })

  it('is beyond its mark by the same factor in either direction', () => {
    expect(marginOf(1, { atLeast: 0.5 })).toBe(2)
    expect(marginOf(0.5, { atMost: 1 })).toBe(2)
  })

  it('is the median of its rounds, and a ratio that of their own ratios', () => {
    expect(sampleOf([9, 1, 2])).toEqual({ median: 2, least: 1, most: 9 })
    expect(sampleOf([1, 2, 3, 40]).median).toBe(2.5)
    // The middle round was slow for both.
    expect(ratioOf([10, 100, 10], [5, 50, 5]).median).toBe(2)
  })

  it.each([
    [1_234_567, '1,230,000'],
    [2525, '2,525'],
    [999.6, '1,000'],
    [123.4, '123'],
    [12.34, '12.3'],
    [0.456, '0.46'],
    [0.0745, '0.074'],
  ])('of %s is shown as %s', (value, text) => {
    expect(shown(value)).toBe(text)
  })
})

describe('the report', () => {
  const rows = [row(0.8, { atMost: 1 }), row(3, null), row(531, { atMost: 600 }, false)]

  it('says what was reached, and against whom', () => {
    const lines = toTable(rows).split('\n')
    expect(lines[2]).toMatch(/a <row> +0\.80 µs +1\.00 µs +0\.80 × +≤ 1\.00 × +reached/)
    expect(lines[3]).toContain('against a peer')
    expect(lines[6]).toMatch(/531 µs +– +– +≤ 600 µs +reached/)
  })

  it('replaces only what is between the markers', () => {
    const page = 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter'
    expect(between(page, 'new')).toBe('before\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nafter')
    expect(() => between('no markers', 'new')).toThrow('bench:begin')
  })

  it('has one line of markdown for each figure', () => {
    const machine = { date: '2030-01-01', cpu: 'cpu', cpus: 2, memoryGb: 8, node: 'v22', platform: 'linux x64' }
    const lines = toMarkdown({ machine, rounds: 7, rows }).split('\n')
    expect(lines.slice(4)).toHaveLength(rows.length)
    expect(lines[0]).toContain('7 interleaved rounds')
  })

  it('draws a bar for each judged figure, past the mark where it is reached', () => {
    const plot = toPlot([row(0.5, { atMost: 1 }), row(2, { atMost: 1 }), row(3, null)])
    const bars = [...plot.matchAll(/<rect class="(\w+)" x="(\d+)" y="\d+" width="(\d+)"/g)]
    const mark = Number(/<line class="mark" x1="(\d+)"/.exec(plot)?.[1])
    expect(bars.map(([, judgement]) => judgement)).toEqual(['reached', 'missed'])
    expect(bars.map(([, , x, width]) => Number(x) + Number(width) > mark)).toEqual([true, false])
    expect(plot).toContain('a &lt;row>')
  })

  it('draws what is beyond all measure as a bar that ends', () => {
    const plot = toPlot([row(0, { atMost: 1 }), row(0, { atLeast: 1 }), row(1, { atMost: 1 })])
    const widths = [...plot.matchAll(/<rect [^>]*width="(-?[\d.]+)"/g)].map(([, width]) => Number(width))
    expect(plot).not.toMatch(/NaN|Infinity/)
    expect(widths[0]).toBeGreaterThan(widths[2] ?? 0)
    expect(widths[1]).toBeLessThan(widths[2] ?? 0)
  })
})
