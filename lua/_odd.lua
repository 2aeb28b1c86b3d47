-- What no verb has written: a script that met it would fail.
local function oddStep(record)
  return not string.find(record, '^%d+|%d+|[^|]*|%d*|')
end

local function oddSeat(times)
  for i = 1, 3 do
    if times[i] and not tonumber(times[i]) then return true end
  end
  return false
end

-- Places rise from mark to mark, and none is beyond the tail.
local function oddMarks(window, tail)
  local odd, last = {}, -math.huge
  for _, text in ipairs(window) do
    local place = tonumber(string.match(text, '^(-?%d+):%d+$'))
    if not place or place <= last or place > tail then odd[#odd + 1] = text end
    last = place or last
  end
  return odd
end
