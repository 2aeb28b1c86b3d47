-- publish: put IDs in, each at most once.
-- KEYS  queued committed processing wake totals marks
-- KEYS  delayed failed failedAt failures withdrawn owed ghosts
-- ARGV  policy id …
-- GIVES one verdict letter per ID: see VERDICTS in src/verdict.ts
local queued, committed, processing, wake, totals, marks = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local delayed, failed, failedAt, failures, withdrawn, owed, ghosts = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13]
--- @include _line
--- @include _sound

if ARGV[1] ~= 'discard' then return redis.error_reply('POLICY unknown') end
local n = #ARGV - 1
local lazy = redis.call('EXISTS', delayed, failed, withdrawn, ghosts) > 0
local length = redis.call('LLEN', queued)
local kept = redis.call('HMGET', totals, 'entered', 'published', 'duplicates', 'taken', 'marked')
local count = { taken = tonumber(kept[4] or 0), marked = tonumber(kept[5] or 0) }
local tokens = redis.call('LLEN', wake)
if lazy then
  sound('LLEN', marks)
  sound('HLEN', failures, owed)
  sound('ZCARD', processing, delayed, failed, failedAt)
  sound('SCARD', withdrawn, ghosts)
end

-- A lone ID is known if it cannot be added; of many it must be asked.
local added, known
if n > 1 then known = redis.call('SMISMEMBER', committed, unpack(ARGV, 2)) end
local ms = math.floor(now() / 1000)
if dueMark(count, ms) then sound('LLEN', marks) end
if n == 1 then
  added = redis.call('SADD', committed, ARGV[2])
  known = { 1 - added }
end

-- A batch of new IDs in a plain lane: the arguments are handed on as they came.
local plain = not lazy
for i = 1, n do
  if known[i] == 1 then
    plain = false
    break
  end
end
if plain then
  added = added or redis.call('SADD', committed, unpack(ARGV, 2))
  if added == n then
    mark(marks, count.taken + length + 1, count, ms)
    length = redis.call('RPUSH', queued, unpack(ARGV, 2))
    redis.call('HSET', totals, 'entered', (kept[1] or 0) + n, 'published', (kept[2] or 0) + n, 'marked', count.marked)
    arm(wake, tokens, length)
    return string.rep('q', n)
  end
end

local letters, places, fresh, met = {}, {}, {}, {}
for i = 1, n do
  if known[i] == 1 then
    met[#met + 1], places[#places + 1] = ARGV[i + 1], i
  else
    fresh[#fresh + 1], letters[i] = ARGV[i + 1], 'q'
  end
end

-- What is committed already: discarded, and told where it is. A withdrawn run will not count, so one more is owed.
local reruns = 0
if #met > 0 then
  local leased = redis.call('ZMSCORE', processing, unpack(met))
  local due = lazy and redis.call('ZMSCORE', delayed, unpack(met))
  local gone = lazy and redis.call('SMISMEMBER', withdrawn, unpack(met))
  for k, id in ipairs(met) do
    local letter = 'd'
    if leased[k] then
      letter = 'p'
      if gone and gone[k] == 1 then
        letter = redis.call('HSETNX', owed, id, '') == 1 and 'r' or 'o'
        if letter == 'r' then reruns = reruns + 1 end
      end
    elseif due and due[k] then
      letter = 'y'
    end
    letters[places[k]] = letter
  end
end

added = added or (#fresh > 0 and redis.call('SADD', committed, unpack(fresh)) or 0)
if added < #fresh then
  -- Some ID comes twice in this batch: the first is the entry, the others are its duplicates.
  local seen, once = {}, {}
  for i = 1, n do
    if letters[i] == 'q' then
      local id = ARGV[i + 1]
      if seen[id] then letters[i] = 'd' else seen[id], once[#once + 1] = true, id end
    end
  end
  fresh = once
end

local entries = fresh
if lazy and #fresh > 0 then
  local times = redis.call('ZMSCORE', failed, unpack(fresh))
  local stale = redis.call('SMISMEMBER', ghosts, unpack(fresh))
  local revived, counts, taken, k = {}, {}, {}, 0
  entries = {}
  for i = 1, n do
    if letters[i] == 'q' then
      k = k + 1
      local id = fresh[k]
      if times[k] then
        letters[i], revived[#revived + 1] = 'f', id
        counts[#counts + 1], counts[#counts + 2] = id, times[k]
      end
      -- Withdrawn while it waited: its old entry still stands in the line, and is taken over.
      if stale[k] == 1 then taken[#taken + 1] = id else entries[#entries + 1] = id end
    end
  end
  if #taken > 0 then redis.call('SREM', ghosts, unpack(taken)) end
  if #revived > 0 then
    redis.call('HSET', failures, unpack(counts))
    redis.call('ZREM', failed, unpack(revived))
    redis.call('ZREM', failedAt, unpack(revived))
  end
end

if #entries > 0 then
  mark(marks, count.taken + length + 1, count, ms)
  length = redis.call('RPUSH', queued, unpack(entries))
end
redis.call('HSET', totals, 'entered', (kept[1] or 0) + added, 'published', (kept[2] or 0) + n,
  'duplicates', (kept[3] or 0) + n - added - reruns, 'marked', count.marked)
if #fresh > 0 then arm(wake, tokens, length) end
return table.concat(letters)
