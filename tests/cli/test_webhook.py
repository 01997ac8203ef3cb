import contextlib
import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import keyring.core
import pytest
from emulator.hand_made import eventually
from keyring_backends import Remembering
from loopback import Loopback, answering, free_port, self_signed
from shell import SENTINEL, ProcessShell, Result, Running, Shell
from zoom_events import SECRET, bytes_of, callout, deliver, request, signature_of, zoom_headers

from zoomcall.adapters.installation import install_line

VALIDATION = {"event": "endpoint.url_validation", "payload": {"plainToken": "plain"}}
ENVIRON = {"ZOOMCALL_WEBHOOK_SECRET": SECRET}


@pytest.fixture(autouse=True)
def _environ(zoomcall: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    zoomcall.set(**ENVIRON)
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    monkeypatch.setattr(Remembering, "secrets", {})


@dataclass(frozen=True, slots=True)
class Served:
    """A receiver at work."""

    url: str
    running: Running

    def end(self, number: signal.Signals = signal.SIGINT) -> Result:
        self.running.send(number)
        return self.running.finish()

    def kill(self) -> None:
        self.running.process.kill()
        self.running.process.wait()


Serve = Callable[..., contextlib.AbstractContextManager[Served]]


@pytest.fixture
def serve(zoomcall_process: ProcessShell, tmp_path: Path) -> Serve:
    ready = tmp_path / "ready.json"

    @contextlib.contextmanager
    def start(*arguments: str, environ: Mapping[str, str | None] | None = None) -> Iterator[Served]:
        ready.unlink(missing_ok=True)
        flags = ("webhook", "serve", "--ready-file", str(ready), *arguments)
        with zoomcall_process.start(*flags, environ=environ) as running:
            deadline = time.monotonic() + 30
            while not ready.exists():
                assert running.process.poll() is None, running.finish().stderr
                assert time.monotonic() < deadline
                time.sleep(0.02)
            document = json.loads(ready.read_bytes())
            assert set(document) == {"url"}
            yield Served(document["url"], running)

    return start


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def ids_of(path: Path) -> list[object]:
    return [line["request_id"] for line in lines_of(path)]


# serve


def test_an_accepted_event_is_one_line_of_the_file(serve: Serve, tmp_path: Path) -> None:
    record = tmp_path / "events.jsonl"
    with serve("--record", str(record)) as served:
        assert deliver(served.url, callout("accepted"), request_id="a").status == 200
        [line] = lines_of(record)
        served.end()
    assert set(line) == {"received_at", "request_id", "body"}
    assert line["request_id"] == "a"
    assert line["body"] == callout("accepted")
    assert abs(time.time() - _moment(line["received_at"])) < 60


def _moment(text: object) -> float:
    from datetime import datetime

    assert isinstance(text, str)
    assert text.endswith("Z")
    return datetime.fromisoformat(text).timestamp()


def test_what_is_served_is_told_and_each_event_is_a_line(serve: Serve) -> None:
    with serve() as served:
        deliver(served.url, callout("failed", reason_type=9))
        deliver(served.url, {"event": "session.started"})
        result = served.end()
    assert result.code == 130
    first, second = result.stdout.splitlines()
    assert first.partition(" ")[2] == (
        "session.user_room_system_callout_failed h323 10.100.111.237 (session 4444AAAiAAAAAiAiAiiAii==) "
        "reason 9 (unreachable)"
    )
    assert second.endswith("Z session.started")
    assert served.url in result.stderr
    assert "2 events, 0 repeated, 0 requests refused" in result.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it(serve: Serve, number: signal.Signals, code: int) -> None:
    with serve() as served:
        assert served.end(number).code == code


def test_quiet_leaves_the_events(serve: Serve) -> None:
    with serve("-q") as served:
        deliver(served.url, callout())
        result = served.end()
    assert result.stderr == ""
    assert len(result.stdout.splitlines()) == 1


def test_with_json_one_document_tells_what_was_taken(serve: Serve, tmp_path: Path) -> None:
    with serve("--json", "--record", str(tmp_path / "events.jsonl")) as served:
        for word in ("ringing", "missed", "ringing"):
            deliver(served.url, callout(word), request_id=word)
        request(served.url, b"{}")
        deliver(served.url, callout(), age=3600)
        result = served.end(signal.SIGTERM)
    assert result.code == 143
    document = result.json()
    assert document["schema"] == "zoomcall.webhook.serve/1"
    assert document["exit_name"] == "terminated"
    assert document["result"] == {
        "url": served.url,
        "events": 2,
        "repeated": 1,
        "refused": {"signature-missing": 1, "timestamp-too-old": 1},
        "forwarded": None,
        "not_forwarded": None,
    }


def test_zooms_url_validation_is_answered_and_an_unsigned_one_is_not(serve: Serve, tmp_path: Path) -> None:
    record = tmp_path / "events.jsonl"
    with serve("--record", str(record)) as served:
        answer = deliver(served.url, VALIDATION)
        assert answer.status == 200
        assert answer.json()["plainToken"] == "plain"
        assert len(answer.json()["encryptedToken"]) == 64
        unsigned = request(served.url, bytes_of(VALIDATION), {"content-type": "application/json"})
        assert unsigned.status == 401
        assert b"encryptedToken" not in unsigned.body
        served.end()
    assert record.read_bytes() == b""


def test_what_is_wrong_is_warned_of_once(serve: Serve) -> None:
    with serve() as served:
        for _ in range(3):
            raw = bytes_of(callout())
            assert request(served.url, raw, zoom_headers(raw, secret="another")).status == 401
            assert deliver(served.url, callout(), age=3600).status == 401
        result = served.end()
    assert result.stderr.count("(signature-mismatch)") == 1
    assert result.stderr.count("(timestamp-too-old)") == 1
    assert "6 requests refused" in result.stderr


def test_verbose_tells_each_refusal(serve: Serve) -> None:
    with serve("-v") as served:
        for _ in range(2):
            request(served.url, method="GET")
        result = served.end()
    assert result.stderr.count("refused a request from 127.0.0.1 with 405") == 2
    assert "webhook secret: from env (ZOOMCALL_WEBHOOK_SECRET)" in result.stderr


def test_a_passcode_in_a_dial_string_is_masked(serve: Serve, zoomcall: Shell) -> None:
    zoomcall.hide("84628193")
    with serve() as served:
        deliver(served.url, callout(device="192.0.2.7##71046123#84628193"))
        deliver(served.url, callout(device="not an address##71046123#84628193"))
        assert served.end().stdout.count("h323") == 2


def test_control_characters_of_an_event_reach_no_terminal(serve: Serve) -> None:
    with serve() as served:
        deliver(served.url, {"event": "\x1b[31mred\u202e\n"})
        assert "\x1b" not in served.end().stdout


def test_an_event_is_written_once_over_restarts_as_well(serve: Serve, tmp_path: Path) -> None:
    record = tmp_path / "events.jsonl"
    raw = bytes_of(callout("ringing"))
    signed = zoom_headers(raw, request_id="a", age=30)
    for request_id in ("b", "c"):
        with serve("--record", str(record)) as served:
            for word in ("missed", "failed", "missed"):
                assert deliver(served.url, callout(word), request_id=word).status == 200
            assert request(served.url, raw, signed).status == 200
            assert request(served.url, raw, signed | {"x-zm-request-id": request_id}).status == 200
            served.end()
    assert ids_of(record) == ["missed", "failed", "a"]


def test_two_receivers_do_not_write_one_file(serve: Serve, zoomcall: Shell, tmp_path: Path) -> None:
    record = str(tmp_path / "events.jsonl")
    with serve("--record", record) as served:
        result = zoomcall("webhook", "serve", "--record", record)
        served.end()
    assert result.code == 2
    assert "another zoomcall" in result.stderr


def test_a_torn_line_is_removed_with_a_word(serve: Serve, tmp_path: Path) -> None:
    record = tmp_path / "events.jsonl"
    record.write_bytes(b'{"received_at": "2026-11-21T10:00:00.000Z", "request_id": "a", "body": {"ev')
    with serve("--record", str(record)) as served:
        assert deliver(served.url, callout(), request_id="a").status == 200
        assert "(torn-line)" in served.end().stderr
    assert ids_of(record) == ["a"]


@pytest.mark.parametrize("threshold", [1, 70, 150])
def test_kill_9_loses_no_acknowledged_event_and_writes_none_twice(
    serve: Serve, tmp_path: Path, threshold: int
) -> None:
    record = tmp_path / "events.jsonl"
    acknowledged: list[str] = []
    enough = threading.Event()
    start = threading.Barrier(201)

    def send(request_id: str) -> None:
        start.wait(60)
        with contextlib.suppress(OSError):
            if deliver(served.url, callout(message_id=request_id), request_id=request_id).status == 200:
                acknowledged.append(request_id)
                if len(acknowledged) >= threshold:
                    enough.set()

    everyone = [f"request-{number}" for number in range(200)]
    with ThreadPoolExecutor(200) as pool, serve("--record", str(record)) as served:
        sending = [pool.submit(send, request_id) for request_id in everyone]
        start.wait(60)
        assert enough.wait(60)
        served.kill()
        for each in sending:
            each.result()
    before = record.read_bytes()
    whole = [json.loads(line)["request_id"] for line in before[: before.rfind(b"\n") + 1].splitlines()]
    assert len(set(whole)) == len(whole)
    assert set(acknowledged) <= set(whole)
    assert threshold <= len(acknowledged)
    with serve("--record", str(record)) as served:  # Zoom sends again what was not acknowledged
        for request_id in everyone:
            if request_id not in acknowledged:
                again = callout(message_id=request_id)
                assert deliver(served.url, again, request_id=request_id).status == 200
        served.end()
    assert Counter(ids_of(record)) == dict.fromkeys(everyone, 1)


def test_a_closed_pipe_ends_it_quietly(zoomcall_process: ProcessShell, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    reading, writing = os.pipe()
    with zoomcall_process.start("webhook", "serve", "-q", "--ready-file", str(ready), stdout=writing) as running:
        os.close(writing)
        while not ready.exists():
            time.sleep(0.02)
        os.close(reading)
        deliver(json.loads(ready.read_bytes())["url"], callout())
        _, stderr = running.process.communicate(timeout=30)
    assert running.process.returncode == 141
    assert stderr == b""


def test_a_reader_that_stands_still_holds_up_no_answer(zoomcall_process: ProcessShell, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    reading, writing = os.pipe()
    flags = ("webhook", "serve", "--ready-file", str(ready))
    with zoomcall_process.start(*flags, stdout=writing) as running, os.fdopen(reading, "rb") as reader:
        os.close(writing)
        while not ready.exists():
            time.sleep(0.02)
        url = json.loads(ready.read_bytes())["url"]
        events = [{"event": "x" * 9000 + str(number)} for number in range(20)]  # more than a pipe holds
        assert {deliver(url, event).status for event in events} == {200}
        running.send(signal.SIGTERM)
        assert reader.read().count(b"\n") >= 7
        assert running.process.wait(30) == 143


@pytest.mark.skipif(sys.platform != "linux", reason="another process's limit can be set on Linux alone")
def test_at_the_limit_of_descriptors_it_says_so_once_and_goes_on(serve: Serve, tmp_path: Path) -> None:
    record = tmp_path / "events.jsonl"
    with serve("--record", str(record)) as served:
        pid = served.running.process.pid
        used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 5, used + 5))
        host, port = served.url.removeprefix("http://").rsplit(":", 1)
        with contextlib.ExitStack() as stack:
            for _ in range(30):
                stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
            assert deliver(served.url, callout(), request_id="a").status == 200
        assert deliver(served.url, callout("missed"), request_id="b").status == 200
        result = served.end()
    assert ids_of(record) == ["a", "b"]
    assert result.stderr.count("receiver-full") == 1
    assert "Too many open files" in result.stderr
    assert len(result.stderr) < 1000
    assert "Traceback" not in result.stderr


# forwarding


def test_a_line_that_cannot_be_written_is_no_bug(zoomcall_process: ProcessShell, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    words = ("webhook", "serve", "--ready-file", str(ready))
    with (
        Path("/dev/full").open("wb") as full,
        zoomcall_process.start(*words, environ={"ZOOMCALL_WEBHOOK_SECRET": SECRET}, stdout=full) as running,
    ):
        eventually(lambda: ready.exists() and bool(ready.read_bytes()))
        with contextlib.suppress(OSError, http.client.HTTPException):
            deliver(json.loads(ready.read_text())["url"], callout(), request_id="a")
        _, stderr = running.process.communicate(timeout=60)
    assert running.process.returncode == 1
    assert b"error: the answer cannot be written: No space left on device" in stderr
    assert b"bug" not in stderr


def test_without_a_thread_to_be_had_it_says_so(
    zoomcall: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    words = ("webhook", "serve", "--record", str(tmp_path / "events.jsonl"))
    result = zoomcall(*words, environ={"ZOOMCALL_WEBHOOK_SECRET": SECRET})
    assert result.code == 3
    assert "the system has no more threads for zoomcall" in result.stderr
    assert "ulimit -u" in result.stderr


def test_events_are_sent_on_as_they_came(serve: Serve) -> None:
    raw = b'{ "event" : "session.started", "topic": "\\uD83D\\uDE92 \xe2\x80\x99" }'
    with Loopback(answering(200)) as other, serve("--forward-to", f"{other.url}/hook?key=1", "--json") as served:
        secrets = {"authorization": "Basic eA==", "cookie": "a=b", "x-forwarded-for": "192.0.2.1"}
        headers = zoom_headers(raw, request_id="a") | secrets
        assert request(served.url, raw, headers).status == 200
        assert request(served.url, raw, headers).status == 200
        assert deliver(served.url, VALIDATION).status == 200
        result = served.end()
    assert result.json()["result"]["forwarded"] == 1
    assert result.json()["result"]["not_forwarded"] == 0
    [sent] = other.requests
    head, _, body = sent.partition(b"\r\n\r\n")
    assert body == raw
    first, *rest = head.decode().split("\r\n")
    assert first == "POST /hook?key=1 HTTP/1.1"
    given = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
    assert {name: given[name] for name in headers if name in given and name != "user-agent"} == {
        name: value for name, value in headers.items() if name not in {*secrets, "user-agent"}
    }
    assert given["user-agent"].startswith("zoomcall/")


def test_forwarding_holds_up_no_answer(serve: Serve, tmp_path: Path) -> None:
    record = tmp_path / "events.jsonl"
    with (
        Loopback(lambda peer: peer.hold()) as other,
        serve("--forward-to", other.url, "--record", str(record)) as served,
    ):
        began = time.monotonic()
        assert {deliver(served.url, callout(message_id=str(n))).status for n in range(30)} == {200}
        assert time.monotonic() - began < 5
        result = served.end()
    assert result.code == 130
    assert "30 events were not forwarded before the end" in result.stderr
    assert len(ids_of(record)) == 30


def test_an_endpoint_that_refuses_is_told_of(serve: Serve) -> None:
    with Loopback(answering(401)) as other, serve("--forward-to", other.url) as served:
        assert deliver(served.url, callout()).status == 200
        while not other.requests:
            time.sleep(0.02)
        result = served.end()
    assert "answered 401 (event-not-forwarded)" in result.stderr


def test_events_are_sent_on_over_tls(serve: Serve, tmp_path: Path) -> None:
    context, certificate = self_signed(tmp_path)
    with Loopback(answering(204), tls=context) as other:
        environ = {"SSL_CERT_FILE": str(certificate)}
        with serve("--forward-to", other.url, "--json", environ=environ) as served:
            deliver(served.url, callout())
            assert served.end().json()["result"]["forwarded"] == 1
        with serve("--forward-to", other.url, "--json", environ={"SSL_CERT_FILE": None}) as served:
            deliver(served.url, callout())
            assert served.end().json()["result"]["not_forwarded"] == 1


def test_debug_shows_no_signature(serve: Serve) -> None:
    raw = bytes_of(callout())
    headers = zoom_headers(raw)
    with Loopback(answering(200)) as other, serve("--forward-to", other.url, "--debug") as served:
        request(served.url, raw, headers)
        result = served.end()
    assert "x-zm-signature: (not shown)" in result.stderr
    assert headers["x-zm-signature"] not in result.stderr


# What cannot be served


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--forward-to", "http://example.com/"), "plain http"),
        (("--forward-to", "nonsense"), "not a valid http or https URL"),
        (("--host", "192.0.2.1"), "cannot listen"),
        (("--record", "/dev/null"), "not a regular file"),
        (("--record", "."), "not a regular file"),
        (("--port", "70000"), "70000"),
        (("--ready-file", "/dev/null/ready"), "ready file"),
    ],
)
def test_a_flag_that_cannot_be_used_is_exit_2(zoomcall: Shell, arguments: tuple[str, ...], why: str) -> None:
    result = zoomcall("webhook", "serve", *arguments)
    assert result.code == 2
    assert why in result.stderr


def test_a_taken_port_is_exit_2(zoomcall: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = zoomcall("webhook", "serve", "--port", port)
    assert result.code == 2
    assert port in result.stderr


def test_a_host_beyond_loopback_is_warned_of(serve: Serve) -> None:
    with serve("--host", "0.0.0.0") as served:  # noqa: S104 - the test is about that host
        assert served.url.startswith("http://127.0.0.1:")
        assert "(not-loopback)" in served.end().stderr


@pytest.mark.parametrize("command", [("serve",), ("verify", "-", "--signature", "x", "--timestamp", "1")])
def test_without_a_secret_the_ways_out_are_named(zoomcall: Shell, command: tuple[str, ...]) -> None:
    environ = {"ZOOMCALL_WEBHOOK_SECRET": None}
    result = zoomcall("webhook", *command, environ=environ)
    assert result.code == 3
    for way in ("ZOOMCALL_WEBHOOK_SECRET", "ZOOMCALL_WEBHOOK_SECRET_FILE", "webhook secret set"):
        assert way in result.stderr


def test_without_the_extra_the_message_has_the_line_that_installs_it(
    zoomcall: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "zoomcall.adapters.webhook_receiver", raising=False)
    result = zoomcall("webhook", "serve", environ={"ZOOMCALL_WEBHOOK_SECRET": None})
    assert result.code == 2
    assert (
        "error: aiohttp is not installed; the webhook receiver needs it (extra zoomcall[webhook])\n"
        in result.stderr
    )
    assert f"  run: {install_line('webhook')}\n" in result.stderr


@pytest.mark.parametrize("command", ["verify", "replay", "secret"])
def test_only_serving_needs_the_extra(zoomcall: Shell, command: str) -> None:
    code = (
        "import sys; sys.modules['aiohttp'] = None\n"
        "from zoomcall.cli.main import run\n"
        f"sys.exit(run(['webhook', {command!r}, '--help']))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=zoomcall.environ, capture_output=True, check=False)
    assert done.returncode == 0


# verify

BODY = b'{"event":"meeting.started","topic":"\\uD83D\\uDE92 \xe2\x80\x99"}'
SIGNED_AT = "1720707175"


def verify(zoomcall: Shell, *arguments: str, body: bytes = BODY, signature: str | None = None) -> Result:
    given = signature_of(BODY, SIGNED_AT) if signature is None else signature
    return zoomcall(
        "webhook", "verify", "-", "--signature", given, "--timestamp", SIGNED_AT, *arguments, stdin=body
    )


def test_a_genuine_request_is_exit_0(zoomcall: Shell, tmp_path: Path) -> None:
    result = verify(zoomcall, "--json")
    assert result.code == 0
    document = result.json()
    assert document["result"]["signature"] == "valid"
    assert document["result"]["event"] == "meeting.started"
    assert document["result"]["signed_at"] == "2024-07-11T14:12:55Z"
    assert document["result"]["findings"] == []
    file = tmp_path / "body.json"
    file.write_bytes(BODY)
    signature = signature_of(BODY, SIGNED_AT)
    text = zoomcall("webhook", "verify", str(file), "--signature", signature, "--timestamp", SIGNED_AT)
    assert text.code == 0
    assert text.stdout.startswith("signature:")
    assert text.stderr == ""


def test_a_wrong_signature_is_exit_4_and_explained(zoomcall: Shell) -> None:
    result = verify(zoomcall, "--json", signature=signature_of(BODY, SIGNED_AT, "another"))
    assert result.code == 4
    document = result.json()
    assert document["result"]["signature"] == "invalid"
    assert document["error"]["kind"] == "auth"
    assert document["error"]["causes"][0]["id"] == "signature-mismatch"
    assert document["error"]["causes"] == document["result"]["findings"]


def test_a_line_break_at_the_end_is_named(zoomcall: Shell) -> None:
    result = verify(zoomcall, body=BODY + b"\n")
    assert result.code == 4
    assert "certain: signature-mismatch: the signature matches the body without the line break at its end" in (
        result.stdout
    )


def test_an_old_request_is_exit_4_only_if_asked(zoomcall: Shell) -> None:
    assert verify(zoomcall).code == 0
    result = verify(zoomcall, "--max-age", "300", "--json")
    assert result.code == 4
    assert result.json()["result"]["signature"] == "valid"
    assert [cause["id"] for cause in result.json()["error"]["causes"]] == ["timestamp-too-old"]
    now = str(int(time.time()))
    fresh = zoomcall(
        *("webhook", "verify", "-", "--signature", signature_of(BODY, now), "--timestamp", now, "--max-age", "300"),
        stdin=BODY,
    )
    assert fresh.code == 0


def test_a_whole_request_needs_no_flags(zoomcall: Shell, tmp_path: Path) -> None:
    file = tmp_path / "request.http"
    signature = signature_of(BODY, SIGNED_AT)
    head = f"POST / HTTP/1.1\r\nx-zm-request-timestamp: {SIGNED_AT}\r\nx-zm-signature: {signature}\r\n\r\n"
    file.write_bytes(head.encode() + BODY)
    assert zoomcall("webhook", "verify", str(file)).code == 0
    changed = zoomcall("webhook", "verify", str(file), "--timestamp", "1720707176", "--json")
    assert (changed.code, changed.json()["result"]["signature"]) == (4, "invalid")


def test_a_body_alone_needs_both_flags(zoomcall: Shell) -> None:
    result = zoomcall("webhook", "verify", "-", stdin=BODY)
    assert result.code == 2
    assert "--signature and --timestamp are required" in result.stderr


@pytest.mark.parametrize(
    "argument",
    ["eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "Bearer abc", '{"event": 1}', "v0=" + "0" * 64, "A" * 40, "1" * 200],
)
@pytest.mark.parametrize("output", [(), ("--json",)])
def test_what_is_not_a_files_name_is_not_repeated(zoomcall: Shell, argument: str, output: tuple[str, ...]) -> None:
    result = zoomcall("webhook", "verify", argument, "--signature", "v0=", "--timestamp", "1", *output)
    assert result.code == 2
    assert argument not in result.stdout + result.stderr
    assert "pipe the request itself in" in result.stdout + result.stderr


@pytest.mark.parametrize("argument", ["no such file.json", "/nowhere/body.bin", "C:\\Users\\ada\\event.json"])
def test_a_files_name_is(zoomcall: Shell, argument: str) -> None:
    result = zoomcall("webhook", "verify", argument, "--signature", "v0=", "--timestamp", "1")
    assert argument in result.stderr


def test_the_profiles_secret_verifies_with_p(zoomcall: Shell) -> None:
    log_in(zoomcall, "prod")
    store(zoomcall, b"stored-webhook-secret", "-p", "prod")
    signature = signature_of(BODY, SIGNED_AT, "stored-webhook-secret")
    assert verify(zoomcall, "-p", "prod", signature=signature).code == 0
    assert verify(zoomcall, signature=signature).code == 4
    assert verify(zoomcall, "-p", "prod").code == 4


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("missing.json", "--signature", "v0=1", "--timestamp", "1"), "cannot be read"),
        ((".", "--signature", "v0=1", "--timestamp", "1"), "cannot be read"),
        (("-", "--timestamp", "1"), "--signature"),
        (("-", "--signature", "v0=1"), "--timestamp"),
        (("-", "--signature", "v0=1", "--timestamp", "1", "--max-age", "-1"), "--max-age"),
        (("-", "--signature", "v0=1", "--timestamp", "1", "--max-age", "nan"), "--max-age"),
    ],
)
def test_what_cannot_be_verified_is_exit_2(zoomcall: Shell, arguments: tuple[str, ...], why: str) -> None:
    result = zoomcall("webhook", "verify", *arguments)
    assert result.code == 2
    assert why in result.stderr


def test_a_body_that_no_event_has_is_exit_2(zoomcall: Shell) -> None:
    result = verify(zoomcall, body=b"x" * 10_000_001)
    assert result.code == 2
    assert "10,000,000 bytes" in result.stderr


# replay


def test_a_recorded_file_is_sent_again(serve: Serve, zoomcall: Shell, tmp_path: Path) -> None:
    record, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    with serve("--record", str(record)) as served:
        for word in ("ringing", "accepted"):
            deliver(served.url, callout(word), request_id=word)
        served.end()
    with serve("--record", str(second)) as served:
        result = zoomcall("webhook", "replay", str(record), "--to", served.url, "--json")
        time.sleep(1 - time.time() % 1)  # what is signed in the same second is a repeat
        again = zoomcall("webhook", "replay", str(record), "--to", served.url)
        served.end()
    assert result.code == 0
    counts = result.json()["result"]
    assert (counts["sent"], counts["accepted"], counts["refused"], counts["unsent"]) == (2, 2, 0, 0)
    assert [row["http_status"] for row in counts["events"]] == [200, 200]
    assert f"{served.url} accepted 2 of 2 events" in again.stdout
    assert [line["body"] for line in lines_of(second)] == [callout("ringing"), callout("accepted")] * 2
    assert len({*ids_of(second), "ringing", "accepted"}) == 6


def test_zooms_json_alone_is_sent(serve: Serve, zoomcall: Shell, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps(callout("missed"), indent=2))
    with serve() as served:
        assert zoomcall("webhook", "replay", str(event), "--to", served.url).code == 0
        assert "callout_missed" in served.end().stdout


@pytest.fixture
def event_file(tmp_path: Path) -> str:
    path = tmp_path / "event.jsonl"
    path.write_bytes(b"".join(bytes_of(callout(word)) + b"\n" for word in ("ringing", "accepted")))
    return str(path)


def test_a_refusal_is_exit_11(zoomcall: Shell, event_file: str) -> None:
    with Loopback(answering(401)) as other:
        result = zoomcall("webhook", "replay", event_file, "--to", other.url, "--json")
    assert result.code == 11
    document = result.json()
    assert document["result"]["refused"] == 2
    assert document["error"]["http_status"] == 401
    assert document["error"]["causes"][0]["id"] == "signature-mismatch"
    assert len(other.requests) == 2


@pytest.mark.parametrize("status", [302, 404, 429, 500])
def test_each_event_is_sent_once_whatever_the_answer(zoomcall: Shell, event_file: str, status: int) -> None:
    with Loopback(answering(status, b"", "Location: /other")) as other:
        result = zoomcall("webhook", "replay", event_file, "--to", other.url)
    assert result.code == 11
    assert f"it answered {status}" in result.stderr
    assert "accepted 0 of 2 events" in result.stdout
    assert len(other.requests) == (6 if status == 429 else 2)


def test_nobody_there_is_exit_10(zoomcall: Shell, event_file: str) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    result = zoomcall("webhook", "replay", event_file, "--to", url, "--json")
    assert result.code == 10
    assert result.json()["result"]["unsent"] == 2
    assert result.json()["error"]["network"] == "connect"
    assert "--to" in result.json()["error"]["fix"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("missing", "--to", "http://127.0.0.1:1"), "No such file"),
        (("/dev/null", "--to", "http://127.0.0.1:1"), "contains no event"),
        (("/dev/null", "--to", "http://example.com"), "plain http"),
        (("/dev/null",), "--to"),
    ],
)
def test_what_cannot_be_replayed_is_exit_2(zoomcall: Shell, arguments: tuple[str, ...], why: str) -> None:
    result = zoomcall("webhook", "replay", *arguments)
    assert result.code == 2
    assert why in result.stderr


