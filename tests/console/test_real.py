"""The console and our gateway in LiteLLM's own locked environment: what a platform runs."""

import re
from pathlib import Path

import httpx
import pytest
from console_world import open_world

from tests.gateway.conftest import litellm_python  # noqa: F401 (a fixture)

pytestmark = [pytest.mark.gateway, pytest.mark.enable_socket]


def test_a_tenant_sees_its_models_spend_and_refusals(litellm_python, tmp_path: Path):  # noqa: F811 (the fixture)
    with open_world(tmp_path, litellm_python, "llmplat.gateway.asgi:app") as world:
        assert world.chat(world.red) == 200
        assert world.chat(world.red, model="vault") == 403
        world.gateway.wait_stored()
        with httpx.Client(
            base_url=world.url, headers={"origin": world.url}, follow_redirects=True, timeout=60
        ) as client:
            page = client.post("/sign-in", data={"key": world.red}).text
            assert "model_refused" in page
            assert re.search(r"<strong>\$0\.0000\d+</strong>", page)
            assert "answering" in client.get("/models").text
            token = re.search(r'name="token" value="([^"]+)"', page)
            assert token is not None
            shown = client.post("/tenants/red/keys", data={"token": token[1], "days": "7"}).text
            assert "sk-llmplat-" in shown
        assert world.red not in world.children[0].log.read_text()
