/** `npm run bench`: every published figure with its peers. `--only name`, `--rounds N`, `--quick`. */
import { fork } from 'node:child_process'
import { parseArgs } from 'node:util'
import type { Effort } from './group.ts'
import { groups } from './groups.ts'
import { machineOf, publishResults, toTable } from './report.ts'
import { judge, type Row } from './row.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
})
const names = values.only ?? Object.keys(groups)
const unknown = names.filter((name) => !Object.hasOwn(groups, name))
const effort: Effort = { rounds: Number(values.rounds ?? (values.quick ? 2 : 7)), quick: values.quick }

if (unknown.length > 0 || !(Number.isInteger(effort.rounds) && effort.rounds > 0)) {
  console.error(`usage: npm run bench -- [--only ${Object.keys(groups).join('|')}]… [--rounds N] [--quick]`)
  process.exitCode = 64
} else {
  try {
    await run()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}

async function run(): Promise<void> {
  const rows: Row[] = []
  for (const name of names) {
    process.stderr.write(`measuring: ${name} …\n`)
    rows.push(...(await measure(name)))
  }
  console.log(toTable(rows))
  if (effort.quick || values.only !== undefined) console.log('\nOnly a full run writes its results down.')
  else console.log(`\nWritten: ${publishResults({ machine: machineOf(), rounds: effort.rounds, rows }).join(', ')}`)
  const counts = new Map<string, number>()
  for (const row of rows) counts.set(judge(row), (counts.get(judge(row)) ?? 0) + 1)
  console.log([...counts].map(([judgement, count]) => `${count} ${judgement}`).join(', '))
}

function measure(name: string): Promise<Row[]> {
  const child = fork(new URL('group-process.ts', import.meta.url), { execArgv: [...process.execArgv, '--expose-gc'] })
  child.send({ name, effort })
  return new Promise((resolve, reject) => {
    child.once('message', (rows) => resolve(rows as Row[]))
    child.once('exit', (code) => reject(new Error(`${name} could not be measured: its process ended with ${code}, see above`)))
  })
}
