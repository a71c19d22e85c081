#!lua flags=allow-oom
-- Returns the units of one cancelled order to the stock, once.
--
-- KEYS  1 event  2 buyers  3 order
-- ARGV  1 epoch of the stock that the units belong to  2 user id  3 quantity  4 milliseconds that the mark of an order
--       without a record is kept
-- Reply RELEASED available | ALREADY | WAIT (this load is not there yet) | STALE (a later load, whose figure from
--       Postgres already includes these units)
-- Error INVALID (an argument that is none) | CORRUPT (a counter that is none)
--
-- Keeps: each order's units return at most once (I13): the mark on the order record and the units move together, and
-- an order whose record is gone (Redis was emptied after it was accepted) gets a key that holds the mark alone. All is
-- checked before the first write (P5). The buyer's entry stays, at zero: it says that this buyer is known. It also
-- runs when memory is full. O(1).

local function whole(text)
    if type(text) == 'string' and #text <= 15 and (text == '0' or string.match(text, '^%-?[1-9]%d*$')) then
        return tonumber(text)
    end
    return nil
end

local epoch, quantity, lifetime = whole(ARGV[1]), whole(ARGV[3]), whole(ARGV[4])
if not (epoch and quantity and quantity >= 1 and lifetime and lifetime >= 1) then
    return redis.error_reply('INVALID epoch, quantity or time to keep')
end
local event = redis.call('HMGET', KEYS[1], 'epoch', 'available', 'returns')
local loaded = whole(event[1] or '0')
if not loaded then
    return redis.error_reply('CORRUPT the epoch of the stock is not a whole number')
end
if loaded < epoch then
    return {'WAIT'}
end
if loaded > epoch then
    return {'STALE'}
end
local order = redis.call('HMGET', KEYS[3], 'status', 'released')
if order[2] then
    return {'ALREADY'}
end
local held = whole(redis.call('HGET', KEYS[2], ARGV[2]) or '0')
if not (held and whole(event[2]) and whole(event[3])) then
    return redis.error_reply('CORRUPT a counter of the stock is not a whole number')
end
redis.call('HSET', KEYS[3], 'released', '1')
if not order[1] then
    redis.call('PEXPIRE', KEYS[3], ARGV[4])
end
redis.call('HSET', KEYS[2], ARGV[2], string.format('%.0f', math.max(0, held - quantity)))
redis.call('HINCRBY', KEYS[1], 'returns', 1)
return {'RELEASED', redis.call('HINCRBY', KEYS[1], 'available', ARGV[3])}
