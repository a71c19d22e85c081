#!lua
-- Puts an accepted intent back that Redis has lost with its memory.
--
-- KEYS  1 event  2 buyers  3 order  4 intents  5 progress   (one hash tag)
-- ARGV  1 order id  2 user id  3 event id  4 quantity (1...100)  5 payment method  6 amount (minor units)  7 currency
--       8 backlog limit (entries)
-- Reply RECOVERED sequence | KNOWN (the order has a record) | SOLD_OUT available | LIMIT limit held | BUSY
-- Error INVALID (an argument that no order can have) | CORRUPT (a counter that is none)
--
-- To be called only for an order that this deployment has accepted and that Postgres does not have. Its price and its
-- right to be sold were settled then, so neither price nor sale window are looked at.
--
-- Keeps: while no stock is loaded, nothing is taken from it: the load that follows waits until this intent is committed
-- (`since` moves beyond it) and so finds it in Postgres' figure. Once stock is loaded, the units are taken like any
-- other's, within the buyer's limit (I6), or the intent is refused and no units move (I14). Its order then ends in Postgres
-- without a record here, so a refusal leaves word that this buyer is known and that Postgres is to be asked, also where
-- sold-out answers are kept (I7). All is checked before the first write (P5), and the append comes first. O(1).

local function whole(text)
    if type(text) == 'string' and #text <= 15 and (text == '0' or string.match(text, '^%-?[1-9]%d*$')) then
        return tonumber(text)
    end
    return nil
end

if redis.call('HEXISTS', KEYS[3], 'event') == 1 then
    return {'KNOWN'}
end
local quantity, amount, backlog = whole(ARGV[4]), whole(ARGV[6]), whole(ARGV[8])
if not (quantity and quantity >= 1 and quantity <= 100 and amount and amount >= 0 and backlog
        and string.match(ARGV[7], '^%u%u%u$')) then
    return redis.error_reply('INVALID quantity, amount, currency or backlog limit')
end
local event = redis.call('HMGET', KEYS[1], 'epoch', 'available', 'limit', 'filling', 'returns')
local held = whole(redis.call('HGET', KEYS[2], ARGV[2]) or '0')
local loaded = event[1]
local available, limit = whole(event[2]), whole(event[3])
local progress = redis.call('HMGET', KEYS[5], 'accepted', 'committed')
if not (held and held >= 0 and whole(progress[1] or '0') and whole(progress[2] or '0'))
        or loaded and not (available and limit and whole(event[5])) then
    return redis.error_reply('CORRUPT a counter of the stock or of the lane is not a whole number')
end
if loaded and (held + quantity > limit or available < quantity) then
    redis.call('HSETNX', KEYS[2], ARGV[2], '0')
    redis.call('HSET', KEYS[1], 'remembers', '0')
    redis.call('HINCRBY', KEYS[1], 'returns', 1)
    if held + quantity > limit then
        return {'LIMIT', limit, held}
    end
    return {'SOLD_OUT', available}
end
if redis.call('XLEN', KEYS[4]) >= backlog then
    return {'BUSY'}
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local entry = redis.call('XADD', KEYS[4], '*', 'order', ARGV[1], 'user', ARGV[2], 'event', ARGV[3],
    'quantity', ARGV[4], 'amount', ARGV[6], 'currency', ARGV[7], 'method', ARGV[5])
local sequence = redis.call('HINCRBY', KEYS[5], 'accepted', 1)
if loaded then
    redis.call('HINCRBY', KEYS[1], 'available', -quantity)
    redis.call('HSET', KEYS[2], ARGV[2], string.format('%.0f', held + quantity))
elseif event[4] then
    redis.call('HSET', KEYS[1], 'since', entry)
end
redis.call('HSET', KEYS[3], 'status', 'pending', 'user', ARGV[2], 'event', ARGV[3], 'quantity', ARGV[4],
    'method', ARGV[5], 'amount', ARGV[6], 'currency', ARGV[7], 'sequence', sequence, 'created', now, 'updated', now)
return {'RECOVERED', sequence}
