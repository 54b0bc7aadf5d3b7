"""The attack list: each attack is refused by the control it names, succeeds without it, and its twin passes.

The attacker holds `edit` in its own tenant namespace, by the role that the platform renders.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.cluster.attacks.case import GROUP, SPACE, USER, Attack, Attacker
from tests.cluster.attacks.gpus import GPU_ATTACKS
from tests.cluster.attacks.pods import POD_ATTACKS
from tests.cluster.attacks.rights import RIGHTS_ATTACKS
from tests.cluster.plane.client import RefusedError
from tests.cluster.plane.control_plane import ControlPlane
from tests.cluster.plane.controls import control_of, removed
from tests.cluster.plane.furnish import settle
from tests.cluster.plane.rendered import render

ATTACKS = (*GPU_ATTACKS, *POD_ATTACKS, *RIGHTS_ATTACKS)
_SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "engine-key", "namespace": SPACE},
    "stringData": {"value": "for-tests-only"},
}
"""What the secrets operator would have made."""
Act = Callable[[Attacker], Any]
_ids = [attack.name for attack in ATTACKS]


@pytest.fixture(scope="module")
def platform(kueue: ControlPlane) -> Iterator[ControlPlane]:
    """Two teams' platform with everything on it, as Argo CD would have applied it."""
    rendered = render("cluster-two-teams", "llm-gateway")
    with settle(kueue, rendered):
        kueue.admin.apply(_SECRET)
        yield kueue


@pytest.fixture
def attacker(platform: ControlPlane) -> Iterator[Attacker]:
    client = platform.identity(USER, (GROUP,))
    one = Attacker(client, platform.admin)
    yield one
    one.clean()
    client.close()


def test_there_are_enough() -> None:
    assert len(ATTACKS) >= 40
    assert len(set(_ids)) == len(ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS, ids=_ids)
def test_the_attack_is_refused_by_its_controls_alone(attack: Attack, attacker: Attacker) -> None:
    with ExitStack() as gone:
        for control in attack.controls:
            refused = _refusal(attack.act, attacker, control)
            assert refused == control, f"refused by {refused}, not by {control}"
            gone.enter_context(removed(attacker.admin, control, USER, SPACE))
        assert _refusal(attack.act, attacker, None) is None


@pytest.mark.parametrize("attack", ATTACKS, ids=_ids)
def test_the_twin_passes(attack: Attack, attacker: Attacker) -> None:
    assert _refusal(attack.twin, attacker, None) is None


def _refusal(act: Act, attacker: Attacker, expected: str | None) -> str | None:
    """What refuses `act`; a control that comes or goes is given a minute to do so.

    A quota that was just made refuses everybody until it is counted.
    """
    end_s = time.monotonic() + 60
    while True:
        found = _try(act, attacker)
        if found == expected or time.monotonic() > end_s:
            return found
        time.sleep(0.1)


def _try(act: Act, attacker: Attacker) -> str | None:
    try:
        act(attacker)
    except RefusedError as refused:
        name = control_of(refused)
        return name if name != "api" else f"api ({refused})"
    finally:
        attacker.clean()
    return None
