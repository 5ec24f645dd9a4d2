import { defineConfig } from 'vitest/config'

const root = import.meta.dirname

/** Apart from the workspace's own tests: these need a registry, a browser and real hosts, and take what users get. */
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'packages',
          root,
          include: ['*.test.ts'],
          globalSetup: ['user-project.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'nest',
          root,
          include: ['nest/**/*.test.ts'],
          globalSetup: ['../tools/services/offer.ts', 'nest/packed.ts'],
          testTimeout: 60_000,
          // The first of them installs what its project needs.
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'directus',
          root,
          include: ['directus/**/*.test.ts'],
          // Databases: started when the first test file asks, stopped when the run ends.
          globalSetup: ['../tools/services/offer.ts', 'directus/extension.ts'],
          // A browser on a machine that is busy with something else.
          testTimeout: 240_000,
          // The first of them may install a Directus.
          hookTimeout: 600_000,
        },
      },
    ],
  },
})
