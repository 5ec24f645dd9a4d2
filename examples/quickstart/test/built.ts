import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const folder: string = fileURLToPath(new URL('..', import.meta.url))

/** The quickstart runs what is published. Throws where it was not built. */
export function requireBuilt(): void {
  for (const name of ['core', 'receiver']) {
    if (!existsSync(new URL(`../../../packages/${name}/dist/index.js`, import.meta.url))) {
      throw new Error(`packages/${name} is not built: npm test builds it first, and so does pnpm --filter @unstale/${name} build`)
    }
  }
}
