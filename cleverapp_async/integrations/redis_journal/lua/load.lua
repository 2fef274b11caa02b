-- Takes one chunk of messages in, all or nothing; doing it twice does no more than once.
-- KEYS: fences, meta, addresses, messages, duplicates, counts, left, fates.
-- ARGV: fence, chunk, index of the first message, number of messages; then for each message its
-- address (empty: duplicates are kept), the row of its key, itself, and its digest.
-- Gives 1, 0 where the lease is lost, or -1 where another chunk is due.
if redis.call('HGET', KEYS[1], 'load') ~= ARGV[1] then
    return 0
end
local chunk, first, count = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local given = tonumber(redis.call('HGET', KEYS[2], 'given'))
if given == first + count then
    return 1
elseif given ~= first then
    return -1
end
-- Whatever an earlier campaign of this name left here is not about these messages.
redis.call('UNLINK', KEYS[4], KEYS[5], KEYS[8])
local kept, by_key = 0, {}
for number = 0, count - 1 do
    local at, index = 5 + number * 4, tostring(first + number)
    local address, key, message, digest = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
    local before = false
    if address ~= '' and redis.call('HSETNX', KEYS[3], address, index) == 0 then
        before = redis.call('HGET', KEYS[3], address)
    end
    if before then
        redis.call('HSET', KEYS[5], index, before .. '\n' .. digest)
    else
        redis.call('HSET', KEYS[4], index, key .. '\n' .. message)
        kept = kept + 1
        by_key[key] = (by_key[key] or 0) + 1
    end
end
for key, number in pairs(by_key) do
    redis.call('HINCRBY', KEYS[6], key .. ':0', number)
end
if kept > 0 then
    redis.call('HSET', KEYS[7], chunk, kept)
end
redis.call('HSET', KEYS[2], 'given', first + count, 'chunks', chunk + 1)
redis.call('HINCRBY', KEYS[2], 'duplicates', count - kept)
return 1
