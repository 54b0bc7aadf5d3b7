"""A platform's name -> the folders, files and sockets of its state on this machine."""

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from llmplat.domain.errors import PreconditionError

_SOCKET_PATH_LIMIT_BYTES = 90
"""AF_UNIX allows 107 bytes; supervisord adds a pid to the name while it binds."""


@dataclass(frozen=True)
class LocalHome:
    """Where everything of one platform lives; the folders are made by `make`."""

    platform: str
    root: Path

    @property
    def state_id(self) -> str:
        """Marks this platform's processes; follows from the folder, so it survives a lost file."""
        digest = hashlib.sha256(str(self.root.resolve()).encode()).hexdigest()
        return f"{self.platform}-{digest[:12]}"

    @property
    def secrets(self) -> Path:
        """0600 files, one secret each."""
        return self.root / "secrets"

    @property
    def rendered(self) -> Path:
        """Configuration without secrets."""
        return self.root / "rendered"

    @property
    def config_dir(self) -> Path:
        """What the gateway reads."""
        return self.rendered / "gateway"

    @property
    def gateway_code(self) -> Path:
        """The folder on the gateway's PYTHONPATH."""
        return self.rendered / "gateway-code"

    @property
    def redis(self) -> Path:
        """The counters' data."""
        return self.root / "redis"

    @property
    def ledger(self) -> Path:
        """The record of requests."""
        return self.root / "ledger"

    @property
    def ledger_file(self) -> Path:
        """The database of it; two files beside it belong to it."""
        return self.ledger / "requests.sqlite"

    @property
    def logs(self) -> Path:
        """One log a service."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Files of running things: lock, step, supervisor, service files."""
        return self.root / "run"

    @property
    def state_file(self) -> Path:
        """The inventory."""
        return self.root / "state.json"

    @property
    def supervisor_config(self) -> Path:
        """What supervisord reads."""
        return self.run / "supervisord.conf"

    @property
    def sockets(self) -> Path:
        """A folder short enough for unix sockets; the same in every session of the user."""
        if len(str(self.run / "supervisor.sock")) <= _SOCKET_PATH_LIMIT_BYTES:
            return self.run
        return _short_root() / self.state_id[-12:]

    @property
    def supervisor_socket(self) -> Path:
        """Where supervisord takes orders."""
        return self.sockets / "supervisor.sock"

    @property
    def redis_socket(self) -> Path:
        """Where the counters listen."""
        return self.sockets / "redis.sock"

    def make(self) -> None:
        """Make all folders, for this user only; PreconditionError when one is another user's."""
        if self.sockets != self.run:
            _private(_short_root())
        folders = (self.root, self.secrets, self.rendered, self.config_dir, self.redis, self.ledger)
        for folder in (*folders, self.logs, self.run, self.sockets):
            _private(folder)


def _short_root() -> Path:
    return Path(tempfile.gettempdir()) / f"llmplat-{os.getuid()}"


def _private(folder: Path) -> None:
    """Make `folder` with mode 0700, and refuse one that somebody else owns or planted as a link."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise PreconditionError(
            f"The folder {folder} cannot be made.",
            str(error.strerror or error),
            ("set LLMPLAT_STATE_HOME to a folder you can write",),
        ) from error
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise PreconditionError(
            f"The folder {folder} is not yours.",
            "llmplat keeps secrets and sockets there and uses only folders of your own",
            ("set LLMPLAT_STATE_HOME to a folder of your own",),
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)
