"""What a machine is and can reach, as values; one probe fills them in."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Gpu:
    """One GPU the machine has."""

    name: str
    memory_bytes: int | None


@dataclass(frozen=True)
class Disk:
    """Free space where llmplat writes."""

    what: str
    folder: str
    free_bytes: int


@dataclass(frozen=True)
class Reach:
    """Whether an address outside answered."""

    url: str
    """Without credentials."""
    is_reached: bool
    detail: str
    took_s: float


@dataclass(frozen=True)
class Machine:
    """Everything doctor looks at that does not depend on the platform."""

    system: str
    architecture: str
    python: str
    cpu_cores: int
    cpu_flags: frozenset[str]
    memory_bytes: int
    available_memory_bytes: int
    disks: tuple[Disk, ...]
    gpus: tuple[Gpu, ...]
    has_gpu_driver: bool
    uv: str | None
    redis: str | None
    hub: Reach
    index: Reach


class MachineProbe(Protocol):
    """Looks at the machine; every look is bounded in time."""

    def look(self) -> Machine:
        """The machine as it is now."""
        ...
