-- Intents without a result, of a runner that is gone: they are unknown from now on. What each was
-- before stays with it, for a result that comes late.
-- ARGV: chunk, fence, when the campaign was made, the result they get.
-- Gives their indexes after 1, or {0}: the lease is lost.
if is_erased() or not is_ours() then
    return {0}
end
local found = {1}
local fates = redis.call('HGETALL', FATES)
for number = 1, #fates, 2 do
    local index, fate = fates[number], read(fates[number + 1])
    if fate.state == '1' and fate.fence ~= FENCE then
        fate.intent_at = moment(fate.intent_at, earlier(fate) + replaced(fate, fate.before, ARGV[4]))
        fate.result = ARGV[4]
        write(index, fate, '5')
        found[#found + 1] = index
    end
end
return found
