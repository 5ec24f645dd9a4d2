import { entries } from './entries.ts'
import { lane, prelude } from './lane.ts'
import { leaving } from './leaving.ts'

/**
 * ARGV: target, now, entries, bytes, batch id, revision, asOf, token, leaseUntil. Answers nothing, or what `toBatch` of
 * answers.ts reads: the batch, how the target does, and the texts of its entries.
 */
export const claimScript: string =
  prelude +
  lane +
  entries +
  leaving +
  `
local now, token = tonumber(ARGV[2]), ARGV[8]

local function answer(lane, texts)
  return {
    lane.batch, text(lane.batchSeq), text(lane.epoch), text(lane.attempt), text(lane.openedAt), lane.reclaimed and '1' or '0',
    text(lane.refusals), lane.revision, text(lane.asOf), lane.token, text(lane.failures),
    lane.failingSince and text(lane.failingSince) or '', lane.failing and '1' or '0', lane.limit and text(lane.limit) or '',
    text(lane.deliveredSeq), lane.suspended or '', texts,
  }
end

-- About how many characters an entry adds to a body.
local function weightOf(written)
  local first, last = written, written
  if string.byte(written) == PLUS then
    local entry = toEntry(written)
    first, last = entry.first, entry.last
  end
  return tonumber(string.match(first, '^[^;]*;(%d+)')) + tonumber(string.match(last, '^[^;]*;[^;]*;(%d+)')) + 100
end

-- How many of these may be taken: at least one.
local function fitting(texts, bytes)
  local most = 0
  for n = 1, #texts do most = most + #texts[n] + 100 end
  -- No entry has more characters than bytes.
  if most <= bytes then return #texts end
  local sum = 0
  for n = 1, #texts do
    sum = sum + weightOf(texts[n])
    if sum > bytes and n > 1 then return n - 1 end
  end
  return #texts
end

-- Puts what was taken where the batch's entries are. There are none.
local function fly(lane, taken)
  local count = #taken.texts
  local first, last = taken.orders[1], taken.orders[count]
  call('UNLINK', lane.flying, lane.flyingOrder)
  if count == lane.pending and lane.shared == 0 and lane.back == 0 then
    lane.flyingFrom = lane.nextOrder - lane.listed
    call('RENAME', lane.entries, lane.flying)
    call('RENAME', lane.order, lane.flyingOrder)
    lane.pending, lane.listed, lane.collections = 0, 0, lane.collections and {}
    return
  end
  local texts, orders = {}, taken.identities
  for n = 1, count do texts[2 * n - 1], texts[2 * n] = taken.identities[n], taken.texts[n] end
  setMany('HSET', lane.flying, texts)
  lane.flyingFrom = last - first == count - 1 and first or nil
  if not lane.flyingFrom then
    orders = {}
    for n = 1, count do orders[2 * n - 1], orders[2 * n] = text(taken.orders[n]), taken.identities[n] end
  end
  setMany('RPUSH', lane.flyingOrder, orders)
  removeOldest(lane, taken)
end

-- Somebody else has removed the oldest entries, or all: nobody shall wait for them.
local function clean(lane, count)
  if lane.pending == 0 then
    removeAll(lane)
  else
    call('LTRIM', lane.order, count, -1)
    call('ZREMRANGEBYRANK', lane.returned, 0, count - 1)
  end
  noteRemoved(lane)
  save(lane)
  flush()
  return false
end

local function claim()
  local lane = openLane(ARGV[1])
  if not lane then return false end
  -- The same claim, sent again by a client that did not get the answer.
  local again = lane.token == token and not lane.forgotten
  local at = readyAt(lane, now)
  if not again and (not at or at > now) then return false end
  pass()
  if lane.batch and not lane.forgotten then
    if not again then lane.reclaimed, lane.wokenAt, lane.notBefore = true, nil, nil end
    lane.token, lane.leaseUntil = token, tonumber(ARGV[9])
    save(lane)
    flush()
    return answer(lane, readFlying(lane).texts)
  end
  local most = math.max(1, math.min(tonumber(ARGV[3]), lane.limit or math.huge))
  local taken = readOldest(lane, most)
  if #taken.texts == 0 then return clean(lane, most) end
  cut(taken, fitting(taken.texts, tonumber(ARGV[4])))
  fly(lane, taken)
  lane.seq = lane.seq + 1
  lane.notBefore, lane.wokenAt, lane.forgotten, lane.reclaimed = nil, nil, nil, nil
  makeDue(lane, now)
  lane.batch, lane.batchSeq, lane.token, lane.leaseUntil, lane.openedAt = ARGV[5], lane.seq, token, tonumber(ARGV[9]), now
  lane.attempt, lane.refusals, lane.revision, lane.asOf = 1, 0, ARGV[6], tonumber(ARGV[7])
  save(lane)
  flush()
  return answer(lane, taken.texts)
end

return claim()
`

/** ARGV: target, batch id, token, leaseUntil. */
export const renewScript: string =
  prelude +
  lane +
  `
local lane = openLane(ARGV[1])
if not lane or lane.batch ~= ARGV[2] or lane.token ~= ARGV[3] then return 0 end
pass()
lane.leaseUntil = tonumber(ARGV[4])
save(lane)
flush()
return 1
`
