import { defineConfig } from 'vitest/config'

/** Apart from the workspace's own tests: these need a registry and a browser, and take what users get. */
export default defineConfig({
  test: {
    name: 'e2e',
    root: import.meta.dirname,
    pool: 'forks',
    globalSetup: ['user-project.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
