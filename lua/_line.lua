--- @include _arm
-- The line: `queued`, its marks and its wake token.
-- An entry's place is its number since the beginning: the head's is taken + 1.

-- Remember, once a second at most, which place was reached when; forget the marks the head has passed.
-- So the age of the oldest waiting ID is known within a second, at no cost per ID.
local function dueMark(count, ms) return ms < count.marked or ms >= count.marked + 1000 end
local function mark(marks, place, count, ms)
  if not dueMark(count, ms) then return end
  count.marked = ms
  redis.call('RPUSH', marks, string.format('%.0f:%.0f', place, ms))
  for _ = 1, 100 do
    local second = redis.call('LINDEX', marks, 1)
    if not second or tonumber(string.match(second, '^(-?%d+)')) > count.taken + 1 then return end
    redis.call('LPOP', marks)
  end
end
