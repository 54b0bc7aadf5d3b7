"""The error tree, exit codes and findings: what went wrong, why, and the fix."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the process tells its caller; the table in the docs is generated from this."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INPUT = 3
    UNSATISFIABLE = 4
    NOT_READY = 5
    FINDINGS = 6
    TIMED_OUT = 7
    CHANGES = 8
    BUG = 70
    INTERRUPTED = 130


EXIT_CODE_MEANINGS: dict[ExitCode, str] = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "an operation failed",
    ExitCode.USAGE: "the command line is wrong",
    ExitCode.INPUT: "the input is wrong",
    ExitCode.UNSATISFIABLE: "cannot be satisfied, does not fit",
    ExitCode.NOT_READY: "your machine or account is not ready",
    ExitCode.FINDINGS: "checks found something",
    ExitCode.TIMED_OUT: "timed out, may still succeed; running again is safe",
    ExitCode.CHANGES: "changes exist (`diff`, `plan --exit-code`)",
    ExitCode.BUG: "a bug in llmplat",
    ExitCode.INTERRUPTED: "interrupted",
}


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Where:
    """A place in a file, 1-based; line 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Finding:
    """One result of a check."""

    code: str
    what: str
    why: str | None = None
    fix: tuple[str, ...] = ()
    where: Where | None = None
    also: tuple[Where, ...] = ()
    severity: Severity = Severity.ERROR


class LlmplatError(Exception):
    """An expected failure: a value with what, why and fix; it never prints or exits.

    `code` is kebab-case and never reused; `details` is shown with --debug and in the log.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(
        self,
        what: str,
        why: str | None = None,
        fix: tuple[str, ...] = (),
        *,
        details: str | None = None,
        findings: tuple[Finding, ...] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix
        self.details = details
        self.findings = findings


class SpecError(LlmplatError):
    """The platform file, a lock or a keys file is wrong; carries findings with positions."""

    code = "spec-invalid"
    exit_code = ExitCode.INPUT


class NewerVersionError(SpecError):
    """A file or state was written by a newer llmplat."""

    code = "spec-newer-version"


class UsageError(LlmplatError):
    """The command line itself is wrong."""

    code = "usage"
    exit_code = ExitCode.USAGE


class LockMissingError(SpecError):
    """The lock does not hold what planning must know of a model."""

    code = "lock-missing"


class InputError(LlmplatError):
    """An argument names something that does not exist or is not allowed."""

    code = "input-invalid"
    exit_code = ExitCode.INPUT


class CatalogError(LlmplatError):
    """Our own data is wrong: a bug."""

    code = "catalog-invalid"
    exit_code = ExitCode.BUG


class PlanError(LlmplatError):
    """Wishes that cannot be met together."""

    code = "plan-impossible"
    exit_code = ExitCode.UNSATISFIABLE


class DoesNotFitError(PlanError):
    """A model does not fit the memory it is given."""

    code = "fit-impossible"


class RenderError(LlmplatError):
    """A template is undefined or does not parse: a bug."""

    code = "render-failed"
    exit_code = ExitCode.BUG


class PreconditionError(LlmplatError):
    """A tool, port, permission, memory or disk is missing."""

    code = "need-missing"
    exit_code = ExitCode.NOT_READY


class BusyError(PreconditionError):
    """Another run holds this platform."""

    code = "need-exclusive"


class DownloadError(LlmplatError):
    """Bytes could not be fetched or are not the bytes expected."""

    code = "fetch-failed"


class RegistryError(LlmplatError):
    """An image registry failed or gave up; what was sent is kept for the next run."""

    code = "registry-failed"


class RegistryRefusedError(RegistryError):
    """An image registry does not let this account do that, or not with these names or sizes."""

    code = "registry-refused"
    exit_code = ExitCode.NOT_READY


class CloudError(LlmplatError):
    """The cloud did not answer, or not in a way that can be understood."""

    code = "cloud-failed"


class CredentialsError(CloudError):
    """There are no credentials for the cloud, or they are no longer good."""

    code = "cloud-credentials"
    exit_code = ExitCode.NOT_READY


class CloudRefusedError(CloudError):
    """The cloud does not let this account do that, or has no such project."""

    code = "cloud-refused"
    exit_code = ExitCode.NOT_READY


class CloudDisabledError(CloudRefusedError):
    """An API of the cloud is not turned on in the project."""

    code = "cloud-api-off"

    def __init__(
        self,
        what: str,
        why: str | None = None,
        fix: tuple[str, ...] = (),
        *,
        details: str | None = None,
        api: str = "",
    ) -> None:
        super().__init__(what, why, fix, details=details)
        self.api = api


class SecretGuardedError(InputError):
    """A secret that is written once, or was set by a person, would be replaced."""

    code = "secret-guarded"


class SubstrateError(LlmplatError):
    """The substrate said no: a process died, a part would not start."""

    code = "substrate-failed"


class ClusterError(LlmplatError):
    """The API server or Argo CD said no."""

    code = "cluster-failed"


class ClusterConflictError(ClusterError):
    """Somebody else made, changed or owns the object."""

    code = "cluster-conflict"


class ClusterUnreachableError(ClusterError):
    """The API server does not answer, or nothing could be found to sign in with."""

    code = "cluster-unreachable"
    exit_code = ExitCode.NOT_READY


class ClusterRefusedError(ClusterError):
    """The API server does not know this identity, or does not let it do that."""

    code = "cluster-refused"
    exit_code = ExitCode.NOT_READY


class ProvisionError(SubstrateError):
    """Making or changing the cloud's resources failed; those that did are named."""

    code = "substrate-provision"


class ProvisionLockedError(PreconditionError):
    """An interrupted run left a lock or half-done operations behind."""

    code = "substrate-locked"


class ReplacementError(PlanError):
    """Something that runs models, or holds everything, would be thrown away and made again."""

    code = "substrate-replaces"


class GatewayError(LlmplatError):
    """The running gateway refused or could not be reached."""

    code = "gateway-failed"


class TimedOutError(LlmplatError):
    """Still converging; running again is safe."""

    code = "wait-timeout"
    exit_code = ExitCode.TIMED_OUT


class InternalError(LlmplatError):
    """Anything unexpected: a bug."""

    code = "internal"
    exit_code = ExitCode.BUG
