#!lua
-- Writes one page of the buyers' counts before an event's stock is loaded.
--
-- KEYS  1 event  2 buyers
-- ARGV  1 epoch of the load  2 `1` on the first page, which forgets what was there  3... user id, units, ...
-- Reply FILLED | CURRENT (this load or a later one is there: nothing was written)
--
-- Keeps: counts are only written while nobody can be admitted. O(page).

local loaded = tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0')
if loaded >= tonumber(ARGV[1]) then
    return {'CURRENT'}
end
redis.call('DEL', KEYS[1])
if ARGV[2] == '1' then
    redis.call('DEL', KEYS[2])
end
for i = 3, #ARGV, 2 do
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
end
return {'FILLED'}