# secret


def log_in(zoomcall: Shell, name: str, place: str = "file") -> None:
    flags = ("--kind", "videosdk", "--api-key", "K1", "--no-verify", "--store", place, "--secret-stdin", "-p", name)
    result = zoomcall("auth", "login", *flags, stdin=b"made-up-api-secret", reveals=("files",))
    assert result.code == 0


def store(zoomcall: Shell, secret: bytes, *arguments: str, environ: Mapping[str, str] | None = None) -> Result:
    flags = ("webhook", "secret", "set", "--secret-stdin", *arguments)
    return zoomcall(*flags, stdin=secret, environ=environ, reveals=("files",))


@pytest.mark.parametrize("place", ["file", "keyring"])
def test_a_secret_is_stored_read_and_removed(zoomcall: Shell, place: str) -> None:
    zoomcall.set(ZOOMCALL_WEBHOOK_SECRET=None, PYTHON_KEYRING_BACKEND="keyring_backends.Remembering")
    log_in(zoomcall, "prod", place)
    first = store(zoomcall, SENTINEL.encode() + b"\n", "--json")
    assert first.json()["result"] == {"profile": "prod", "store": place, "replaced": False}
    assert store(zoomcall, SENTINEL.encode()).code == 0
    if place == "keyring":
        assert Remembering.secrets["zoomcall", "prod/webhook"] == SENTINEL
        assert Remembering.secrets["zoomcall", "prod"] == "made-up-api-secret"
    assert verify(zoomcall, signature=signature_of(BODY, SIGNED_AT, SENTINEL)).code == 0
    removed = zoomcall("webhook", "secret", "remove", "--json")
    assert removed.json()["result"] == {"profile": "prod", "store": place, "removed": True}
    assert zoomcall("webhook", "secret", "remove").code == 0
    assert verify(zoomcall).code == 3
    assert zoomcall("auth", "status").code == 0


