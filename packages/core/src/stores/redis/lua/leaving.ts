/** Entries leave the pending set. */
export const leaving: string = `
-- One entry of each of these items has left: of some that share its newest state.
local function leaveShares(lane, items)
  if lane.shared == 0 then return end
  local gone, names = {}, {}
  for _, item in pairs(items) do
    if not gone[item] then names[#names + 1] = item end
    gone[item] = (gone[item] or 0) + 1
  end
  local states, left, empty = getMany('HMGET', lane.newest, names), {}, {}
  for n = 1, #names do
    local count, state = string.match(states[n], '^(%d+);(.*)$')
    count = tonumber(count) - gone[names[n]]
    if count > 0 then
      left[#left + 1] = names[n]
      left[#left + 1] = count .. ';' .. state
    else
      empty[#empty + 1] = names[n]
    end
  end
  setMany('HSET', lane.newest, left)
  setMany('HDEL', lane.newest, empty)
  lane.shared = call('HLEN', lane.newest)
end

local function removeAll(lane)
  call('UNLINK', lane.entries, lane.order, lane.returned, lane.newest)
  lane.pending, lane.shared, lane.listed, lane.back, lane.collections = 0, 0, 0, 0, lane.collections and {}
end

local function untally(lane, set)
  for n = 1, lane.collections and #set.texts or 0 do tally(lane, set.texts[n], -1) end
end

-- Removes what readOldest gave.
local function removeOldest(lane, set)
  local count = #set.identities
  if count == lane.pending then return removeAll(lane) end
  untally(lane, set)
  setMany('HDEL', lane.entries, set.identities)
  leaveShares(lane, set.items)
  if lane.back > 0 then setMany('ZREM', lane.returned, set.identities) end
  if set.listed[count] > 0 then call('LTRIM', lane.order, set.listed[count], -1) end
  lane.pending, lane.listed, lane.back = lane.pending - count, lane.listed - set.listed[count], call('ZCARD', lane.returned)
end

-- Calls with every pending entry, in sets, in no order.
local function eachPending(lane, visit)
  local cursor, seen = '0', {}
  repeat
    local found, set = call('HSCAN', lane.entries, cursor, 'COUNT', 1000), newSet()
    for n = 1, #found[2], 2 do
      local identity = found[2][n]
      -- One may be found twice.
      if not seen[identity] then
        seen[identity] = true
        set.identities[#set.identities + 1], set.texts[#set.texts + 1] = identity, found[2][n + 1]
      end
    end
    visit(resolve(lane, set))
    cursor = found[1]
  until cursor == '0'
end

-- Removes pending entries that may lie anywhere. Where most of the list would be empty, what is left of it returns.
local function removeSome(lane, set)
  if #set.identities == 0 then return end
  if #set.identities == lane.pending then return removeAll(lane) end
  untally(lane, set)
  local gone, list, returned, first = {}, {}, {}, lane.nextOrder - lane.listed
  for n = 1, #set.identities do gone[set.identities[n]] = true end
  for from = 0, lane.listed - 1, MANY do
    local page = call('LRANGE', lane.order, from, from + MANY - 1)
    for n = 1, #page do
      local identity = gone[page[n]] and '' or page[n]
      list[#list + 1] = identity
      if identity ~= '' then
        returned[#returned + 1] = text(first + from + n - 1)
        returned[#returned + 1] = identity
      end
    end
  end
  call('DEL', lane.order)
  if #returned < #list then
    setMany('ZADD', lane.returned, returned)
    lane.listed = 0
  else
    setMany('RPUSH', lane.order, list)
  end
  setMany('HDEL', lane.entries, set.identities)
  setMany('ZREM', lane.returned, set.identities)
  leaveShares(lane, set.items)
  lane.pending, lane.back = lane.pending - #set.identities, call('ZCARD', lane.returned)
end
`
