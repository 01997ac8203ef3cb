"""Print how many deliveries a second the webhook receiver handles, and how fast it answers."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import aiohttp

SECRET = "made-up-for-the-bench"  # noqa: S105 - made up
EVENT = json.dumps(
    {
        "event": "session.user_room_system_callout_ringing",
        "event_ts": 1626230691572,
        "payload": {
            "object": {"session_id": "A" * 24, "participant": {"call_type": "sip", "device_ip": "r@example.com"}}
        },
    }
).encode()
LARGE = b"x" * 10_000_000
DELIVERIES = 10_000
PARALLEL = 200


def main() -> None:
    """Measure a receiver under each kind of load."""
    print(f"{DELIVERIES} deliveries, {PARALLEL} at once: deliveries/s, median and 99th percentile of answer times")
    for name, extra in (
        ("alone", _nothing),
        ("beside 200 slow clients", _slow_clients),
        ("beside bodies of 10 MB", _large_bodies),
        ("beside bad signatures and old events", _forgeries),
    ):
        with tempfile.TemporaryDirectory() as folder, _receiver(Path(folder)) as url:
            rate, times, answers = asyncio.run(_load(url, extra))
            kept = (Path(folder) / "events.jsonl").read_bytes().count(b"\n")
        median, late = times[len(times) // 2], times[len(times) * 99 // 100]
        print(f"{name:40} {rate:6.0f}/s {median * 1000:6.1f} ms {late * 1000:6.1f} ms  {dict(answers)} {kept} kept")


@contextlib.contextmanager
def _receiver(folder: Path) -> Iterator[str]:
    ready = folder / "ready.json"
    flags = ("webhook", "serve", "-q", "--ready-file", str(ready), "--record", str(folder / "events.jsonl"))
    environ = {"ZOOMCALL_WEBHOOK_SECRET": SECRET, "HOME": str(folder), "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(
        [sys.executable, "-m", "zoomcall", *flags], env=environ, stdout=subprocess.DEVNULL, cwd=folder
    )
    try:
        while not ready.exists():
            time.sleep(0.05)
        yield json.loads(ready.read_bytes())["url"]
    finally:
        process.terminate()
        process.wait()


async def _load(url: str, extra: object) -> tuple[float, list[float], Counter[int]]:
    assert callable(extra)  # noqa: S101 - one of the functions below
    times: list[float] = []
    answers: Counter[int] = Counter()
    left = iter(range(DELIVERIES))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        beside = [asyncio.create_task(each) for each in extra(url, client)]

        async def deliver() -> None:
            for _ in left:
                began = time.perf_counter()
                async with client.post(url, data=EVENT, headers=_headers(EVENT)) as answer:
                    await answer.read()
                times.append(time.perf_counter() - began)
                answers[answer.status] += 1

        began = time.perf_counter()
        await asyncio.gather(*(deliver() for _ in range(PARALLEL)))
        seconds = time.perf_counter() - began
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
    return DELIVERIES / seconds, sorted(times), answers


def _headers(body: bytes, *, age: int = 0, secret: str = SECRET) -> Mapping[str, str]:
    timestamp = str(int(time.time()) - age)
    signature = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "x-zm-signature": f"v0={signature}",
        "x-zm-request-timestamp": timestamp,
        "x-zm-request-id": str(uuid.uuid4()),
    }


def _nothing(_url: str, _client: aiohttp.ClientSession) -> list[object]:
    return []


def _slow_clients(url: str, _client: aiohttp.ClientSession) -> list[object]:
    host, port = url.removeprefix("http://").split(":")

    async def drip() -> None:
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(host, int(port))
                for byte in b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + b"{" * 900:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(0.1)

    return [drip() for _ in range(200)]


def _large_bodies(url: str, client: aiohttp.ClientSession) -> list[object]:
    async def send() -> None:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with client.post(url, data=LARGE, headers=_headers(b"")) as answer:
                    await answer.read()
            await asyncio.sleep(0.1)

    return [send() for _ in range(4)]


def _forgeries(url: str, client: aiohttp.ClientSession) -> list[object]:
    async def send() -> None:
        while True:
            for headers in (_headers(EVENT, secret="another"), _headers(EVENT, age=3600), {}):  # noqa: S106 - made up
                async with client.post(url, data=EVENT, headers=headers) as answer:
                    await answer.read()

    return [send() for _ in range(20)]


if __name__ == "__main__":
    main()
