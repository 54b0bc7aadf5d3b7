"""Events of a provisioner -> the story of one step: what is made now, what is done, what was said."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from llmplat.domain.ports import Progress, StepProgress
from llmplat.domain.provision import Event, Moment, ResourceEvent, Said


@dataclass
class Teller:
    """Events as the story of one step."""

    step: StepProgress
    progress: Progress
    count: int
    done: int = 0

    def __call__(self, event: Event) -> None:
        """Tell one event."""
        if isinstance(event, Said):
            text = f"{event.name}: {event.text}" if event.name else event.text
            (self.progress.note if not event.is_error else self.progress.warn)(text)
        elif isinstance(event, ResourceEvent):
            self._resource(event)

    def _resource(self, event: ResourceEvent) -> None:
        kind = event.kind.rpartition(":")[2]
        if event.moment is Moment.BEGAN:
            self.step.detail(f"{self._so_far()}{event.act.value} {kind} {event.name}")
            return
        self.done += event.moment is Moment.DONE
        word = "done" if event.moment is Moment.DONE else "FAILED"
        self.progress.note(f"{event.act.value} {kind} {event.name}: {word}")

    def _so_far(self) -> str:
        return f"{self.done}/{self.count}  " if self.count else ""


@contextmanager
def telling(text: str, progress: Progress, count: int = 0) -> Iterator[Callable[[Event], None]]:
    """One step whose story is told by events."""
    with progress.step(text) as step:
        yield Teller(step, progress, count)
