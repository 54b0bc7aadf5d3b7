"""An OpenAI-compatible engine made of the standard library: fixed speed, exact counts, no model.

    python stub_engine.py --port 8000 --slots 8 --ttft-ms 20 --itl-ms 5

It takes a vLLM-like command line (`--model`, `--served-model-name`, `--max-num-seqs` as slots,
anything else ignored), queues what is beyond its slots by `priority`, and tells what it saw at
`/stats`: requests, tokens, running now and at most, aborted, the order of starts.
`POST /control` with {"fail": 500, "count": 3} makes the next answers errors; {"hold": true}
keeps every answer back until {"hold": false}; {"stop_at": 30} keeps back what comes behind so many
tokens until {"stop_at": null}.
"""

import argparse
import asyncio
import contextlib
import heapq
import itertools
import json
import os
import time
from dataclasses import dataclass, field
from typing import Any

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}
_STARTS_KEPT = 4096


@dataclass
class Speed:
    """How fast the stub answers."""

    slots: int
    ttft_s: float
    itl_s: float
    tokens_per_chunk: int = 1


@dataclass
class Stats:
    """What the stub saw since its start."""

    requests: int = 0
    completed: int = 0
    aborted: int = 0
    running: int = 0
    max_running: int = 0
    waiting: int = 0
    max_waiting: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    connections: int = 0
    starts: list[dict[str, Any]] = field(default_factory=list)


