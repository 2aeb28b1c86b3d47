-- Reads come first: a key of a wrong type refuses here, before anything is written.
local function sound(size, ...)
  for _, key in ipairs({ ... }) do redis.call(size, key) end
end
