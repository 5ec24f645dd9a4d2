import { entries } from './entries.ts'
import { lane, prelude } from './lane.ts'
import { leaving } from './leaving.ts'
import { BEFORE_TARGET, letters } from './letters.ts'
import { merging, returning } from './merging.ts'

/** ARGV: target, now, channel, sender, the most letters, their ids, or none for the oldest. Answers how many. */
export const redriveScript: string =
  prelude +
  lane +
  entries +
  merging +
  returning +
  letters +
  `
local function redrive()
  local lane = openLane(ARGV[1])
  if not lane then return 0 end
  checkLetters(lane.target)
  local ids = {}
  if #ARGV > 5 then
    for n = 6, #ARGV do ids[#ids + 1] = ARGV[n] end
  else
    ids = call('ZRANGE', root .. 'dead:' .. lane.target, 0, tonumber(ARGV[5]) - 1)
  end
  local packed, known, rows, seen = getMany('HMGET', root .. 'letters:' .. lane.target, ids), {}, {}, {}
  for n = 1, #ids do
    if packed[n] and not seen[ids[n]] then
      seen[ids[n]] = true
      known[#known + 1] = ids[n]
      rows[#rows + 1] = cmsgpack.unpack(packed[n])
    end
  end
  if #rows == 0 then return 0 end
  table.sort(rows, function(a, b) return a[4] < b[4] end)
  pass()
  exhume(lane.target, known)
  local set = newSet()
  for n = 1, #rows do
    local entry = toEntry(rows[n][5])
    -- It gets its chances anew.
    entry.refusedIn = '0'
    set.identities[n], set.orders[n], set.texts[n] = rows[n][3], rows[n][4], toText(entry)
  end
  putBack(lane, set)
  makeDue(lane, tonumber(ARGV[2]))
  save(lane)
  flush()
  if earlier then redis.pcall('PUBLISH', ARGV[3], ARGV[4]) end
  return #rows
end

return redrive()
`

/** ARGV: target, asOf. */
export const forgetScript: string =
  prelude +
  lane +
  entries +
  leaving +
  merging +
  returning +
  letters +
  `
local asOf = tonumber(ARGV[2])
local function isOld(written) return atOf(toEntry(written).last) <= asOf end

local function forgetPending(lane)
  if asOf >= lane.newestAt then return removeAll(lane) end
  local old = newSet()
  eachPending(lane, function(set)
    for n = 1, #set.texts do
      if isOld(set.texts[n]) then addTo(old, set, n) end
    end
  end)
  removeSome(lane, old)
end

local function forgetLetters(lane)
  local ids, old = call('ZRANGE', root .. 'dead:' .. lane.target, 0, -1), {}
  local packed = asOf < lane.newestAt and getMany('HMGET', root .. 'letters:' .. lane.target, ids)
  for n = 1, #ids do
    if not packed or isOld(cmsgpack.unpack(packed[n])[5]) then old[#old + 1] = ids[n] end
  end
  exhume(lane.target, old)
end

-- What came after goes out under another id: a batch keeps its entries or is none.
local function forgetFlying(lane)
  local flying, rest = readFlying(lane), newSet()
  for n = 1, #flying.texts do
    if not isOld(flying.texts[n]) then addTo(rest, flying, n) end
  end
  if #rest.texts == #flying.texts then return end
  call('UNLINK', lane.flying, lane.flyingOrder)
  if #rest.texts > 0 then
    putBack(lane, rest)
    makeDue(lane, asOf)
  end
  if isLeased(lane, asOf) then
    lane.forgotten = true
  else
    endBatch(lane)
  end
end

local function forget()
  local lane = openLane(ARGV[1])
  if not lane then return 0 end
  checkLetters(lane.target)
  pass()
  forgetPending(lane)
  noteRemoved(lane)
  forgetLetters(lane)
  if lane.batch then forgetFlying(lane) end
  if lane.pending == 0 and not lane.batch and call('ZCARD', root .. 'dead:' .. lane.target) == 0 then
    removeLane(lane)
  else
    save(lane)
    flush()
  end
  return 1
end

return forget()
`

/** ARGV: before, limit. Answers how many. */
export const pruneScript: string =
  prelude +
  letters +
  `
local ids = call('ZRANGEBYLEX', root .. 'dead', '-', '(' .. instantKey(tonumber(ARGV[1])), 'LIMIT', 0, tonumber(ARGV[2]))
local targets, byTarget = {}, {}
for n = 1, #ids do
  local target = string.sub(ids[n], ${BEFORE_TARGET + 1})
  if not byTarget[target] then
    checkLetters(target)
    targets[#targets + 1] = target
    byTarget[target] = {}
  end
  table.insert(byTarget[target], ids[n])
end
for n = 1, #targets do exhume(targets[n], byTarget[targets[n]]) end
return #ids
`
