import { BETWEEN } from '../entry-text.ts'
import { entries } from './entries.ts'
import { lane, prelude, VERSION } from './lane.ts'
import { leaving } from './leaving.ts'
import { letters } from './letters.ts'
import { merging } from './merging.ts'

/** What an append does to one target. `parts` and `collectionsOf` are for `collapse`, too. */
export const adding: string = `
-- Law 2, for entries that were appended one after the other. They were accepted at head.minAt at the earliest; statesOf
-- gives their states.
local function noteAppend(lane, head, statesOf)
  if not lane.closeBy then
    lane.closeBy = head.closeBy
  elseif lane.closeBy > head.minAt + WINDOW then
    -- Left by a clock that was wrong: it would let a steady stream of changes put off the window for ever.
    for _, state in ipairs(statesOf()) do
      local at = atOf(state)
      if lane.closeBy > at + WINDOW then lane.closeBy = at end
    end
  end
  lane.dueAt = math.min(lane.pending >= head.size and head.at or head.quietUntil, lane.closeBy)
  if head.maxAt > lane.newestAt then lane.newestAt = head.maxAt end
end

local HEAD = '^([^;]*);([^;]*);([^;]*);([^;]*);([^;]*);([^;]*);([^;]*);([^;]*);([^;]*);([^;]*);([^;]*);([^;]*);([^;]*)$'
local function toHead(written)
  local count, width, epoch, at, quietUntil, closeBy, minAt, maxAt, size, least, most, collapsible, each =
    string.match(written, HEAD)
  return {
    count = tonumber(count), width = tonumber(width), epoch = tonumber(epoch), at = tonumber(at),
    quietUntil = tonumber(quietUntil), closeBy = tonumber(closeBy), minAt = tonumber(minAt), maxAt = tonumber(maxAt),
    size = tonumber(size), least = tonumber(least), most = tonumber(most), collapsible = collapsible == '1', each = each,
  }
end

-- The collections of what is pending, as Node wrote them, in one text.
local function collectionsOf(lane)
  if not lane.collections then
    lane.collections = {}
    eachPending(lane, function(set)
      for n = 1, #set.texts do tally(lane, set.texts[n], 1) end
    end)
  end
  local names = {}
  for collection in pairs(lane.collections) do names[#names + 1] = collection end
  return table.concat(names, ';') .. ';'
end
`

/**
 * ARGV: channel, sender, how many parts there are, 1 if the one part is several appends; and the parts, in one text with
 * BETWEEN between its values. A part is: how many targets, their names, and for each its head, and width times count
 * values: identity, state, and with a width of 3 the item, or nothing if that is the identity.
 * Answers for each part what overflowed: target, count, or 0 and its collections. Nothing at all is done, and `apart` is
 * answered, if something overflows that several appends have brought.
 */
