"""Turns the error tree into a guide: each code with its meaning, exit code and an example."""

from dataclasses import dataclass

from llmplat.domain.errors import EXIT_CODE_MEANINGS, ExitCode, LlmplatError

EXAMPLES: dict[str, tuple[str, str, str]] = {
    "spec-invalid": (
        "platform.yaml has 1 fault.",
        "platform.yaml:9:5: unknown key 'contxt'",
        "write `context:` there, then: llmplat validate",
    ),
    "spec-newer-version": (
        "state.json was written by a newer llmplat.",
        "it has version 2; this llmplat knows up to 1",
        "pip install --upgrade llmplat",
    ),
    "lock-missing": (
        "platform.lock.yaml does not hold model 'big'.",
        "planning must know its revision, files and shape",
        "llmplat lock",
    ),
    "usage": (
        "No such option: --outptu",
        "the command does not know it",
        "llmplat status --help",
    ),
    "input-invalid": (
        "There is no tenant 'team-b' in this platform.",
        "it has: team-a, platform",
        "llmplat keys create team-b/app --create-tenant",
    ),
    "catalog-invalid": (
        "The shipped catalogue contradicts itself.",
        "component 'gateway' names layer 'gatway'",
        "report this as a bug; it is data that llmplat ships",
    ),
    "plan-impossible": (
        "The timeouts do not nest.",
        "gateway 600 s is not below client 300 s",
        "set timeouts.client above 600s in platform.yaml",
    ),
    "fit-impossible": (
        "model 'big' does not fit on this machine.",
        "needs 71.2 GiB; 24.0 GiB are there",
        "set quantization or choose a smaller model",
    ),
    "render-failed": (
        "The values of the component keda cannot be rendered.",
        "templates/components/keda/values.yaml.j2:3: 'replica' is undefined",
        "report this as a bug; it is a template that llmplat ships",
    ),
    "need-missing": (
        "Port 4000 is taken.",
        "process 4711 (python) listens on 127.0.0.1:4000",
        "set substrate.local.port in platform.yaml to a free port",
    ),
    "need-exclusive": (
        "Another llmplat works on platform 'demo'.",
        "process 4711 holds it: `up`, since 12 s",
        "wait for it to end, then run this again",
    ),
    "fetch-failed": (
        "model.safetensors is not the file that was expected.",
        "sha256 is 41d8... and must be 9f3c...",
        "run the same command again; a broken download is thrown away",
    ),
    "registry-failed": (
        "model-00002-of-00004.safetensors could not be sent to registry.example.com/team/qwen.",
        "the connection broke 6 times in a row without a new byte; 1.2 GiB of it are kept there",
        "run the same command again: it goes on where it is",
    ),
    "registry-refused": (
        "registry.example.com/team/qwen may not be pushed to.",
        "the registry answered 403 DENIED to the account 'ci' of ~/.docker/config.json",
        "docker login registry.example.com",
    ),
    "cloud-failed": (
        "compute.googleapis.com did not answer.",
        "connection refused, three times in a row",
        "check the network (HTTPS_PROXY), then run the same command again",
    ),
    "cloud-credentials": (
        "There are no credentials for Google Cloud.",
        "neither GOOGLE_APPLICATION_CREDENTIALS nor a login of gcloud was found",
        "gcloud auth application-default login",
    ),
    "cloud-refused": (
        "There is no project 'my-projct' that this account can see.",
        "cloudresourcemanager.googleapis.com answered 403 to ci@example.com",
        "set substrate.gke.project in platform.yaml",
    ),
    "cloud-api-off": (
        "The API container.googleapis.com is off in the project my-project.",
        "SERVICE_DISABLED",
        "gcloud services enable container.googleapis.com --project my-project",
    ),
    "secret-guarded": (
        "The secret demo-litellm-salt-key is written once and has a value.",
        "what is stored was encrypted with it; another value makes that unreadable for good",
        "llmplat secrets rotate litellm-salt-key --accept-loss",
    ),
    "substrate-provision": (
        "The node pool gpu-l4 could not be made.",
        "googleapi: Error 403: Quota 'NVIDIA_L4_GPUS' exceeded. Limit: 1.0 in region europe-west4.",
        "run the same command again: what was made stays and is not made twice",
    ),
    "substrate-locked": (
        "The state of the platform demo is locked by another run.",
        "pid 4711 on build-3 has held it since 10:04; if it is gone, the lock was left behind",
        "llmplat up --repair",
    ),
    "substrate-replaces": (
        "The node pool l4 would be deleted and made again, so nothing was changed.",
        "machineType differs; the models qwen and embed run there",
        "llmplat up --allow-replace l4",
    ),
    "substrate-failed": (
        "The engine of 'smollm2-135m' died at its start.",
        "exit code 1; last line: unknown option --kv-cache",
        "llmplat logs engine-smollm2-135m",
    ),
    "cluster-failed": (
        "The cluster prod refused Application argocd/root.",
        "422 Invalid: spec.project: Required value",
        "llmplat validate",
    ),
    "cluster-conflict": (
        "Application argocd/root is somebody else's.",
        "its label llmplat.dev/platform says other, this platform is prod",
        "give each platform a cluster of its own",
    ),
    "cluster-unreachable": (
        "The cluster prod does not answer.",
        "https://10.0.0.1:6443: connection refused",
        "kubectl --context prod version",
    ),
    "cluster-refused": (
        "The cluster prod does not let you list nodes.",
        "403 Forbidden: user jane cannot list resource nodes",
        "kubectl --context prod auth can-i list nodes",
    ),
    "gateway-failed": (
        "The gateway cannot be reached at http://127.0.0.1:4000.",
        "connection refused",
        "llmplat up",
    ),
    "wait-timeout": (
        "The gateway is not ready after 120 s.",
        "waiting for GET /health/live to answer 200",
        "run the same command again: it goes on where it is",
    ),
    "internal": (
        "llmplat met something it did not expect: KeyError",
        "'models'",
        "run the same command again with --debug and report what it prints",
    ),
}
"""By code: what, why, fix."""


@dataclass(frozen=True)
class ErrorEntry:
    """One error code as the guide tells it."""

    code: str
    meaning: str
    exit_code: ExitCode
    example: LlmplatError | None


@dataclass(frozen=True)
class ExitCodeEntry:
    """One exit code as the guide tells it."""

    exit_code: int
    name: str
    meaning: str


def error_entries() -> tuple[ErrorEntry, ...]:
    """All error codes, sorted."""
    kinds = {kind.code: kind for kind in reversed(_subclasses(LlmplatError))}
    return tuple(_entry(kinds[code]) for code in sorted(kinds))


def exit_code_entries() -> tuple[ExitCodeEntry, ...]:
    """All exit codes, in order."""
    return tuple(
        ExitCodeEntry(int(code), code.name.lower().replace("_", "-"), EXIT_CODE_MEANINGS[code])
        for code in ExitCode
    )


def _entry(kind: type[LlmplatError]) -> ErrorEntry:
    meaning = (kind.__doc__ or "").strip().splitlines()[0]
    told = EXAMPLES.get(kind.code)
    example = kind(told[0], told[1], (told[2],)) if told else None
    return ErrorEntry(kind.code, meaning, kind.exit_code, example)


def _subclasses(kind: type[LlmplatError]) -> list[type[LlmplatError]]:
    direct = kind.__subclasses__()
    return [*direct, *(deeper for child in direct for deeper in _subclasses(child))]
