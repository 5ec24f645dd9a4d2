/** Asks until the answer will do, and answers it. */
export async function until<T>(ask: () => Promise<T>, fits: (answer: T) => boolean, patienceMs = 30_000): Promise<T> {
  const late = Date.now() + patienceMs
  for (;;) {
    const answer = await ask()
    if (fits(answer)) return answer
    if (Date.now() > late) throw new Error(`After ${patienceMs} ms the answer is still ${JSON.stringify(answer)}`)
  }
}
