/** What people write to targets, before it is validated. */
import type { Auth, ChangeEvent, Filter, Format, RetryPolicy, TargetStatus, WindowPolicy } from './types.ts'

/** One line of a target, as a user writes it. */
export interface RuleInput {
  /** A collection's name, or `'*'`. */
  collection: string
  /** Default: all three. */
  events?: readonly ChangeEvent[]
  /** Fields to send besides the key; default none. */
  payload?: readonly string[]
  filter?: Filter
  /** Fields whose old values are sent, too; default none. */
  previous?: readonly string[]
}

/** A target as a user writes it: only the url is required. */
export interface TargetInput {
  /** http or https, without credentials. */
  url: string
  /** Default: every event of every collection (that `filter` selects). */
  rules?: readonly RuleInput[]
  /** Default: the url without its query. */
  key?: string
  /** Default: the key. Give one where keys may be used again. */
  uid?: string
  /** Default: the key. */
  name?: string
  /** Default `published`. */
  status?: TargetStatus
  /** Default: none. */
  auth?: Auth
  /** `whsec_…`; each signs. */
  secrets?: readonly string[]
  /** The same, for one. */
  secret?: string
  /** Default `batch`. */
  format?: Format
  /** Milliseconds and entries; default 50, 300, 500. */
  window?: Partial<WindowPolicy>
  retry?: Partial<RetryPolicy>
  /** Milliseconds for an attempt, 100 to 120,000; default 10,000. */
  timeout?: number
  /** Default false. */
  wholeCollection?: boolean
  /** Default 100,000. */
  maxPending?: number
  /** For targets without rules: `@posts`, or a filter (an object, or a text that holds one). Echoed in `ids` bodies. */
  filter?: unknown
}
