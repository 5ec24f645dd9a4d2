import { beforeAll, describe } from 'vitest'
import type { InTestsOptions } from './harness/in-tests.ts'
import { buttonsDoWhatTheySay } from './people/buttons.ts'
import { notificationsLead } from './people/notifications.ts'
import { onlyWhoMay } from './people/permissions.ts'
import { keysSignAndStaySecret } from './people/signing.ts'
import { createStage, type Stage } from './stage.ts'

function on(name: string, options: InTestsOptions, tests: (stage: () => Stage) => void): void {
  describe(name, () => {
    let stage: Stage
    beforeAll(async () => {
      stage = await createStage(options)
    })
    tests(() => stage)
  })
}

on('the newest Directus', {}, (stage) => {
  keysSignAndStaySecret(stage)
  notificationsLead(stage)
  buttonsDoWhatTheySay(stage)
})

on('Directus 11, which has rules in permissions', { version: '11' }, (stage) => {
  onlyWhoMay(stage)
  keysSignAndStaySecret(stage)
})
