"""Who asked, as an app says it: believed of the one app whose users signed in, of nobody else."""

import pytest
from gateway_world import (
    QUICK,
    World,
    ask,
    make_app,
    make_model,
    make_policy,
    make_tenant,
)

from llmplat.gateway.policy import Bounds
from llmplat.gateway.tracing import make_traceparent
from llmplat.gateway.users import find_user

_CHAT = {"model": "stub", "messages": [{"role": "user", "content": "hi there"}], "max_tokens": 4}
_ID = "0b7f6f0e-5f7d-4f7e-9d5e-3b8f0c1d2e3f"


def _bounds(*, forwards: bool) -> Bounds:
    return Bounds(None, None, None, None, None, None, forwards_users=forwards)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([_ID], _ID),
        (["a@b.example"], "a@b.example"),
        ([], ""),
        ([_ID, "another"], ""),
        ([""], ""),
        (["x" * 65], ""),
        (["team other:2026-11"], ""),
        (["-x"], ""),
        (["z\xe9"], ""),
        (["x\x1fy"], ""),
    ],
)
def test_only_one_well_formed_id_is_taken(values: list[str], found: str) -> None:
    scope = {"headers": [(b"x-openwebui-user-id", value.encode("latin-1")) for value in values]}
    assert find_user(scope, _bounds(forwards=True)) == found
    assert find_user(scope, _bounds(forwards=False)) == ""


def test_a_share_of_the_requests_is_sampled_and_the_same_ones_each_time() -> None:
    told = [make_traceparent(f"req-{number}", 0.25) for number in range(2000)]
    assert told == [make_traceparent(f"req-{number}", 0.25) for number in range(2000)]
    assert 400 < sum(one.endswith("-01") for one in told) < 600
    assert len({one.split("-")[1] for one in told}) == 2000
    assert all(one.endswith("-01") for one in (make_traceparent("a", 1.0),))
    assert make_traceparent("a", 0.0) == ""


@pytest.mark.gateway
@pytest.mark.enable_socket
def test_the_record_names_the_user_of_a_trusted_app_only(world: World) -> None:
    apps = {"chat": make_app() | {"forwards_users": True}, "other": make_app()}
    world.policy = make_policy({"stub": make_model()}, {"people": make_tenant(apps)})
    world.write_policy()
    port = world.start_gateway(app=QUICK)
    keys = {name: world.add_key("people", name) for name in apps}
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    asked = {}
    for name, key in keys.items():
        answer = ask(url, _CHAT, key, headers={"X-OpenWebUI-User-Id": _ID})
        assert answer.status == 200
        asked[name] = answer.headers["x-request-id"]
    found = {row["request_id"]: row["charged"] for row in world.wait_stored()}
    assert found[asked["chat"]].endswith(f" user:people/chat/{_ID}")
    assert "user:" not in found[asked["other"]]
    assert found[asked["chat"]].split(" user:")[0] == found[asked["other"]].replace(
        "people/other", "people/chat"
    )
