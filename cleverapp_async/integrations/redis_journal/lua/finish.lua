-- Calls a campaign complete: from now on its chunks may be sent.
-- KEYS: fences, meta, addresses. ARGV: fence, the columns of the messages' references.
-- Gives 1, or 0: the lease is lost.
if redis.call('HGET', KEYS[1], 'load') ~= ARGV[1] then
    return 0
end
redis.call('HSET', KEYS[2], 'complete', 1, 'reference_columns', ARGV[2])
redis.call('UNLINK', KEYS[3])
return 1
