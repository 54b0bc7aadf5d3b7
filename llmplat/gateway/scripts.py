"""The Lua that Redis runs as one step: admit checks every scope and then takes from all, settle gives back once.

A lane (see lanes.py) names the counters of one app on one model:
`deny` the key's deny entry, `rates` [[counter, requests, tokens]], `slots` [[set, places, cause]],
`budgets` [[counter, nanousd, keep_s, cause]], `labels` for the metrics. Who asked through an app that
may say so stands behind the budgets in the record, as `user:tenant/app/id`. Money goes in as digits and is
added with INCRBY; comparing it as a Lua number is exact up to 9 million dollars.

Where `ledger` (how many records may wait to be stored) is above 0, the same step that ends a request
adds its record to the stream `records`: there is no moment at which one exists without the other.
A reservation that nobody renews or settles is found in `open` and becomes a record by REAP.
"""

PUT = """
local function put(p, id, who, class, fields, charged)
  local clock = redis.call('TIME')
  local at = string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000))
  redis.call('XADD', p .. 'records', '*', 'row',
    cjson.encode({id, at, who, class, fields, tostring(charged)}))
end
"""

ADMIT = (
    PUT
    + """
local lane, id, tokens, nano = cjson.decode(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]
local lease_ms, deny, count = tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7])
local p = lane.prefix
local held = redis.call('GET', p .. 'res:' .. id)
if held then return {held == 'void' and 'counters_down' or 'ok', 0, ''} end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function refuse(cause, wait_ms, detail)
  if cause ~= lane.soft then
    redis.call('HINCRBY', p .. 'metrics', 'refused\\31' .. lane.labels .. '\\31' .. cause, 1)
    if cause == 'ledger_full' then
      redis.call('HINCRBY', p .. 'metrics', 'unlogged\\31' .. cause, 1)
    elseif lane.ledger > 0 then
      put(p, id, lane.labels, lane.class, {'', '', 0, 0, 0, 0, 'refused', cause}, '')
    end
  end
  return {cause, wait_ms, detail}
end
if lane.ledger > 0 and redis.call('XLEN', p .. 'records') >= lane.ledger then
  return refuse('ledger_full', 1000, '')
end
if redis.call('EXISTS', deny) == 1 then return refuse('key_revoked', 0, '') end
for _, b in ipairs(lane.budgets) do
  local spent = tonumber(redis.call('GET', b[1]) or '0')
  if spent + tonumber(nano) > b[2] then
    return refuse(b[4], 0, string.format('%.0f', b[2] - spent))
  end
end
for _, r in ipairs(lane.rates) do
  local seen = redis.call('HMGET', r[1], 'n', 't')
  if r[2] >= 0 and (tonumber(seen[1]) or 0) + count > r[2] then
    return refuse('requests_per_minute', math.max(redis.call('PTTL', r[1]), 1), '')
  end
  if r[3] >= 0 and (tonumber(seen[2]) or 0) + tokens > r[3] then
    return refuse('tokens_per_minute', math.max(redis.call('PTTL', r[1]), 1), '')
  end
end
if lease_ms > 0 then
  for _, s in ipairs(lane.slots) do
    redis.call('ZREMRANGEBYSCORE', s[1], '-inf', now)
    if redis.call('ZCARD', s[1]) >= s[2] then
      local usual_ms = tonumber(redis.call('HGET', p .. 'usual_ms', lane.model)) or 1000
      return refuse(s[3], math.min(math.max(usual_ms / s[4], 1000), 60000), '')
    end
  end
  for _, s in ipairs(lane.slots) do redis.call('ZADD', s[1], now + lease_ms, id) end
end
local windows = {}
for i, r in ipairs(lane.rates) do
  if redis.call('HSETNX', r[1], 'w', id) == 1 then redis.call('PEXPIRE', r[1], 60000) end
  redis.call('HINCRBY', r[1], 'n', count)
  redis.call('HINCRBY', r[1], 't', tokens)
  windows[i] = redis.call('HGET', r[1], 'w')
end
for _, b in ipairs(lane.budgets) do
  redis.call('INCRBY', b[1], nano)
  if b[3] > 0 then redis.call('EXPIRE', b[1], b[3]) end
end
if lane.ledger > 0 then
  local lease_ends = now + math.max(lease_ms, tonumber(ARGV[8]))
  redis.call('ZADD', p .. 'open', lease_ends, id)
  local charged = lane.charged
  if ARGV[9] ~= '' then charged = charged .. ' user:' .. ARGV[9] end
  local who = {lane.labels, lane.class, charged, now}
  redis.call('SET', p .. 'res:' .. id, cjson.encode({tokens, nano, windows, who}))
else
  redis.call('SET', p .. 'res:' .. id, cjson.encode({tokens, nano, windows}), 'EX', 172800)
end
return {'ok', 0, ''}
"""
)

