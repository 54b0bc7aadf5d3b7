"""A launch as spelled for this machine and for a cluster -> flat facts that can be compared."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from llmplat.domain.substrate import Service

ABSENT = "absent"


def of_service(service: Service) -> dict[str, str]:
    """A local service as facts."""
    interpreter, *argv = service.argv
    return {
        "interpreter": interpreter,
        **options(argv),
        **{f"env:{name}": value for name, value in service.env},
        **{f"secret:{name}": secret for name, secret in service.secret_env},
        "port": str(service.port),
        "probe": service.probe_path,
        "probe timeout s": f"{service.probe_timeout_s:g}",
        "startup budget s": f"{service.startup_budget_s:g}",
        "memory bytes": str(service.memory_bytes),
        "stop grace s": f"{service.stop_grace_s:g}",
    }


def of_deployment(deployment: Mapping[str, Any]) -> dict[str, str]:
    """The one container of a Deployment as the same facts."""
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    startup, ready = container["startupProbe"], container["readinessProbe"]
    (interpreter,) = container["command"]
    return {
        "interpreter": interpreter,
        **options(container["args"]),
        **dict(variables(container["env"])),
        "port": str(container["ports"][0]["containerPort"]),
        "probe": ready["httpGet"]["path"],
        "probe timeout s": str(ready["timeoutSeconds"]),
        "startup budget s": str(startup["periodSeconds"] * startup["failureThreshold"]),
        "memory bytes": container["resources"]["limits"]["memory"],
        "stop grace s": str(pod["terminationGracePeriodSeconds"]),
    }


def options(argv: list[str]) -> dict[str, str]:
    """Each option with its values; the words before the first one as they stand."""
    found: dict[str, str] = {}
    name = "words"
    for word in argv:
        if word.startswith("--"):
            name = word
            found[f"option:{name}"] = ""
        else:
            key = f"option:{name}"
            found[key] = f"{found.get(key, '')} {word}".strip()
    return found


def variables(env: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Plain variables by value, secrets by the name of the secret."""
    for item in env:
        if "value" in item:
            yield f"env:{item['name']}", item["value"]
        else:
            yield f"secret:{item['name']}", item["valueFrom"]["secretKeyRef"]["name"]


def differences(local: Mapping[str, str], cluster: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Key -> (local, cluster) wherever the two spellings differ."""
    keys = sorted({*local, *cluster})
    pairs = {key: (local.get(key, ABSENT), cluster.get(key, ABSENT)) for key in keys}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def is_allowed(row: Mapping[str, str], part: str, key: str, pair: tuple[str, str]) -> bool:
    """Whether `row` of the table speaks of this difference; an engine's holds on GPUs too."""
    here, there = pair
    return (
        part.startswith(row["part"])
        and row["key"] == key
        and fnmatchcase(here, row["local"])
        and fnmatchcase(there, row["cluster"])
    )
