-- What waits for its time, and who wakes for it.
local function firstDue(delayed) return tonumber(redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]) end

-- Something is due before all that was: whoever was told of another time is not enough.
local function earlier(before, after) return after and (not before or after < before) end
