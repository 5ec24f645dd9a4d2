import { describe, expect, it } from 'vitest'
import { arrivalRaces } from './arrival-races.ts'
import type { Double } from './doubles.ts'
import { flightRaces } from './flight-races.ts'
import { keepingRaces } from './keeping-races.ts'
import { type Processes, type Race, run } from './race.ts'
import { targetRaces } from './target-races.ts'

export const races: readonly Race[] = [...flightRaces, ...keepingRaces, ...arrivalRaces, ...targetRaces]

/** Stores on an empty place. */
export type Open = (count: number, double: Double | null) => Promise<Processes>

const PROCESSES = 3
/** Milliseconds for each race; more find more. */
const FOR = Number(process.env['UNSTALE_RACE_MS'] ?? 250)
/** A broken store that survives for so many milliseconds was not seen. */
const PATIENCE = 60_000

/** Each race on a store that has to stand it, and on broken ones that it has to catch. */
export function raceSuite(
  name: string,
  open: Open,
  options: { doubles: Readonly<Record<string, Double>>; without?: readonly Race['needs'][] },
): void {
  const { doubles, without = [] } = options
  for (const race of races) {
    describe(`race on ${name}: ${race.name}`, () => {
      if (race.needs !== undefined && without.includes(race.needs)) {
        it.skip(`not without ${race.needs}`, () => {})
        return
      }
      const caught = race.catches.filter((double) => Object.hasOwn(doubles, double))
      it('round after round', { timeout: 20_000 + FOR }, async () => {
        const { problems, failures, rounds } = await onProcesses(open, null, (processes) => run(race, processes, { ms: FOR }))
        expect({ problems, failures }).toEqual({ problems: [], failures: [] })
        // What no broken store of this kind fails at proves nothing.
        expect(caught).not.toEqual([])
        expect(rounds).toBeGreaterThan(0)
      })
      for (const double of caught) {
        it(`… unless ${double}`, { timeout: PATIENCE + 20_000 }, async () => {
          const broken = doubles[double] as Double
          const { problems } = await onProcesses(open, broken, (processes) =>
            run(race, processes, { ms: PATIENCE, untilWrong: true }),
          )
          expect(problems).not.toEqual([])
        })
      }
    })
  }
}

async function onProcesses<T>(open: Open, double: Double | null, act: (processes: Processes) => Promise<T>): Promise<T> {
  const processes = await open(PROCESSES, double)
  try {
    return await act(processes)
  } finally {
    await processes.close()
  }
}
