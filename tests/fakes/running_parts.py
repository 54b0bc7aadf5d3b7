"""A RunningParts that holds what it is told."""

from dataclasses import dataclass, field

from llmplat.domain.ports import RunningService


@dataclass
class FakeRunningParts:
    """Services and rendered files as a test wants them."""

    running: tuple[RunningService, ...] = ()
    files: dict[str, str] = field(default_factory=dict)

    def services(self) -> tuple[RunningService, ...]:
        return self.running

    def file(self, path: str) -> str | None:
        return self.files.get(path)
