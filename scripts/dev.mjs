import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from './child.mjs'

function start(cwd, args) {
  return spawn(process.execPath, args, { cwd: join(root, cwd), stdio: 'inherit' })
}

/** Rebuilds the packages whenever a source changes; the quickstart starts anew whenever a build does. */
const children = [
  ...['packages/core', 'packages/receiver'].map((dir) =>
    start(dir, ['node_modules/tsup/dist/cli-default.js', '--config', '../../tsup.config.ts', '--watch', 'src', '--no-clean']),
  ),
  start('examples/quickstart', ['--disable-warning=ExperimentalWarning', '--watch', 'src/main.ts', ...process.argv.slice(2)]),
]

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of children) child.kill(signal)
  })
}
