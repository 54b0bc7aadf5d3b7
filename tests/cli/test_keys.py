"""`llmplat keys` by its words: what is printed, what is kept, what is refused."""

import json
import re
import subprocess
import sys

import pytest
import yaml

KEY = re.compile(r"sk-llmplat-[A-Za-z0-9_-]{43}")


@pytest.fixture
def keys_file(tmp_path):
    return tmp_path / "state" / "demo" / "keys.yaml"


def test_create_prints_the_key_alone_and_keeps_its_hash_only(llmplat, keys_file, tmp_path) -> None:
    import hashlib

    ran = llmplat("keys", "create", "demo/app")
    key = ran.out.strip()
    assert KEY.fullmatch(key)
    entry = yaml.safe_load(keys_file.read_text())["keys"][0]
    assert entry["sha256"] == hashlib.sha256(key.encode()).hexdigest()
    assert keys_file.stat().st_mode & 0o777 == 0o600
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    assert all(key not in path.read_text(errors="replace") for path in kept)
    assert key not in ran.err


@pytest.mark.parametrize("form", ["human", "plain", "json"])
def test_list_shows_no_secret_and_no_hash(llmplat, keys_file, form: str) -> None:
    key = llmplat("keys", "create", "demo/app").out.strip()
    entry = yaml.safe_load(keys_file.read_text())["keys"][0]
    out = llmplat("keys", "list", "-o", form).out
    assert entry["id"] in out
    assert key not in out
    assert entry["sha256"] not in out


def test_an_unknown_app_is_refused_with_the_nearest(llmplat, keys_file) -> None:
    ran = llmplat("keys", "create", "demo/ap")
    assert ran.code == 3
    assert "fix: llmplat keys create demo/app" in ran.err
    assert "--create-tenant" in ran.err
    assert not keys_file.exists()


def test_create_tenant_declares_it_in_the_keys_file(llmplat, keys_file) -> None:
    ran = llmplat("keys", "create", "fresh/web", "--create-tenant")
    assert ran.code == 0
    assert yaml.safe_load(keys_file.read_text())["tenants"] == [{"name": "fresh", "apps": ["web"]}]
    assert llmplat("keys", "create", "fresh/web").code == 0
    assert llmplat("keys", "create", "fresh/job").code == 3
    assert "fresh" in json.dumps(json.loads(llmplat("plan", "-o", "json").out))


def test_the_platform_file_is_never_written(llmplat, tmp_path) -> None:
    assert llmplat("init", "-f", "platform.yaml", "--tenant", "demo").code == 0
    before = (tmp_path / "platform.yaml").read_bytes()
    tenant = "brand-new/app"
    assert llmplat("keys", "create", tenant, "--create-tenant").code == 0
    assert (tmp_path / "platform.yaml").read_bytes() == before
    assert (tmp_path / "keys.yaml").exists()


@pytest.mark.parametrize("name", ["demo", "/app", "demo/", "demo/app/x", ""])
def test_a_name_that_is_no_app(llmplat, name: str) -> None:
    assert llmplat("keys", "create", name).code == 3


@pytest.mark.parametrize("text", ["soon", "30", "-1d", "0s"])
def test_a_lifetime_that_is_none(llmplat, keys_file, text: str) -> None:
    assert llmplat("keys", "create", "demo/app", "--expires", text).code == 3
    assert not keys_file.exists()


def test_llmplats_own_tenant_is_not_for_sale(llmplat) -> None:
    ran = llmplat("keys", "create", "platform/system", "--create-tenant")
    assert ran.code == 3
    assert "llmplat's own" in ran.err


def test_rotate_lets_the_old_ones_end(llmplat) -> None:
    llmplat("keys", "create", "demo/app")
    ran = llmplat("keys", "rotate", "demo/app", "--overlap", "1h", "-o", "json")
    document = json.loads(ran.out)
    assert KEY.fullmatch(document["key"])
    listed = json.loads(llmplat("keys", "list", "-o", "json").out)["keys"]
    assert {key["id"]: key["state"] for key in listed} == {
        document["ending"][0]: "ending",
        document["id"]: "live",
    }


def test_revoke_by_id_and_by_app(llmplat) -> None:
    llmplat("keys", "create", "demo/app")
    llmplat("keys", "create", "demo/app")
    first, second = [k["id"] for k in json.loads(llmplat("keys", "list", "-o", "json").out)["keys"]]
    assert json.loads(llmplat("keys", "revoke", first, "-o", "json").out)["ids"] == [first]
    ran = json.loads(llmplat("keys", "revoke", "demo/app", "-o", "json").out)
    assert (ran["ids"], ran["before"]) == ([second], [first])
    listed = json.loads(llmplat("keys", "list", "-o", "json").out)["keys"]
    assert {key["state"] for key in listed} == {"revoked"}


def test_revoke_dry_run_changes_nothing(llmplat, keys_file) -> None:
    llmplat("keys", "create", "demo/app")
    before = keys_file.read_bytes()
    assert "would-revoke" in llmplat("keys", "revoke", "demo/app", "--dry-run").out
    assert keys_file.read_bytes() == before


def test_revoke_of_nothing_names_the_nearest(llmplat) -> None:
    llmplat("keys", "create", "demo/app")
    ran = llmplat("keys", "revoke", "demo/apq")
    assert ran.code == 3
    assert "demo/app" in ran.err


def test_a_broken_keys_file_is_told_with_its_place_and_left_alone(llmplat, keys_file) -> None:
    keys_file.parent.mkdir(parents=True)
    keys_file.write_text("apiVersion: llmplat.dev/v1alpha1\nkind: Keys\nkeys: 3\n")
    ran = llmplat("keys", "create", "demo/app")
    assert ran.code == 3
    assert "keys.yaml:3:" in ran.err
    assert keys_file.read_text().endswith("keys: 3\n")


def test_many_at_once_lose_nothing(llmplat, keys_file) -> None:
    command = [sys.executable, "-m", "llmplat", "keys", "create", "demo/app", "-q"]
    runs = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    made = [run.communicate(timeout=120)[0].strip() for run in runs]
    assert all(KEY.fullmatch(key) for key in made)
    assert len(yaml.safe_load(keys_file.read_text())["keys"]) == len(runs)


def test_killed_at_any_moment_leaves_a_whole_file(llmplat, keys_file) -> None:
    import random
    import time

    llmplat("keys", "create", "demo/app")
    command = [sys.executable, "-m", "llmplat", "keys", "create", "demo/app", "-q"]
    chance = random.Random(7)
    for _ in range(6):
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.05, 1.2))
        run.kill()
        run.wait()
        assert yaml.safe_load(keys_file.read_text())["keys"]
    assert llmplat("keys", "create", "demo/app").code == 0