export const appendScript: string =
  prelude +
  lane +
  entries +
  leaving +
  merging +
  letters +
  adding +
  `
local values, place = {}, 1

local function split(written)
  local find, sub, count, from = string.find, string.sub, 0, 1
  while true do
    local to = find(written, '${BETWEEN}', from, true)
    count = count + 1
    values[count] = sub(written, from, to and to - 1)
    if not to then return end
    from = to + 1
  end
end

-- Entries that are their items, of a target none of whose items has a state that is shared: nearly all of them are new.
local function addPlain(lane, known, each)
  local puts, places, added, size, at = {}, {}, {}, 0, place
  local over = false
  for n = 1, #known do
    local identity, state = values[at + 1], values[at + 2]
    local mine = places[identity]
    local entry = mine and puts[mine] or known[n]
    at = at + 2
    if entry then
      state = merge(entry, state)
    else
      added[#added + 1] = identity
      if lane.collections then tally(lane, state, 1) end
    end
    if mine then
      puts[mine] = state or entry
    elseif state then
      puts[size + 1], puts[size + 2], places[identity] = identity, state, size + 2
      size = size + 2
    end
    if each and lane.pending + #added > tonumber(each()) then over = true end
  end
  return added, over, puts
end

-- Any others.
local function addOthers(lane, head, identities, each)
  local width, items, over, added = head.width, identities, false, {}
  if width == 3 then
    items = {}
    for n = 1, head.count do
      local item = values[place + 3 * n]
      if item ~= '' then identities[#identities + 1] = item end
      items[n] = item == '' and values[place + 3 * n - 2] or item
    end
  end
  local part = loadPart(lane, identities, items)
  for n = 1, head.count do
    local at = place + width * (n - 1) + 1
    if addEntry(part, values[at], values[at + 1], width == 3 and values[at + 2] or '') then
      added[#added + 1] = values[at]
      tally(lane, values[at + 1], 1)
    end
    if each and lane.pending + #added > tonumber(each()) then over = true end
  end
  return added, over, part
end

-- Everything of one target, so far only in this script.
local function gather(target, packed)
  local head = toHead(values[place])
  local lane = packed and toLane(target, packed) or newLane(target, head.epoch)
  -- Where an overflow may be collapsed, it has to be known what there is.
  if head.collapsible and lane.pending == 0 then lane.collections = {} end
  local identities, one, width, first, each = {}, { lane = lane, head = head }, head.width, place + 1, nil
  for n = 1, head.count do identities[n] = values[first + width * (n - 1)] end
  if head.each ~= '' then each = string.gmatch(head.each, '[^,]+') end
  if width == 2 and lane.shared == 0 then
    one.added, one.over, one.puts = addPlain(lane, getMany('HMGET', lane.entries, identities), each)
  else
    one.added, one.over, one.part = addOthers(lane, head, identities, each)
  end
  lane.pending = lane.pending + #one.added
  if not each then one.over = lane.pending > head.least end
  place = first + head.count * width
  local function statesOf()
    local states = {}
    for n = 1, head.count do states[n] = values[first + width * (n - 1) + 1] end
    return states
  end
  noteAppend(lane, head, statesOf)
  return one
end

-- Law 15, once all entries are in.
local function overflow(lane, head, answer)
  local count = lane.pending - head.most
  if count <= 0 then return end
  answer[#answer + 1] = lane.target
  if head.collapsible then
    answer[#answer + 1] = '0'
    answer[#answer + 1] = collectionsOf(lane)
  else
    local set = readOldest(lane, count)
    bury(lane.target, set, 'overflow', head.at)
    removeOldest(lane, set)
    noteRemoved(lane)
    answer[#answer + 1] = text(count)
    answer[#answer + 1] = ''
  end
end

local function append(together)
  local count = tonumber(values[place])
  local targets, all, answer = {}, {}, {}
  for n = 1, count do targets[n] = values[place + n] end
  place = place + count + 1
  local packed = getMany('HMGET', root .. 'lanes', targets)
  for n = 1, count do
    local one = gather(targets[n], packed[n])
    if one.over then
      if together then return nil end
      checkLetters(targets[n])
    end
    all[n] = one
  end
  if not version then call('SET', KEYS[1], '${VERSION}') end
  for n = 1, count do
    local one, lane = all[n], all[n].lane
    if one.puts then setMany('HSET', lane.entries, one.puts) else savePart(one.part) end
    setMany('RPUSH', lane.order, one.added)
    lane.nextOrder, lane.listed = lane.nextOrder + #one.added, lane.listed + #one.added
    if one.over then overflow(lane, one.head, answer) end
    save(lane)
  end
  flush()
  return answer
end

checkShared()
split(ARGV[5])
local answers = {}
for n = 1, tonumber(ARGV[3]) do
  local answer = append(ARGV[4] == '1')
  if not answer then return 'apart' end
  answers[n] = answer
end
if earlier then redis.pcall('PUBLISH', ARGV[1], ARGV[2]) end
return answers
`
