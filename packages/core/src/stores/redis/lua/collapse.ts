import { adding } from './append.ts'
import { entries } from './entries.ts'
import { lane, prelude, VERSION } from './lane.ts'
import { leaving } from './leaving.ts'
import { merging } from './merging.ts'

/** ARGV: target, channel, sender, how many entries, and for each its head, identity, state, and item or nothing. */
export const collapseScript: string =
  prelude +
  lane +
  entries +
  leaving +
  merging +
  adding +
  `
-- Where nothing else is pending: the same, but of each only the oldest is looked for.
local function clearAll(lane)
  local removed, missing, count, oldest = {}, 0, 100, nil
  for _ in pairs(lane.collections) do missing = missing + 1 end
  repeat
    oldest = readOldest(lane, count)
    for n = 1, #oldest.texts do
      local entry = toEntry(oldest.texts[n])
      local collection = collectionOf(entry.last)
      if not removed[collection] then
        removed[collection] = { { order = text(oldest.orders[n]), appendedAt = entry.appendedAt } }
        missing = missing - 1
      end
    end
    count = count * 10
  until missing == 0 or #oldest.texts == lane.pending
  removeAll(lane)
  return removed
end

-- Removes what is pending of these collections; answers the places of what was removed, by collection, oldest first.
local function clear(lane, collections, distinct)
  local gone, places, all = newSet(), {}, distinct and lane.collections
  for collection in pairs(lane.collections or {}) do all = all and collections[collection] end
  if all then return clearAll(lane) end
  eachPending(lane, function(set)
    for n = 1, #set.texts do
      local entry = toEntry(set.texts[n])
      local collection = collectionOf(entry.last)
      if collections[collection] then
        addTo(gone, set, n)
        places[set.identities[n]] = { collection = collection, appendedAt = entry.appendedAt }
      end
    end
  end)
  local removed, oldest = {}, oldestPlaces(lane, lane.pending)
  for n = 1, #oldest.identities do
    local place = places[oldest.identities[n]]
    if place then
      removed[place.collection] = removed[place.collection] or {}
      place.order = text(oldest.orders[n])
      table.insert(removed[place.collection], place)
    end
  end
  removeSome(lane, gone)
  return removed
end

-- In the place of one that was removed. Nothing of its collection is pending any more.
local function insert(part, place, identity, state, item)
  tally(part.lane, state, 1)
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
  local distinct = true
  for n = 1, count do
    local collection = collectionOf(ARGV[4 * n + 3])
    distinct = distinct and not collections[collection]
    collections[collection] = true
  end
  pass()
  if not version then call('SET', KEYS[1], '${VERSION}') end
  local removed = clear(lane, collections, distinct)
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
        tally(lane, state, 1)
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
