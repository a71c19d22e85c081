#!lua
-- Takes a token from a bucket, or gives one back.
--
-- KEYS  1 bucket
-- ARGV  1 tokens that the bucket holds  2 microseconds in which one comes back  3 tokens: 1 is taken, -1 is given back
-- Reply 0 when it was done | the microseconds after which there will be a token, when there is none; nothing is taken then
-- Error INVALID (an argument that is none)
--
-- Keeps: in any stretch of time no more are taken than the bucket holds and what came back meanwhile, whoever asks. The
-- key holds the one number that matters, the time at which the bucket is full again, in microseconds of this server's
-- clock (the generic cell rate algorithm, ITU-T I.371, as a bucket); it is gone when the bucket is full. A number that
-- is none, or a time that no bucket can have because the clock went back, counts as the most it can be. O(1).

local holds, each, tokens = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if not (holds and holds >= 1 and each and each >= 1 and (tokens == 1 or tokens == -1)) then
    return redis.error_reply('INVALID size, time of a token or tokens')
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local longest = holds * each
local stored = redis.call('GET', KEYS[1])
local full = now
if stored then
    full = tonumber(stored)
    -- Only what is no number differs from itself.
    if not full or full ~= full then
        full = now + longest
    end
    full = math.min(math.max(full, now), now + longest)
end
full = full + tokens * each
if full - now > longest then
    return full - now - longest
end
if full <= now then
    redis.call('DEL', KEYS[1])
else
    redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', string.format('%.0f', math.ceil((full - now) / 1000)))
end
return 0
