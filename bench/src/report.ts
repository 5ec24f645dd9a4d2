import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { join, relative } from 'node:path'
import { toPlot } from './plot.ts'
import { judge, levelOf, type Row, shown } from './row.ts'

export interface Machine {
  date: string
  cpu: string
  cpus: number
  memoryGb: number
  node: string
  platform: string
}

export interface Results {
  machine: Machine
  rounds: number
  rows: readonly Row[]
}

const ROOT = join(import.meta.dirname, '..', '..')
const PAGE = join(ROOT, 'docs', 'benchmarks.md')
const BEGIN = '<!-- bench:begin -->'
const END = '<!-- bench:end -->'

export function machineOf(): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  }
}

/** Writes the results as JSON, as a plot and into the docs; answers where. */
export function publishResults(results: Results): string[] {
  const json = join(ROOT, 'bench', 'results', 'latest.json')
  const plot = join(ROOT, 'docs', 'images', 'bench.svg')
  for (const folder of [join(json, '..'), join(plot, '..')]) mkdirSync(folder, { recursive: true })
  const judged = results.rows.map((row) => ({ ...row, judgement: judge(row) }))
  writeFileSync(json, `${JSON.stringify({ ...results, rows: judged }, null, 2)}\n`)
  writeFileSync(plot, toPlot(results.rows))
  writeFileSync(PAGE, between(readFileSync(PAGE, 'utf8'), toMarkdown(results)))
  return [json, plot, PAGE].map((path) => relative(ROOT, path))
}

/** Replaces what is between the markers. */
export function between(page: string, text: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`${relative(ROOT, PAGE)} has to hold ${BEGIN} and, after it, ${END}`)
  return `${page.slice(0, begin + BEGIN.length)}\n${text}\n${page.slice(end)}`
}

const HEAD = ['what', 'ours', 'peer', 'ratio', 'to reach', ''] as const

/** For the terminal: one line a figure, the peer's name below. */
export function toTable(rows: readonly Row[]): string {
  const lines = [[...HEAD], ...rows.map(cellsOf)]
  const widths = HEAD.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)))
  const text = lines.map((cells) =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
  )
  const peers = rows.map(({ peer }) => (peer === null ? [] : [`  against ${peer.what}`]))
  return [
    text[0],
    '-'.repeat(text[0]?.length ?? 0),
    ...text.slice(1).flatMap((line, index) => [line, ...(peers[index] ?? [])]),
  ].join('\n')
}

export function toMarkdown({ machine, rounds, rows }: Results): string {
  const { date, cpu, cpus: count, memoryGb, node, platform } = machine
  const table = rows.map((row) => {
    const [what, ours, peer, ...rest] = cellsOf(row)
    return `| ${[what, ours, row.peer === null ? '–' : `${peer}<br>${row.peer.what}`, ...rest].join(' | ')} |`
  })
  return [
    `Measured on ${date}: ${count} cores (${cpu}), ${memoryGb} GB, Node ${node}, ${platform}; medians of ${rounds} interleaved rounds.`,
    '',
    `| ${HEAD.join(' | ')} |`,
    '|---|--:|--:|--:|--:|---|',
    ...table,
  ].join('\n')
}

function cellsOf(row: Row): string[] {
  const { what, unit, ours, peer, ratio, mark } = row
  const sign = mark !== null && 'atLeast' in mark ? '≥' : '≤'
  const level = mark === null ? '–' : `${sign} ${shown(levelOf(mark))}${peer === null ? ` ${unit}` : ' ×'}`
  return [
    what,
    `${shown(ours.median)} ${unit}`,
    peer === null ? '–' : `${shown(peer.median)} ${unit}`,
    peer === null ? '–' : `${shown(ratio.median)} ×`,
    level,
    judge(row),
  ]
}
