"""Many requests at once, counted: what the tests of this folder send."""

import asyncio
import json
from dataclasses import dataclass

import httpx

from tests.engine.real import MODEL


@dataclass(frozen=True)
class Outcome:
    """How one request ended."""

    status: int
    code: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_token_s: float = 0.0
    total_s: float = 0.0


def body(
    max_tokens: int, *, stream: bool = True, text: str = "Tell me a story."
) -> dict[str, object]:
    """A chat request that uses all of its output tokens."""
    asked: dict[str, object] = {
        "model": MODEL,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": max_tokens,
        "ignore_eos": True,
        "stream": stream,
    }
    return asked | ({"stream_options": {"include_usage": True}} if stream else {})


async def ask(client: httpx.AsyncClient, max_tokens: int, *, stream: bool = True) -> Outcome:
    """One request to its end."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    request = client.build_request(
        "POST", "/v1/chat/completions", json=body(max_tokens, stream=stream)
    )
    answer = await client.send(request, stream=True)
    try:
        if answer.status_code != 200 or not stream:
            document = json.loads(await answer.aread())
            return _whole(answer.status_code, document, loop.time() - begun)
        return await _streamed(answer, begun)
    finally:
        await answer.aclose()


def _whole(status: int, document: dict[str, dict[str, object]], total_s: float) -> Outcome:
    if status != 200:
        return Outcome(status, str(document["error"]["code"]), total_s=total_s)
    usage = document["usage"]
    prompt, completion = usage["prompt_tokens"], usage["completion_tokens"]
    assert isinstance(prompt, int)
    assert isinstance(completion, int)
    return Outcome(status, None, prompt, completion, total_s=total_s)


async def _streamed(answer: httpx.Response, begun: float) -> Outcome:
    loop = asyncio.get_running_loop()
    first, usage = 0.0, {"prompt_tokens": 0, "completion_tokens": 0}
    async for line in answer.aiter_lines():
        if not line.startswith("data: {"):
            continue
        chunk = json.loads(line[6:])
        usage = chunk.get("usage") or usage
        if not first and chunk["choices"] and chunk["choices"][0]["delta"].get("content"):
            first = loop.time() - begun
    total = loop.time() - begun
    return Outcome(200, None, usage["prompt_tokens"], usage["completion_tokens"], first, total)


async def together(client: httpx.AsyncClient, count: int, max_tokens: int) -> list[Outcome]:
    """`count` streams started at once."""
    return list(await asyncio.gather(*(ask(client, max_tokens) for _ in range(count))))


async def leave_after(client: httpx.AsyncClient, chunks: int, max_tokens: int) -> None:
    """Open a stream, read `chunks` events, hang up."""
    async with client.stream("POST", "/v1/chat/completions", json=body(max_tokens)) as answer:
        seen = 0
        async for line in answer.aiter_lines():
            seen += line.startswith("data: {")
            if seen >= chunks:
                return
