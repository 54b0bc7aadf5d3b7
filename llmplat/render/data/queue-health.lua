-- A ClusterQueue or LocalQueue is well when Kueue says Active: it takes work.
local hs = {status = "Progressing", message = "Kueue has not looked at it yet"}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    if condition.type == "Active" then
      hs.message = condition.message or ""
      hs.status = condition.status == "True" and "Healthy" or "Degraded"
    end
  end
end
return hs
