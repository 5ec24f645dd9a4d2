import { LONGEST } from '../../../ports.ts'

/** Version of what lies behind the keys. */
export const VERSION = '1'

/**
 * How every script begins. A script is one step for everybody else, but one that fails in its middle leaves what it has
 * written: each reads all that it needs, of every key that it will write, before its first write.
 */
export const prelude: string = `
local call = redis.call
-- Redis 6 would pass on the script's text, and lets nobody write who has read something that has no fixed order.
if redis.replicate_commands then redis.replicate_commands() end
local root = string.sub(KEYS[1], 1, -8)
local version = call('GET', KEYS[1])
if version and version ~= '${VERSION}' then return redis.error_reply('UNSTALE_VERSION ' .. version) end

-- Lua would write no more than 14 digits.
local function text(number) return string.format('%.17g', number) end

-- Lua passes about 8,000 values to a command.
local MANY = 4000
local function setMany(command, key, values)
  for from = 1, #values, MANY do call(command, key, unpack(values, from, math.min(from + MANY - 1, #values))) end
end
local function getMany(command, key, names)
  if #names == 0 then return {} end
  if #names <= MANY then return call(command, key, unpack(names)) end
  local all = {}
  for from = 1, #names, MANY do
    local some = call(command, key, unpack(names, from, math.min(from + MANY - 1, #names)))
    for n = 1, #some do all[from + n - 1] = some[n] end
  end
  return all
end
`

