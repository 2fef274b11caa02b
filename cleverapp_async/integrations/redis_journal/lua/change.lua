-- Intents, withdrawals and results, in their order; each may come twice and counts once.
-- ARGV: chunk, fence, when the campaign was made; then for each change: what it is, the message's
-- index, the row of its key, the state it was taken in, and two values.
-- Gives one number per change: 1 done (or nothing to do), 0 the lease is lost, -1 not in that state;
-- -2 alone where the campaign is gone, or purged.
if is_erased() or redis.call('HEXISTS', KEYS[5], 'purging') == 1 then
    return {-2}
end
local ours = is_ours()

-- The rule of every journal: a message may leave only when its intent is written, and an intent is
-- written only for a message that is still in the state in which the runner took it. So two runners
-- that both believe to have the chunk can never both send one message: the fence stops the earlier
-- one, and the state stops whoever missed what the other has told since.
local function intend(index, fate, taken, now)
    if not ours then
        return 0
    end
    -- A client of Redis may repeat a call whose answer was lost: our own intent is no other state.
    local again = fate.state == '1' and fate.fence == FENCE
    if not again and fate.state ~= taken then
        return -1
    end
    if not again then
        fate.before = fate.state
    end
    fate.fence = FENCE
    fate.intent_at = moment(now, earlier(fate))
    write(index, fate, '1')
    return 1
end

local function withdraw(index, fate, now)
    if fate.state == '1' and fate.fence == FENCE then
        local before = fate.before
        fate.before = '0'
        -- The limits of a resume count the attempt, until its end.
        fate.intent_at = moment(now, earlier(fate) + 1)
        write(index, fate, before)
    end
    return 1
end

-- Whether a result may be written: it must be about the attempt that the message is known for now.
local function may_be_recorded(fate, taken, state)
    if fate.state == '1' then
        -- An intent of another fence is another runner's attempt, whose outcome is its own to tell.
        return fate.fence == FENCE
    elseif ours then
        return fate.state == taken
    elseif fate.state == '5' then
        -- What was called unknown when we lost the lease: we know better.
        return fate.fence == FENCE
    end
    -- An intent that Redis forgot; what did nothing may stay pending.
    return fate.state == '0' and state ~= '4' and state ~= '6'
end

local function record(index, fate, taken, state, result)
    if not may_be_recorded(fate, taken, state) then
        return ours and -1 or 0
    end
    local before = fate.state
    if before == '1' or not ours then
        before = fate.before
    end
    fate.before = '0'
    -- What may have arrived before stays unknown, when sending it once more did nothing.
    local stays = before == '5' and (state == '4' or state == '6')
    if stays then
        local ended = string.format('%.6f', cjson.decode(result)[1])
        fate.intent_at = moment(ended, earlier(fate) + (state == '6' and 1 or 0))
    else
        fate.intent_at = moment(fate.intent_at, earlier(fate) + replaced(fate, before, result))
        fate.result = result
    end
    fate.fence = FENCE
    write(index, fate, stays and '5' or state)
    return 1
end

-- One answer for each change: a batch holds changes of many messages, and one that is refused must
-- not keep the others from being written.
local done = {}
for at = 4, #ARGV, 6 do
    local kind, index, taken = ARGV[at], ARGV[at + 1], ARGV[at + 3]
    local fate = read(redis.call('HGET', FATES, index), ARGV[at + 2])
    if kind == 'intent' then
        done[#done + 1] = intend(index, fate, taken, ARGV[at + 4])
    elseif kind == 'withdrawal' then
        done[#done + 1] = withdraw(index, fate, ARGV[at + 4])
    else
        done[#done + 1] = record(index, fate, taken, ARGV[at + 4], ARGV[at + 5])
    end
end
return done
