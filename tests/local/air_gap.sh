#!/bin/sh
# In a network namespace of its own: nothing but loopback. WORK PYTHON STUB PORT
set -eu
work=$1 python=$2 stub=$3 port=$4
ip link set lo up
"$python" - <<'END'
import socket
for host in ("pypi.org", "1.1.1.1"):
    try:
        socket.create_connection((host, 443), 2)
    except OSError as error:
        print(f"cut: {host}: {error}")
    else:
        raise SystemExit(f"{host} can be reached: this is no air gap")
END
"$python" "$stub" --port "$port" --served-model-name big --max-num-seqs 4 >"$work/stub.log" 2>&1 &
trap 'kill $! 2>/dev/null || true' EXIT
"$python" -m llmplat up -f "$work/platform.yaml" -o json
key=$("$python" -m llmplat keys create team/app -f "$work/platform.yaml" -o plain)
"$python" - "$key" "http://127.0.0.1:$((port - 3))/v1/chat/completions" <<'END'
import json, sys, urllib.request
address = sys.argv[2]
key = next(word for word in sys.argv[1].split() if word.startswith("sk-"))
body = {"model": "large", "max_tokens": 8, "messages": [{"role": "user", "content": "hello"}]}
headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
request = urllib.request.Request(address, json.dumps(body).encode(), headers)
with urllib.request.urlopen(request, timeout=300) as answer:
    print("answer:", json.load(answer)["usage"]["completion_tokens"], "tokens")
END
"$python" -m llmplat status -f "$work/platform.yaml" -o json >"$work/status.json"
"$python" -m llmplat down -f "$work/platform.yaml" -o plain
