// Every script of the root package.json. Runs on any Node from 20 on with nothing installed; what it starts runs on the workspace's own.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { foreground, root } from './child.mjs'
import { runEndToEnd, runTests } from './test.mjs'
import { build, buildFor, compile, install, NEST, QUICKSTART, workspaceNode } from './workspace.mjs'

/** Runs a TypeScript file on the workspace's Node, which strips the types. */
function runFile(file, args, flags = []) {
  if (!existsSync(join(root, file))) throw new Error(`${file} is missing: this part of the workspace is not there`)
  return foreground(workspaceNode(), ['--disable-warning=ExperimentalWarning', ...flags, join(root, file), ...args])
}

const commands = {
  start: async (args) => {
    await install('quickstart')
    await buildFor(QUICKSTART)
    return runFile(`${QUICKSTART}/src/main.ts`, args)
  },
  dev: async (args) => {
    await install('quickstart')
    await buildFor(QUICKSTART)
    return runFile('scripts/dev.mjs', args)
  },
  'example:directus': async (args) => {
    await install('everything')
    await buildFor('examples/directus')
    return runFile('examples/directus/src/main.ts', args)
  },
  'example:nest': async (args) => {
    await install('everything')
    await buildFor(NEST)
    await compile(NEST)
    return foreground(workspaceNode(), [join(root, NEST, 'dist', 'main.js'), ...args])
  },
  build: async () => {
    await install('everything')
    await build()
    return 0
  },
  test: async (args) => {
    await install('everything')
    await build()
    return runTests(args)
  },
  'test:e2e': async (args) => {
    await install('everything')
    await build()
    return runEndToEnd(args)
  },
  check: async (args) => {
    await install('everything')
    await build()
    return runFile('tools/check.ts', args)
  },
  format: async (args) => {
    await install('everything')
    return foreground(join(root, 'node_modules/.bin/biome'), ['check', '--write', ...(args.length > 0 ? args : ['.'])])
  },
  bench: async (args) => {
    await install('everything')
    await buildFor('bench')
    return runFile('bench/src/main.ts', args, ['--expose-gc'])
  },
  sim: async (args) => {
    await install('everything')
    return runFile('packages/core/test/simulation/main.ts', args)
  },
  torture: async (args) => {
    await install('everything')
    await buildFor(QUICKSTART)
    return runFile('packages/core/test/torture/main.ts', args)
  },
}

const [name, ...args] = process.argv.slice(2)
const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined
if (command === undefined) {
  console.error(`usage: node scripts/run.mjs <${Object.keys(commands).join(' | ')}>`)
  process.exitCode = 64
} else {
  try {
    process.exitCode = await command(args)
  } catch (error) {
    console.error(`\n${error.message}`)
    process.exitCode = 1
    if (name.startsWith('test')) console.log('0 passed, 1 failed')
  }
}
