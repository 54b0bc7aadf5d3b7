-- An InferencePool is well when every parent accepts it; without a route it has no parent yet.
local hs = {status = "Progressing", message = "no gateway has accepted it yet"}
if obj.status == nil or obj.status.parents == nil then
  return hs
end
for _, parent in ipairs(obj.status.parents) do
  for _, condition in ipairs(parent.conditions or {}) do
    if condition.type == "Accepted" or condition.type == "ResolvedRefs" then
      if condition.status == "False" then
        return {status = "Degraded", message = condition.message or condition.reason}
      end
      if condition.status == "True" then
        hs = {status = "Healthy", message = ""}
      end
    end
  end
end
return hs
