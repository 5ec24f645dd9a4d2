import type { Check } from '../check.ts'
import { published, tool } from './workspace.ts'

/** What a user's tools would stumble on: publint reads the manifest, attw resolves the types as each kind of project does. */
export function packaging(): Check[] {
  return published.flatMap((dir): Check[] => [
    {
      name: `publint ${dir}`,
      group: 'packages',
      run: () => tool('publint', ['--strict', '--pack', 'npm', dir]).then(() => ''),
    },
    {
      name: `attw ${dir}`,
      group: 'packages',
      run: () =>
        tool('attw', ['--pack', dir, '--profile', 'node16', '--no-emoji'], { package: '@arethetypeswrong/cli' }).then(() => ''),
    },
  ])
}
