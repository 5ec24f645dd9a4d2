import type { TargetInput } from '@unstale/core'

/** In earnest it comes from the environment, and each front end has one of its own. */
export const secret = `whsec_${Buffer.from('a secret of the example, 32 bytes').toString('base64')}`

/** The public site wants published posts and where they were; the preview wants everything. */
export function targetsOf(site: string, preview: string): TargetInput[] {
  return [
    {
      key: 'site',
      url: site,
      secret,
      rules: [
        { collection: 'posts', payload: ['slug'], previous: ['slug'], filter: { status: { _eq: 'published' } } },
        { collection: 'authors' },
      ],
    },
    { key: 'preview', url: preview, secret, rules: [{ collection: 'posts', payload: ['slug'], previous: ['slug'] }] },
  ]
}
