/**
 * Pending sets, as in stores/pending.ts. Of a target there are
 *
 * - `entries:` the pending entries by identity;
 * - `order:` the list of their identities, oldest first: of those that have been pending since their first append. Their
 *   order numbers have no gaps, the last has the one before `nextOrder`. An empty text stands for one that has left;
 * - `returned:` the identities of the others, which came back from a batch or from the dead letters, by order number;
 * - `newest:` the newest state of each item of which there is an entry that announces old values: all entries of such an
 *   item share it, so that a change of it is one write. By item: how many they are, `;`, and the state;
 * - `flying:` the entries of the batch in flight, and `flying-order:` their identities as in `order:`, the first having the
 *   number `flyingFrom`; without that, each has its number before it.
 *
 * A state is one change as Node wrote it (entry-text.ts): `at;previous;fields;collection;…`, the second and third being
 * lengths. An entry that was appended once is that state. Any other is `+refusedIn;refusedAt;appendedAt;first;last;` and
 * the bytes of its first state, of its last, and of its item unless that is its identity. In place of the last's length
 * stands `=` if it is the first, `~` if it is the item's. `refusedIn` counts only while the last is that of `refusedAt`.
 */
export const entries: string = `
local PLUS = 43

local function atOf(state) return tonumber(string.match(state, '^[^;]+')) end
local function collectionOf(state) return string.match(state, '^[^;]*;[^;]*;[^;]*;([^;]*)') end

-- How many entries of each collection are pending, where that is counted. Of an entry, all states are of one collection.
local function tally(lane, written, count)
  local known = lane.collections
  if not known then return end
  local at = 1
  if string.byte(written) == PLUS then at = string.match(written, '^[^;]*;[^;]*;[^;]*;[^;]*;[^;]*;()') end
  local collection = string.match(written, '^[^;]*;[^;]*;[^;]*;([^;]*)', at)
  count = (known[collection] or 0) + count
  known[collection] = count > 0 and count or nil
end

local function toEntry(written)
  if string.byte(written) ~= PLUS then
    local at = string.match(written, '^[^;]+')
    return { refusedIn = '0', refusedAt = '', appendedAt = at, first = written, last = written, item = '' }
  end
  local refusedIn, refusedAt, appendedAt, one, two, from =
    string.match(written, '^%+([^;]*);([^;]*);([^;]*);([^;]*);([^;]*);()')
  local entry = { refusedIn = refusedIn, refusedAt = refusedAt, appendedAt = appendedAt }
  local mid = from + tonumber(one)
  entry.first = string.sub(written, from, mid - 1)
  if two == '=' then
    entry.last = entry.first
  elseif two ~= '~' then
    entry.last = string.sub(written, mid, mid + tonumber(two) - 1)
    mid = mid + tonumber(two)
  end
  entry.item = string.sub(written, mid)
  return entry
end

local function toText(entry)
  local first, last, item = entry.first, entry.last, entry.item
  if last == first and item == '' and entry.refusedIn == '0' and entry.appendedAt == string.match(first, '^[^;]+') then
    return first
  end
  local size, written = '~', ''
  if last == first then
    size = '='
  elseif last then
    size, written = #last, last
  end
  local head = '+' .. entry.refusedIn .. ';' .. entry.refusedAt .. ';' .. entry.appendedAt .. ';' .. #first .. ';' .. size .. ';'
  return head .. first .. written .. item
end

-- Entries as lists: identities, order numbers, texts; and, where they share it, the item that has their newest state.
local function newSet() return { identities = {}, orders = {}, texts = {}, items = {} } end

local function addTo(set, from, n)
  local to = #set.identities + 1
  set.identities[to], set.orders[to] = from.identities[n], from.orders[n]
  set.texts[to], set.items[to] = from.texts[n], from.items[n]
end

-- Gives each of these pending entries a newest state of its own.
local function resolve(lane, set)
  if lane.shared == 0 then return set end
  local sharing, places, items = {}, {}, {}
  for n = 1, #set.texts do
    if string.byte(set.texts[n]) == PLUS then
      local entry = toEntry(set.texts[n])
      if not entry.last then
        set.items[n] = entry.item == '' and set.identities[n] or entry.item
        sharing[#sharing + 1], places[#places + 1], items[#items + 1] = entry, n, set.items[n]
      end
    end
  end
  local states = getMany('HMGET', lane.newest, items)
  for n = 1, #sharing do
    local entry = sharing[n]
    entry.last = string.match(states[n], '^%d+;(.*)$')
    if entry.refusedIn ~= '0' and tonumber(entry.refusedAt) ~= atOf(entry.last) then entry.refusedIn = '0' end
    entry.refusedAt = ''
    set.texts[places[n]] = toText(entry)
  end
  return set
end

-- The oldest pending entries, at most so many; and for each how many places of the list it and those before it take.
local function oldestPlaces(lane, count)
  local set, listed, following = newSet(), 0, lane.nextOrder - lane.listed
  local size, page, at, returned, back = 0, {}, 1, {}, 1
  set.listed = {}
  if lane.back > 0 then returned = call('ZRANGE', lane.returned, 0, count - 1, 'WITHSCORES') end
  while size < count do
    if at > #page and listed < lane.listed then
      page, at = call('LRANGE', lane.order, listed, listed + math.min(count - size, MANY) - 1), 1
    end
    local order, identity, taken = tonumber(returned[back + 1]), page[at], nil
    if order and not (identity and following < order) then
      taken, back = returned[back], back + 2
    elseif identity then
      if identity ~= '' then taken, order = identity, following end
      listed, at, following = listed + 1, at + 1, following + 1
    else
      break
    end
    if taken then
      size = size + 1
      set.identities[size], set.orders[size], set.listed[size] = taken, order, listed
    end
  end
  return set
end

-- Adds the texts. What is not there any more was removed by somebody else, as servers do that make room.
local function withTexts(key, set)
  local texts, kept = getMany('HMGET', key, set.identities), newSet()
  set.texts = texts
  for n = 1, #texts do
    if not texts[n] then
      kept.listed = set.listed and {}
      for from = 1, #texts do
        if texts[from] then
          addTo(kept, set, from)
          if kept.listed then kept.listed[#kept.identities] = set.listed[from] end
        end
      end
      return kept
    end
  end
  return set
end

local function readOldest(lane, count)
  return resolve(lane, withTexts(lane.entries, oldestPlaces(lane, count)))
end

local function cut(set, count)
  for n = #set.texts, count + 1, -1 do
    set.identities[n], set.orders[n], set.texts[n], set.items[n], set.listed[n] = nil, nil, nil, nil, nil
  end
end

-- The entries of the batch in flight.
local function readFlying(lane)
  local set, list, step = newSet(), call('LRANGE', lane.flyingOrder, 0, -1), lane.flyingFrom and 1 or 2
  for n = step, #list, step do
    if list[n] ~= '' then
      local to = #set.identities + 1
      set.identities[to] = list[n]
      set.orders[to] = lane.flyingFrom and lane.flyingFrom + n - 1 or tonumber(list[n - 1])
    end
  end
  return withTexts(lane.flying, set)
end
`
