"""Turns a target and a number of requests into latencies and counts: a lean HTTP/1.1 load generator.

    python gateway_load.py --port 4000 --model stub --requests 200 --concurrency 32 [--rate 100]

The key is read from the environment (LOAD_KEY). Prints one JSON document.
"""

import argparse
import asyncio
import json
import os
import time
from collections import Counter
from typing import Any


class Connection:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, raw: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        """Status, headers and body of one request."""
        if self._ends is None:
            self._ends = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._ends
        writer.write(raw)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(b":") for line in lines[1:] if line)
        }
        body = await self._read_body(reader, headers)
        if headers.get(b"connection", b"") == b"close":
            self.close()
        return int(lines[0].split()[1]), headers, body

    async def _read_body(self, reader: asyncio.StreamReader, headers: dict[bytes, bytes]) -> bytes:
        if headers.get(b"transfer-encoding") != b"chunked":
            return await reader.readexactly(int(headers.get(b"content-length", b"0")))
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
        return body

    def close(self) -> None:
        """Ends the connection; the next post opens one."""
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None


def make_request(options: argparse.Namespace) -> bytes:
    """The bytes of the one request that is sent again and again."""
    body = json.dumps(
        {
            "model": options.model,
            "messages": [{"role": "user", "content": "Say something short, please."}],
            "max_tokens": options.max_tokens,
            "stream": options.stream,
        }
    ).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        f"authorization: Bearer {os.environ['LOAD_KEY']}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def run_load(options: argparse.Namespace) -> dict[str, Any]:
    """Sends all requests: `concurrency` at a time, or `rate` a second without waiting for answers."""
    raw = make_request(options)
    answers: list[tuple[int, float]] = []
    failures: Counter[str] = Counter()

    async def send(connection: Connection) -> None:
        started_s = time.perf_counter()
        try:
            status, headers, body = await asyncio.wait_for(connection.post(raw), options.timeout_s)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            failures[type(error).__name__] += 1
            connection.close()
            return
        answers.append((status, time.perf_counter() - started_s))
        if status == 200 and options.stream and b"[DONE]" not in body:
            failures["stream without end"] += 1
        if status in {429, 503} and b"retry-after" not in headers:
            failures["no Retry-After"] += 1

    started_s = time.perf_counter()
    await (_send_at_rate if options.rate else _send_in_turns)(options, send)
    return _describe(answers, failures, time.perf_counter() - started_s)


async def _send_in_turns(options: argparse.Namespace, send: Any) -> None:
    left = iter(range(options.requests))

    async def work() -> None:
        connection = Connection(options.port)
        for _ in left:
            await send(connection)
        connection.close()

    await asyncio.gather(*(work() for _ in range(options.concurrency)))


async def _send_at_rate(options: argparse.Namespace, send: Any) -> None:
    idle: list[Connection] = []

    async def once() -> None:
        connection = idle.pop() if idle else Connection(options.port)
        await send(connection)
        idle.append(connection)

    started_s = time.perf_counter()
    tasks = []
    for index in range(options.requests):
        await asyncio.sleep(max(0.0, started_s + index / options.rate - time.perf_counter()))
        tasks.append(asyncio.create_task(once()))
    await asyncio.gather(*tasks)
    for connection in idle:
        connection.close()


def _describe(
    answers: list[tuple[int, float]], failures: Counter[str], took_s: float
) -> dict[str, Any]:
    served = sorted(seconds for status, seconds in answers if status == 200)
    refused = sorted(seconds for status, seconds in answers if status != 200)
    return {
        "took_s": took_s,
        "served": len(served),
        "refused": len(refused),
        "statuses": dict(Counter(str(status) for status, _ in answers)),
        "failures": dict(failures),
        "requests_per_s": len(served) / took_s,
        "p50_ms": _percentile_ms(served, 0.5),
        "p99_ms": _percentile_ms(served, 0.99),
        "refused_p50_ms": _percentile_ms(refused, 0.5),
        "refused_p99_ms": _percentile_ms(refused, 0.99),
    }


def _percentile_ms(ordered: list[float], part: float) -> float | None:
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000


def parse_options(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", default="stub")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--rate", type=float, default=0.0, help="requests a second, open loop")
    parser.add_argument("--max-tokens", type=int, default=16)
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--timeout-s", type=float, default=120.0)
    return parser.parse_args(argv)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run_load(parse_options()))))
