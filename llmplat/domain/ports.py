"""What the stages need of the world: small protocols, one adapter and one fake each."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from llmplat.domain.errors import Finding
from llmplat.domain.substrate import (
    DownResult,
    LogLine,
    Needs,
    Places,
    SubstrateInputs,
    SubstrateOutputs,
    SubstrateStatus,
)


@dataclass(frozen=True)
class ModelFile:
    """One file of a model at a fixed revision."""

    path: str
    """Relative, with forward slashes."""
    size_bytes: int
    sha256: str | None
    """Hex digest where the source states it; None when it does not."""


class ModelSource(Protocol):
    """Where a model's files come from; read by the store, gpu-fit and the packer."""

    @property
    def revision(self) -> str:
        """What pins the content: a commit, a digest; never a moving name."""
        ...

    def list(self) -> tuple[ModelFile, ...]:
        """All files, sorted by path; raises DownloadError or InputError."""
        ...

    def read_range(self, path: str, start: int, length: int) -> bytes:
        """`length` bytes of `path` from byte `start` (fewer at the end of the file)."""
        ...

    def stream(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of `path` from byte `start`, in chunks."""
        ...


class StepProgress(Protocol):
    """The outcome of one running step, told as it goes."""

    def advance(self, done_bytes: int, total_bytes: int | None) -> None:
        """How far a transfer is."""
        ...

    def detail(self, text: str) -> None:
        """A short word shown behind the step (its outcome, a size, a cause)."""
        ...


class Progress(Protocol):
    """The story of a run, told on stderr; passed in, never imported."""

    def step(self, text: str) -> AbstractContextManager[StepProgress]:
        """One step; its time and outcome are shown when the block ends."""
        ...

    def note(self, text: str) -> None:
        """Something only a verbose run shows."""
        ...

    def warn(self, text: str) -> None:
        """Something every run shows."""
        ...

    def hint(self, command: str) -> None:
        """A next step to take."""
        ...

    def child(self, line: str) -> None:
        """A line of a child process."""
        ...


@dataclass(frozen=True)
class HttpAnswer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class Ask(Protocol):
    """One HTTP request to a part of the platform."""

    def __call__(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_s: float,
    ) -> HttpAnswer:
        """The whole answer; OSError when nobody answers in time."""
        ...


class Substrate(Protocol):
    """What a platform stands on: processes of this machine, later a cluster."""

    def claim(self, verb: str) -> AbstractContextManager[None]:
        """Hold the platform for one run; BusyError when another holds it."""
        ...

    def mark(self, verb: str, step: str) -> None:
        """Note the step of the run that holds the platform, for others to see."""
        ...

    def preflight(self, needs: Needs) -> tuple[Finding, ...]:
        """All that is missing, nothing changed; NewerVersionError for state of a newer llmplat."""
        ...

    def prepare(self) -> Places:
        """Make what the services are configured with: folders, secrets."""
        ...

    def up(self, inputs: SubstrateInputs, progress: Progress) -> SubstrateOutputs:
        """Start or replace what differs from `inputs`, wait until all is well.

        Raises PreconditionError, SubstrateError or TimedOutError.
        """
        ...

    def status(self) -> SubstrateStatus:
        """What runs; changes nothing."""
        ...

    def secret(self, name: str) -> str | None:
        """The value of a secret; None when there is none of that name."""
        ...

    def logs(self, service: str | None, lines: int, *, is_following: bool) -> Iterator[LogLine]:
        """The last `lines` of one service or of all, then new ones; InputError for a wrong name."""
        ...

    def down(self, progress: Progress, *, is_dry_run: bool, is_purge: bool) -> DownResult:
        """Stop what runs; data stays unless `is_purge`."""
        ...


class KeysStore(Protocol):
    """Where declared keys are kept: a text that is replaced whole."""

    def hold(self) -> AbstractContextManager[None]:
        """Be the only writer; BusyError when another one does not let go."""
        ...

    def read(self) -> str | None:
        """The text; None when there is none yet."""
        ...

    def write(self, text: str) -> None:
        """Replace the text at once; raises PreconditionError when it cannot be written."""
        ...


class KeyGate(Protocol):
    """The running gateway's view of keys; all of it may be absent."""

    def system_key_sha256(self) -> str | None:
        """Hash of the system key; None when the platform was never started."""
        ...

    def publish(self, name: str, text: str) -> bool:
        """Hand the gateway a file it re-reads; False when the platform was never started."""
        ...

    def published(self, name: str) -> str | None:
        """The file as the gateway has it; None when there is none."""
        ...

    def deny(self, key_ids: Sequence[str]) -> bool:
        """Refuse these keys from the next request on; False when the counters are not there."""
        ...


@dataclass(frozen=True)
class RunningService:
    """One service as it was last started; folders of this machine are placeholders again."""

    name: str
    runtime_dir: str
    """Folder of the environment it runs in."""
    model_dir: str | None
    """Folder the engine was given, None for other services."""
    argv: tuple[str, ...]
    """Behind the interpreter."""
    env: tuple[tuple[str, str], ...]
    """Without what the substrate itself adds."""
    is_alive: bool


class RunningParts(Protocol):
    """What the last `up` left running, for comparison; reading changes nothing."""

    def services(self) -> tuple[RunningService, ...]:
        """All services of the inventory; NewerVersionError for state of a newer llmplat."""
        ...

    def file(self, path: str) -> str | None:
        """A rendered file as it is now, None when there is none."""
        ...
