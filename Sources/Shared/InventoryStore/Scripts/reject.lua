#!lua
-- Ends an intent that Postgres did not take: gives its units back, settles its record, and takes it off the stream.
--
-- KEYS  1 intents  2 progress  3 event  4 buyers  5 order  6 dead
-- ARGV  1 group  2 entry id  3 user id ('' when the entry is unreadable: then no units can be returned)  4 quantity
--       5 order id  6 status of the record (cancelled; or what Postgres has, for an order accepted a second time)
--       7 reason code ('' for none)  8 tickets  9 note for the dead stream ('' leaves it alone)  10 channel
--       11 milliseconds that a final record is kept
-- Reply REJECTED | GONE (the entry was taken off before: nothing was done)
--
-- Keeps: one entry is rejected once, since only its removal pays out (I13); it does not leave without a trace (I15).
-- O(1).

redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
local entry = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])
if redis.call('XDEL', KEYS[1], ARGV[2]) == 0 then
    return {'GONE'}
end
redis.call('HINCRBY', KEYS[2], 'committed', 1)
if ARGV[3] ~= '' then
    if redis.call('EXISTS', KEYS[3]) == 1 then
        local held = tonumber(redis.call('HGET', KEYS[4], ARGV[3]) or '0')
        redis.call('HSET', KEYS[4], ARGV[3], string.format('%.0f', math.max(0, held - tonumber(ARGV[4]))))
        redis.call('HINCRBY', KEYS[3], 'returns', 1)
        redis.call('HINCRBY', KEYS[3], 'available', ARGV[4])
    end
    if redis.call('HGET', KEYS[5], 'status') == 'pending' then
        local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
        redis.call('HSET', KEYS[5], 'status', ARGV[6], 'updated', now)
        if ARGV[6] == 'cancelled' then
            redis.call('HSET', KEYS[5], 'released', '1')
        end
        if ARGV[7] ~= '' then
            redis.call('HSET', KEYS[5], 'reason', ARGV[7])
        end
        if ARGV[8] ~= '' then
            redis.call('HSET', KEYS[5], 'tickets', ARGV[8])
        end
        if ARGV[6] ~= 'pending' then
            redis.call('PEXPIRE', KEYS[5], ARGV[11])
        end
    end
    redis.call('PUBLISH', ARGV[10], ARGV[5])
end
if ARGV[9] ~= '' then
    local fields = entry[1][2]
    fields[#fields + 1] = 'rejected'
    fields[#fields + 1] = ARGV[9]
    redis.call('XADD', KEYS[6], '*', unpack(fields))
end
return {'REJECTED'}
