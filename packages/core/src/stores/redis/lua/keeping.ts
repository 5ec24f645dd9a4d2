import { adding } from './append.ts'
import { entries, leaving } from './entries.ts'
import { lane, prelude, VERSION } from './lane.ts'
import { BEFORE_TARGET, letters } from './letters.ts'
import { merging, returning } from './merging.ts'

/** ARGV: target, at, channel, sender. */
export const wakeScript: string =
  prelude +
  lane +
  `
local lane = openLane(ARGV[1])
if not lane then return 0 end
pass()
wakeLane(lane, tonumber(ARGV[2]))
save(lane)
flush()
if earlier then redis.pcall('PUBLISH', ARGV[3], ARGV[4]) end
return 1
`

/** ARGV: target, at, channel, sender. */
export const resumeScript: string =
  prelude +
  lane +
  `
local lane = openLane(ARGV[1])
if not lane then return 0 end
pass()
lane.suspended = nil
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

/** ARGV: target, channel, sender, how many entries, and for each its head, identity, state, and item or nothing. */
export const collapseScript: string =
  prelude +
  lane +
  entries +
  leaving +
  merging +
  adding +
  `
-- Removes what is pending of these collections; answers the places of what was removed, by collection, oldest first.
local function clear(lane, collections)
  local gone, places = newSet(), {}
  eachPending(lane, function(set)
    for n = 1, #set.texts do
      local entry = toEntry(set.texts[n])
      local collection = collectionOf(entry.last)
      if collections[collection] then
        addTo(gone, set, n)
        places[collection] = places[collection] or {}
        places[collection][set.identities[n]] = entry.appendedAt
      end
    end
  end)
  local removed, oldest = {}, readOldest(lane, lane.pending)
  for n = 1, #oldest.identities do
    for collection, instants in pairs(places) do
      local appendedAt = instants[oldest.identities[n]]
      if appendedAt then
        removed[collection] = removed[collection] or {}
        table.insert(removed[collection], { order = text(oldest.orders[n]), appendedAt = appendedAt })
      end
    end
  end
  removeSome(lane, gone)
  return removed
end

-- In the place of one that was removed. Nothing of its collection is pending any more.
local function insert(part, place, identity, state, item)
  local entry = { refusedIn = '0', refusedAt = '', appendedAt = place.appendedAt, first = state, last = state, item = item }
  if item ~= '' then
    local share = shareOf(part, item)
    share.count, share.state, entry.last = share.count + 1, state, nil
  end
  put(part, identity, toText(entry))
  savePart(part)
  call('ZADD', part.lane.returned, place.order, identity)
end

local function collapse()
  local count, collections = tonumber(ARGV[4]), {}
  local lane = openLane(ARGV[1]) or newLane(ARGV[1], toHead(ARGV[5]).epoch)
  for n = 1, count do collections[collectionOf(ARGV[4 * n + 3])] = true end
  pass()
  if not version then call('SET', KEYS[1], '${VERSION}') end
  local removed = clear(lane, collections)
  for n = 1, count do
    local head, identity, state, item = toHead(ARGV[4 * n + 1]), ARGV[4 * n + 2], ARGV[4 * n + 3], ARGV[4 * n + 4]
    local places, key = removed[collectionOf(state)], item == '' and identity or item
    local part = loadPart(lane, { identity, key }, { key })
    if places and #places > 0 then
      insert(part, table.remove(places, 1), identity, state, item)
      lane.newestAt = math.max(lane.newestAt, head.maxAt)
      lane.pending = call('HLEN', lane.entries)
    else
      if addEntry(part, identity, state, item) then
        call('RPUSH', lane.order, identity)
        lane.nextOrder, lane.listed = lane.nextOrder + 1, lane.listed + 1
      end
      savePart(part)
      lane.pending = call('HLEN', lane.entries)
      noteAppend(lane, head, function() return { state } end)
    end
  end
  noteRemoved(lane)
  save(lane)
  flush()
  if earlier then redis.pcall('PUBLISH', ARGV[2], ARGV[3]) end
  return 1
end

return collapse()
`

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
