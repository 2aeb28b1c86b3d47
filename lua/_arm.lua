-- At the end of every script that may have made something claimable: where there is a line, there is the token.
local function arm(wake, tokens, length)
  if tokens == 0 and length > 0 then redis.call('RPUSH', wake, '1') end
end