/** What is known of one target besides its entries, as in stores/lane.ts. */
export const lane: string = `
local WINDOW, LEASE, RETRY = ${LONGEST.window}, ${LONGEST.lease}, ${LONGEST.retry}
local FIELDS = {
  'epoch', 'seq', 'nextOrder', 'dueAt', 'closeBy', 'notBefore', 'wokenAt', 'suspended', 'limit', 'failures', 'failingSince',
  'failing', 'deliveredSeq', 'newestAt', 'collections', 'readyAt', 'legalFrom', 'slow', 'batch', 'batchSeq', 'token',
  'leaseUntil', 'openedAt', 'attempt', 'refusals', 'revision', 'asOf', 'forgotten', 'reclaimed', 'flyingFrom',
}
local BATCH = {
  'batch', 'batchSeq', 'token', 'leaseUntil', 'openedAt', 'attempt', 'refusals', 'revision', 'asOf', 'forgotten',
  'reclaimed', 'flyingFrom',
}

-- The keys that all targets share are of the kind that we will write.
local function checkShared()
  call('ZCARD', root .. 'ready')
  call('ZCARD', root .. 'legal')
  call('SCARD', root .. 'slow')
end

local function withKeys(lane)
  local target = lane.target
  lane.entries, lane.newest = root .. 'entries:' .. target, root .. 'newest:' .. target
  lane.order, lane.returned = root .. 'order:' .. target, root .. 'returned:' .. target
  lane.flying, lane.flyingOrder = root .. 'flying:' .. target, root .. 'flying-order:' .. target
  lane.pending, lane.shared = call('HLEN', lane.entries), call('HLEN', lane.newest)
  lane.listed, lane.back = call('LLEN', lane.order), call('ZCARD', lane.returned)
  return lane
end

local function toLane(target, packed)
  local lane, values = { target = target }, cmsgpack.unpack(packed)
  for n = 1, #FIELDS do if values[n] then lane[FIELDS[n]] = values[n] end end
  return withKeys(lane)
end

local function newLane(target, epoch)
  local lane = withKeys({ target = target, epoch = epoch, seq = 0, failures = 0, deliveredSeq = 0, newestAt = epoch })
  lane.nextOrder = lane.listed + 1
  return lane
end

-- The lane, with all of its keys looked at; nil: nobody has heard of the target.
local function openLane(target)
  checkShared()
  local packed = call('HGET', root .. 'lanes', target)
  if not packed then return nil end
  local lane = toLane(target, packed)
  call('HLEN', lane.flying)
  call('LLEN', lane.flyingOrder)
  return lane
end

-- Law 13: an instant that no legal configuration could have asked for counts as due. Without a now it is as it stands.
local function legal(instant, now, longest)
  if instant and now and instant > now + longest then return now end
  return instant
end

-- Law 10.
local function readyAt(lane, now)
  if lane.suspended then return nil end
  local notBefore = legal(lane.notBefore, now, RETRY)
  local lease = lane.token and legal(lane.leaseUntil, now, LEASE)
  if lane.batch and not lane.forgotten then return lease or notBefore or lane.openedAt end
  if not lane.dueAt then return nil end
  return math.max(legal(lane.dueAt, now, WINDOW), notBefore or 0, lease or 0)
end

-- Whoever reads this lane before that instant has to take a closer look: one of its own is too far ahead.
local function legalFrom(lane)
  local from = -1
  if lane.token then from = math.max(from, lane.leaseUntil - LEASE) end
  if lane.notBefore then from = math.max(from, lane.notBefore - RETRY) end
  if lane.dueAt then from = math.max(from, lane.dueAt - WINDOW) end
  return from
end

local function isLeased(lane, at)
  return lane.token and legal(lane.leaseUntil, at, LEASE) > at
end

local function endBatch(lane)
  for n = 1, #BATCH do lane[BATCH[n]] = nil end
end

local function makeDue(lane, at)
  local instant = nil
  if lane.pending > 0 then instant = at end
  lane.dueAt, lane.closeBy = instant, instant
end

local function noteRemoved(lane)
  if lane.pending == 0 then lane.dueAt, lane.closeBy = nil, nil end
end

local function wakeLane(lane, at)
  lane.wokenAt, lane.notBefore = at, nil
  if lane.pending > 0 then lane.dueAt, lane.closeBy = at, at end
end

local saved, ready, notReady, legals, slow, notSlow, earlier = {}, {}, {}, {}, {}, {}, false

-- Written by flush.
local function save(lane)
  local at, from, target = readyAt(lane), legalFrom(lane), lane.target
  local isSlow = lane.failures > 0 and not lane.wokenAt
  if at and not (lane.readyAt and lane.readyAt <= at) then earlier = true end
  if at ~= lane.readyAt then
    if at then
      ready[#ready + 1] = text(at)
      ready[#ready + 1] = target
    else
      notReady[#notReady + 1] = target
    end
  end
  if at and from ~= lane.legalFrom then
    legals[#legals + 1] = text(from)
    legals[#legals + 1] = target
  end
  if isSlow ~= (lane.slow or false) then
    local list = isSlow and slow or notSlow
    list[#list + 1] = target
  end
  lane.readyAt, lane.legalFrom, lane.slow = at, at and from, isSlow
  local values = {}
  for n = 1, #FIELDS do values[n] = lane[FIELDS[n]] or false end
  saved[#saved + 1] = target
  saved[#saved + 1] = cmsgpack.pack(values)
end

local function flush()
  setMany('HSET', root .. 'lanes', saved)
  setMany('ZADD', root .. 'ready', ready)
  setMany('ZREM', root .. 'ready', notReady)
  setMany('ZADD', root .. 'legal', legals)
  setMany('ZREM', root .. 'legal', notReady)
  setMany('SADD', root .. 'slow', slow)
  setMany('SREM', root .. 'slow', notSlow)
  saved, ready, notReady, legals, slow, notSlow = {}, {}, {}, {}, {}, {}
end

local function removeLane(lane)
  call('HDEL', root .. 'lanes', lane.target)
  call('ZREM', root .. 'ready', lane.target)
  call('ZREM', root .. 'legal', lane.target)
  call('SREM', root .. 'slow', lane.target)
end

-- Whoever may not publish does without: the others look once a second.
local function ring(channel, sender)
  if earlier then redis.pcall('PUBLISH', channel, sender) end
end

-- A server whose memory is full refuses the first write of a script, unless it is one that frees memory. What takes
-- nothing more, or makes room in the end, begins with this.
local function pass()
  call('DEL', root .. 'nothing')
end
`
