-- sweep: recover what jammed, move what is due, re-arm the wake token, drop the records of dead workers.
-- KEYS  queued committed processing lease wake totals marks steps guard
-- KEYS  delayed failed failedAt failures errors tries withdrawn owed ghosts
-- ARGV  limit maxJams keepFailed lease jitter error guardId every
-- GIVES held, wait, more, then id, token, jams, started, place of each recovered ID
-- FLAGS allow-oom
local queued, committed, processing, lease, wake, totals, marks, steps, guard = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts = KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17], KEYS[18]
--- @include _tail
--- @include _fail
--- @include _sound

local limit, maxJams, keepFailed, term, jitter = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local id, every = ARGV[7], tonumber(ARGV[8])
local ms = math.floor(now() / 1000)

sound('LLEN', queued, marks)
sound('HLEN', lease, steps, totals, failures, errors, tries, owed)
sound('ZCARD', processing, delayed, failed, failedAt)
sound('SCARD', committed, withdrawn, ghosts)
local tokens = redis.call('LLEN', wake)

local seat = redis.call('HMGET', guard, 'holder', 'until', 'at', 'grace')
local holder, till, at, grace = seat[1], tonumber(seat[2] or 0), tonumber(seat[3] or 0), tonumber(seat[4] or 0)
if id ~= '' then
  -- Only a saving of work: safety never depends on who holds this.
  -- A guard that sweeps more often does not wait for one that has not for longer than that.
  till = math.min(till, at + math.floor(every * 1.5))
  if holder and holder ~= id and till > ms then return { 0, till - ms, 0 } end
  redis.call('HSET', guard, 'holder', id, 'until', ms + math.floor(every * 1.5))
end
-- Nobody swept for half a lease: the server may have been away, and its living workers with it. They get half a lease
-- to renew before anything is recovered, and are looked in on meanwhile, so that a second outage is noticed as well.
local half = math.floor(term / 2)
if ms < at or ms > at + half then grace = ms + half end
redis.call('HSET', guard, 'at', ms, 'grace', grace)

local kept = redis.call('HMGET', totals, 'left', 'jammed', 'failed', 'taken', 'marked')
local count = { left = tonumber(kept[1] or 0), jammed = tonumber(kept[2] or 0), failed = tonumber(kept[3] or 0),
  taken = tonumber(kept[4] or 0), marked = tonumber(kept[5] or 0) }
promote(delayed, queued, ghosts, marks, count, ms)

local lapsed = redis.call('ZRANGEBYSCORE', processing, '-inf', ms, 'LIMIT', 0, limit)
local reply = { 1, 0, 0 }
if #lapsed > 0 and grace > ms then
  reply[2] = math.min(grace - ms, math.max(1, math.floor(half / 2)))
elseif #lapsed > 0 then
  local held = redis.call('HMGET', lease, unpack(lapsed))
  local past = redis.call('HMGET', tries, unpack(lapsed))
  local gone = redis.call('SMISMEMBER', withdrawn, unpack(lapsed))
  local again = redis.call('HMGET', owed, unpack(lapsed))
  local head, tail, later, free, forget, counted, failing, texts, stays = {}, {}, {}, {}, {}, {}, {}, {}, {}
  for i, name in ipairs(lapsed) do
    local attempts, jams = string.match(past[i] or '0:0', '^(%d+):(%d+)$')
    local token, started, place = held[i] or '', 1, 'queued'
    jams = tonumber(jams)
    if string.sub(token, 1, 1) == '~' then token, started = string.sub(token, 2), 0 end
    if gone[i] == 1 then
      forget[#forget + 1] = name
      if again[i] then tail[#tail + 1] = name else place, free[#free + 1] = 'absent', name end
    elseif started == 0 then
      head[#head + 1] = name
    else
      jams, count.jammed = jams + 1, count.jammed + 1
      if jams > maxJams then
        forget[#forget + 1], failing[#failing + 1], texts[#texts + 1] = name, name, ARGV[6]
        count.failed = count.failed + 1
        if again[i] then stays[name], tail[#tail + 1] = true, name else place, free[#free + 1] = 'failed', name end
      else
        counted[#counted + 1], counted[#counted + 2] = name, attempts .. ':' .. string.format('%.0f', jams)
        if jams == 1 then
          head[#head + 1] = name
        else
          -- Later jams wait, so that a poison ID does not take its neighbours down again and again.
          place, later[#later + 1], later[#later + 2] = 'delayed', ms + math.floor(jams * term + jitter * half), name
        end
      end
    end
    for _, value in ipairs({ name, token, jams, started, place }) do reply[#reply + 1] = value end
  end

  redis.call('ZREM', processing, unpack(lapsed))
  redis.call('HDEL', lease, unpack(lapsed))
  redis.call('SREM', withdrawn, unpack(lapsed))
  redis.call('HDEL', owed, unpack(lapsed))
  if #counted > 0 then redis.call('HSET', tries, unpack(counted)) end
  if #forget > 0 then redis.call('HDEL', tries, unpack(forget)) end
  if #later > 0 then redis.call('ZADD', delayed, unpack(later)) end
  recordFailures({ failed = failed, failedAt = failedAt, failures = failures, errors = errors }, failing, texts, stays, ms, keepFailed)
  if #free > 0 then count.left = count.left + redis.call('SREM', committed, unpack(free)) end
  toHead(queued, totals, head, count)
  toTail(queued, ghosts, marks, tail, count, ms)
  if #lapsed == limit then reply[3] = 1 end
end

-- The step record of a worker that said nothing for an hour.
local records = redis.call('HLEN', steps) <= 500 and redis.call('HGETALL', steps)
if not records then
  local page = redis.call('HSCAN', steps, redis.call('HGET', guard, 'scan') or '0', 'COUNT', 200)
  redis.call('HSET', guard, 'scan', page[1])
  records = page[2]
end
for i = 1, #records, 2 do
  if tonumber(string.match(records[i + 1], '|(%d+)|')) + 3600000 <= ms then redis.call('HDEL', steps, records[i]) end
end

redis.call('HSET', totals, 'left', count.left, 'jammed', count.jammed, 'failed', count.failed, 'taken', count.taken, 'marked', count.marked)
arm(wake, tokens, redis.call('LLEN', queued))
return reply
