export type Args = Readonly<Record<string, unknown>>
type Choice = Readonly<Record<string, unknown>>

/**
 * Arguments that make an operation answer with the given fields, and how to hide in an answer what nobody asked for. It is
 * not taken out: computed fields of other extensions may need it, as they would have asked for it themselves.
 */
export function widened(args: Args, fields: readonly string[]): { args: Args; hide<Answer>(answer: Answer): Answer } {
  const { select, omit } = args as { select?: Choice | null; omit?: Choice | null }
  const added = fields.filter((field) => (select ? !select[field] : omit?.[field] === true))
  if (added.length === 0) return { args, hide: (answer) => answer }
  const choice = (value: boolean) => Object.fromEntries(added.map((field) => [field, value]))
  return {
    args: select ? { ...args, select: { ...select, ...choice(true) } } : { ...args, omit: { ...omit, ...choice(false) } },
    hide(answer) {
      for (const row of [answer].flat() as Record<string, unknown>[]) {
        for (const field of added) Object.defineProperty(row, field, { enumerable: false })
      }
      return answer
    },
  }
}

/** For calls of our own. */
export function selecting(fields: readonly string[]): { select: Record<string, true> } {
  return { select: Object.fromEntries(fields.map((field) => [field, true as const])) }
}
