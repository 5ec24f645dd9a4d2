import { describe, expect, it } from 'vitest'
import { PRIVATE, readSettings } from './settings.ts'

describe('the environment', () => {
  it('may say nothing', () => {
    expect(readSettings({})).toEqual({
      problems: [],
      settings: {
        enabled: true,
        schemaChanges: true,
        format: 'batch',
        window: {},
        horizon: null,
        timeout: undefined,
        lease: undefined,
        concurrency: undefined,
        network: { allow: PRIVATE },
        keyOverlap: 86_400_000,
        purgeCache: false,
        tablePrefix: 'unstale_',
        log: {},
      },
    })
  })

  it('is read as Directus casts it, and as text', () => {
    const env = {
      CACHE_FLUSH_DISABLE_SCHEMA_CHANGE: true,
      CACHE_FLUSH_DEFAULT_FORMAT: 'single',
      UNSTALE_WINDOW_QUIET: 20,
      UNSTALE_WINDOW_MAX: '1s',
      UNSTALE_RETRY_HORIZON: '7d',
      UNSTALE_LEASE: '2000',
      UNSTALE_NETWORK_ALLOW: ['10.0.0.0/8', ' cms.internal'],
      UNSTALE_PURGE_DIRECTUS_CACHE: 'true',
    }
    const { settings, problems } = readSettings(env)
    expect(problems).toEqual([])
    expect(settings).toMatchObject({
      schemaChanges: false,
      format: 'single',
      window: { quiet: 20, max: 1000 },
      horizon: 604_800_000,
      lease: 2000,
      network: { allow: ['10.0.0.0/8', 'cms.internal'] },
      purgeCache: true,
    })
    expect(readSettings({ DISABLE_EXTENSION_SCHEMA_CHANGE: 'true' }).settings.schemaChanges).toBe(false)
    expect(readSettings({ UNSTALE_NETWORK_ALLOW: 'none' }).settings.network.allow).toEqual([])
  })

  it.each([
    ['UNSTALE_WINDOW_QUIET', 'soon', /UNSTALE_WINDOW_QUIET has to be a duration/],
    ['UNSTALE_LEASE', '10', /UNSTALE_LEASE has to be a duration from 1s to 10m/],
    ['UNSTALE_CONCURRENCY', '0', /UNSTALE_CONCURRENCY has to be a whole number/],
    ['CACHE_FLUSH_DEFAULT_FORMAT', 'xml', /CACHE_FLUSH_DEFAULT_FORMAT has to be batch or single or ids/],
    ['UNSTALE_TABLE_PREFIX', 'Tables!', /UNSTALE_TABLE_PREFIX has to be 1 to 40 small letters/],
    ['UNSTALE_WINDOW_QUIET', '400', /UNSTALE_WINDOW_MAX has to be at least/],
  ])('%s=%s is told, and counts as not set', (name, value, problem) => {
    const { settings, problems } = readSettings({ [name]: value })
    expect(problems).toEqual([expect.stringMatching(problem)])
    expect(settings).toEqual(readSettings({}).settings)
  })
})
