import { defineInterface } from '@directus/extensions-sdk'
import UnstaleTarget from './unstale-target.vue'

/** On the page of a target: how it is doing, its last deliveries, and what can be done about it. */
const config: ReturnType<typeof defineInterface> = defineInterface({
  id: 'unstale-target',
  name: 'Cache Flush Target: health',
  description: 'How a target is doing, its last deliveries, and buttons to flush, test, retry and sign.',
  icon: 'monitor_heart',
  component: UnstaleTarget,
  types: ['alias'],
  localTypes: ['presentation'],
  group: 'presentation',
  hideLabel: true,
  hideLoader: true,
  autoKey: true,
  options: null,
})

export default config
