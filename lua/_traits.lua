-- What belongs to an ID besides its place. Lists go id, value, id, value …; a value of false takes away what was there.
local function split(list)
  local set, drop = {}, {}
  for i = 1, #list, 2 do
    if list[i + 1] then set[#set + 1], set[#set + 2] = list[i], list[i + 1] else drop[#drop + 1] = list[i] end
  end
  return set, drop
end

local function setTraits(payloads, priorities, births)
  local set, drop = split(payloads)
  if #set > 0 then redis.call('HSET', payload, unpack(set)) end
  if #drop > 0 then redis.call('HDEL', payload, unpack(drop)) end
  set, drop = split(priorities)
  if #set > 0 then redis.call('HSET', priority, unpack(set)) end
  if #drop > 0 then redis.call('HDEL', priority, unpack(drop)) end
  set, drop = split(births)
  if #set > 0 then redis.call('HSET', since, unpack(set)) end
  if #drop > 0 then redis.call('HDEL', since, unpack(drop)) end
end
