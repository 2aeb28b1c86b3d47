-- What a step goes by besides its lists: `remember stamped active max per ordered`, or nothing.
local function readPolicy(text)
  local remember, stamped, active, max, per, ordered = string.match(text, '^(%d+) ([01]) (%d+) (%d+) (%d+) ([01])$')
  return { remember = tonumber(remember or 0), stamped = stamped == '1', active = tonumber(active or 0), max = tonumber(max or 0),
    per = tonumber(per or 0), ordered = ordered == '1' }
end

-- How many more may be claimed by all workers together: by their number, and in this window of time.
local function readRoom(policy, processing, rate, ms)
  local room = { free = math.huge, used = 0 }
  if policy.active > 0 then room.free = math.max(0, policy.active - redis.call('ZCARD', processing)) end
  if policy.max > 0 then
    local start, used = string.match(redis.call('GET', rate) or '', '^(%d+):(%d+)$')
    start, used = tonumber(start or ''), tonumber(used or 0)
    if not start or ms < start or ms >= start + policy.per then start, used = ms, 0 end
    room.window, room.used = start, used
    room.free = math.min(room.free, math.max(0, policy.max - used))
  end
  return room
end

local function countClaims(room, policy, rate, claimed)
  room.used = room.used + claimed
  redis.call('SET', rate, string.format('%.0f:%.0f', room.window, room.used), 'PX', 2 * policy.per)
end
