#!lua flags=allow-oom
-- Ends an intent that Postgres did not take: gives its units back, settles its record, and takes it off the stream.
--
-- KEYS  1 intents  2 progress  3 event  4 buyers  5 order  6 dead
-- ARGV  1 group  2 entry id  3 user id ('' when the entry is unreadable: then no units can be returned)  4 quantity
--       5 order id  6 status of the record (cancelled; or what Postgres has, for an order accepted a second time)
--       7 reason code ('' for none)  8 tickets  9 note for the dead stream ('' leaves it alone)  10 channel
--       11 milliseconds that a final record is kept  12 epoch of the lane's lease
-- Reply REJECTED | GONE (the entry was taken off before: nothing was done) | FENCED (a later lane has marked the
--       partition: what it makes of the entry counts)
-- Error INVALID (an argument that is none) | CORRUPT (a counter that is none)
--
-- Keeps: one entry is rejected once, since only its removal pays out (I13), and only by the lane that holds the
-- partition (I12); it does not leave without a trace (I15). All is checked before the first write (P5); the copy to the
-- dead stream comes first, as it is the one write that can still be refused. The record is not marked as released: that
-- mark belongs to the order's units in Postgres, which an order accepted a second time has beside the ones returned
-- here. It also runs when memory is full. O(1).

-- How many names and values of an entry go to the dead stream: far above the 16 of an intent, far below what Lua passes.
local COPIED = 128
local rank = {pending = 1, paid = 2, confirmed = 3, cancelled = 3, refunded = 4}

local function whole(text)
    if type(text) == 'string' and #text <= 15 and (text == '0' or string.match(text, '^%-?[1-9]%d*$')) then
        return tonumber(text)
    end
    return nil
end

local readable = ARGV[3] ~= ''
local quantity, lifetime = whole(ARGV[4]), whole(ARGV[11])
if not (rank[ARGV[6]] and lifetime and lifetime >= 1 and quantity and (quantity >= 1 or not readable)
        and whole(ARGV[12])) then
    return redis.error_reply('INVALID quantity, status, time to keep or epoch')
end
local entry = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])
if #entry == 0 then
    redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
    return {'GONE'}
end
if redis.call('HGET', KEYS[2], 'mark') ~= ARGV[12] then
    return {'FENCED'}
end
local committed = whole(redis.call('HGET', KEYS[2], 'committed') or '0')
local loaded, status, held = false, false, 0
local sound = committed
if readable then
    local event = redis.call('HMGET', KEYS[3], 'epoch', 'available', 'returns')
    loaded = event[1]
    if loaded then
        held = whole(redis.call('HGET', KEYS[4], ARGV[3]) or '0')
        sound = committed and held and whole(event[2]) and whole(event[3])
    end
    status = redis.call('HGET', KEYS[5], 'status')
end
if not sound then
    return redis.error_reply('CORRUPT a counter of the stock or of the lane is not a whole number')
end
redis.call('XLEN', KEYS[6])

if ARGV[9] ~= '' then
    local fields = entry[1][2]
    local count = math.min(#fields, COPIED)
    fields[count + 1] = 'rejected'
    fields[count + 2] = ARGV[9]
    redis.call('XADD', KEYS[6], '*', unpack(fields, 1, count + 2))
end
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[2])
redis.call('HINCRBY', KEYS[2], 'committed', 1)
if loaded then
    redis.call('HSET', KEYS[4], ARGV[3], string.format('%.0f', math.max(0, held - quantity)))
    redis.call('HINCRBY', KEYS[3], 'returns', 1)
    redis.call('HINCRBY', KEYS[3], 'available', ARGV[4])
end
if status == 'pending' then
    local time = redis.call('TIME')
    local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
    redis.call('HSET', KEYS[5], 'status', ARGV[6], 'updated', now)
    if ARGV[7] ~= '' then
        redis.call('HSET', KEYS[5], 'reason', ARGV[7])
    end
    if ARGV[8] ~= '' then
        redis.call('HSET', KEYS[5], 'tickets', ARGV[8])
    end
    if rank[ARGV[6]] >= 3 then
        redis.call('PEXPIRE', KEYS[5], ARGV[11])
    end
end
if readable then
    redis.call('PUBLISH', ARGV[10], ARGV[5])
end
return {'REJECTED'}
