import { beforeAll, describe } from 'vitest'
import { withService } from '../../tools/services/in-tests.ts'
import type { InTestsOptions } from './harness/in-tests.ts'
import { badRowsAreTold } from './honesty/bad-rows.ts'
import { filtersHold } from './honesty/filters.ts'
import { everyKeyAndPath } from './honesty/keys.ts'
import { masksChangeNothing } from './honesty/masks.ts'
import { nothingThatDidNotHappen, onlyWhatIs } from './honesty/never.ts'
import { whatIsForbiddenIsSilent } from './honesty/rules-in-permissions.ts'
import { secretsStaySecret } from './honesty/secrets.ts'
import { createStage, type Stage } from './stage.ts'

function on(name: string, options: InTestsOptions, tests: (stage: () => Stage) => void): void {
  describe(`honesty: ${name}`, () => {
    let stage: Stage
    beforeAll(async () => {
      stage = await createStage(options)
    })
    tests(() => stage)
  })
}

const honesty = (name: string, options: InTestsOptions): void =>
  on(name, options, (stage) => {
    nothingThatDidNotHappen(stage)
    onlyWhatIs(stage)
    filtersHold(stage)
    secretsStaySecret(stage)
    masksChangeNothing(stage)
    everyKeyAndPath(stage)
    badRowsAreTold(stage)
  })

honesty('SQLite', {})
on('Directus 11', { version: '11' }, whatIsForbiddenIsSilent)
await withService('postgres', ({ url }) => honesty('Postgres', { server: url }))
