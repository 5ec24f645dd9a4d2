import type { ChangeEvent, ItemKey } from '../types.ts'

/**
 * One item of one collection. Unambiguous, since a collection's name holds no control character; `1` and `'1'` are one
 * item, `'a'` and `'A'` are two.
 */
export function itemOf(collection: string, key: ItemKey): string {
  return `${collection}\u0000${key}`
}

/**
 * What makes entries of a pending set one: the item, and the old values that a change announces. So a → b → c keeps both
 * a and b, while any number of edits that replace nothing anyone asked for stay one entry. JSON holds no raw NUL and an
 * item does not begin with one, so the two parts cannot be mistaken.
 */
export function identityOf(item: string, previous: string | undefined): string {
  return previous === undefined ? item : `\u0000${previous}\u0000${item}`
}

/**
 * The net effect of a run of changes of one item: whether it existed before comes from the first, whether it exists
 * after from the last. One that came and went is a `delete`: someone may have cached it in between.
 * If the rules do not ask for the net event, the last change's own event is sent.
 */
export function netEvent(first: ChangeEvent, last: ChangeEvent, asked: ReadonlySet<ChangeEvent>): ChangeEvent {
  const net = last === 'delete' ? 'delete' : first === 'create' ? 'create' : 'update'
  return asked.has(net) ? net : last
}
