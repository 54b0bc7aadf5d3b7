"""Blobs -> a registry has them all: several connections at once, each blob sent, mounted or found there."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing

from llmplat.adapters.oci_content import Content
from llmplat.adapters.oci_place import Place, descriptor_of, mount_blob
from llmplat.adapters.oci_upload import Upload
from llmplat.domain.ports import Progress, StepProgress
from llmplat.domain.registry import Blob, Pushed
from llmplat.domain.units import format_size

_NEWS_EVERY_S = 0.2


class Crew:
    """Threads that push blobs until none is left or one cannot be pushed."""

    def __init__(self, place: Place, blobs: Sequence[Blob], progress: Progress) -> None:
        self._place = place
        self._blobs = blobs
        self._progress = progress
        self._done: queue.SimpleQueue[tuple[int, Pushed | BaseException]] = queue.SimpleQueue()
        order = sorted(range(len(blobs)), key=lambda index: -blobs[index].size_bytes)
        self._todo = queue.SimpleQueue[int]()
        for index in order:
            self._todo.put(index)

    def push(self, connections: int) -> tuple[Pushed, ...]:
        """All of them, in order; raises what the first that failed raised."""
        stop = self._place.client.stop
        crew = [
            threading.Thread(target=self._work, daemon=True)
            for _ in range(min(connections, len(self._blobs)))
        ]
        for thread in crew:
            thread.start()
        pushed: dict[int, Pushed] = {}
        failed: BaseException | None = None
        while len(pushed) < len(self._blobs) and failed is None:
            index, outcome = self._done.get()
            if isinstance(outcome, BaseException):
                failed = outcome
            else:
                pushed[index] = outcome
        if failed is not None:
            was_asked = stop.is_set
            stop.set()
            for thread in crew:
                thread.join()
            raise KeyboardInterrupt if was_asked else failed
        return tuple(pushed[index] for index in range(len(self._blobs)))

    def _work(self) -> None:
        while not self._place.client.stop.is_set:
            try:
                index = self._todo.get_nowait()
            except queue.Empty:
                return
            try:
                self._done.put((index, self._push(self._blobs[index])))
            except BaseException as exc:  # noqa: BLE001 (handed to the main thread, raised there)
                self._done.put((index, exc))
                return
        self._done.put((-1, KeyboardInterrupt()))

    def _push(self, blob: Blob) -> Pushed:
        started = time.monotonic()
        with self._progress.step(f"Push {blob.name}") as step:
            pushed = push_blob(self._place, blob, _News(step, blob.size_bytes).add)
            size = format_size(blob.size_bytes)
            took_s = max(time.monotonic() - started, 0.001)
            rate = f"{format_size(round(pushed.sent_bytes / took_s))}/s"
            step.detail(f"{size}, {rate}" if pushed.sent_bytes else f"{size}, already there")
        return pushed


class _News:
    """Bytes of one blob -> how far it is, told now and then."""

    def __init__(self, step: StepProgress, total_bytes: int) -> None:
        self._step = step
        self._total_bytes = total_bytes
        self._done_bytes = 0
        self._next_at = 0.0

    def add(self, count: int) -> None:
        self._done_bytes += count
        now = time.monotonic()
        if now >= self._next_at:
            self._next_at = now + _NEWS_EVERY_S
            self._step.advance(self._done_bytes, self._total_bytes)


def push_blob(place: Place, blob: Blob, on_sent: Callable[[int], None]) -> Pushed:
    """Have `blob` at `place`; `on_sent` is told of every byte there, sent now or before.

    Raises:
        RegistryError: refused, or given up; what was sent is kept where the registry can.
        InputError: a file changed while it was read.
        KeyboardInterrupt: asked to stop; the upload can be taken up.
    """
    known = blob.digest or place.journal.digest(blob.key)
    if known is not None and place.has_blob(known) == blob.size_bytes:
        on_sent(blob.size_bytes)
        return Pushed(descriptor_of(blob, known), 0)
    if known is not None and mount_blob(place, blob, known):
        on_sent(blob.size_bytes)
        return Pushed(descriptor_of(blob, known), 0)
    with closing(Content(blob, known, place.client.stop)) as content:
        return Upload(place, content, on_sent).run()
