import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pageOf } from './page.ts'
import { createStage } from './stage.ts'
import { tellStory, visitAll } from './story.ts'

const usage = `npm start                       the page, until Ctrl+C
npm start -- --once             the same story in the terminal

  --port 4000                   of the page; the front ends take the next two
  --store sqlite|memory         where changes wait
  --database posts.db           keep the posts in this file (else a new one in a temporary folder)`

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    port: { type: 'string' },
    store: { type: 'string', default: 'sqlite' },
    database: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const wanted = Number(values.port ?? (values.once ? 0 : 4000))
const store = values.store
if (values.help || !Number.isInteger(wanted) || wanted < 0 || wanted > 65_535 || (store !== 'sqlite' && store !== 'memory')) {
  console.log(usage)
  process.exit(values.help ? 0 : 1)
}

const folder = values.database === undefined ? await mkdtemp(join(tmpdir(), 'unstale-quickstart-')) : null
const database = values.database ?? join(folder ?? '.', 'posts.db')
const stage = await createStage({ port: wanted, store, database })

async function end(drain: number): Promise<void> {
  await stage.stop(drain)
  if (folder !== null) await rm(folder, { recursive: true, force: true })
}

if (values.once) {
  let lost = 1
  try {
    lost = await tellStory(stage)
  } finally {
    await end(5000)
  }
  process.exitCode = lost === 0 ? 0 : 1
} else {
  stage.contentApp.app.use(pageOf(stage))
  await visitAll(stage)
  const { url } = stage.contentApp
  const addresses = [url, ...Object.values(stage.frontEnds).map((frontEnd) => frontEnd.url)]
  for (const [index, address] of addresses.entries()) {
    const port = wanted + index
    if (wanted !== 0 && !address.endsWith(`:${port}`))
      console.log(`Port ${port} is taken: using ${address.split(':').at(-1)} instead.`)
  }
  console.log(`Front ends on ${addresses.slice(1).join(' and ')}`)
  console.log(`Open ${url}   (Ctrl+C ends it)`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end(1000))
}
