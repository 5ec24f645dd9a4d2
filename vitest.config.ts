import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(`packages/${path}`, import.meta.url))

/** The packages are tested from their sources: no build, and stack traces that point at them. */
const alias = [
  { find: /^@unstale\/core$/, replacement: source('core/src/index.ts') },
  { find: /^@unstale\/core\/(testing|wire)$/, replacement: source('core/src/$1/index.ts') },
  { find: /^@unstale\/receiver$/, replacement: source('receiver/src/index.ts') },
  { find: /^@unstale\/receiver\/node$/, replacement: source('receiver/src/node.ts') },
]

/** Nothing waits for time to pass: this is for machines that are busy with something else. */
const testTimeout = 20_000

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'packages',
          testTimeout,
          include: ['packages/*/{src,test}/**/*.test.ts'],
          // Postgres, MariaDB and Redis: started when the first test file asks, stopped when the run ends.
          globalSetup: 'tools/services/offer.ts',
        },
      },
      // The examples and the scripts use what users get: the built packages.
      { test: { name: 'examples', testTimeout, include: ['examples/*/test/**/*.test.ts', 'bench/test/**/*.test.ts'] } },
    ],
  },
})
