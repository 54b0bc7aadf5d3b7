#!/usr/bin/env python3
"""Stands in for Pulumi's command line tool: plays event logs, keeps a list of what it was asked.

It knows as much of the tool as the Automation API of its packages calls; the folder of FAKE_PULUMI
holds play.json (subcommand -> what to do), logs.json and what it leaves: calls.jsonl, stacks.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

HOME = Path(os.environ["FAKE_PULUMI"])
PROGRAM = Path.cwd().name.removeprefix("work-")
"""Folder of infra/; stacks of two programs may have one name."""
SUMMARY = {
    "kind": "update", "startTime": "2026-11-21T10:00:00.000Z", "message": "", "environment": {},
    "config": {}, "result": "succeeded", "endTime": "2026-11-21T10:01:00.000Z", "version": 1,
}  # fmt: skip


def main() -> int:
    words = [word for word in sys.argv[1:] if word != "--non-interactive"]
    verb = " ".join(words[:2]) if words[0] == "stack" else words[0]
    kept = {k: os.environ.get(k) for k in ("PULUMI_BACKEND_URL", "PULUMI_PYTHON_CMD",
            "PULUMI_CONFIG_PASSPHRASE_FILE", "LLMPLAT_INPUTS", "PULUMI_HOME")}  # fmt: skip
    told = kept["LLMPLAT_INPUTS"]
    inputs = json.loads(Path(told).read_text()) if told else None
    with (HOME / "calls.jsonl").open("a") as file:
        row = {"verb": verb, "program": PROGRAM, "words": words, "env": kept, "inputs": inputs}
        file.write(json.dumps(row) + "\n")
    play = json.loads((HOME / "play.json").read_text())
    if verb == "version":
        print(play.get("version", "v3.205.0"))
        return 0
    act = play.get(f"{verb} {PROGRAM}", play.get(verb, {}))
    if verb in {"stack select", "stack init", "stack rm"}:
        return stack(verb, words)
    if verb == "stack output":
        print(json.dumps(act.get("outputs", {})))
        return 0
    if verb == "stack export":
        resources = act.get("resources", [])
        print(json.dumps({"version": 3, "deployment": {"resources": resources}}))
        return 0
    if verb == "stack history":
        print(json.dumps([SUMMARY]))
        return 0
    return play_log(act, words)


def stack(verb: str, words: list[str]) -> int:
    name = words[words.index("--stack") + 1] if "--stack" in words else words[-1]
    mark = HOME / (f"stack-{name}" if PROGRAM == "gke" else f"stack-{PROGRAM}-{name}")
    if verb == "stack init":
        mark.touch()
    elif not mark.exists():
        print(f"error: no stack named '{name}' found", file=sys.stderr)
        return 255
    elif verb == "stack rm":
        mark.unlink()
    return 0


def play_log(act: dict, words: list[str]) -> int:
    events = json.loads((HOME / "logs.json").read_text()).get(act.get("log", ""), [])
    interrupts: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: interrupts.append(number))
    where = words[words.index("--event-log") + 1] if "--event-log" in words else ""
    if where.startswith("tcp://"):
        stream(where.removeprefix("tcp://"), events)
    elif where:
        path = Path(where)
        with path.open("a") as file:
            for number, event in enumerate(events):
                if act.get("waits_at") == number:
                    file.flush()
                    (HOME / "waiting").touch()
                    deadline = time.monotonic() + 300
                    while not interrupts and time.monotonic() < deadline:
                        time.sleep(0.02)
                    time.sleep(0.2)
                    (HOME / "interrupts.part").write_text(str(len(interrupts)))
                    (HOME / "interrupts.part").rename(HOME / "interrupts")
                file.write(json.dumps(event) + "\n")
                file.flush()
    print(act.get("stdout", ""))
    print(act.get("stderr", ""), file=sys.stderr)
    return act.get("exit", 0)


def stream(address: str, events: list[dict]) -> None:
    """As tools from 3.206 on hand over events; this needs the Python of Pulumi's packages."""
    import grpc
    from pulumi.runtime.proto import events_pb2, events_pb2_grpc

    requests = (events_pb2.EventRequest(event=json.dumps(event)) for event in events)
    with grpc.insecure_channel(address) as channel:
        events_pb2_grpc.EventsStub(channel).StreamEvents(requests)


if __name__ == "__main__":
    sys.exit(main())
