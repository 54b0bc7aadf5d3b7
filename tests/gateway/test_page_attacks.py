"""What the key of a page can be misused for, each beside what it is for; the policy is a rendered one."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from gateway_world import QUICK, World, ask

from tests.fakes.cluster_platform import find, objects_with
from tests.fakes.experience import with_sign_in

pytestmark = [pytest.mark.gateway, pytest.mark.enable_socket]


@dataclass(frozen=True)
class Use:
    """One request with the key of an app."""

    app: str
    model: str = "assistant"
    path: str = "/v1/chat/completions"
    headers: tuple[tuple[str, str], ...] = ()
    tokens: int = 4


@dataclass(frozen=True)
class PageAttack:
    """A request that is refused with one code, and the nearest one that is answered."""

    name: str
    use: Use
    code: str
    twin: Use


_GOOD = Use("chat")
ATTACKS = (
    PageAttack("the chat's key on a model outside its scope", Use("chat", "coder"), "model_not_allowed", _GOOD),
    PageAttack("the chat's key on a confidential model", Use("chat", "writer"), "model_not_allowed", _GOOD),
    PageAttack("the chat's key on an alias of everything", Use("chat", "*"), "model_not_allowed", Use("chat", "default")),
    PageAttack("a workflow's key beyond its budget", Use("flows"), "insufficient_quota", _GOOD),
    PageAttack("an editor's key for a longer answer than its budget", Use("editor", tokens=4000), "insufficient_quota", Use("editor")),
    PageAttack("a user's name in place of a key", Use("", headers=(("X-OpenWebUI-User-Id", "ann"),)), "invalid_api_key", _GOOD),
    PageAttack("an address from the door in place of a key", Use("", headers=(("X-Forwarded-Email", "boss@example.com"),)), "invalid_api_key", _GOOD),
    PageAttack("the chat's key for the metrics of all", Use("chat", path="/metrics"), "system_key_only", Use("chat", path="/v1/models")),
)  # fmt: skip


@pytest.fixture(scope="module")
def page(world: World) -> tuple[str, dict[str, str]]:
    """The gateway with the policy of the rendered platform, and the key of each app."""

    def change(document: dict[str, Any]) -> None:
        with_sign_in(document)
        chat, editor, flows = document["tenants"][-1]["apps"]
        del chat
        editor["budget"] = {"usd": 0.1}
        flows["budget"] = {"usd": 0.0000001}

    config = find(objects_with(change), "ConfigMap", "gateway-config")["data"]
    world.policy = json.loads(config["policy.json"])
    world.policy["platform"] = "pages"
    world.write_policy()
    port = world.start_gateway(app=QUICK)
    keys = {name: world.add_key("people", name) for name in ("chat", "editor", "flows")}
    return f"http://127.0.0.1:{port}", {**keys, "": ""}


def _try(page: tuple[str, dict[str, str]], use: Use) -> tuple[int, str]:
    url, keys = page
    body = {"model": use.model, "messages": [{"role": "user", "content": "hi"}]}
    asked = None if use.path != "/v1/chat/completions" else body | {"max_tokens": use.tokens}
    answer = ask(url + use.path, asked, keys[use.app] or None, headers=dict(use.headers))
    return answer.status, answer.code if answer.status != 200 else ""


@pytest.mark.parametrize("attack", ATTACKS, ids=[one.name for one in ATTACKS])
def test_it_is_refused_and_its_twin_is_answered(
    page: tuple[str, dict[str, str]], attack: PageAttack
) -> None:
    status, code = _try(page, attack.use)
    assert status >= 400
    assert code == attack.code
    assert _try(page, attack.twin) == (200, "")


def test_another_tenant_s_key_names_nobody(page: tuple[str, dict[str, str]], world: World) -> None:
    """Whoever holds a key of another app may send the header; the policy believes the chat's alone."""
    apps = {
        f"{tenant}/{app}": bounds.get("forwards_users", False)
        for tenant, one in world.policy["tenants"].items()
        for app, bounds in one["apps"].items()
    }
    assert [name for name, is_believed in apps.items() if is_believed] == ["people/chat"]
