-- Whole numbers as text. To spell six of them as '%.0f', or as redis.call does a number it is handed, was a tenth of a lone step;
-- '%d' is less, and right where a long has 64 bits.
local WHOLE = string.format('%d', 4294967296) == '4294967296' and '%d' or '%.0f'
