-- report: what a running job tells of itself.
-- KEYS  lease totals progress control results kept events listening
-- KEYS  delayed failed failures errors tries withdrawn owed ghosts payload priority prioritized since remembered extras
-- ARGV  id token, then progress (p and JSON, or nothing), most bytes of log, its time to live, then lines …
-- GIVES 1, or 0 when the claim is not its own any more
local lease, totals, progress, control, results, kept, events, listening = unpack(KEYS)
local delayed, failed, failures, errors, tries, withdrawn, owed, ghosts, payload, priority, prioritized, since, remembered, extras = unpack(KEYS, 9)
--- @include _control
--- @include _extras
--- @include _sound
local id, token, said, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local ms = math.floor(now() / 1000)
local held = redis.call('HGET', lease, id)
if not held or string.byte(token) == 126 or (held ~= token and held ~= '~' .. token) then return 0 end
local whole = readControl(control, listening, ms, events)
sound('HLEN', progress, results)
sound('ZCARD', kept)
if said ~= '' then
  redis.call('HSET', progress, id, string.sub(said, 2))
  tell(whole, 'progress', { id })
end
if #ARGV > 5 then
  local field = 'l' .. id
  local till = redis.call('ZSCORE', kept, field)
  local text = table.concat(ARGV, '\n', 6)
  local past = till and tonumber(till) > ms and redis.call('HGET', results, field)
  if past then text = past .. '\n' .. text end
  -- The oldest lines go first, all at once; the last stays, if only its beginning.
  local cut = #text > most and string.find(text, '\n', #text - most, true)
  if cut then
    text = string.sub(text, cut + 1)
  elseif #text > most then
    text = string.match(text, '^.*\n(.*)$') or text
    -- No character is cut in two.
    while most > 0 and string.byte(text, most + 1) >= 128 and string.byte(text, most + 1) < 192 do most = most - 1 end
    text = string.sub(text, 1, most)
  end
  redis.call('HSET', results, field, text)
  redis.call('ZADD', kept, string.format('%.0f', ms + ARGV[5]), field)
end
noteExtras()
send(whole, totals, events, ms)
return 1
