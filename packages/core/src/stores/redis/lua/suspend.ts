import { lane, prelude, VERSION } from './lane.ts'

/** ARGV: target, at, channel, sender, and 1 if it is resumed. */
export const wakeScript: string =
  prelude +
  lane +
  `
local lane = openLane(ARGV[1])
if not lane then return 0 end
pass()
if ARGV[5] == '1' then lane.suspended = nil end
wakeLane(lane, tonumber(ARGV[2]))
save(lane)
flush()
if earlier then redis.pcall('PUBLISH', ARGV[3], ARGV[4]) end
return 1
`

/** ARGV: target, reason, at. */
export const suspendScript: string =
  prelude +
  lane +
  `
local lane = openLane(ARGV[1]) or newLane(ARGV[1], tonumber(ARGV[3]))
pass()
if not version then call('SET', KEYS[1], '${VERSION}') end
lane.suspended = ARGV[2]
save(lane)
flush()
return 1
`
