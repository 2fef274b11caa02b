-- One exchange between a process and the log of one key: what the process has to tell is written
-- down, then every slot that is certain is given to whoever's turn it is. The package's docstring
-- tells why this is exact. All times are microseconds of this server's clock; nobody else's counts.
--
-- KEYS  1 meta (hash)  2 processes (hash)  3 starts (sorted set: slot -> when it may be used)
--       4 mail (sorted set: slots given to a process that has not called since)
--       5.. one window per quota (sorted set: slot -> when it is free again)
-- ARGV  1 process  2 sequence  3 demand  4 guard  5 turn  6 lead  7 patience  8 expiry (ms)
--       9 "1": wait one period, something was lost  10 pause  11 refusals
--       12 limit and period of each window, joined by spaces
--       13 marks, joined by spaces: a slot, and for each window "-" (held as before), "h" (held now),
--          "t" (its stamp was told before) or how long ago it was stamped
--       14 the slots given back, joined by spaces
--       15 "" or "a", and after "a" every other slot that the process knows to be its own
--       16 how many slots it would have besides, for requests that it expects
-- Answers now, epoch (of the log and the server's run), wait (-1: nothing wanted), pause, hold,
-- refusals, then slot and delay of each one granted, joined by spaces; only -1 where a later call of
-- the process has been here before. Lists are joined as clients take long over many short texts.

local meta, processes, starts, mail = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local process, sequence, demand = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local guard, turn, lead = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local patience, expiry = tonumber(ARGV[7]), tonumber(ARGV[8])

local windows, shortest, longest = {}, math.huge, 0
for limit, period in string.gmatch(ARGV[12], '(%d+) (%d+)') do
    limit, period = tonumber(limit), tonumber(period)
    windows[#windows + 1] = {key = KEYS[4 + #windows + 1], limit = limit, period = period}
    shortest, longest = math.min(shortest, period), math.max(longest, period)
end

local function whole(number)
    return string.format('%.0f', number)
end

-- The state. The clock never goes back, or slots that are spent would look free: what a step back of
-- the server's wall clock took away is added to it from then on.
local clock = redis.call('TIME')
local wall = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local kept = redis.call('HMGET', meta, 'offset', 'last', 'epoch', 'run', 'paused', 'hold',
    'refusals', 'slots', 'tickets', 'lag', 'windows', 'full')
local offset, last = tonumber(kept[1]) or 0, tonumber(kept[2]) or 0
if wall + offset < last then
    offset = last - wall
end
local now = wall + offset
local epoch, run = kept[3] or whole(wall), kept[4]
local paused, hold = tonumber(kept[5]) or 0, tonumber(kept[6]) or 0
local refusals, slots = tonumber(kept[7]) or 0, tonumber(kept[8]) or 0
local tickets, lag = tonumber(kept[9]) or 0, tonumber(kept[10]) or 0

-- Who calls, and who waits. Of each process: when it called last and with which number, how many
-- slots it wants, when it will be back, and its place in line (`ticket`) with the slots that are
-- left of its turn.
local members = {}
local records = redis.call('HGETALL', processes)
for place = 1, #records, 2 do
    local seen, called, wanted, back, left, ticket = string.match(records[place + 1],
        '(%S+) (%S+) (%S+) (%S+) (%S+) (%S+)')
    members[records[place]] = {name = records[place], seen = tonumber(seen),
        sequence = tonumber(called), demand = tonumber(wanted), back = tonumber(back),
        left = tonumber(left), ticket = tonumber(ticket)}
end
local caller = members[process]
-- Calls of one process may overtake each other where a client repeats one whose answer was lost. Only
-- the newest may change anything: an older one would take back what has been told since.
if caller and sequence <= caller.sequence then
    return {-1}
end
if not caller then
    caller = {name = process, demand = 0, back = now, left = turn, ticket = 0}
    members[process] = caller
end

-- One command for many: what is told and granted comes in dozens. Lua cannot unpack thousands.
local function in_pieces(command, key, list)
    for first = 1, #list, 1000 do
        redis.call(command, key, unpack(list, first, math.min(first + 999, #list)))
    end
end

local function put(entries, moment, slot)
    entries[#entries + 1] = whole(moment)
    entries[#entries + 1] = slot
end

local function forget(slot)
    for _, window in ipairs(windows) do
        redis.call('ZREM', window.key, slot)
    end
    redis.call('ZREM', starts, slot)
    redis.call('ZREM', mail, slot)
end

local function ticket()
    tickets = tickets + 1
    return tickets
end

-- A server that has just started may have forgotten anything, and so may one that lost the key.
local info = redis.call('INFO', 'server')
local running = string.match(info, 'run_id:(%x+)') or ''
if running ~= run then
    local up = tonumber(string.match(info, 'uptime_in_seconds:(%d+)') or 0) * 1000000
    if up < longest then
        hold = math.max(hold, now - up + longest)
    end
end
-- A window that is gone though it had slots to come was evicted, or deleted, without the rest.
local gone, full = false, {}
for free in string.gmatch(kept[11] == ARGV[12] and kept[12] or '', '%d+') do
    full[#full + 1] = tonumber(free)
end
for place, window in ipairs(windows) do
    gone = gone or ((full[place] or 0) > now and redis.call('EXISTS', window.key) == 0)
end
if gone or ARGV[9] == '1' then
    hold = math.max(hold, now + longest)
end
if tonumber(ARGV[10]) > 0 then
    paused = math.max(paused, now + tonumber(ARGV[10]))
end
refusals = refusals + tonumber(ARGV[11])

-- What is free again by now needs no entry; from here on every entry of a window is a slot that is
-- taken, so that ZCARD counts the taken ones.
for _, window in ipairs(windows) do
    redis.call('ZREMRANGEBYSCORE', window.key, '-inf', whole(now))
end
redis.call('ZREMRANGEBYSCORE', starts, '-inf', whole(now - guard - longest))

-- What the process tells.
local known = {}
local begun, over = {}, {}
for _, window in ipairs(windows) do
    window.booked = {}
end
local told = string.gmatch(ARGV[13], '%S+')
for slot in told do
    local held = false
    known[slot] = true
    for place, window in ipairs(windows) do
        local mark = told()
        if mark == 'h' then
            -- Held from now on: as if it were stamped when the guard ends, which is later than any
            -- answer to its request can come. A stamp that is told before that takes its place.
            held = true
            put(window.booked, now + guard + window.period, slot)
            put(begun, now, slot)
        elseif mark == '-' then
            held = true
        elseif mark ~= 't' then
            -- Told as an age, not as a moment: the clocks of the processes need not agree.
            local stamp = now - tonumber(mark)
            local start = place == 1 and tonumber(redis.call('ZSCORE', starts, slot) or nil)
            if start then
                -- How long a request lasts, from its start to its stamp: an average in which the
                -- newest counts an eighth. Slots come round once a period and this much later.
                local lasted = math.max(0, math.min(stamp - start, window.period))
                lag = lag + (lasted - lag) / 8
            end
            if stamp + window.period > now then
                put(window.booked, stamp + window.period, slot)
            else
                redis.call('ZREM', window.key, slot)
            end
        end
    end
    if not held then
        over[#over + 1] = slot
    end
end
for _, window in ipairs(windows) do
    in_pieces('ZADD', window.key, window.booked)
end
in_pieces('ZADD', starts, begun)
in_pieces('ZREM', starts, over)
for slot in string.gmatch(ARGV[14], '%S+') do
    forget(slot)
end
if string.sub(ARGV[15], 1, 1) == 'a' then
    -- An answer was lost: what it may have granted is not known to the process, so not in use.
    for slot in string.gmatch(ARGV[15], '%S+') do
        known[slot] = true
    end
    for _, slot in ipairs(redis.call('ZRANGE', starts, 0, -1)) do
        if not known[slot] and string.match(slot, '^[^:]+') == process then
            forget(slot)
        end
    end
end

-- Who waits no longer, and what was given to them.
local changed = {[process] = caller}
for name, member in pairs(members) do
    if member ~= caller and member.demand > 0 and now > member.back + patience then
        member.demand = 0
        changed[name] = member
    end
    if member ~= caller and now > member.seen + guard + longest then
        members[name], changed[name] = nil, nil
        redis.call('HDEL', processes, name)
    end
end
local granted = {}
local waiting_mail = redis.call('ZRANGE', mail, 0, -1, 'WITHSCORES')
for place = 1, #waiting_mail, 2 do
    local slot, start = waiting_mail[place], tonumber(waiting_mail[place + 1])
    local owner = members[string.match(slot, '^[^:]+')]
    if owner == caller then
        redis.call('ZREM', mail, slot)
        -- A slot that lay here for half of its guard is not handed out any more: what is left of
        -- the guard might not outlast the attempt.
        if demand > 0 and now < start + guard / 2 then
            if start < now then
                -- Its guard begins when the process hears of it.
                start = now
                for _, window in ipairs(windows) do
                    redis.call('ZADD', window.key, whole(start + guard + window.period), slot)
                end
                redis.call('ZADD', starts, whole(start), slot)
            end
            demand = demand - 1
            granted[#granted + 1] = {slot, start}
        else
            forget(slot)
        end
    elseif not owner or now > math.max(start, owner.back) + patience then
        forget(slot)
    end
end

-- Who begins to want slots stands at the end of the line; who wanted some already keeps its place.
caller.seen, caller.sequence = now, sequence
if demand > 0 and caller.demand == 0 and #granted == 0 then
    caller.ticket, caller.left = ticket(), turn
end
caller.demand, caller.back = demand, now

-- Slots go out in the order of their moments: each to the first who will be awake for it.
local queue = {}
for _, member in pairs(members) do
    if member.demand > 0 then
        queue[#queue + 1] = member
    end
end
local function before(one, other)
    return one.ticket < other.ticket
end
table.sort(queue, before)

-- When the next slot may be used, and how many may from that moment on.
local function next_start()
    if hold > now then
        -- Who still has slots that were forgotten must be heard first: nothing is booked ahead.
        return nil
    end
    local start, many = math.max(now, paused), math.huge
    for _, window in ipairs(windows) do
        -- Entries are in the order in which they are free again. One more fits as soon as fewer
        -- than `limit` of them are left: when that is free which has `limit - 1` others behind it.
        local count = redis.call('ZCARD', window.key)
        many = math.min(many, math.max(1, window.limit - count))
        if count >= window.limit then
            local entry = redis.call('ZRANGE', window.key, count - window.limit,
                count - window.limit, 'WITHSCORES')
            start = math.max(start, tonumber(entry[2]))
        end
    end
    -- A slot that is held is free a whole period from now at the earliest, and stands in its window
    -- until its guard has passed besides: so this also tells that the moment rests on stamps alone.
    if start <= now + shortest then
        return start, many
    end
end

local function book(member, many, start)
    local booked, moment = {}, whole(start)
    for _ = 1, many do
        slots = slots + 1
        local slot = member.name .. ':' .. whole(slots)
        booked[#booked + 1] = moment
        booked[#booked + 1] = slot
        if member == caller then
            granted[#granted + 1] = {slot, start}
        end
    end
    in_pieces('ZADD', starts, booked)
    if member ~= caller then
        in_pieces('ZADD', mail, booked)
    end
    for _, window in ipairs(windows) do
        local free = whole(start + guard + window.period)
        for place = 1, #booked, 2 do
            booked[place] = free
        end
        in_pieces('ZADD', window.key, booked)
    end
end

while #queue > 0 do
    local start, many = next_start()
    local chosen = nil
    if start then
        for _, member in ipairs(queue) do
            -- The caller is awake now; of the others those who will be back in time for it.
            if member == caller or member.back <= start + patience then
                chosen = member
                break
            end
        end
    end
    if not chosen then
        break
    end
    many = math.min(many, chosen.demand, chosen.left)
    book(chosen, many, start)
    -- When its turn is used up it goes to the end of the line with a new turn.
    chosen.demand, chosen.left = chosen.demand - many, chosen.left - many
    changed[chosen.name] = chosen
    if chosen.left <= 0 then
        chosen.ticket, chosen.left = ticket(), turn
        table.sort(queue, before)
    end
    if chosen.demand == 0 then
        for place, member in ipairs(queue) do
            if member == chosen then
                table.remove(queue, place)
                break
            end
        end
    end
end

-- Where nobody waits the caller may have some for requests that are still to come, at once and of
-- plenty alone: a small part of what is free in a window that is not half full. Whoever comes next
-- finds enough, though some of these should come back unused.
local ahead = tonumber(ARGV[16])
if ahead > 0 and #queue == 0 and next_start() == now then
    for _, window in ipairs(windows) do
        local free = window.limit - 2 * redis.call('ZCARD', window.key)
        ahead = math.min(ahead, math.floor(free / 32))
    end
    book(caller, ahead, now)
end

-- When the caller's next slot may be certain: never so late that one would idle for it.
local wait = -1
if caller.demand > 0 then
    local ahead = 0
    for _, member in ipairs(queue) do
        if member == caller then
            break
        end
        ahead = ahead + math.min(member.demand, member.left)
    end
    local moment = math.max(now, paused, hold)
    for _, window in ipairs(windows) do
        -- As in `next_start`, but with all those ahead in line served first: each moves the entry
        -- that must be free by one, and beyond the window's end everything comes round once more.
        local rounds = math.floor(ahead / window.limit)
        local rank = redis.call('ZCARD', window.key) - window.limit + ahead % window.limit
        local bound = now
        if rank >= 0 then
            local entry = redis.call('ZRANGE', window.key, rank, rank, 'WITHSCORES')
            bound = tonumber(entry[2])
            if bound > now + window.period then
                -- It is held, and stands at the end of its guard. Its request is more likely to be
                -- answered at once: then it is free a period after its start.
                local start = tonumber(redis.call('ZSCORE', starts, entry[1]) or nil)
                if start then
                    bound = math.max(start, now) + window.period
                end
            end
        end
        moment = math.max(moment, bound + rounds * (window.period + lag))
    end
    wait = math.max(math.max(moment - lead, hold) - now, 1000)
    caller.back = now + wait
end

for name, member in pairs(changed) do
    redis.call('HSET', processes, name, table.concat({whole(member.seen), whole(member.sequence),
        member.demand, whole(member.back), member.left, member.ticket}, ' '))
end
full = {}
for place, window in ipairs(windows) do
    -- When its last slot is free again.
    full[place] = whole(tonumber(redis.call('ZRANGE', window.key, -1, -1, 'WITHSCORES')[2] or 0))
end
redis.call('HSET', meta, 'full', table.concat(full, ' '), 'offset', whole(offset), 'last', whole(now), 'epoch', epoch, 'run',
    running, 'paused', whole(paused), 'hold', whole(hold), 'refusals', refusals, 'slots',
    whole(slots), 'tickets', whole(tickets), 'lag', whole(lag), 'windows', ARGV[12])
-- All keys live equally long: a window that outlived its meta part, or the other way round, would be
-- taken for one that was lost.
local lives = whole(math.max(expiry, (math.max(paused, hold) - now) / 1000 + expiry))
for _, key in ipairs(KEYS) do
    redis.call('PEXPIRE', key, lives)
end

local grants = {}
for _, grant in ipairs(granted) do
    grants[#grants + 1] = grant[1]
    grants[#grants + 1] = whole(math.max(0, grant[2] - now))
end
return {now, epoch .. '/' .. running, wait, math.max(0, paused - now), math.max(0, hold - now), refusals,
    table.concat(grants, ' ')}
