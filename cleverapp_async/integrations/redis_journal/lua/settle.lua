-- Settles messages of unknown outcome, as a user found out what it is. Comes after fates.lua.
-- ARGV: chunk, fence, when the campaign was made; then for each message its index, the state that it
-- gets and its result. Gives how many were settled: what a late result has told of in the meantime
-- stays as that says. Gives -1 where the lease is lost.
if is_erased() or not is_ours() then
    return -1
end
local done = 0
for at = 4, #ARGV, 3 do
    local index, state, result = ARGV[at], ARGV[at + 1], ARGV[at + 2]
    local fate = read(redis.call('HGET', FATES, index), '0')
    if fate.state == '5' or fate.state == '1' then
        if fate.state == '1' then
            fate.intent_at = moment(
                fate.intent_at, earlier(fate) + replaced(fate, fate.before, result))
        end
        fate.before, fate.fence, fate.result = '0', FENCE, result
        write(index, fate, state)
        done = done + 1
    end
end
return done
