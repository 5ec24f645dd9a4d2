import { readOptions } from './options.ts'

/** What the card of the operation says on the canvas of a Flow. */
export function overview(options: Record<string, unknown>): { label: string; text: string }[] {
  const lines = (target: string, collection: string, keys: string): { label: string; text: string }[] => [
    { label: 'Target', text: target },
    { label: 'Collection', text: collection },
    { label: 'Items', text: keys },
  ]
  try {
    const { targets, collection, keys } = readOptions(options)
    const which = collection === undefined ? 'everything' : 'the whole collection'
    return lines(targets?.join(', ') ?? 'all published', collection ?? 'all', keys?.join(', ') ?? which)
  } catch (error) {
    return [{ label: 'Mend', text: error instanceof Error ? error.message : String(error) }]
  }
}
