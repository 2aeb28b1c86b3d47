-- steer: what concerns the queue as a whole: pause, resume, journal; schedules.
-- KEYS  queued wake totals prioritized delayed control schedules events listening alarm
-- KEYS  failed failures errors tries withdrawn owed ghosts payload priority since progress remembered kept extras
-- ARGV  order (pause, resume, journal, schedule), then for journal: keep; for schedule: id slot text (s and the text, or nothing)
-- GIVES 1 when something changed
local queued, wake, totals, prioritized, delayed, control, schedules, events, listening, alarm = unpack(KEYS)
local failed, failures, errors, tries, withdrawn, owed, ghosts, payload, priority, since, progress, remembered, kept, extras = unpack(KEYS, 11)
--- @include _arm
--- @include _control
--- @include _extras
local order, ms = ARGV[1], math.floor(now() / 1000)
local whole = readControl(control, listening, ms, events)
if order == 'pause' or order == 'resume' then
  if whole.paused == (order == 'pause') then return 0 end
  if order == 'pause' then
    redis.call('HSET', control, 'paused', '1')
  else
    redis.call('HDEL', control, 'paused')
    -- Who was told of a time before the pause may wait for another.
    redis.call('DEL', alarm)
    local line = redis.call('LLEN', queued) + redis.call('ZCARD', prioritized) > 0 and whole.hold <= ms
    if line or redis.call('EXISTS', delayed) == 1 then arm(wake, redis.call('LLEN', wake), 1) end
  end
  noteExtras()
  if whole.heard or whole.journal > 0 then whole.told[1] = order == 'pause' and '"paused",[]' or '"resumed",[]' end
  send(whole, totals, events, ms)
  return 1
end
if order == 'journal' then
  local keep = tonumber(ARGV[2])
  if keep == whole.journal and (keep > 0 or redis.call('EXISTS', events) == 0) then return 0 end
  if keep > 0 then
    -- No message goes behind one that stands: each verb that tells one would fail.
    local newest = tonumber(string.match((redis.call('XREVRANGE', events, '+', '-', 'COUNT', 1)[1] or { '0' })[1], '^%d+'))
    if newest > (tonumber(redis.call('HGET', totals, 'position')) or 0) then redis.call('HSET', totals, 'position', string.format('%.0f', newest)) end
    redis.call('HSET', control, 'journal', ARGV[2])
    -- A reader that comes back sees a hole where nothing was kept; who listens now is told of a message without news.
    if whole.journal == 0 then sendNothing(whole, totals, events, ms) end
    if redis.call('EXISTS', events) == 1 then redis.call('XTRIM', events, 'MAXLEN', keep) end
  else
    redis.call('HDEL', control, 'journal')
    redis.call('UNLINK', events)
  end
  noteExtras()
  return 1
end
local id, slot, text = ARGV[2], ARGV[3], ARGV[4]
if text == '' then return redis.call('HDEL', schedules, id) end
local stands = string.match(redis.call('HGET', schedules, id) or '', '^%d+ (.*)$')
if stands == string.sub(text, 2) then return 0 end
redis.call('HSET', schedules, id, slot .. ' ' .. string.sub(text, 2))
return 1
