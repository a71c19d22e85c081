#!lua flags=allow-oom
-- Moves order records forward to what Postgres has committed, and tells those who wait.
--
-- KEYS  order records
-- ARGV  1 channel  2 milliseconds that a final record is kept  then per key: order id, status, reason ('' for none),
--       tickets (codes separated by spaces, '' for none)
-- Reply how many records moved.
-- Error INVALID (an argument that is none)
--
-- Keeps: a record only ever moves forward (I9); a record that is gone is not half made anew, since Postgres answers
-- for it (P26). All keys and arguments are checked before the first write (P5). The publication names every order of
-- the call, also those that had moved before. It also runs when memory is full, so that accepted orders end.
-- O(records).

local rank = {pending = 1, paid = 2, confirmed = 3, cancelled = 3, refunded = 4}
local current = {}
for i = 1, #KEYS do
    if not rank[ARGV[4 + (i - 1) * 4]] then
        return redis.error_reply('INVALID status of order ' .. i)
    end
    current[KEYS[i]] = redis.call('HGET', KEYS[i], 'status')
end
if #ARGV ~= 2 + 4 * #KEYS or not string.match(ARGV[2], '^[1-9]%d*$') or #ARGV[2] > 15 then
    return redis.error_reply('INVALID number of arguments or time to keep')
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local moved = 0
local finished = {}
for i = 1, #KEYS do
    local at = 3 + (i - 1) * 4
    local status = ARGV[at + 1]
    local before = current[KEYS[i]]
    if before and (rank[before] or 0) < rank[status] then
        redis.call('HSET', KEYS[i], 'status', status, 'updated', now)
        if ARGV[at + 2] ~= '' then
            redis.call('HSET', KEYS[i], 'reason', ARGV[at + 2])
        end
        if ARGV[at + 3] ~= '' then
            redis.call('HSET', KEYS[i], 'tickets', ARGV[at + 3])
        end
        if rank[status] >= 3 then
            redis.call('PEXPIRE', KEYS[i], ARGV[2])
        end
        current[KEYS[i]] = status
        moved = moved + 1
    end
    finished[i] = ARGV[at]
end
redis.call('PUBLISH', ARGV[1], table.concat(finished, ' '))
return moved
