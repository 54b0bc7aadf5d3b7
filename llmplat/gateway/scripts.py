"""The Lua that Redis runs as one step: admit checks every scope and then takes from all, settle gives back once.

A lane (see lanes.py) names the counters of one app on one model:
`deny` the key's deny entry, `rates` [[counter, requests, tokens]], `slots` [[set, places, cause]],
`budgets` [[counter, nanousd, keep_s, cause]], `labels` for the metrics. Money goes in as digits and is
added with INCRBY; comparing it as a Lua number is exact up to 9 million dollars.
"""

ADMIT = """
local lane, id, tokens, nano = cjson.decode(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]
local lease_ms, deny, count = tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7])
local p = lane.prefix
local held = redis.call('GET', p .. 'res:' .. id)
if held then return {held == 'void' and 'counters_down' or 'ok', 0, ''} end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function refuse(cause, wait_ms, detail)
  redis.call('HINCRBY', p .. 'metrics', 'refused\\31' .. lane.labels .. '\\31' .. cause, 1)
  return {cause, wait_ms, detail}
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
redis.call('SET', p .. 'res:' .. id, cjson.encode({tokens, nano, windows}), 'EX', 172800)
return {'ok', 0, ''}
"""

SETTLE = """
local lane, id, tokens, nano = cjson.decode(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]
local prompt, completion, backend, outcome, ms = ARGV[5], ARGV[6], ARGV[7], ARGV[8], tonumber(ARGV[9])
local p = lane.prefix
local record = redis.call('GET', p .. 'res:' .. id)
if not record then
  if outcome == 'void' then redis.call('SET', p .. 'res:' .. id, 'void', 'EX', 3600) end
  return 0
end
if record == 'void' then return 0 end
redis.call('DEL', p .. 'res:' .. id)
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

RENEW = """
local clock = redis.call('TIME')
local ends = clock[1] * 1000 + math.floor(clock[2] / 1000) + tonumber(ARGV[2])
for i = 3, #ARGV, 2 do
  if redis.call('EXISTS', ARGV[1] .. 'res:' .. ARGV[i]) == 1 then
    for set in string.gmatch(ARGV[i + 1], '[^\\n]+') do redis.call('ZADD', set, ends, ARGV[i]) end
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
