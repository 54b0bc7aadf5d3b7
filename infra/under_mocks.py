"""Runs one of the programs without Pulumi's engine, cloud or network and prints what it declared.

`python -m infra.under_mocks gke < inputs.json` prints {"resources": [...], "outputs": [...]}: each
resource with its type, name, inputs as the provider would get them, and the options that matter.
"""

import importlib
import json
import os
import sys
from typing import Any

import pulumi
from pulumi.runtime import mocks, stack

PROGRAMS = {
    "gke": ("infra.gke.program", "make_cluster", "llmplat.domain.gke"),
    "bootstrap": ("infra.bootstrap.program", "make_argocd", "llmplat.domain.bootstrap"),
}
"""Name -> (module, function, module with `read_inputs`)."""

PROJECT_NUMBER = "0"
"""Stands for the project's number, which only the cloud knows."""


class Recorder(mocks.Mocks):
    """Answers as a provider would: what goes in comes out, with an id."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """The inputs as state; what the cloud would add is made from the name."""
        inputs = dict(args.inputs)
        state = {"name": args.name, **inputs}
        if args.typ == "gcp:serviceaccount/account:Account":
            email = f"{inputs['accountId']}@{inputs['project']}.iam.gserviceaccount.com"
            state |= {"email": email, "member": f"serviceAccount:{email}"}
        return f"{args.name}-id", state

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        """What the program asks the cloud: the project's number."""
        return {"number": PROJECT_NUMBER, "projectId": args.args.get("projectId", "")}


class Monitor(mocks.MockMonitor):
    """Keeps every declared resource with the options that the mocks do not pass on."""

    def __init__(self) -> None:
        super().__init__(Recorder())
        self.declared: list[dict[str, Any]] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: ANN401, N802 (Pulumi's own interface)
        """Note the request, then answer it."""
        answer = super().RegisterResource(request)
        if request.custom:
            kept = self.resources[answer.urn]
            self.declared.append(
                {
                    "urn": answer.urn,
                    "type": request.type,
                    "name": request.name,
                    "inputs": _inputs(request),
                    "dependsOn": sorted(request.dependencies),
                    "ignoreChanges": list(request.ignoreChanges),
                    "id": kept.id,
                }
            )
        return answer


def _inputs(request: Any) -> dict[str, Any]:  # noqa: ANN401 (as above)
    given = pulumi.runtime.rpc.deserialize_properties(request.object)
    return {key: _plain(value) for key, value in sorted(given.items())}


def _plain(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    """Numbers as people write them: the wire knows floats only."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def record(name: str, document: dict[str, Any]) -> dict[str, Any]:
    """What the program `name` declares for the inputs in `document`."""
    monitor = Monitor()
    mocks.set_mocks(
        monitor.mocks, project=f"llmplat-{name}", stack="plan", preview=True, monitor=monitor
    )
    module, function, domain = PROGRAMS[name]
    inputs = importlib.import_module(domain).read_inputs(document)
    exported: list[str] = []

    def program() -> None:
        # One process may run several programs: Pulumi keeps one root, with the outputs of all.
        outputs = pulumi.runtime.get_root_resource().outputs
        outputs.clear()
        getattr(importlib.import_module(module), function)(inputs)
        exported.extend(sorted(outputs))

    mocks._sync_await(stack.run_pulumi_func(program))  # noqa: SLF001 (Pulumi's test decorator does the same)
    declared = sorted(monitor.declared, key=lambda one: (one["type"], one["name"]))
    return {"resources": declared, "outputs": exported}


if __name__ == "__main__":
    json.dump(record(sys.argv[1], json.load(sys.stdin)), sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # an orderly end waits seconds for threads that have nothing left to do
