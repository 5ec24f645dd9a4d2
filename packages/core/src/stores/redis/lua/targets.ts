import { prelude, VERSION } from './lane.ts'

/** Answers the version, and key, uid and target of each row. */
export const readTargetsScript: string =
  prelude +
  `
local keys = call('HGETALL', root .. 'targets')
local rows = {}
for n = 1, #keys, 2 do
  rows[#rows + 1] = keys[n]
  rows[#rows + 1] = call('HGET', root .. 'target-uids', keys[n]) or ''
  rows[#rows + 1] = keys[n + 1]
end
return { call('GET', root .. 'targets-version') or '0', rows }
`

/** ARGV: key, uid, target, channel, sender. */
export const putTargetScript: string =
  prelude +
  `
call('HLEN', root .. 'targets')
call('HLEN', root .. 'target-uids')
call('INCR', root .. 'targets-version')
if not version then call('SET', KEYS[1], '${VERSION}') end
call('HSET', root .. 'targets', ARGV[1], ARGV[3])
call('HSETNX', root .. 'target-uids', ARGV[1], ARGV[2])
redis.pcall('PUBLISH', ARGV[4], ARGV[5])
return 1
`

/** ARGV: key, channel, sender. Answers whether there was such a row. */
export const deleteTargetScript: string =
  prelude +
  `
call('HLEN', root .. 'targets')
call('HLEN', root .. 'target-uids')
if call('HEXISTS', root .. 'targets', ARGV[1]) == 0 then return 0 end
call('INCR', root .. 'targets-version')
call('HDEL', root .. 'targets', ARGV[1])
call('HDEL', root .. 'target-uids', ARGV[1])
redis.pcall('PUBLISH', ARGV[2], ARGV[3])
return 1
`

/**
 * ARGV: key, channel, sender; of what has to be there, and of what then is: 1 or 0 (nothing), uid, target. Answers whether
 * that was there.
 */
export const swapTargetScript: string =
  prelude +
  `
call('HLEN', root .. 'targets')
call('HLEN', root .. 'target-uids')
local target = call('HGET', root .. 'targets', ARGV[1])
if ARGV[4] == '0' then
  if target then return 0 end
  if ARGV[7] == '0' then return 1 end
elseif not target or target ~= ARGV[6] or (call('HGET', root .. 'target-uids', ARGV[1]) or '') ~= ARGV[5] then
  return 0
end
call('INCR', root .. 'targets-version')
if not version then call('SET', KEYS[1], '${VERSION}') end
if ARGV[7] == '0' then
  call('HDEL', root .. 'targets', ARGV[1])
  call('HDEL', root .. 'target-uids', ARGV[1])
else
  call('HSET', root .. 'targets', ARGV[1], ARGV[9])
  call('HSETNX', root .. 'target-uids', ARGV[1], ARGV[8])
end
redis.pcall('PUBLISH', ARGV[2], ARGV[3])
return 1
`