def test_a_stored_secret_is_its_owners_alone(zoomcall: Shell) -> None:
    log_in(zoomcall, "prod")
    store(zoomcall, SENTINEL.encode())
    holding = [path for path in zoomcall.written_files() if SENTINEL.encode() in path.read_bytes()]
    assert [path.stat().st_mode & 0o777 for path in holding] == [0o600]


def test_a_secret_is_taken_from_a_file(zoomcall: Shell, tmp_path: Path) -> None:
    log_in(zoomcall, "prod")
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}-2\n")
    assert zoomcall("webhook", "secret", "set", "--secret-file", str(file)).code == 0
    assert verify(zoomcall, "-p", "prod", signature=signature_of(BODY, SIGNED_AT, f"{SECRET}-2")).code == 0


def test_a_secret_is_typed_unseen(zoomcall: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(zoomcall, "prod")
    questions: list[str] = []

    def answer(question: str, **_: object) -> str:
        questions.append(question)
        return SENTINEL

    monkeypatch.setattr("getpass.getpass", answer)
    result = zoomcall("webhook", "secret", "set", terminal=("stdin",), reveals=("files",))
    assert result.code == 0
    assert questions == ["Webhook secret (not shown): "]


def test_a_variable_that_hides_the_stored_secret_is_warned_of(zoomcall: Shell) -> None:
    log_in(zoomcall, "prod")
    assert "(environment-wins)" in store(zoomcall, SENTINEL.encode()).stderr


def test_a_secret_needs_a_profile(zoomcall: Shell) -> None:
    assert store(zoomcall, SENTINEL.encode()).code == 3
    assert zoomcall("webhook", "secret", "remove").code == 3
    assert store(zoomcall, SENTINEL.encode(), "-p", "nobody").code == 3


def test_no_secret_at_all_is_exit_2(zoomcall: Shell) -> None:
    log_in(zoomcall, "prod")
    assert store(zoomcall, b"").code == 2
    assert zoomcall("webhook", "secret", "set").code == 2
    assert zoomcall("webhook", "secret", "set", "--secret", "x").code == 2


def test_the_secret_of_a_file_that_a_variable_names_is_used(zoomcall: Shell, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f" {SECRET}\n\n")
    zoomcall.set(ZOOMCALL_WEBHOOK_SECRET=None, ZOOMCALL_WEBHOOK_SECRET_FILE=str(file))
    result = verify(zoomcall)
    assert result.code == 0
    assert "(secret-has-whitespace)" in result.stderr
    zoomcall.set(ZOOMCALL_WEBHOOK_SECRET_FILE=str(tmp_path / "missing"))
    assert verify(zoomcall).code == 3


def test_an_account_of_a_webhook_secret_is_no_profile(zoomcall: Shell) -> None:
    assert zoomcall("webhook", "secret", "remove", "-p", "prod/webhook").code == 2