class Places:
    """`slots` places given out by (priority, arrival)."""

    def __init__(self, slots: int, stats: Stats) -> None:
        self._free = slots
        self._queue: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._stats = stats

    async def take(self, priority: int) -> None:
        if self._free:
            self._free -= 1
        else:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._queue, (priority, next(self._order), turn))
            self._stats.waiting += 1
            self._stats.max_waiting = max(self._stats.max_waiting, self._stats.waiting)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self.give()
                    self._stats.running -= 1
                raise
            finally:
                self._stats.waiting -= 1
        self._stats.running += 1
        self._stats.max_running = max(self._stats.max_running, self._stats.running)

    def give(self) -> None:
        while self._queue:
            turn = heapq.heappop(self._queue)[2]
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class StubEngine:
    """One engine: speed, places and statistics."""

    def __init__(self, name: str, speed: Speed, api_key: str | None) -> None:
        self.name = name
        self.speed = speed
        self.api_key = api_key
        self.stats = Stats()
        self._places = Places(speed.slots, self.stats)
        self._fail: tuple[int, int] = (0, 0)
        self._held = asyncio.Event()
        self._held.set()
        self._stop_at: int | None = None
        self._going = asyncio.Event()
        self._going.set()

    async def serve_connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.stats.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            while await self._serve_one(reader, writer):
                pass
        writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError:
            return False
        method, path, _version = head[0].split(" ")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        work = asyncio.create_task(self._answer(method, path, headers, body, writer))
        gone = asyncio.create_task(reader.read(1))
        done, _ = await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if work not in done:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            return False
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        work.result()
        return True

    async def _answer(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        writer: asyncio.StreamWriter,
    ) -> None:
        if method == "GET":
            self._get(path, writer)
        elif path == "/control":
            self._control(json.loads(body), writer)
        elif self.api_key and headers.get("authorization") != f"Bearer {self.api_key}":
            _send(writer, 401, {"error": "Unauthorized"})
        else:
            await self._generate(path, headers, json.loads(body), writer)
        await writer.drain()

    def _get(self, path: str, writer: asyncio.StreamWriter) -> None:
        if path == "/stats":
            _send(writer, 200, self.stats.__dict__)
        elif path == "/metrics":
            _send(writer, 200, self._metrics().encode(), "text/plain; version=0.0.4")
        elif path == "/v1/models":
            card = {"id": self.name, "object": "model", "owned_by": "stub", "max_model_len": 2048}
            _send(writer, 200, {"object": "list", "data": [card]})
        elif path in {"/health", "/ping", "/version", "/load"}:
            _send(writer, 200, {"version": "stub"} if path == "/version" else b"")
        else:
            _send(writer, 404, {"error": "Not Found"})

    def _metrics(self) -> str:
        label = f'{{model_name="{self.name}",engine="0"}}'
        rows = {
            "vllm:num_requests_running": self.stats.running,
            "vllm:num_requests_waiting": self.stats.waiting,
            "vllm:kv_cache_usage_perc": self.stats.running / self.speed.slots,
            "vllm:prompt_tokens_total": self.stats.prompt_tokens,
            "vllm:generation_tokens_total": self.stats.completion_tokens,
        }
        return "".join(f"{name}{label} {float(value)}\n" for name, value in rows.items())

    def _control(self, wish: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        if "fail" in wish:
            self._fail = (int(wish["fail"]), int(wish.get("count", 1)))
        if "hold" in wish:
            (self._held.clear if wish["hold"] else self._held.set)()
        if "stop_at" in wish:
            self._stop_at = wish["stop_at"]
            (self._going.set if self._stop_at is None else self._going.clear)()
        _send(writer, 200, {})

    async def _generate(
        self, path: str, headers: dict[str, str], wish: dict[str, Any], writer: asyncio.StreamWriter
    ) -> None:
        self.stats.requests += 1
        if self._fail[1]:
            self._fail = (self._fail[0], self._fail[1] - 1)
            error = {"message": "The stub was told to fail", "type": "stub", "code": self._fail[0]}
            _send(writer, self._fail[0], {"error": error})
            return
        if wish.get("model") != self.name:
            error = {"message": f"The model `{wish.get('model')}` does not exist.", "code": 404}
            _send(writer, 404, {"error": error})
            return
        prompts = _count_prompts(wish)
        try:
            await self._places.take(int(wish.get("priority", 0)))
        except asyncio.CancelledError:
            self.stats.aborted += 1
            raise
        self._note_start(headers, wish)
        try:
            await self._held.wait()
            self.stats.prompt_tokens += sum(prompts)
            await self._produce(path, wish, prompts, writer)
            self.stats.completed += 1
        except (asyncio.CancelledError, ConnectionError):
            self.stats.aborted += 1
            raise
        finally:
            self.stats.running -= 1
            self._places.give()

    def _note_start(self, headers: dict[str, str], wish: dict[str, Any]) -> None:
        note = {
            "at": time.time(),
            "request_id": headers.get("x-request-id"),
            "priority": wish.get("priority"),
            "headers": sorted(headers),
            "fields": {k: v for k, v in wish.items() if k not in {"messages", "prompt", "input"}},
        }
        self.stats.starts.append(note)
        del self.stats.starts[:-_STARTS_KEPT]

    async def _produce(
        self, path: str, wish: dict[str, Any], prompts: list[int], writer: asyncio.StreamWriter
    ) -> None:
        await asyncio.sleep(self.speed.ttft_s)
        if path.endswith("/embeddings"):
            rows = [
                {"object": "embedding", "index": i, "embedding": [0.1, 0.2, 0.3]}
                for i in range(len(prompts))
            ]
            usage = {"prompt_tokens": sum(prompts), "total_tokens": sum(prompts)}
            _send(
                writer,
                200,
                {"object": "list", "model": self.name, "data": rows, "usage": usage},
            )
            return
        tokens = int(wish.get("max_completion_tokens") or wish.get("max_tokens") or 16)
        if wish.get("stream"):
            await self._stream(path, wish, prompts, tokens, writer)
            return
        for made in range(tokens * len(prompts)):
            await self._rest(made)
            await asyncio.sleep(self.speed.itl_s) if self.speed.itl_s else None
            self.stats.completion_tokens += 1
        _send(writer, 200, _whole(path, self.name, prompts, tokens))

    async def _rest(self, made: int) -> None:
        if self._stop_at is not None and made >= self._stop_at:
            await self._going.wait()

    async def _stream(
        self,
        path: str,
        wish: dict[str, Any],
        prompts: list[int],
        tokens: int,
        writer: asyncio.StreamWriter,
    ) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        options = wish.get("stream_options") or {}
        made, total = 0, tokens * len(prompts)
        while made < total:
            step = min(self.speed.tokens_per_chunk, total - made)
            await self._rest(made)
            await asyncio.sleep(self.speed.itl_s * step)
            made += step
            self.stats.completion_tokens += step
            chunk = _piece(path, self.name, " w" * step, "length" if made == total else None)
            if options.get("continuous_usage_stats"):
                chunk["usage"] = _usage(sum(prompts), made)
            _event(writer, chunk)
            await writer.drain()
        if options.get("include_usage"):
            last = _piece(path, self.name, "", None) | {"choices": []}
            _event(writer, last | {"usage": _usage(sum(prompts), made)})
        data = b"data: [DONE]\n\n"
        writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))


