#!lua
-- Returns the units of one cancelled order to the stock, once.
--
-- KEYS  1 event  2 buyers  3 order
-- ARGV  1 epoch of the stock that the units belong to  2 user id  3 quantity
-- Reply RELEASED available | ALREADY | WAIT (this load is not there yet) | STALE (a later load, whose figure from
--       Postgres already includes these units)
--
-- Keeps: each order's units return at most once per load (I13): the mark on the order record and the units move
-- together. The buyer's entry stays, at zero: it says that this buyer is known. O(1).

local loaded = tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0')
if loaded < tonumber(ARGV[1]) then
    return {'WAIT'}
end
if loaded > tonumber(ARGV[1]) then
    return {'STALE'}
end
if redis.call('HEXISTS', KEYS[3], 'status') == 1 and redis.call('HSETNX', KEYS[3], 'released', '1') == 0 then
    return {'ALREADY'}
end
local held = tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or '0')
redis.call('HSET', KEYS[2], ARGV[2], string.format('%.0f', math.max(0, held - tonumber(ARGV[3]))))
redis.call('HINCRBY', KEYS[1], 'returns', 1)
return {'RELEASED', redis.call('HINCRBY', KEYS[1], 'available', ARGV[3])}
