-- Whole numbers as text. '%.0f', and a number handed to redis.call as it is, take seven times as long as '%d', which is right
-- where a long has 64 bits.
local WHOLE = string.format('%d', 4294967296) == '4294967296' and '%d' or '%.0f'
