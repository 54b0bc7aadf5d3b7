"""Our gateway over a stand-in for LiteLLM and its engine, for tests of what the gateway itself keeps.

It starts in a second where LiteLLM takes many, so a test can kill it often. All but LiteLLM is real.
"""

import asyncio
import json
import sys
import types
from typing import Any

_TOKENS = {"prompt_tokens": 6, "completion_tokens": 4, "total_tokens": 10}


async def _stand_in(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    asked = json.loads((await receive())["body"])
    await asyncio.sleep(0.002)
    document = {
        "id": "x",
        "object": "chat.completion",
        "model": asked["model"],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}}],
        "usage": _TOKENS,
    }
    body = json.dumps(document, separators=(",", ":")).encode()
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


_module: Any = types.ModuleType("litellm.proxy.proxy_server")
_module.app = _stand_in
sys.modules["litellm.proxy.proxy_server"] = _module

from llmplat.gateway.asgi import app  # noqa: E402, F401 (behind the stand-in that it loads)
