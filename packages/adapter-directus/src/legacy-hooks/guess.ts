/** What was probably meant by the name of an event that does not exist. */

/** How many letters would have to be added, left away or exchanged. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1]
    for (const [column, against] of [...other].entries()) {
      const exchanged = (row[column] ?? 0) + (letter === against ? 0 : 1)
      next.push(Math.min(exchanged, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}

export function closest(name: string, known: readonly string[]): string {
  if (/^\*+$/.test(name)) return 'Did you mean "*.*"?'
  if (/^(cron|schedule)\b/i.test(name)) return 'Did you mean "cron(<statement>)", as in "cron(0 * * * *)"?'
  const plain = name
    .trim()
    .toLowerCase()
    .replace(/\.after$/, '')
  const ranked = known.map((one) => [one, distance(plain, one)] as const).sort((a, b) => a[1] - b[1])
  const best = ranked[0]
  const near = best !== undefined && best[1] <= Math.max(2, Math.floor(plain.length / 4))
  return near
    ? `Did you mean "${best[0]}"?`
    : 'Events are named "<scope>.<action>" or "<scope>.<action>.before", as in "items.create".'
}

/** A collection of one's own has no events of its own: `articles.create`, `articles.items.create`. */
export function wrongScope(name: string, scopes: readonly string[]): string | undefined {
  const found = /^([^.*]+)\.(?:items\.)?((?:create|read|update|delete)(?:\.before)?)$/.exec(name)
  const [scope = '', rest = ''] = found?.slice(1) ?? []
  if (found === null || scopes.some((known) => distance(scope.toLowerCase(), known) <= 2)) return undefined
  return `Did you mean "items.${rest}", with a look at context.collection === '${scope}'?`
}
