"""From one real registry to another: killed in the middle, gone on, and every byte the same."""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.fakes.real_registry import RealRegistry, real_registry
from tests.fakes.relay import Relay, relay_to
from tests.registry.conftest import real_program
from tests.registry.mirror_world import MIB, MirrorWorld, mirror_world

RATE = 20 * MIB


@pytest.fixture
def registries(tmp_path: Path) -> Iterator[tuple[RealRegistry, RealRegistry]]:
    program = real_program("v3")
    folders = [tmp_path / name for name in ("origin", "mirror")]
    for folder in folders:
        folder.mkdir()
    with real_registry(program, folders[0]) as one, real_registry(program, folders[1]) as other:
        yield one, other


def test_all_of_a_platform_reaches_the_mirror_in_spite_of_a_kill(
    registries: tuple[RealRegistry, RealRegistry], tmp_path: Path
) -> None:
    origin, mirror = registries
    with (
        relay_to(mirror.address, RATE) as relay,
        mirror_world(tmp_path / "world", origin.address, relay.address) as world,
    ):
        world.publish_all(large_bytes=8 * MIB)
        code, listed = world.report("mirror", "list")
        things = listed["things"]
        assert code == 0
        assert len(things) > 30
        assert {thing["kind"] for thing in things} == {"chart", "image", "model"}
        assert world.run("mirror", "verify").returncode == 6

        begun = _begin(world, relay, 12 * MIB)
        begun.send_signal(signal.SIGKILL)
        begun.communicate()
        relay.cut()
        first = relay.sent_bytes
        begun = _begin(world, relay, first + 6 * MIB)
        begun.send_signal(signal.SIGTERM)
        relay.rate_bytes_per_s = 2 * MIB  # all that is left would take half a minute
        relay.hold_at(None)
        _, told = begun.communicate(timeout=300)
        relay.rate_bytes_per_s = RATE
        assert begun.returncode == 130, told
        assert "running the same command again is safe" in told
        code, looked = world.report("mirror", "verify")
        assert code == 6
        states = {thing["state"] for thing in looked["things"]}
        assert states <= {"missing", "unpinned", "ok"}, "a name that stands for half a thing"

        code, report = world.report("mirror", "copy")
        assert code == 0, report
        assert {thing["outcome"] for thing in report["things"]} == {"copied", "there"}
        total = sum(Path(file).stat().st_size for file in _blobs(mirror))
        again = relay.sent_bytes - total
        print(
            f"killed after {first / MIB:.1f} MiB; {again / MIB:.1f} of {total / MIB:.1f} MiB twice"
        )
        for thing in report["things"]:
            if not thing["origin"].startswith("http"):
                assert world.digests(thing["kept"]) == world.digests(thing["origin"]), thing
        _nothing_again(world)
        _locked_and_rendered(world)
        _named_when_lost(world, mirror)


def _begin(world: MirrorWorld, relay: Relay, count: int) -> subprocess.Popen[str]:
    """A copy that the relay has sent `count` bytes of; it does not come to its end."""
    relay.hold_at(count + 2 * MIB)
    begun = world.start("mirror", "copy", "--jobs", "3")
    while relay.sent_bytes < count and begun.poll() is None:
        time.sleep(0.02)
    assert begun.poll() is None, begun.communicate()
    return begun


def _blobs(registry: RealRegistry) -> list[Path]:
    return [file for file in registry.folder.rglob("data") if file.is_file()]


def _nothing_again(world: MirrorWorld) -> None:
    asked = len(world.asked)
    code, report = world.report("mirror", "copy")
    assert code == 0
    assert report["sentBytes"] == 0
    assert {thing["outcome"] for thing in report["things"]} == {"there"}
    archives = [path for path in world.asked[asked:] if path.endswith(".tgz")]
    assert archives == [], "an archive was fetched again"


