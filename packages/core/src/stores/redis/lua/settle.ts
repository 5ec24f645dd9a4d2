import { entries } from './entries.ts'
import { lane, prelude } from './lane.ts'
import { letters } from './letters.ts'
import { merging, returning } from './merging.ts'

/**
 * ARGV: target, batch id, token, now, kind of verdict, at, limit, failing, refused, suspend, reason, skipped; nothing where
 * the verdict has none. Answers 1, and the transition or nothing; 0 to one who is not the owner.
 */
export const settleScript: string =
  prelude +
  lane +
  entries +
  merging +
  returning +
  letters +
  `
local now, kind, at, limit = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local suspend, reason = ARGV[10], ARGV[11]

local function fail(lane)
  lane.failures = lane.failures + 1
  lane.failingSince = lane.failingSince or now
  if ARGV[8] ~= '1' or lane.failing then return '' end
  lane.failing = true
  return 'failing'
end

-- Answers whether it was one alone, of which none is pending: that goes behind the others.
local function noteRefused(lane, flying, seq)
  for n = 1, #flying.texts do
    local entry = toEntry(flying.texts[n])
    if entry.refusedIn == '0' then
      entry.refusedIn = text(seq)
      flying.texts[n] = toText(entry)
    end
  end
  return #flying.texts == 1 and not call('HGET', lane.entries, flying.identities[1])
end

local function done(lane, transition)
  save(lane)
  flush()
  return { '1', transition }
end

local function retry(lane)
  lane.token = nil
  lane.attempt = lane.attempt + 1
  if ARGV[9] == '1' then lane.refusals = lane.refusals + 1 end
  lane.notBefore = lane.wokenAt and now or at
  local transition = fail(lane)
  if suspend ~= '' and not lane.suspended then
    lane.suspended = suspend
    transition = 'suspended'
  end
  return done(lane, transition)
end

local function settle()
  local lane = openLane(ARGV[1])
  if not lane or lane.batch ~= ARGV[2] or lane.token ~= ARGV[3] then return { '0', '' } end
  checkLetters(lane.target)
  pass()
  if lane.forgotten then
    endBatch(lane)
    if lane.pending == 0 and call('ZCARD', root .. 'dead:' .. lane.target) == 0 then
      removeLane(lane)
      return { '1', '' }
    end
    return done(lane, '')
  end
  if kind == 'aborted' then
    lane.token = nil
    return done(lane, '')
  end
  if kind == 'retry' then return retry(lane) end

  local seq, transition = lane.batchSeq, ''
  if kind == 'delivered' then
    lane.limit = limit
    if ARGV[12] ~= '1' then
      if lane.failing then transition = 'recovered' end
      lane.deliveredSeq, lane.failures, lane.failingSince, lane.failing = seq, 0, nil, nil
    end
    call('UNLINK', lane.flying, lane.flyingOrder)
    endBatch(lane)
    return done(lane, transition)
  end
  local flying, behind = readFlying(lane), false
  call('UNLINK', lane.flying, lane.flyingOrder)
  endBatch(lane)
  if kind == 'dead' then
    bury(lane.target, flying, reason, now)
    return done(lane, '')
  end
  if kind == 'split' then
    local instant = lane.wokenAt and now or at
    lane.limit = limit
    lane.notBefore, lane.dueAt, lane.closeBy = instant, instant, instant
    transition = fail(lane)
    behind = noteRefused(lane, flying, seq)
  else
    lane.dueAt, lane.closeBy = now, now
  end
  putBack(lane, flying, behind)
  return done(lane, transition)
end

return settle()
`