SETTLE = (
    PUT
    + """
local lane, id, tokens, nano = cjson.decode(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]
local prompt, completion, backend, outcome, ms = ARGV[5], ARGV[6], ARGV[7], ARGV[8], tonumber(ARGV[9])
local place, told, cause = ARGV[10], ARGV[11], ARGV[12]
local p = lane.prefix
local record = redis.call('GET', p .. 'res:' .. id)
if not record then
  if outcome == 'void' then redis.call('SET', p .. 'res:' .. id, 'void', 'EX', 3600) end
  return 0
end
if record == 'void' then return 0 end
redis.call('DEL', p .. 'res:' .. id)
redis.call('ZREM', p .. 'open', id)
redis.call('ZREM', p .. 'overdue', id)
for _, s in ipairs(lane.slots) do redis.call('ZREM', s[1], id) end
local reserved = cjson.decode(record)
if tokens < 0 then tokens, nano = reserved[1], reserved[2] end
for i, r in ipairs(lane.rates) do
  if redis.call('HGET', r[1], 'w') == reserved[3][i] then
    redis.call('HINCRBY', r[1], 't', tokens - reserved[1])
    if outcome == 'void' then redis.call('HINCRBY', r[1], 'n', -1) end
  end
end
local change = string.format('%.0f', tonumber(nano) - tonumber(reserved[2]))
for _, b in ipairs(lane.budgets) do redis.call('INCRBY', b[1], change) end
if outcome == 'void' then return 1 end
if lane.ledger > 0 then
  put(p, id, lane.labels, lane.class,
    {backend, place, prompt, completion, nano, ms, told, cause},
    reserved[4] and reserved[4][3] or lane.charged)
end
local m, at = p .. 'metrics', '\\31' .. lane.labels .. '\\31' .. backend
redis.call('HINCRBY', m, 'requests' .. at .. '\\31' .. outcome, 1)
redis.call('HINCRBY', m, 'prompt_tokens' .. at, prompt)
redis.call('HINCRBY', m, 'completion_tokens' .. at, completion)
redis.call('HINCRBY', m, 'spend' .. at, nano)
redis.call('HINCRBY', m, 'busy_ms' .. at, ms)
if outcome == 'completed' then
  local usual = tonumber(redis.call('HGET', p .. 'usual_ms', lane.model)) or ms
  redis.call('HSET', p .. 'usual_ms', lane.model, string.format('%.0f', usual * 0.9 + ms * 0.1))
end
return 1
"""
)

RENEW = """
local clock = redis.call('TIME')
local ends = clock[1] * 1000 + math.floor(clock[2] / 1000) + tonumber(ARGV[2])
for i = 3, #ARGV, 2 do
  if redis.call('EXISTS', ARGV[1] .. 'res:' .. ARGV[i]) == 1 then
    for set in string.gmatch(ARGV[i + 1], '[^\\n]+') do redis.call('ZADD', set, ends, ARGV[i]) end
    redis.call('ZADD', ARGV[1] .. 'open', 'XX', ends, ARGV[i])
    if redis.call('ZREM', ARGV[1] .. 'overdue', ARGV[i]) == 1 then
      redis.call('ZADD', ARGV[1] .. 'open', ends, ARGV[i])
    end
  end
end
return 1
"""

IN_FLIGHT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local counts = {}
for i, set in ipairs(ARGV) do counts[i] = redis.call('ZCOUNT', set, '(' .. now, '+inf') end
return counts
"""

REAP = (
    PUT
    + """
local p, grace_ms = ARGV[1], tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
for _, id in ipairs(redis.call('ZRANGEBYSCORE', p .. 'open', '-inf', now, 'LIMIT', 0, 200)) do
  redis.call('ZREM', p .. 'open', id)
  redis.call('ZADD', p .. 'overdue', now + grace_ms, id)
end
local reaped = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', p .. 'overdue', '-inf', now, 'LIMIT', 0, 200)) do
  redis.call('ZREM', p .. 'overdue', id)
  local record = redis.call('GET', p .. 'res:' .. id)
  if record and record ~= 'void' then
    redis.call('DEL', p .. 'res:' .. id)
    local reserved = cjson.decode(record)
    local who = reserved[4]
    put(p, id, who[1], who[2],
      {'', '', 0, 0, reserved[2], string.format('%.0f', now - who[4]), 'failed', 'lost'}, who[3])
    local m, at = p .. 'metrics', '\\31' .. who[1] .. '\\31'
    redis.call('HINCRBY', m, 'requests' .. at .. '\\31lost', 1)
    redis.call('HINCRBY', m, 'spend' .. at, reserved[2])
    reaped = reaped + 1
  end
end
return reaped
"""
)

NOTE = (
    PUT
    + """
local p, most = ARGV[1], tonumber(ARGV[2])
if redis.call('XLEN', p .. 'records') >= most then
  redis.call('HINCRBY', p .. 'metrics', 'unlogged\\31' .. ARGV[6], 1)
  return 0
end
put(p, ARGV[3], ARGV[4], ARGV[5], {'', '', 0, 0, 0, 0, 'refused', ARGV[6]}, '')
return 1
"""
)
