// Who may import whom. The folders are the pipeline's steps; these rules keep them so.

const CORE = '^packages/core/src'
const PURE = `${CORE}/(accept/|batch/|deliver/(backoff|shape)\\.ts$)`
const TEST = '\\.test(-d)?\\.ts$'

/** Each npm package of core is named in one file, so that to swap it is to change that file. */
const onePlace = {
  zod: 'config\\.ts$',
  mitt: 'deliver/notify\\.ts$',
  undici: 'transports/undici\\.ts$',
  ofetch: 'transports/fetch\\.ts$',
  croner: 'sources/hooks/cron\\.ts$',
  'ipaddr.js': 'network\\.ts$',
  knex: 'stores/sql/',
  'better-sqlite3': 'stores/sql/sqlite\\.ts$',
  ioredis: 'stores/redis/',
}
const npm = (name) => `(^|/)node_modules/(@types/)?${name.replaceAll('.', '\\.')}/|^${name.replaceAll('.', '\\.')}(/|$)`

/** `from` imports nothing but `to`. Tests import what they test with. */
const only = (name, comment, from, to) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: TEST },
  to: { pathNot: to },
})

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'At run time; types may refer to each other.',
      severity: 'error',
      from: { path: '^(packages|examples|bench)/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolved',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^@unstale/' },
    },
    ...Object.entries(onePlace).map(([dependency, place]) => ({
      name: `one-place-for-${dependency}`,
      comment: `${dependency} is named in ${place.replaceAll('\\', '').replace('$', '')} alone.`,
      severity: 'error',
      from: { path: CORE, pathNot: [`${CORE}/${place}`, TEST] },
      to: { path: npm(dependency) },
    })),
    only('types-import-nothing', 'types.ts is where everything starts.', `${CORE}/types\\.ts$`, '^$'),
    only('ports-import-types', 'ports.ts imports types.ts.', `${CORE}/ports\\.ts$`, `${CORE}/types\\.ts$`),
    only(
      'pure',
      'The pure files import types.ts, errors.ts, wire/ and each other.',
      PURE,
      `${CORE}/(types|errors)\\.ts$|${CORE}/wire/|${PURE}`,
    ),
    only('wire', 'wire/ is shared with the receiver: it imports nothing of core.', `${CORE}/wire/`, `${CORE}/wire/`),
    only(
      'stores',
      'A store imports types, ports, errors, its own kind, and its client.',
      `${CORE}/stores/`,
      `${CORE}/(types|ports|errors)\\.ts$|${CORE}/stores/|node_modules/|^node:|^(fs|path|crypto|module|util|worker_threads|timers/promises)$`,
    ),
    only(
      'sources',
      'A source imports types, ports, errors, the clock, its own kind, and what it tells people with.',
      `${CORE}/sources/`,
      `${CORE}/(types|ports|errors|clock)\\.ts$|${CORE}/sources/|${CORE}/accept/nearest\\.ts$|${CORE}/deliver/notify\\.ts$|node_modules/`,
    ),
    {
      name: 'notify',
      comment: 'Who tells people of deliveries knows neither stores nor transports.',
      severity: 'error',
      from: { path: `${CORE}/deliver/(notify|attempt)\\.ts$`, pathNot: TEST },
      to: { path: `${CORE}/(stores|transports)/` },
    },
    {
      name: 'pipeline-knows-ports-only',
      comment: 'pipeline.ts is given its store and transport.',
      severity: 'error',
      from: { path: `${CORE}/(pipeline|targets)\\.ts$|${CORE}/deliver/`, pathNot: TEST },
      to: { path: `${CORE}/(stores|transports)/` },
    },
    {
      name: 'published-names-only',
      comment: 'One package imports another by the name that users install, never by a path.',
      severity: 'error',
      from: { path: '^(packages|examples)/([^/]+)/', pathNot: TEST },
      to: {
        path: '^(packages|examples|bench)/',
        pathNot: ['^$1/$2/', '^packages/[^/]+/dist/', '^packages/core/src/wire/index\\.ts$'],
      },
    },
    {
      name: 'receiver-takes-wire',
      comment: 'Of core, the receiver has only wire/, built in.',
      severity: 'error',
      from: { path: '^packages/receiver/src/' },
      to: { path: '^packages/core/|^@unstale/core', pathNot: '^packages/core/(src/wire/|dist/wire)|^@unstale/core/wire$' },
    },
    {
      name: 'tests-stay-tests',
      comment: 'Nothing that is published imports a test.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: TEST },
      to: { path: `${TEST}|^packages/[^/]+/test/` },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'packages/receiver/tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
}
