import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import type { Check } from '../check.ts'

interface Budget {
  what: string
  code: string
  /** Bytes, minified and gzipped; left out: told, not judged. */
  limit?: number
}

const budgets: readonly Budget[] = [
  {
    what: '@unstale/receiver (createReceiver, hmac, bearer)',
    code: `export { createReceiver, hmac, bearer } from '@unstale/receiver'`,
    limit: 2560,
  },
  { what: '@unstale/core outside Node (createPipeline)', code: `export { createPipeline } from '@unstale/core'` },
]

/** Bundled as for a browser or an edge: what is for Node alone does not resolve there, and fails the check. */
async function sizeOf(code: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: import.meta.dirname, loader: 'js' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
}

export const sizes: Check = {
  name: 'size',
  group: 'packages',
  run: async () => {
    const lines: string[] = []
    const tooBig: string[] = []
    for (const { what, code, limit } of budgets) {
      const bytes = await sizeOf(code)
      const line = `${what}: ${bytes} bytes${limit === undefined ? '' : ` of ${limit}`}`
      lines.push(line)
      if (limit !== undefined && bytes > limit) tooBig.push(line)
    }
    if (tooBig.length > 0) throw new Error(`over the budget: ${tooBig.join(', ')}`)
    return lines.join('\n')
  },
}