def _count_prompts(wish: dict[str, Any]) -> list[int]:
    if "messages" in wish:
        return [sum(_count_words(m.get("content")) + 4 for m in wish["messages"])]
    text = wish.get("prompt", wish.get("input", ""))
    if isinstance(text, list) and text and not isinstance(text[0], int):
        return [_count_words(one) for one in text]
    return [_count_words(text)]


def _count_words(text: Any) -> int:
    if isinstance(text, str):
        return max(1, len(text.split()))
    return len(text) if isinstance(text, list) else 1


def _usage(prompt: int, completion: int) -> dict[str, int]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _whole(path: str, name: str, prompts: list[int], tokens: int) -> dict[str, Any]:
    text = " w" * tokens
    chat = path.endswith("/chat/completions")
    choices = [
        {"index": index, "finish_reason": "length", "logprobs": None}
        | ({"message": {"role": "assistant", "content": text}} if chat else {"text": text})
        for index in range(len(prompts))
    ]
    return {
        "id": "stub-1",
        "object": "chat.completion" if chat else "text_completion",
        "created": 1,
        "model": name,
        "choices": choices,
        "usage": _usage(sum(prompts), tokens * len(prompts)),
    }


def _piece(path: str, name: str, text: str, finish: str | None) -> dict[str, Any]:
    chat = path.endswith("/chat/completions")
    choice: dict[str, Any] = {"index": 0, "finish_reason": finish}
    choice |= {"delta": {"role": "assistant", "content": text}} if chat else {"text": text}
    return {
        "id": "stub-1",
        "object": "chat.completion.chunk" if chat else "text_completion",
        "created": 1,
        "model": name,
        "choices": [choice],
    }


def _event(writer: asyncio.StreamWriter, document: dict[str, Any]) -> None:
    data = b"data: " + json.dumps(document).encode() + b"\n\n"
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))


def _send(
    writer: asyncio.StreamWriter,
    status: int,
    document: Any,
    content_type: str = "application/json",
) -> None:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    head = (
        f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}\r\n"
        f"content-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)


def _parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("words", nargs="*", help="ignored (vLLM's `serve MODEL`)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--model", default="stub")
    parser.add_argument("--served-model-name", default=None)
    parser.add_argument("--max-num-seqs", "--slots", dest="slots", type=int, default=8)
    parser.add_argument("--ttft-ms", type=float, default=float(os.environ.get("STUB_TTFT_MS", "5")))
    parser.add_argument("--itl-ms", type=float, default=float(os.environ.get("STUB_ITL_MS", "1")))
    parser.add_argument("--tokens-per-chunk", type=int, default=1)
    parser.add_argument("--api-key", default=os.environ.get("VLLM_API_KEY"))
    return parser.parse_known_args(argv)[0]


async def serve(argv: list[str] | None = None) -> None:
    """Serves until it is killed; prints one line when it listens."""
    options = _parse(argv)
    speed = Speed(
        options.slots, options.ttft_ms / 1000, options.itl_ms / 1000, options.tokens_per_chunk
    )
    name = options.served_model_name or options.model
    engine = StubEngine(name, speed, options.api_key)
    server = await asyncio.start_server(
        engine.serve_connection, options.host, options.port, limit=16 * 1024 * 1024, backlog=1024
    )
    print(f"stub engine {name} listens on {options.host}:{options.port}", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
