-- A ScaledObject is well when KEDA reads its metrics. While a model's only engine starts there are none;
-- its replicas are held meanwhile, so that is no failure: one would end the root's sync half way.
local hs = {status = "Progressing", message = "KEDA has not looked at it yet"}
if obj.status == nil or obj.status.conditions == nil then
  return hs
end
local is = {}
for _, condition in ipairs(obj.status.conditions) do
  is[condition.type] = condition.status == "True"
  if condition.type == "Ready" then
    hs.message = condition.message or ""
  end
end
if is.Paused then
  hs.status = "Suspended"
  hs.message = "paused"
elseif is.Fallback then
  hs.message = "no metric: the replicas are held"
elseif is.Ready then
  hs.status = "Healthy"
end
return hs
