-- wake: put the token back where there is a line, or a time to wait for that nobody was told of: whoever took it does not need it.
-- KEYS  queued wake prioritized delayed control listening alarm
-- FLAGS allow-oom
-- GIVES 1
local queued, wake, prioritized, delayed, control, listening, alarm = unpack(KEYS)
--- @include _arm
--- @include _control
local ms = math.floor(now() / 1000)
local whole = readControl(control, listening, ms)
local till = string.match(redis.call('GET', alarm) or '', ':(%d+)$')
local line = redis.call('LLEN', queued) + redis.call('ZCARD', prioritized) > 0 and not whole.blocked
local untold = (redis.call('EXISTS', delayed) == 1 or whole.hold > ms) and (not till or tonumber(till) <= ms) and not whole.paused
arm(wake, redis.call('LLEN', wake), (line or untold) and 1 or 0)
return 1
