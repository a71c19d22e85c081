#!lua
-- Admits one buyer: takes the units, counts the buyer, writes the order record and appends the intent, or none of it.
--
-- KEYS  1 event  2 buyers  3 order  4 intents  5 progress   (one hash tag)
-- ARGV  1 order id  2 user id  3 event id  4 quantity (1...100)  5 payment method  6 backlog limit (entries)
--       7 `1` when Postgres was asked for the order and has none, otherwise `0`
--       8 the span that accepts it, as a W3C traceparent; left out when the trace is not recorded, and then the entry and
--       the record have no such field
-- Reply ACCEPTED sequence committed price currency
--       REPLAY field value ...            the order record, whole
--       REUSED_KEY
--       COLD | CLOSED ask | PAUSED ask | NOT_OPEN ask milliseconds-to-opening (-1: no time set)
--       LIMIT ask limit held | SOLD_OUT ask available | BUSY ask | ASK (nothing else is in the way)
--       `ask` is 1 when the order may be in Postgres although its record is gone from here: the buyer has, or had,
--       units of this event, and it is so long since the stock was loaded that records may have expired.
-- Error INVALID (an argument that no order can have) | CORRUPT (a counter that is none)
--
-- COLD also stands for stock with a field missing or unreadable: nobody buys what is not fully known.
--
-- Keeps: every check stands before the first write, and each write is of a kind that was just checked, so a refusal
-- or an error leaves the state as it was (I14, P5). The append comes first, as it is the one write that can still be
-- refused (a stream whose ids are used up). Time is Redis' own (P31). O(1).

-- What numeric(12,2) holds, in minor units: Money.maximum.
local MAXIMUM = 999999999999

-- The number in a text that HINCRBY takes as well: no leading zero, no `-0`, and few enough digits for a double.
local function whole(text)
    if type(text) == 'string' and #text <= 15 and (text == '0' or string.match(text, '^%-?[1-9]%d*$')) then
        return tonumber(text)
    end
    return nil
end

local order = redis.call('HMGET', KEYS[3], 'event', 'quantity', 'method')
if order[1] then
    if order[1] == ARGV[3] and order[2] == ARGV[4] and order[3] == ARGV[5] then
        local record = redis.call('HGETALL', KEYS[3])
        table.insert(record, 1, 'REPLAY')
        return record
    end
    return {'REUSED_KEY'}
end

local quantity, backlog = whole(ARGV[4]), whole(ARGV[6])
if not (quantity and quantity >= 1 and quantity <= 100 and backlog and (ARGV[7] == '0' or ARGV[7] == '1')) then
    return redis.error_reply('INVALID quantity, backlog limit or answer of Postgres')
end

local event = redis.call('HMGET', KEYS[1], 'available', 'limit', 'opens', 'closes', 'state', 'price', 'currency',
    'remembers')
local available, limit, price = whole(event[1]), whole(event[2]), whole(event[6])
local opens, closes, state, currency = whole(event[3]), whole(event[4]), event[5], event[7]
local remembers = whole(event[8])
if not (available and limit and price and price >= 0 and opens and closes and state and currency and remembers
        and string.match(currency, '^%u%u%u$')) then
    return {'COLD'}
end

local counted = redis.call('HGET', KEYS[2], ARGV[2])
local held = whole(counted or '0')
if not held or held < 0 then
    return redis.error_reply("CORRUPT the buyer's count of units is not a whole number")
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local ask = counted and now >= remembers and ARGV[7] ~= '1' and 1 or 0
if state == 'closed' or (closes > 0 and now >= closes) then
    return {'CLOSED', ask}
end
if state == 'paused' then
    return {'PAUSED', ask}
end
if state == 'scheduled' then
    if opens <= 0 or now < opens then
        return {'NOT_OPEN', ask, opens <= 0 and -1 or opens - now}
    end
elseif state ~= 'open' then
    return {'COLD'}
end
if held + quantity > limit then
    return {'LIMIT', ask, limit, held}
end
if available < quantity then
    return {'SOLD_OUT', ask, available}
end
local progress = redis.call('HMGET', KEYS[5], 'accepted', 'committed')
if not (whole(progress[1] or '0') and whole(progress[2] or '0')) then
    return redis.error_reply('CORRUPT a counter of the lane is not a whole number')
end
if redis.call('XLEN', KEYS[4]) >= backlog then
    return {'BUSY', ask}
end
if ask == 1 then
    return {'ASK'}
end
if price * quantity > MAXIMUM then
    return redis.error_reply('INVALID total: it is above what an order can hold')
end

local amount = string.format('%.0f', price * quantity)
if ARGV[8] then
    redis.call('XADD', KEYS[4], '*', 'order', ARGV[1], 'user', ARGV[2], 'event', ARGV[3], 'quantity', ARGV[4],
        'amount', amount, 'currency', currency, 'method', ARGV[5], 'trace', ARGV[8])
else
    redis.call('XADD', KEYS[4], '*', 'order', ARGV[1], 'user', ARGV[2], 'event', ARGV[3], 'quantity', ARGV[4],
        'amount', amount, 'currency', currency, 'method', ARGV[5])
end
local sequence = redis.call('HINCRBY', KEYS[5], 'accepted', 1)
redis.call('HINCRBY', KEYS[1], 'available', -quantity)
redis.call('HSET', KEYS[2], ARGV[2], string.format('%.0f', held + quantity))
redis.call('HSET', KEYS[3], 'status', 'pending', 'user', ARGV[2], 'event', ARGV[3], 'quantity', ARGV[4],
    'method', ARGV[5], 'amount', amount, 'currency', currency, 'sequence', sequence, 'created', now, 'updated', now)
if ARGV[8] then
    redis.call('HSET', KEYS[3], 'trace', ARGV[8])
end
return {'ACCEPTED', sequence, progress[2] or '0', event[6], currency}
