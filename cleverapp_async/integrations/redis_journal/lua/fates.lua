-- Comes before orphans.lua and change.lua: how a message's fate is kept.
--
-- KEYS: fences, fates, counts, left, meta. ARGV: chunk, fence, when the campaign was made, then what
-- each needs. A campaign that was erased, or made anew under its name, is none of the runner's.
--
-- A fate is `state|before|key|fence|intent_at|result`: the state now and the one that the intent
-- took the place of, the row of the key, the fence of the last intent's runner, when that was or
-- ended without a result, and the last result. A message without a fate is pending. Behind the
-- moment of the intent stands, after a comma, how many attempts came before the last one: the limits
-- of a resume count them.
--
-- States: 0 pending, 1 intent, 2 accepted, 3 rejected for good, 4 not sent, 5 unknown, 6 rejected
-- for something that may pass. `left` counts what a run still sends by itself.
local FENCES, FATES, COUNTS, LEFT = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local UNIT, FENCE = ARGV[1], ARGV[2]
local TO_SEND = {['0'] = 1, ['1'] = 1, ['2'] = 0, ['3'] = 0, ['4'] = 1, ['5'] = 0, ['6'] = 1}

local function is_erased()
    return redis.call('HGET', KEYS[5], 'created_at') ~= ARGV[3]
end

local function is_ours()
    return redis.call('HGET', FENCES, UNIT) == FENCE
end

local function read(raw, key)
    if not raw then
        return {state = '0', before = '0', key = key, fence = '0', intent_at = '', result = ''}
    end
    local state, before, row, fence, intent_at, result =
        string.match(raw, '^(%d)|(%d)|(%d+)|(%d+)|([^|]*)|(.*)$')
    return {state = state, before = before, key = row, fence = fence, intent_at = intent_at,
            result = result}
end

local function earlier(fate)
    return tonumber(string.match(fate.intent_at, ',(%d+)$') or '0')
end

local function moment(at, attempts)
    at = string.match(at, '^[^,]*')
    return attempts > 0 and at .. ',' .. attempts or at
end

-- What an older result told of is an earlier attempt once another takes its place; after a day no
-- limit counts it.
local function replaced(fate, was, result)
    if was == '0' or was == '4' or fate.result == '' then
        return 0
    end
    return cjson.decode(fate.result)[1] > cjson.decode(result)[1] - 86400 and 1 or 0
end

local function write(index, fate, state)
    local was = fate.state
    fate.state = state
    redis.call('HSET', FATES, index, table.concat(
        {state, fate.before, fate.key, fate.fence, fate.intent_at, fate.result}, '|'))
    if was ~= state then
        redis.call('HINCRBY', COUNTS, fate.key .. ':' .. was, -1)
        redis.call('HINCRBY', COUNTS, fate.key .. ':' .. state, 1)
        if TO_SEND[was] ~= TO_SEND[state] then
            redis.call('HINCRBY', LEFT, UNIT, TO_SEND[state] - TO_SEND[was])
        end
    end
end
