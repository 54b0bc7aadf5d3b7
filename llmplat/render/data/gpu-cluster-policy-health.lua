-- NVIDIA's ClusterPolicy is well when its operator says ready.
if obj.status == nil or obj.status.state == nil then
  return {status = "Progressing", message = "the operator has not looked at it yet"}
end
if obj.status.state == "ready" then
  return {status = "Healthy", message = ""}
end
return {status = "Progressing", message = "state " .. obj.status.state}
