#!lua flags=allow-oom
-- Marks an order's record as one that does not tell all there is: the asker looks in Postgres then.
--
-- KEYS  1 order
-- Reply 1, or 0 when there is no record
--
-- Keeps: a record that is gone is not half made anew, since Postgres answers for it (P26). It also runs when memory is
-- full. O(1).

if redis.call('HEXISTS', KEYS[1], 'status') == 0 then
    return 0
end
redis.call('HSET', KEYS[1], 'deferred', '1')
return 1
