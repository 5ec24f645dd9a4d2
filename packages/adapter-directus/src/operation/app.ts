import { defineOperationApp } from '@directus/extensions-sdk'
import { overview } from './overview.ts'

const config: ReturnType<typeof defineOperationApp> = defineOperationApp({
  id: 'unstale-flush',
  name: 'Flush cache',
  icon: 'cached',
  description: 'Tell front ends that content has changed, so that they show it anew.',
  overview,
  options: [
    {
      field: 'target',
      name: 'Target',
      type: 'json',
      meta: {
        width: 'full',
        interface: 'collection-item-dropdown',
        note: 'Nothing chosen: all published targets. For an id such as {{ $trigger.body.target }}, edit the raw value.',
        options: { selectedCollection: 'cache_flush_targets', template: '{{ name }}' },
      },
    },
    {
      field: 'collection',
      name: 'Collection',
      type: 'string',
      meta: {
        width: 'half',
        interface: 'system-collection',
        note: 'Nothing chosen: everything that the targets listen to.',
        options: { includeSystem: true },
      },
    },
    {
      field: 'keys',
      name: 'Items',
      type: 'json',
      meta: {
        width: 'half',
        interface: 'tags',
        note: 'Primary keys, or one entry {{ $trigger.keys }}. Empty: the whole collection.',
        options: { placeholder: 'Add a key …', iconRight: 'vpn_key' },
      },
    },
  ],
})

export default config
