-- wake: put the token back where there is a line: whoever took it does not need it.
-- KEYS  queued wake
-- FLAGS allow-oom
-- GIVES 1
local queued, wake = KEYS[1], KEYS[2]
if redis.call('LLEN', queued) > 0 and redis.call('LLEN', wake) == 0 then redis.call('RPUSH', wake, '1') end
return 1
