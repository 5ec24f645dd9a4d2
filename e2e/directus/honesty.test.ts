import { beforeAll, describe } from 'vitest'
import { withService } from '../../tools/services/in-tests.ts'
import type { InTestsOptions } from './harness/in-tests.ts'
import { badRowsAreTold } from './honesty/bad-rows.ts'
import { filtersHold } from './honesty/filters.ts'
import { everyKeyAndPath } from './honesty/keys.ts'
import { masksChangeNothing } from './honesty/masks.ts'
import { nothingThatDidNotHappen, onlyWhatIs } from './honesty/never.ts'
import { secretsStaySecret } from './honesty/secrets.ts'
import { createStage, type Stage } from './stage.ts'

function honesty(name: string, options: InTestsOptions): void {
  describe(`honesty: ${name}`, () => {
    let made: Stage
    const stage = () => made
    beforeAll(async () => {
      made = await createStage(options)
    })

    nothingThatDidNotHappen(stage)
    onlyWhatIs(stage)
    filtersHold(stage)
    secretsStaySecret(stage)
    masksChangeNothing(stage)
    everyKeyAndPath(stage)
    badRowsAreTold(stage)
  })
}

honesty('SQLite', {})
await withService('postgres', ({ url }) => honesty('Postgres', { server: url }))
