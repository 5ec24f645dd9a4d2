import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as later } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { api } from './api.ts'
import { createContent, createReader } from './content.ts'
import { startDirectus } from './directus.ts'
import { startFrontEnd } from './front-end.ts'
import { installDirectus } from './install.ts'
import { root } from './npm.ts'
import { editOnce } from './once.ts'
import { freePort } from './ports.ts'
import { createTarget } from './target.ts'

const usage = `npm run example:directus                a Directus with Unstale, and a front end, until Ctrl+C
npm run example:directus -- --once      edits a post, and says when the front end showed it

  --port 8055              of Directus; the front end takes the next
  --folder folder          where its database is, instead of .unstale/example-directus
  --fresh                  forgets what was edited the last time
  --extension folder       another build of the extension than the workspace's`

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    fresh: { type: 'boolean', default: false },
    port: { type: 'string', default: '8055' },
    folder: { type: 'string', default: join(root, '.unstale', 'example-directus') },
    extension: { type: 'string', default: join(root, 'packages', 'adapter-directus') },
    help: { type: 'boolean', default: false },
  },
})
const wanted = Number(values.port)
if (values.help || !Number.isInteger(wanted) || wanted < 0 || wanted > 65_534) {
  console.log(usage)
  process.exit(values.help ? 0 : 1)
}
if (!existsSync(join(values.extension, 'dist', 'api.js'))) {
  console.error(`${values.extension} is not built: npm run build does it.`)
  process.exit(1)
}

const apiKey = 'a-token-that-the-front-end-knows'
const cleanups: (() => Promise<unknown>)[] = []
const dropListeners = new Set<() => void>()

async function start(): Promise<void> {
  const { folder } = values
  if (values.fresh) await rm(folder, { recursive: true, force: true })
  const port = await freePort(wanted)
  await installDirectus('12')
  console.log('Starting Directus …')
  const directus = await startDirectus({
    folder,
    port,
    extensions: [values.extension],
  })
  cleanups.push(directus.stop)
  const client = api(directus.url, await directus.token())
  await createContent(client)
  const frontEnd = await startFrontEnd({
    port: await freePort(wanted === 0 ? 0 : port + 1, [port]),
    content: api(directus.url, await createReader(client)),
    studio: directus.url,
    apiKey,
    onDrop(paths) {
      console.log(`  the front end dropped ${paths.join(', ')}`)
      for (const listener of dropListeners) listener()
      dropListeners.clear()
    },
  })
  cleanups.push(frontEnd.stop)
  await createTarget(client, frontEnd.flushUrl, apiKey)
  if (values.once) {
    const dropped = () => new Promise<void>((resolve) => dropListeners.add(resolve))
    const late = later(30_000, undefined, { ref: false }).then(() => {
      throw new Error('The front end has not shown the edit within 30 s.')
    })
    return Promise.race([editOnce(client, frontEnd.url, dropped), late])
  }
  console.log(`
  Front end   ${frontEnd.url}
  Studio      ${directus.url}/admin   ${directus.adminEmail}, ${directus.adminPassword}

  Open a post in the front end and in the Studio, side by side. Save another title, slug or author's name:
  the front end's page is rendered anew, and all others stay as they are. Ctrl+C ends it.
  (The Studio first asks for a licence key: none is needed here, Skip and Remind Later will do.)
`)
}

/** What was started last ends first. */
async function end(): Promise<void> {
  for (const clean of cleanups.splice(0).reverse()) await clean()
}

try {
  // What is still starting when it is interrupted ends with this process.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end().finally(() => process.exit(0)))
  await start()
  if (values.once) await end()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  await end()
  process.exitCode = 1
}
