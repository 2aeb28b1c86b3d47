-- What the payloads of one answer may weigh together, in bytes: of what is large fewer are claimed, one at least.
local CARGO = 8388608

-- Of those that stand next, as many as `cargo` has room for. What was read on the way is kept for the answer.
local function lade(names, cargo)
  if cargo.laden == nil then cargo.laden = redis.call('EXISTS', payload) == 1 end
  if cargo.full or not cargo.laden then return cargo.full and {} or names end
  local aboard = {}
  for first = 1, #names, 8 do
    local last = math.min(first + 7, #names)
    local bodies = redis.call('HMGET', payload, unpack(names, first, last))
    for i = first, last do
      local body = bodies[i - first + 1]
      local bytes = cargo.bytes + #(body or '')
      cargo.full = bytes > CARGO and cargo.bytes > 0
      if cargo.full then return aboard end
      cargo.bytes, cargo.of[names[i]], aboard[i] = bytes, body, names[i]
    end
  end
  return aboard
end
