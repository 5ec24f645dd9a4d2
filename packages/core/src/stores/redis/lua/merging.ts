/** What changes a part of a pending set: laws 2 and 3, for entries that are appended. */
export const merging: string = `
-- The entries of these identities, and what entries of these items share.
local function loadPart(lane, identities, items)
  local part = { lane = lane, entries = {}, newest = {}, changed = {}, changedNewest = {} }
  local found = getMany('HMGET', lane.entries, identities)
  for n = 1, #identities do part.entries[identities[n]] = found[n] end
  if lane.shared > 0 then
    local states = getMany('HMGET', lane.newest, items)
    for n = 1, #items do
      if states[n] then
        local count, state = string.match(states[n], '^(%d+);(.*)$')
        part.newest[items[n]] = { count = tonumber(count), state = state }
      end
    end
  end
  return part
end

local function put(part, identity, entry)
  part.entries[identity] = entry
  part.changed[identity] = true
end

-- What the entries of an item share from now on.
local function shareOf(part, item)
  local share = part.newest[item]
  if not share then
    share = { count = 0 }
    part.newest[item] = share
    local plain = part.entries[item]
    if plain then
      local entry = toEntry(plain)
      share.count, share.state = 1, entry.last
      entry.refusedAt, entry.last = text(atOf(entry.last)), nil
      put(part, item, toText(entry))
    end
  end
  part.changedNewest[item] = true
  return share
end

-- A known entry hears of one more state of its item. Answers what it is then; nothing, if it is what it was.
local function merge(known, state, share)
  local entry, at, changes = toEntry(known), atOf(state), false
  if at < tonumber(entry.appendedAt) then
    -- Reported late, it is still what came first.
    entry.first, entry.appendedAt, changes = state, text(at), true
  end
  if at >= atOf(entry.last or share.state) then
    -- A receiver that refused it has not seen it like this.
    entry.refusedIn, changes = '0', true
    if entry.last then
      entry.last = state
    else
      share.state = state
    end
  end
  return changes and toText(entry)
end

-- One entry. Answers whether it is a new one.
local function addEntry(part, identity, state, item)
  local known, key = part.entries[identity], item == '' and identity or item
  local share = part.newest[key]
  if known then
    local written = merge(known, state, share)
    if written then
      put(part, identity, written)
      if share then part.changedNewest[key] = true end
    end
    return false
  end
  if item == '' and not share then
    put(part, identity, state)
    return true
  end
  share = shareOf(part, key)
  share.count = share.count + 1
  local at = atOf(state)
  if not share.state or at >= atOf(share.state) then share.state = state end
  put(part, identity, toText({ refusedIn = '0', refusedAt = '', appendedAt = text(at), first = state, item = item }))
  return true
end

local function savePart(part)
  local values, states = {}, {}
  for identity in pairs(part.changed) do
    values[#values + 1] = identity
    values[#values + 1] = part.entries[identity]
  end
  for item in pairs(part.changedNewest) do
    states[#states + 1] = item
    states[#states + 1] = part.newest[item].count .. ';' .. part.newest[item].state
  end
  setMany('HSET', part.lane.entries, values)
  setMany('HSET', part.lane.newest, states)
  part.lane.shared = call('HLEN', part.lane.newest)
end
`

/** Law 11, for entries that come back from a batch or from the dead letters. */
export const returning: string = `
-- One that is not pending.
local function putNew(part, identity, entry, item)
  tally(part.lane, entry.first, 1)
  if entry.item ~= '' or part.newest[item] then
    local share = shareOf(part, item)
    share.count = share.count + 1
    -- At a tie what was pending is the newer.
    if not share.state or atOf(entry.last) > atOf(share.state) then share.state = entry.last end
    entry.refusedAt, entry.last = text(atOf(entry.last)), nil
  end
  put(part, identity, toText(entry))
end

-- One that is pending again.
local function putKnown(part, identity, entry, item)
  local pending, share = toEntry(part.entries[identity]), part.newest[item]
  if tonumber(entry.appendedAt) <= tonumber(pending.appendedAt) then
    pending.first, pending.appendedAt = entry.first, entry.appendedAt
  end
  pending.refusedIn = '0'
  if atOf(entry.last) > atOf(pending.last or share.state) then
    if pending.last then
      pending.last = entry.last
    else
      share.state = entry.last
      part.changedNewest[item] = true
    end
  end
  put(part, identity, toText(pending))
end

-- Those that are in the list leave it: they were appended after what comes back now.
local function vacate(lane, identities)
  local wanted, missing, first = {}, #identities, lane.nextOrder - lane.listed
  for n = 1, #identities do
    wanted[identities[n]] = true
    if lane.back > 0 and call('ZSCORE', lane.returned, identities[n]) then missing = missing - 1 end
  end
  for from = 0, lane.listed - 1, MANY do
    if missing == 0 then return end
    local page = call('LRANGE', lane.order, from, from + MANY - 1)
    for n = 1, #page do
      if wanted[page[n]] then
        call('LSET', lane.order, from + n - 1, '')
        missing = missing - 1
      end
    end
  end
end

-- Oldest first. With behind it is one alone, and goes behind all others.
local function putBack(lane, set, behind)
  local identities, items, entries, known, orders = {}, {}, {}, {}, {}
  for n = 1, #set.texts do
    local entry = toEntry(set.texts[n])
    entries[n] = entry
    identities[#identities + 1] = set.identities[n]
    if entry.item ~= '' then identities[#identities + 1] = entry.item end
    items[n] = entry.item == '' and set.identities[n] or entry.item
  end
  local part = loadPart(lane, identities, items)
  for n = 1, #entries do
    local identity = set.identities[n]
    if part.entries[identity] then
      known[#known + 1] = identity
      putKnown(part, identity, entries[n], items[n])
    else
      putNew(part, identity, entries[n], items[n])
    end
    orders[2 * n - 1], orders[2 * n] = text(set.orders[n]), identity
  end
  if behind then
    call('RPUSH', lane.order, set.identities[1])
    lane.nextOrder, lane.listed = lane.nextOrder + 1, lane.listed + 1
  else
    vacate(lane, known)
    for from = 1, #orders, MANY do
      call('ZADD', lane.returned, 'LT', unpack(orders, from, math.min(from + MANY - 1, #orders)))
    end
  end
  savePart(part)
  lane.pending, lane.back = call('HLEN', lane.entries), call('ZCARD', lane.returned)
end
`
