-- sweep: recover what jammed, move what is due, re-arm the wake token, drop the records of dead workers.
-- KEYS  queued committed processing lease wake totals marks steps guard
-- KEYS  delayed failed failedAt failures errors tries withdrawn owed ghosts alarm
-- KEYS  payload priority prioritized since remembered progress control results kept events listening
-- KEYS  extras
-- ARGV  limit maxJams keepFailed lease jitter error guardId every ordered
-- GIVES held, wait, more, then id, token, jams, started, place of each recovered ID
-- FLAGS allow-oom
local queued, committed, processing, lease, wake, totals, marks, steps, guard = unpack(KEYS)
local delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts, alarm = unpack(KEYS, 10)
local payload, priority, prioritized, since, remembered, progress, control, results, kept, events, listening, extras = unpack(KEYS, 20)
--- @include _tail
--- @include _fail
--- @include _traits
--- @include _ends
--- @include _control
--- @include _due
--- @include _purge
--- @include _extras
--- @include _sound

local limit, maxJams, keepFailed, term, jitter = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local id, every, ordered = ARGV[7], tonumber(ARGV[8]), ARGV[9] == '1'
local ms = math.floor(now() / 1000)

sound('LLEN', queued, marks)
sound('HLEN', lease, steps, totals, failures, errors, tries, owed, payload, priority, since, progress, control, results)
sound('ZCARD', processing, delayed, failed, failedAt, prioritized, remembered, kept)
sound('SCARD', committed, withdrawn, ghosts)
local tokens = redis.call('LLEN', wake)
local whole, soonest = readControl(control, listening, ms, events), firstDue(delayed)

local seat = redis.call('HMGET', guard, 'holder', 'until', 'at', 'grace')
local holder, till, at, grace = seat[1], tonumber(seat[2] or 0), tonumber(seat[3] or 0), tonumber(seat[4] or 0)
if id ~= '' then
  -- Only a saving of work: safety never depends on who holds this.
  -- A guard that sweeps more often does not wait for one that has not for longer than that.
  till = math.min(till, at + math.floor(every * 1.5))
  if holder and holder ~= id and till > ms and at <= ms then return { 0, till - ms, 0 } end
  redis.call('HSET', guard, 'holder', id, 'until', ms + math.floor(every * 1.5))
end
-- Nobody swept for half a lease: the server may have been away, and its living workers with it. They get half a lease
-- to renew before anything is recovered, and are looked in on meanwhile, so that a second outage is noticed as well.
local half = math.floor(term / 2)
if ms < at or ms > at + half then grace = ms + half end
-- The clock was set back since: a lease that ends later than one that is given now is shortened to that. Who lives renews it as
-- before, and who died is not waited for until that time comes again.
local far = ms < at and redis.call('ZRANGEBYSCORE', processing, string.format('(%.0f', ms + term), '+inf', 'LIMIT', 0, limit) or {}
if #far > 0 then
  local cells = {}
  for i, name in ipairs(far) do cells[2 * i - 1], cells[2 * i] = string.format('%.0f', ms + term), name end
  redis.call('ZADD', processing, 'XX', unpack(cells))
end
-- Until all of them are, it was swept last in a time to come.
redis.call('HSET', guard, 'at', #far == limit and at or ms, 'grace', grace)

local before = redis.call('HMGET', totals, 'left', 'jammed', 'failed', 'taken', 'marked')
local count = { left = tonumber(before[1] or 0), jammed = tonumber(before[2] or 0), failed = tonumber(before[3] or 0),
  taken = tonumber(before[4] or 0), marked = tonumber(before[5] or 0) }
local over = purge(remembered, kept, results, control, whole, ms)
promote(delayed, queued, ghosts, marks, count, ms)

local to, said = ends(whole.hold), { jammed = {}, failed = {} }
-- An ID whose lease ran out: what becomes of it. Answers its jams and its place.
local function recover(name, started, past, gone, debt)
  local attempts, jams = string.match(past or '0:0', '^(%d+):(%d+)$')
  jams = tonumber(jams)
  if gone or (debt and debt.superseding) then
    to.forget[#to.forget + 1] = name
    if debt then return jams, runOwed(to, name, debt, ms) end
    leave(to, name)
    return jams, 'absent'
  end
  if started then
    jams, count.jammed = jams + 1, count.jammed + 1
    said.jammed[#said.jammed + 1] = name
    if jams > maxJams then
      to.failing[#to.failing + 1], to.texts[#to.texts + 1] = name, ARGV[6]
      said.failed[#said.failed + 1] = name
      count.failed = count.failed + 1
      if debt then
        to.stays[name] = true
        return jams, runOwed(to, name, debt, ms)
      end
      to.free[#to.free + 1] = name
      return jams, 'failed'
    end
    add(to.tries, name, attempts .. ':' .. string.format('%.0f', jams))
  end
  local due = merge(to, name, debt)
  if started and jams > 1 then
    -- Later jams wait, so that a poison ID does not take its neighbours down again and again.
    local later = ms + math.floor(jams * term + jitter * half)
    due = math.max(due, later)
    if ordered then due = holdFor(to, name, due, ms) end
  end
  if due > ms then
    add(to.later, string.format('%.0f', due), name)
    return jams, 'delayed'
  end
  to.head[#to.head + 1] = name
  return jams, 'queued'
end

local lapsed = redis.call('ZRANGEBYSCORE', processing, '-inf', ms, 'LIMIT', 0, limit)
local reply = { 1, 0, (over or #far == limit) and 1 or 0 }
if #lapsed > 0 and grace > ms then
  reply[2] = math.min(grace - ms, math.max(1, math.floor(half / 2)))
elseif #lapsed > 0 then
  local held = redis.call('HMGET', lease, unpack(lapsed))
  local past = redis.call('HMGET', tries, unpack(lapsed))
  local gone = redis.call('SMISMEMBER', withdrawn, unpack(lapsed))
  local again = redis.call('HMGET', owed, unpack(lapsed))
  for i, name in ipairs(lapsed) do
    local token, started = held[i] or '', 1
    if string.sub(token, 1, 1) == '~' then token, started = string.sub(token, 2), 0 end
    to.ending[#to.ending + 1] = name
    local jams, place = recover(name, started == 1, past[i], gone[i] == 1, again[i] and readOwed(again[i]))
    for _, value in ipairs({ name, token, jams, started, place }) do reply[#reply + 1] = value end
  end
  carryOut(to, count, ms, keepFailed)
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
noteExtras()
local nudge = to.hold > math.max(whole.hold, ms) or earlier(soonest, firstDue(delayed))
if nudge then redis.call('DEL', alarm) end
local line = to.hold > ms and 0 or redis.call('LLEN', queued) + redis.call('ZCARD', prioritized)
arm(wake, tokens, (nudge or line > 0) and not whole.paused and 1 or 0)
tell(whole, 'jammed', said.jammed)
tell(whole, 'failed', said.failed)
send(whole, totals, events, ms)
return reply
