"""The real Automation API in its own process over a tool that plays logs built from Pulumi's classes."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmplat.domain.errors import (
    InternalError,
    PreconditionError,
    ProvisionError,
    ProvisionLockedError,
)
from llmplat.domain.provision import Act, Event, Moment, ResourceEvent, Said
from tests.cloud.pulumi_seat import HOME, Seat

LOCKED = (
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to "
    "end or delete the lock file with `pulumi cancel`.\n"
    "  file:///x/.pulumi/locks/a.json: created by ci@build-3 (pid 4711) at 2026-11-21T10:04:00Z"
)


@pytest.fixture
def seat(tmp_path: Path) -> Seat:
    return Seat(tmp_path)


# Tools up to 3.205 write a file of events, later ones hand them over by a call.
@pytest.mark.parametrize("version", ["v3.205.0", "v3.272.0"])
def test_up_tells_each_resource_and_hands_over_its_outputs(seat: Seat, version: str) -> None:
    outputs = {"outputs": {"clusterName": "demo"}}
    seat.play(version, up={"log": "success"}, stack_output=outputs)
    heard: list[Event] = []
    assert seat.open().up({"platform": "demo"}, heard.append) == {"clusterName": "demo"}
    told = [
        (e.name, e.kind.rpartition(":")[2], e.moment) for e in heard if isinstance(e, ResourceEvent)
    ]
    assert told == [
        ("demo", "Network", Moment.BEGAN),
        ("demo", "Network", Moment.DONE),
        ("demo", "Cluster", Moment.BEGAN),
        ("l4", "NodePool", Moment.BEGAN),
        ("demo", "Cluster", Moment.DONE),
        ("l4", "NodePool", Moment.DONE),
    ]


def test_the_tool_works_in_llmplats_own_folder_with_the_childs_python(seat: Seat) -> None:
    seat.play(up={"log": "nothing"})
    seat.open().up({"platform": "demo"}, lambda _event: None)
    call = next(call for call in seat.calls if call["verb"] == "up")
    pulumi = seat.folder / "state" / "pulumi"
    assert call["env"]["PULUMI_BACKEND_URL"] == f"file://{pulumi / 'state'}"
    assert call["env"]["PULUMI_HOME"] == str(pulumi / "home")
    assert Path(call["env"]["PULUMI_PYTHON_CMD"]).is_file()
    assert call["inputs"] == {"platform": "demo"}
    passphrase = Path(call["env"]["PULUMI_CONFIG_PASSPHRASE_FILE"])
    assert passphrase.stat().st_mode & 0o777 == 0o600
    entry = (pulumi / "work-gke" / "__main__.py").read_text()
    assert str(HOME / "infra" / "gke" / "__main__.py") in entry
    before = passphrase.read_text()
    seat.open().up({"platform": "demo"}, lambda _event: None)
    assert passphrase.read_text() == before


def test_a_bucket_and_a_passphrase_of_the_user_are_taken_as_they_are(seat: Seat) -> None:
    seat.backend = "gs://my-bucket/state"
    seat.env = {"PULUMI_CONFIG_PASSPHRASE_FILE": "/etc/passphrase"}
    opened = seat.open()
    assert (opened.place, opened.is_local) == ("gs://my-bucket/state", False)
    seat.play(up={"log": "nothing"})
    opened.up({}, lambda _event: None)
    call = next(call for call in seat.calls if call["verb"] == "up")
    assert call["env"]["PULUMI_BACKEND_URL"] == "gs://my-bucket/state"
    assert call["env"]["PULUMI_CONFIG_PASSPHRASE_FILE"] == "/etc/passphrase"


def test_a_failure_in_the_middle_names_what_failed_and_what_is_there(seat: Seat) -> None:
    seat.play(up={"log": "failure", "exit": 255, "stderr": "error: update failed"})
    heard: list[Event] = []
    with pytest.raises(ProvisionError) as caught:
        seat.open().up({}, heard.append)
    assert caught.value.what == "The cloud resources could not all be made: l4."
    assert "Quota 'NVIDIA_L4_GPUS' exceeded" in str(caught.value.why)
    assert "{%" not in str(caught.value.why)
    assert "done: demo" in str(caught.value.why)
    assert caught.value.exit_code == 1
    assert any(isinstance(event, Said) and event.is_error for event in heard)


def test_a_lock_is_explained_with_its_holder_and_one_command(seat: Seat) -> None:
    seat.play(up={"exit": 255, "stderr": LOCKED})
    with pytest.raises(ProvisionLockedError) as caught:
        seat.open().up({}, lambda _event: None)
    assert "pid 4711 of ci@build-3 has held it since 2026-11-21T10:04:00Z" in str(caught.value.why)
    assert any("llmplat up --repair" in fix for fix in caught.value.fix)
    assert caught.value.exit_code == 5


def test_pending_operations_are_explained(seat: Seat) -> None:
    text = "error: the current deployment has 1 resource(s) with pending operations"
    seat.play(up={"exit": 255, "stderr": text})
    with pytest.raises(ProvisionLockedError, match="half-done"):
        seat.open().up({}, lambda _event: None)


@pytest.mark.parametrize("cancelled", [{}, {"exit": 255, "stderr": "error: no update is running"}])
def test_repair_lets_go_of_the_lock_and_looks_again(seat: Seat, cancelled: dict) -> None:
    seat.has_stack()
    seat.play(cancel=cancelled, refresh={"log": "refresh"})
    seat.open().repair({"platform": "demo"}, lambda _event: None)
    assert seat.verbs == ["cancel", "refresh"]
    call = next(call for call in seat.calls if call["verb"] == "refresh")
    assert "--clear-pending-creates" in call["words"]


def test_a_preview_names_each_change_once_and_replacements_as_such(seat: Seat) -> None:
    seat.play(preview={"log": "replace"})
    changes = {(one.name, one.act): one.differs for one in seat.open().preview({})}
    assert changes == {
        ("l4", Act.REPLACE): ("nodeConfig.machineType",),
        ("demo", Act.UPDATE): ("resourceLabels",),
    }
    assert "up" not in seat.verbs


def test_there_is_nothing_where_nothing_was_made(seat: Seat) -> None:
    opened = seat.open()
    assert opened.outputs() is None
    assert opened.resources() == ()
    assert not opened.is_protected()


def test_protection_is_read_from_the_state_and_lifted_on_the_cluster_alone(seat: Seat) -> None:
    seat.has_stack()
    urn = "urn:pulumi:demo::llmplat-gke::gcp:container/cluster:Cluster::demo"
    state = [
        {"urn": "urn:x::pulumi:providers:gcp::default", "type": "pulumi:providers:gcp", "custom": True},
        {"urn": urn, "type": "gcp:container/cluster:Cluster", "custom": True,
         "inputs": {"deletionProtection": True}},
    ]  # fmt: skip
    seat.play(stack_export={"resources": state}, up={"log": "nothing"}, destroy={"log": "destroy"})
    opened = seat.open()
    assert opened.is_protected()
    assert [one.name for one in opened.resources()] == ["demo"]
    opened.unprotect({"deletionProtection": False}, lambda _event: None)
    call = next(call for call in seat.calls if call["verb"] == "up")
    assert [word for word in call["words"] if urn in word]
    assert call["inputs"] == {"deletionProtection": False}
    opened.destroy({}, lambda _event: None)
    assert opened.outputs() is None


def test_one_interrupt_reaches_the_tool_once_and_what_is_in_flight_ends(seat: Seat) -> None:
    seat.play(up={"log": "cancel", "waits_at": 3, "exit": 255, "stderr": "error: update canceled"})
    program = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[2])\n"
        "from tests.cloud.pulumi_seat import Seat\n"
        "seat = Seat.__new__(Seat); seat.folder = pathlib.Path(sys.argv[1])\n"
        "seat.backend, seat.env = None, {}\n"
        "try:\n"
        "    seat.open().up({}, lambda event: print(event, flush=True))\n"
        "except KeyboardInterrupt:\n"
        "    print('gracefully', flush=True)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(seat.folder), str(HOME)],
        stdout=subprocess.PIPE, text=True, cwd=HOME,
    )  # fmt: skip
    _wait_for(seat.folder / "waiting")
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=300)
    assert "gracefully" in out
    assert "ending: what is in flight" in out
    assert (seat.folder / "interrupts").read_text() == "1"


def test_when_llmplat_is_killed_the_tool_ends_gracefully(seat: Seat) -> None:
    seat.play(up={"log": "cancel", "waits_at": 3, "exit": 255})
    program = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[2])\n"
        "from tests.cloud.pulumi_seat import Seat\n"
        "seat = Seat.__new__(Seat); seat.folder = pathlib.Path(sys.argv[1])\n"
        "seat.backend, seat.env = None, {}\n"
        "seat.open().up({}, lambda event: None)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(seat.folder), str(HOME)], cwd=HOME)
    _wait_for(seat.folder / "waiting")
    child.kill()
    child.wait()
    _wait_for(seat.folder / "interrupts")
    assert (seat.folder / "interrupts").read_text() == "1"


def test_a_tool_that_is_gone_is_a_plain_error(seat: Seat) -> None:
    (seat.folder / "tool" / "bin" / "pulumi").unlink()
    with pytest.raises(PreconditionError, match="cannot be used") as caught:
        seat.open().up({}, lambda _event: None)
    assert caught.value.fix == ("llmplat up --install-pulumi",)


def test_a_child_that_dies_without_a_word_is_our_bug(seat: Seat) -> None:
    opened = seat.open()
    (seat.folder / "play.json").write_text("not json")
    with pytest.raises((InternalError, ProvisionError)):
        opened.up({}, lambda _event: None)


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 300
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not come"
        time.sleep(0.05)


def test_forgetting_drops_the_stack_and_touches_nothing(seat: Seat) -> None:
    seat.open().forget()
    assert seat.calls == [], "nothing is started where there is no state"
    seat.has_stack()
    seat.open().forget()
    assert seat.verbs == ["stack rm"]
    words = next(call["words"] for call in seat.calls if call["verb"] == "stack rm")
    assert "--force" in words
    seat.open().forget()
    assert seat.verbs == ["stack rm"]


def test_the_program_bootstrap_has_a_folder_and_a_project_of_its_own(seat: Seat) -> None:
    seat.program = "bootstrap"
    seat.play(up={"log": "bootstrap"})
    heard: list[Event] = []
    seat.open().up({"platform": "demo"}, heard.append)
    pulumi = seat.folder / "state" / "pulumi"
    settings = (pulumi / "work-bootstrap" / "Pulumi.yaml").read_text()
    assert "name: llmplat-bootstrap" in settings
    entry = (pulumi / "work-bootstrap" / "__main__.py").read_text()
    assert str(HOME / "infra" / "bootstrap" / "__main__.py") in entry
    told = [(e.name, e.moment) for e in heard if isinstance(e, ResourceEvent)]
    assert told[-1] == ("argo-cd", Moment.DONE)
