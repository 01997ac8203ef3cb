"""Print what many calls cost: validation, throughput as ratios, a core's share at Zoom's limit, and waiting.

A server that answers everything at once takes the requests, so that the clients are what is measured. All figures
of a table are from one run, in turns; on a busy machine only their ratios mean something. ``make bench`` runs it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import httpx
from loopback import self_signed
from msgspec import Struct
from shell import environ_of

from zoomcall.emulator.running import Emulator

_SESSION = "abc=="
_ANSWER = (
    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json;charset=UTF-8\r\n"
    b"x-zm-trackingid: WEB_0\r\nContent-Length: 0\r\n\r\n"
)
_SECRET = "bench0secret1never2used"  # noqa: S105 - of no account
_LIMIT = 60
"""Requests a second that Zoom allows the largest account (zoom-api 6)."""


class Cost(Struct, frozen=True):
    """What a process took: seconds on the wall and of a processor, and memory at its peak."""

    wall: float
    processor: float
    megabytes: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="bench/batch.py", description=__doc__)
    tables = {"validation": validation, "throughput": throughput, "share": share, "waiting": waiting}
    parser.add_argument("tables", nargs="*", default=list(tables), help=f"some of {', '.join(tables)}")
    for name in parser.parse_args(arguments).tables:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            tables[name](Path(folder))


def validation(folder: Path) -> None:
    """Check a list of 100,000 rooms, whose last one is bad."""
    lines = (
        f"Room {n},{'sip' if n % 2 else 'h323'},{f'room{n}@site{n % 300}.example.com' if n % 2 else _ip(n)},"
        f"Town hall,Room {n},{f'X-Ref={n}' if n % 2 else ''},90,Floor {n % 7},tag{n % 10}\n"
        for n in range(100_000)
    )
    header = "name,protocol,address,from_name,to_name,header,timeout,note,tag\n"
    (folder / "rooms.csv").write_text(f"{header}{''.join(lines)}bad,sip,a b,,,,,,\n")
    cost = _zoomcall(folder, ["--session", _SESSION, "--json"], {}, expected=2)
    print(f"100,000 rows of nine columns: {cost.processor:.1f} s of a processor, {cost.megabytes:.0f} MB")


def _ip(number: int) -> str:
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


def throughput(folder: Path, rooms: int = 300) -> None:
    """Send callouts one at a time and many at a time, beside a raw loop over httpx and curl."""
    _write_rooms(folder, rooms)
    with server() as base:
        url = f"{base}/v2/videosdk/sessions/{_SESSION}/events"
        start = _batch(folder, base, 1, rooms=1)
        curl = _times(lambda: _curl(folder, url, rooms)) / rooms
        print(f"xargs -P10 curl: {1 / curl:.0f}/s")
        raw = _times(lambda: _raw(url, rooms)) / rooms
        print(f"a raw loop over httpx, one connection: {1 / raw:.0f}/s, {curl / raw:.1f} times as many")
        for parallel in (1, 10, 50, 100):
            cost = _batch(folder, base, parallel, rooms=rooms)
            each, work = (cost.wall - start.wall) / rooms, (cost.processor - start.processor) / rooms
            print(
                f"invite batch, {parallel} at a time: {1 / each:.0f}/s, {curl / each:.1f} times as many as curl,"
                f" {1000 * work:.1f} ms of a processor each"
            )


def _times(work: Callable[[], None]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _raw(url: str, rooms: int) -> None:
    with httpx.Client(trust_env=False) as client:
        for number in range(rooms):
            body = {"method": "user.invite.room_system_callout", "params": {"device_ip": f"r{number}@a.example"}}
            client.patch(url, json=body, headers={"Authorization": "Bearer x"}).raise_for_status()


def _curl(folder: Path, url: str, rooms: int) -> None:
    (folder / "numbers").write_text("".join(f"{number}\n" for number in range(rooms)))
    with (folder / "numbers").open() as numbers:
        words = ["curl", "-s", "-o", "/dev/null", "-X", "PATCH", "-H", "Authorization: Bearer x", "-d", "{}", url]
        subprocess.run(["xargs", "-P10", "-I{}", *words], stdin=numbers, check=True)  # noqa: S607 - from the PATH


def share(folder: Path, seconds: int = 10) -> None:
    """Send as many callouts as the largest account may, over http and https."""
    rooms = _LIMIT * seconds
    _write_rooms(folder, rooms)
    for is_tls in (False, True):
        with server(folder if is_tls else None) as base:
            start = _batch(folder, base, 1, rooms=1).processor
            cost = _batch(folder, base, 20, rooms=rooms, rate=_LIMIT)
            part = (cost.processor - start) / (rooms / _LIMIT)
            scheme = base.partition(":")[0]
            print(f"{_LIMIT} callouts a second over {scheme}: {100 * part:.0f} % of a core")


def waiting(folder: Path, rooms: int = 50, seconds: int = 60) -> None:
    """Wait for rooms in one session that never answer."""
    _write_rooms(folder, rooms, fate="slow-answer")
    with Emulator(time_scale=1000) as zoom:
        environ = environ_of(zoom) | {"ZOOMCALL_SESSION": zoom.ready["session_id"]}
        flags = ["--rate", "100/s", "--parallel", str(rooms), "--json", "--force"]
        sent = _zoomcall(folder, [*flags, "--timeout", "1"], environ, expected=31)
        before = len(zoom.requests)
        waited = _zoomcall(folder, [*flags, "--timeout", str(seconds)], environ, expected=31)
        part = (waited.processor - sent.processor) / (waited.wall - sent.wall)
        requests = len(zoom.requests) - before
    print(f"{rooms} rooms ring for {seconds} s: {100 * part:.1f} % of a core, {requests} requests")


def _write_rooms(folder: Path, rooms: int, *, fate: str = "room") -> None:
    text = "".join(f"sip,{fate}@r{number}.example.com\n" for number in range(rooms))
    (folder / "rooms.csv").write_text("protocol,address\n" + text)


def _batch(folder: Path, base: str, parallel: int, *, rooms: int, rate: int = 1000) -> Cost:
    environ = {
        "ZOOMCALL_API_BASE": f"{base}/v2",
        "ZOOMCALL_API_KEY": "bench",
        "ZOOMCALL_API_SECRET": _SECRET,
        "ZOOMCALL_SESSION": _SESSION,
        "SSL_CERT_FILE": str(folder / "certificate.pem"),
    }
    if base.startswith("http:"):
        del environ["SSL_CERT_FILE"]
    whole = folder / "rooms.csv"
    text = whole.read_text()
    whole.write_text("".join(text.splitlines(keepends=True)[: rooms + 1]))
    flags = ["--no-wait", "--no-preflight", "--force", "--json", "--rate", f"{rate}/s", "--parallel", str(parallel)]
    try:
        return _zoomcall(folder, flags, environ, expected=0)
    finally:
        whole.write_text(text)


def _zoomcall(folder: Path, flags: Sequence[str], environ: Mapping[str, str], *, expected: int) -> Cost:
    """Run a batch; end the measurement if it does not end as expected."""
    own = {"PATH": os.environ["PATH"], "ZOOMCALL_CONFIG_DIR": str(folder), "ZOOMCALL_STATE_DIR": str(folder)}
    words = [sys.executable, "-m", "zoomcall", "invite", "batch", str(folder / "rooms.csv"), *flags]
    began = time.monotonic()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(words, env=own | dict(environ), stdout=output, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != expected:
        document = json.loads((folder / "output").read_text())
        sys.exit(f"{' '.join(words)} ended in {process.returncode}: {json.dumps(document['error'])}")
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@contextlib.contextmanager
def server(folder: Path | None = None) -> Iterator[str]:
    """Serve from a process of its own, over TLS if there is a folder for the certificate; return its base."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=200)
    context = None
    if folder is not None:
        context, _ = self_signed(folder)
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(listener, context), daemon=True)
    process.start()
    try:
        yield f"{'http' if context is None else 'https'}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        process.terminate()
        process.join()
        listener.close()


def _serve(listener: socket.socket, context: ssl.SSLContext | None) -> None:
    """Answer every request with 202."""
    import asyncio

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                if lines:
                    await reader.readexactly(int(lines[0][15:]))
                writer.write(_ANSWER)
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, sock=listener, ssl=context)
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
