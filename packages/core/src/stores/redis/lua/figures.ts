import { entries } from './entries.ts'
import { lane, prelude } from './lane.ts'
import { BEFORE_TARGET } from './letters.ts'

/**
 * What is ready, page by page: target and instant, longest first; and, on the first page, targets whose instants are so
 * far ahead that they come from a clock that was wrong.
 */
const ready = `
local function readyPage(now, from, count, until_)
  local page = call('ZRANGEBYSCORE', root .. 'ready', '-inf', until_, 'WITHSCORES', 'LIMIT', from, count)
  local closer = from == 0 and call('ZRANGEBYSCORE', root .. 'legal', '(' .. text(now), '+inf') or {}
  local packed, far = getMany('HMGET', root .. 'lanes', closer), {}
  for n = 1, #closer do
    local at = packed[n] and readyAt(toLane(closer[n], packed[n]), now)
    if at then
      far[#far + 1] = closer[n]
      far[#far + 1] = text(at)
    end
  end
  return page, far
end
`

/** ARGV: now, first of the page, size of the page. Answers the version of the targets, the page, and the closer looks. */
export const peekScript: string =
  prelude +
  lane +
  ready +
  `
local page, far = readyPage(tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), '+inf')
return { call('GET', root .. 'targets-version') or '0', page, far }
`

/** As peek, of what is ready now. Answers the page, the closer looks, and for each of both whether it is failing. */
export const dueScript: string =
  prelude +
  lane +
  ready +
  `
local function slowOf(flat)
  local names = {}
  for n = 1, #flat, 2 do names[#names + 1] = flat[n] end
  return getMany('SMISMEMBER', root .. 'slow', names)
end
local page, far = readyPage(tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[1])
return { page, far, slowOf(page), slowOf(far) }
`

/** ARGV: targets. Answers for each nothing, or its figures. */
export const statsScript: string =
  prelude +
  lane +
  entries +
  `
local function oldestOf(lane)
  local waiting, flying = readOldest(lane, 1), readFlying(lane)
  local written = waiting.texts[1] or flying.texts[1]
  if waiting.texts[1] and flying.texts[1] and flying.orders[1] < waiting.orders[1] then written = flying.texts[1] end
  return written and toEntry(written).appendedAt or ''
end

local packed, all = getMany('HMGET', root .. 'lanes', ARGV), {}
for n = 1, #ARGV do
  if packed[n] then
    local lane = toLane(ARGV[n], packed[n])
    local at = readyAt(lane)
    all[n] = {
      text(lane.pending), oldestOf(lane), text(call('HLEN', lane.flying)), text(call('ZCARD', root .. 'dead:' .. lane.target)),
      at and text(at) or '', text(lane.failures), lane.failingSince and text(lane.failingSince) or '',
      lane.failing and '1' or '0', lane.suspended or '', lane.limit and text(lane.limit) or '', text(lane.seq),
    }
  else
    all[n] = {}
  end
end
return all
`

/** ARGV: target or nothing, limit, id of the letter before or nothing. Answers id, target, reason, instant, entry of each. */
export const listDeadScript: string =
  prelude +
  `
local key = ARGV[1] == '' and root .. 'dead' or root .. 'dead:' .. ARGV[1]
local from = ARGV[3] == '' and '+' or '(' .. ARGV[3]
local ids, all = call('ZREVRANGEBYLEX', key, from, '-', 'LIMIT', 0, tonumber(ARGV[2])), {}
for n = 1, #ids do
  local target = string.sub(ids[n], ${BEFORE_TARGET + 1})
  local packed = call('HGET', root .. 'letters:' .. target, ids[n])
  if packed then
    local row = cmsgpack.unpack(packed)
    all[#all + 1] = { ids[n], target, row[1], row[2], row[5] }
  end
end
return all
`
