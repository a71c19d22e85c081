#!lua flags=allow-oom
-- Takes units again for an order whose hold has ended and whose charge has turned out to be captured.
--
-- KEYS  1 event  2 buyers  3 order  4 progress
-- ARGV  1 user id  2 quantity  3 milliseconds that the mark of an order without a record is kept  4 epoch of the lane's
--       lease
-- Reply TAKEN epoch (of the stock they were taken from, now or by an earlier call) | SOLD_OUT | LIMIT | WAIT (no stock is
--       loaded) | FENCED (a later lane has marked the partition)
-- Error INVALID (an argument that is none) | CORRUPT (a counter that is none)
--
-- Keeps: of each load of the stock the units are taken once, so a repeated call takes none: `retaken` is the epoch of that
-- load. A later load knows them from Postgres, or finds them missing there and has them taken again. Only the lane that
-- holds the partition takes (I12), within the buyer's limit (I6). All is checked before the first write (P5). It also
-- runs when memory is full, so that accepted orders end. O(1).

local function whole(text)
    if type(text) == 'string' and #text <= 15 and (text == '0' or string.match(text, '^%-?[1-9]%d*$')) then
        return tonumber(text)
    end
    return nil
end

local quantity, lifetime = whole(ARGV[2]), whole(ARGV[3])
if not (quantity and quantity >= 1 and lifetime and lifetime >= 1 and whole(ARGV[4])) then
    return redis.error_reply('INVALID quantity, time to keep or epoch')
end
if redis.call('HGET', KEYS[4], 'mark') ~= ARGV[4] then
    return {'FENCED'}
end
local event = redis.call('HMGET', KEYS[1], 'epoch', 'available', 'limit')
local order = redis.call('HMGET', KEYS[3], 'status', 'retaken')
local held = whole(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
if not event[1] then
    return {'WAIT'}
end
local epoch, available, limit = whole(event[1]), whole(event[2]), whole(event[3])
if not (epoch and available and limit and held) then
    return redis.error_reply('CORRUPT a counter of the stock is not a whole number')
end
if order[2] == event[1] then
    return {'TAKEN', epoch}
end
if held + quantity > limit then
    return {'LIMIT'}
end
if available < quantity then
    return {'SOLD_OUT'}
end
redis.call('HSET', KEYS[3], 'retaken', event[1])
if not order[1] then
    redis.call('PEXPIRE', KEYS[3], ARGV[3])
end
redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f', held + quantity))
redis.call('HINCRBY', KEYS[1], 'available', -quantity)
return {'TAKEN', epoch}
