-- Health of a child Application, so that waves of the root wait for it.
-- Progressing while what was compared is not what the spec asks for now: a stale Healthy opens no gate.
local function same(one, other)
  if type(one) ~= "table" or type(other) ~= "table" then
    return one == other
  end
  for key, value in pairs(one) do
    if not same(value, other[key]) then return false end
  end
  for key in pairs(other) do
    if one[key] == nil then return false end
  end
  return true
end

local hs = {status = "Progressing", message = "not compared yet"}
if obj.status == nil or obj.status.sync == nil or obj.status.health == nil then
  return hs
end
local compared = obj.status.sync.comparedTo
local wanted = obj.spec.source
if compared == nil or compared.source == nil or wanted == nil then
  return hs
end
if not same(compared.source, wanted) then
  hs.message = "an older source was compared"
  return hs
end
if obj.status.sync.status ~= "Synced" then
  hs.message = "not synced: " .. tostring(obj.status.sync.status)
  return hs
end
if obj.status.operationState ~= nil then
  local phase = obj.status.operationState.phase
  if phase == "Running" or phase == "Terminating" then
    hs.message = "a sync is running"
    return hs
  end
  if phase == "Failed" or phase == "Error" then
    hs.status = "Degraded"
    hs.message = obj.status.operationState.message or "the sync failed"
    return hs
  end
end
hs.status = obj.status.health.status or "Progressing"
hs.message = obj.status.health.message or ""
-- A type is Degraded until it is established, a Deployment while it restarts: the next wave stays
-- shut, yet the root's own sync must not fail and wait for its next attempt.
if hs.status == "Degraded" then
  hs.status = "Progressing"
  hs.message = "degraded: " .. hs.message
end
return hs
