"""Turns a running platform into a report of which of its controls hold, proved by trying."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from llmplat.domain.ports import HttpAnswer, Progress
from llmplat.observe.attack_list import ATTACKS, GROUPS
from llmplat.observe.attacks import Answered, Attack, Prey, Who, judge

_ATTACKERS = 4
_ATTEMPT_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class TemporaryKey:
    """A key made for this run only."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class EngineAddress:
    """One engine process."""

    name: str
    host: str
    port: int
    model: str


@dataclass(frozen=True)
class Listener:
    """A socket that a process of the platform listens on."""

    process: str
    address: str
    port: int


class Site(Protocol):
    """The running platform as verify touches it."""

    @property
    def platform(self) -> str:
        """Its name."""
        ...

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the gateway."""
        ...

    @property
    def models(self) -> Mapping[str, str]:
        """Chat models that run here, each with another spelling of its name."""
        ...

    @property
    def engines(self) -> tuple[EngineAddress, ...]:
        """The engines behind the gateway."""
        ...

    def lend_key(self, app: str) -> TemporaryKey:
        """A short-lived key of one of verify's own apps, known to the gateway at once."""
        ...

    def revoke_key(self, key: TemporaryKey) -> None:
        """Take it back the way `keys revoke` does."""
        ...

    def ask(
        self, method: str, path: str, key: str | None, body: Mapping[str, object] | None
    ) -> HttpAnswer:
        """One plain request to the gateway; OSError when nobody answers."""
        ...

    def ask_engine(self, engine: EngineAddress, method: str, path: str) -> HttpAnswer:
        """One request to an engine, past the gateway and without a key."""
        ...

    def send_raw(self, data: bytes, timeout_s: float) -> Answered:
        """Bytes to the gateway as they are."""
        ...

    def engine_tokens(self) -> tuple[int, int]:
        """Prompt and generated tokens by the engines' own counters, all engines together."""
        ...

    def listeners(self) -> tuple[Listener, ...]:
        """Every socket the platform's processes listen on."""
        ...


@dataclass(frozen=True)
class Checked:
    """One control and whether it held."""

    name: str
    held: bool
    expected: str
    seen: str
    took_s: float = 0.0


@dataclass(frozen=True)
class AttackOutcome:
    """One bypass attempt and what it won; None when it won nothing."""

    name: str
    group: str
    won: str | None


@dataclass(frozen=True)
class VerifyReport:
    """All that was tried on a platform."""

    platform: str
    checks: tuple[Checked, ...]
    attacks: tuple[AttackOutcome, ...]

    @property
    def failed(self) -> int:
        """How many controls and attempts went wrong."""
        lost = sum(not check.held for check in self.checks)
        return lost + sum(outcome.won is not None for outcome in self.attacks)


Control = Callable[[Site], Iterator[Checked]]


def verify(
    site: Site, controls: Mapping[str, Control], progress: Progress, *, attacks: tuple[Attack, ...]
) -> VerifyReport:
    """Try every control, then every bypass attempt; goes on after a failure.

    Raises GatewayError when the gateway cannot be reached at all.
    """
    checks: list[Checked] = []
    for name, control in controls.items():
        with progress.step(name) as step:
            found = tuple(_timed(control, site, name))
            step.detail(_in_words(found))
            checks += found
    outcomes: list[AttackOutcome] = []
    if attacks:
        with progress.step(f"Try {len(attacks)} ways around the gateway") as step:
            outcomes = try_all(site, attacks)
            won = sum(outcome.won is not None for outcome in outcomes)
            step.detail(f"{won} got through" if won else "none got through")
    return VerifyReport(site.platform, tuple(checks), tuple(outcomes))


def try_all(site: Site, attacks: tuple[Attack, ...] = ATTACKS) -> list[AttackOutcome]:
    """Make every attempt, a few at a time."""
    host, port = site.address
    model, alias = next(iter(site.models.items()))
    allowed, barred = site.lend_key("verify"), site.lend_key("verify-models")
    keys = {Who.ALLOWED: allowed.secret, Who.BARRED: barred.secret, Who.NOBODY: ""}
    prey = Prey(host, port, model, alias, keys)
    with ThreadPoolExecutor(max_workers=_ATTACKERS) as pool:
        return list(pool.map(lambda attack: try_one(site, attack, prey), attacks))


def try_one(site: Site, attack: Attack, prey: Prey) -> AttackOutcome:
    """Make one attempt; silence and a closed connection win nothing."""
    data = attack.make(prey, prey.keys[attack.who])
    try:
        answered = site.send_raw(data, _ATTEMPT_TIMEOUT_S)
    except TimeoutError:
        return AttackOutcome(attack.name, attack.group, "held the connection without an answer")
    except OSError as error:
        return AttackOutcome(
            attack.name, attack.group, f"the gateway could not be reached: {error}"
        )
    return AttackOutcome(attack.name, attack.group, judge(attack, prey, data, answered))


def by_group(outcomes: tuple[AttackOutcome, ...]) -> dict[str, tuple[AttackOutcome, ...]]:
    """The outcomes of each group that was tried."""
    grouped = {group: tuple(o for o in outcomes if o.group == group) for group in GROUPS}
    return {group: tried for group, tried in grouped.items() if tried}


def _timed(control: Control, site: Site, name: str) -> Iterator[Checked]:
    started = time.monotonic()
    try:
        for check in control(site):
            now = time.monotonic()
            took_s, started = round(now - started, 3), now
            yield Checked(check.name, check.held, check.expected, check.seen, took_s)
    except (OSError, KeyError, TypeError, ValueError, IndexError) as error:
        # An answer in an unexpected shape is a control that did not hold, not a crash.
        seen = f"no sensible answer: {type(error).__name__}: {error}"
        yield Checked(name, held=False, expected="an answer", seen=seen)


def _in_words(checks: tuple[Checked, ...]) -> str:
    failed = [check.name for check in checks if not check.held]
    return f"failed: {', '.join(failed)}" if failed else f"{len(checks)} held"
