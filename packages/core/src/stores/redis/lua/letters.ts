/** Dead letters of a target are `dead:` their ids and `letters:` by id; `dead` holds the ids of all targets. */
export const letters: string = `
local function checkLetters(target)
  call('ZCARD', root .. 'dead')
  call('ZCARD', root .. 'dead:' .. target)
  call('HLEN', root .. 'letters:' .. target)
end

-- Sorts as the instant does, and before every letter of that instant.
local function instantKey(at) return string.format('%015.0f', math.max(0, math.floor(at))) end

local function bury(target, set, reason, diedAt)
  local ids, rows = {}, {}
  for n = 1, #set.texts do
    local id = instantKey(diedAt) .. string.format('%012.0f', set.orders[n]) .. target
    ids[2 * n - 1], ids[2 * n] = '0', id
    rows[2 * n - 1], rows[2 * n] = id, cmsgpack.pack({ reason, text(diedAt), set.identities[n], set.orders[n], set.texts[n] })
  end
  setMany('HSET', root .. 'letters:' .. target, rows)
  setMany('ZADD', root .. 'dead:' .. target, ids)
  setMany('ZADD', root .. 'dead', ids)
end

local function exhume(target, ids)
  setMany('HDEL', root .. 'letters:' .. target, ids)
  setMany('ZREM', root .. 'dead:' .. target, ids)
  setMany('ZREM', root .. 'dead', ids)
end
`

/** In an id, what stands before the target: instant and order number. */
export const BEFORE_TARGET = 27
