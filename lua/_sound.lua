-- Reads come first: a key of a wrong type refuses here, before anything is written. Gives the size of the last.
local function sound(size, ...)
  local count
  for _, key in ipairs({ ... }) do count = redis.call(size, key) end
  return count
end
