-- Erases the messages of a chunk, and what their results say in words. Comes after fates.lua.
-- KEYS: those of fates.lua, then messages and duplicates. ARGV: chunk, fence, when the campaign was
-- made; then for each fate its index, how it was read, and how it is from now on.
-- Gives how many messages were erased, and how many fates were written anew since they were read, so
-- that they are to be read again. Gives {-1} where the lease is lost.
if is_erased() or not is_ours() then
    return {-1}
end
local erased, missed = 0, 0
local messages = redis.call('HGETALL', KEYS[6])
for number = 1, #messages, 2 do
    -- The row of its key and its method stay.
    local bare = string.match(messages[number + 1], '^%d+\n[^\n]*\n')
    if bare and bare ~= messages[number + 1] then
        redis.call('HSET', KEYS[6], messages[number], bare)
        erased = erased + 1
    end
end
local duplicates = redis.call('HGETALL', KEYS[7])
for number = 1, #duplicates, 2 do
    local first = string.match(duplicates[number + 1], '^%d+')
    redis.call('HSET', KEYS[7], duplicates[number], first .. '\n')
end
for at = 4, #ARGV, 3 do
    if redis.call('HGET', FATES, ARGV[at]) == ARGV[at + 1] then
        redis.call('HSET', FATES, ARGV[at], ARGV[at + 2])
    else
        missed = missed + 1
    end
end
return {erased, missed}