def _locked_and_rendered(world: MirrorWorld) -> None:
    """The lock asks the mirror only, and what is rendered names no other host."""
    done = world.run("lock")
    assert done.returncode == 0, done.stderr
    lock = yaml.safe_load(world.lock_file.read_text("utf-8"))
    assert lock["images"]
    assert all(image["reference"].startswith(f"{world.mirror}/kept/") for image in lock["images"])
    assert lock["models"][0]["image"].startswith(f"{world.mirror}/kept/")
    code, looked = world.report("mirror", "verify")
    assert code == 0, looked
    assert {thing["state"] for thing in looked["things"]} == {"ok"}
    tree = world.folder / "manifests"
    done = world.run("render", "--out", str(tree))
    assert done.returncode == 0, done.stderr
    done = world.run("validate", str(tree))
    assert "foreign-host" not in done.stdout + done.stderr
    texts = [file.read_text("utf-8") for file in tree.rglob("*.yaml")]
    rests = [
        text.replace(f"{world.mirror}/kept/{world.origin.replace(':', '_')}", "") for text in texts
    ]
    assert not [rest for rest in rests if world.origin in rest]


def _named_when_lost(world: MirrorWorld, mirror: RealRegistry) -> None:
    lock = yaml.safe_load(world.lock_file.read_text("utf-8"))
    image = next(one for one in lock["images"] if "litellm" in one["reference"])
    lock["images"].remove(image)
    digest = image["digest"].removeprefix("sha256:")
    [link] = [f for f in mirror.folder.rglob("link") if "/_layers/" not in str(f)
              and f.read_text() == image["digest"] and f"/revisions/sha256/{digest}" in str(f)]  # fmt: skip
    link.unlink()
    code, looked = world.report("mirror", "verify")
    assert code == 6
    bad = [thing for thing in looked["things"] if thing["state"] not in {"ok", "unpinned"}]
    assert [thing["origin"].split("/")[-1].split(":")[0] for thing in bad] == ["litellm"]
    done = world.run("up", "--yes")
    assert done.returncode == 5, "up went on without an image"
    assert "The mirror lacks 1 thing; nothing was made." in done.stderr
    assert "litellm" in done.stderr
    done = world.run("mirror", "copy")
    assert done.returncode == 0, done.stderr
    assert world.run("mirror", "verify").returncode == 0


def test_a_folder_carries_it_over_the_gap(
    registries: tuple[RealRegistry, RealRegistry], tmp_path: Path
) -> None:
    origin, mirror = registries
    with mirror_world(tmp_path / "world", origin.address, mirror.address) as world:
        world.publish_all()
        disk = str(tmp_path / "disk")
        code, planned = world.report("mirror", "copy", "--to", disk, "--dry-run")
        assert code == 0
        assert {thing["outcome"] for thing in planned["things"]} == {"would copy"}
        assert not Path(disk).exists()
        code, carried = world.report("mirror", "copy", "--to", disk)
        assert code == 0, carried
        assert world.report("mirror", "copy", "--to", disk)[1]["sentBytes"] == 0
        assert world.run("mirror", "verify", "--in", disk).returncode == 0
        origin.stop()
        world.asked.clear()
        code, filled = world.report("mirror", "copy", "--from", disk)
        assert code == 0, filled
        assert {thing["outcome"] for thing in filled["things"]} == {"copied"}
        assert world.asked == []
        digests = {thing["origin"]: thing["digest"] for thing in carried["things"]}
        assert digests == {thing["origin"]: thing["digest"] for thing in filled["things"]}
        assert world.run("mirror", "verify").returncode == 0
        lost = next(Path(disk, "oci", "blobs", "sha256").iterdir())
        lost.unlink()
        assert world.run("mirror", "verify", "--in", disk).returncode == 6


def test_what_cannot_be_copied_is_named_and_the_rest_is_copied(
    registries: tuple[RealRegistry, RealRegistry], tmp_path: Path
) -> None:
    origin, mirror = registries
    with mirror_world(tmp_path / "world", origin.address, mirror.address) as world:
        world.publish_all()
        document = yaml.safe_load(world.file.read_text("utf-8"))
        document["mirror"]["images"] = [f"{origin.address}/nobody/has:v1"]
        world.file.write_text(yaml.safe_dump(document))
        code, report = world.report("mirror", "copy")
        assert code == 1
        failed = [thing for thing in report["things"] if thing["outcome"] == "failed"]
        assert [thing["origin"] for thing in failed] == [f"{origin.address}/nobody/has:v1"]
        assert failed[0]["error"]["code"] == "input-invalid"
        assert len(report["things"]) - 1 == sum(t["outcome"] == "copied" for t in report["things"])
