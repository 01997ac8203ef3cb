"""Every exit code of a single call, through the real entry point, against the local Zoom over real sockets."""

import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest
from shell import ProcessShell, Result, Running, Shell

from zoomcall.domain.exit_status import ExitStatus
from zoomcall.emulator.faults import Fault
from zoomcall.emulator.messages import Reply, json_reply
from zoomcall.emulator.running import Emulator

ANSWER = ("invite", "sip", "answer@room.example.com")
NOTHING_RINGS = "Nothing rings because of this command."


@dataclass(frozen=True, slots=True)
class Stage:
    """The program beside a local Zoom."""

    zoom: Emulator
    shell: Shell
    is_json: bool = True

    def __call__(self, *arguments: str, **environ: str | None) -> Result:
        return self.shell(*arguments, *(["--json"] if self.is_json else []), environ=environ)

    def fault(self, reply: Reply, *, method: str = "PATCH", times: int = 1) -> None:
        self.zoom.add_fault(Fault(method=method, reply=reply, times=times))

    @property
    def patches(self) -> int:
        return sum(1 for received in self.zoom.requests if received.request.method == "PATCH")


@pytest.fixture
def stage(zoomcall: Shell, emulator: Emulator, emulator_environ: dict[str, str]) -> Stage:
    zoomcall.set(**emulator_environ)
    return Stage(emulator, zoomcall)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ok(stage: Stage) -> Result:
    return stage(*ANSWER)


def internal(stage: Stage) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zoomcall.usecases.dialing.dialler.Dialler.dial", None)
        return stage(*ANSWER)


def usage(stage: Stage) -> Result:
    return stage("invite", "sip", "no room")


def not_configured(stage: Stage) -> Result:
    return stage(*ANSWER, ZOOMCALL_API_KEY=None, ZOOMCALL_API_SECRET=None)


def auth(stage: Stage) -> Result:
    return stage(*ANSWER, ZOOMCALL_API_SECRET="wrong" * 8)


def not_entitled(stage: Stage) -> Result:
    message = "Invalid access token, does not contain scopes:[meeting:write:admin]."
    stage.fault(json_reply(400, {"code": 4711, "message": message}))
    return stage(*ANSWER, "--meeting", stage.zoom.ready["meeting_id"], "--no-wait")


def no_session(stage: Stage) -> Result:
    return stage(*ANSWER, "--session", stage.zoom.ready["ended_session_id"])


def no_op(stage: Stage) -> Result:
    return stage("invite", "sip", "noop@room.example.com")


def pending(stage: Stage) -> Result:
    return stage("invite", "sip", "slow-answer@room.example.com", "--timeout", "0.2")


def rate_limited(stage: Stage) -> Result:
    limit = json_reply(429, {"code": 429, "message": "You have reached the maximum."}, (("Retry-After", "3600"),))
    stage.fault(limit, times=9)
    return stage(*ANSWER)


def network(stage: Stage) -> Result:
    return stage(*ANSWER, ZOOMCALL_API_BASE=f"http://127.0.0.1:{closed_port()}/v2")


def zoom_fault(stage: Stage) -> Result:
    stage.fault(Reply(502, b"<html>bad gateway</html>", (("Content-Type", "text/html"),)))
    return stage("invite", "sip", "noop@room.example.com", "--timeout", "1")


def duplicate(stage: Stage) -> Result:
    assert stage(*ANSWER).code == 0
    return stage(*ANSWER)


def rejected(stage: Stage) -> Result:
    stage.fault(json_reply(400, {"code": 300, "message": "Validation Failed."}))
    return stage(*ANSWER)


@pytest.mark.parametrize(
    ("status", "sent", "provoke"),
    [
        (ExitStatus.OK, 1, ok),
        (ExitStatus.INTERNAL, 0, internal),
        (ExitStatus.USAGE, 0, usage),
        (ExitStatus.NOT_CONFIGURED, 0, not_configured),
        (ExitStatus.AUTH, 0, auth),
        (ExitStatus.NOT_ENTITLED, 1, not_entitled),
        (ExitStatus.NO_SESSION, 0, no_session),
        (ExitStatus.NO_OP, 1, no_op),
        (ExitStatus.PENDING, 1, pending),
        (ExitStatus.RATE_LIMITED, 1, rate_limited),
        (ExitStatus.NETWORK, 0, network),
        (ExitStatus.ZOOM_FAULT, 1, zoom_fault),
        (ExitStatus.DUPLICATE, 1, duplicate),
        (ExitStatus.REJECTED, 1, rejected),
    ],
    ids=lambda value: value.word if isinstance(value, ExitStatus) else None,
)
def test_each_exit_code_has_its_case(
    stage: Stage, status: ExitStatus, sent: int, provoke: Callable[[Stage], Result]
) -> None:
    result = provoke(stage)
    assert result.code == status
    document = result.json()
    assert document["exit_name"] == status.word
    assert stage.patches == sent


@pytest.mark.parametrize(
    "provoke",
    [not_configured, auth, no_session, network, duplicate, rejected, rate_limited, not_entitled],
    ids=lambda provoke: provoke.__name__,
)
def test_a_text_error_says_what_why_and_that_nothing_rings(
    stage: Stage, provoke: Callable[[Stage], Result]
) -> None:
    result = provoke(replace(stage, is_json=False))
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert NOTHING_RINGS in result.stderr
    assert re.search(r"^ +(fix|run|why|more|try again)", result.stderr, re.MULTILINE)


@pytest.fixture
def waiting(stage: Stage, zoomcall_process: ProcessShell) -> Iterator[Callable[..., Running]]:
    """Start an invite of a room that is slow to answer, and give it once Zoom has been asked."""
    with ExitStack() as stack:

        def start(*arguments: str) -> Running:
            running = stack.enter_context(
                zoomcall_process.start("invite", "sip", "slow-answer@room.example.com", *arguments)
            )
            end = time.monotonic() + 30
            while not stage.patches and time.monotonic() < end:
                time.sleep(0.02)
            return running

        yield start


@pytest.mark.parametrize("emulator", [100.0], indirect=True)
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, ExitStatus.INTERRUPTED), (signal.SIGTERM, ExitStatus.TERMINATED)]
)
def test_a_signal_ends_an_invite_with_a_word_on_what_may_ring(
    waiting: Callable[..., Running], number: signal.Signals, status: ExitStatus
) -> None:
    running = waiting()
    running.send(number)
    result = running.finish()
    assert result.code == status
    assert "may be ringing" in result.stderr or "may still ring" in result.stderr


@pytest.mark.parametrize("emulator", [100.0], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_an_invite_with_one_document(waiting: Callable[..., Running], number: signal.Signals) -> None:
    running = waiting("--json")
    running.send(number)
    document = running.finish().json()
    assert document["schema"] == "zoomcall.invite/1"
    assert document["result"]["state"] == "pending"
    assert document["result"]["sent"] in {"yes", "unknown"}


def test_a_closed_pipe_is_141_and_quiet(zoomcall_process: ProcessShell) -> None:
    with zoomcall_process.start("explain") as running:
        assert running.process.stdout is not None
        running.process.stdout.close()
        assert running.process.stderr is not None
        stderr = running.process.stderr.read()
        assert running.process.wait(30) == ExitStatus.CLOSED_PIPE
    assert stderr == b""


def test_no_exit_code_is_one_of_the_shells_own() -> None:
    assert not {int(status) for status in ExitStatus} & set(range(124, 128))
