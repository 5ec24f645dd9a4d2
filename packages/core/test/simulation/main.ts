/** `npm run sim -- [--store postgres] --seeds N [--from M] [--diary]`: runs any number of worlds and says which broke a guarantee. */
import { parseArgs } from 'node:util'
import { judge } from './judge.ts'
import { openPlace, type PlaceName } from './places.ts'
import { runWorld } from './world.ts'

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'memory' },
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    diary: { type: 'boolean', default: false },
  },
})
const from = Number(values.from)
const count = Number(values.seeds)
let broken = 0
let requests = 0
let changes = 0

const place = await openPlace(values.store as PlaceName)
for (let seed = from; seed < from + count; seed++) {
  const world = await runWorld(seed, { place })
  requests += world.receivers.log.length
  changes += world.accepted.length
  const problems = await judge(world)
  await world.close()
  if (problems.length > 0) {
    broken++
    for (const problem of problems) console.log(`SEED=${seed} ${problem}`)
    if (values.diary) {
      console.log(world.diary.join('\n'))
      for (const { at, id, url, took, events } of world.receivers.log)
        console.log(
          `${at - 1_700_000_000_000} ${took ? '2xx' : '---'} ${id} ${url} ${JSON.stringify(events.map((event) => [event.collection, event.id, event.event, event.timestamp - 1_700_000_000_000, event.previous?.slug]))}`,
        )
    }
  }
  if ((seed - from + 1) % 100 === 0) console.error(`${seed - from + 1} of ${count} worlds, ${broken} broken`)
}
await place.close()
console.log(
  `${count} worlds on ${values.store}, ${changes} accepted changes, ${requests} requests; ${broken} worlds broke a guarantee`,
)
process.exitCode = broken > 0 ? 1 : 0
