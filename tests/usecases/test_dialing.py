from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes import FakeJournal, FakeListener, FakeZoom
from msgspec.structs import replace

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.call import Evidence, EvidenceSource, Match, Reason, Sent, State, TimelineEntry, exit_of
from zoomcall.domain.callout import Callout
from zoomcall.domain.event import CalloutEvent, Event, ParticipantEvent
from zoomcall.domain.journal import CallId, CallRecord, TargetKey
from zoomcall.domain.live import WebhookLog
from zoomcall.domain.roster import ROOM_DEVICE, Participant
from zoomcall.domain.target import Api, MeetingNumber, MeetingTarget, SessionId, SessionTarget
from zoomcall.errors import (
    Duplicate,
    ErrorKind,
    Interrupted,
    NetworkFault,
    NetworkWord,
    NoSession,
    NotConfigured,
    UsageError,
)
from zoomcall.usecases.dialing import call as calling
from zoomcall.usecases.dialing import stop as stopping
from zoomcall.usecases.dialing.dialler import Dialler
from zoomcall.usecases.dialing.order import DialOrder
from zoomcall.usecases.dialing.polling import Polls, Rhythm
from zoomcall.usecases.dialing.pushed_events import PushFeed
from zoomcall.usecases.dialing.report import CallReport, Unproven
from zoomcall.usecases.dialing.signals import Feed
from zoomcall.usecases.dialing.stop import Stop

TICK = timedelta(milliseconds=5)
QUICK = Rhythm(first=TICK, early=TICK, interval=TICK)
SHORT = timedelta(milliseconds=150)
AT_ONCE = 10.0
"""Seconds in which a call ends that has nothing to wait for, though its timeout is a minute and a half."""

SESSION = SessionTarget(SessionId("abc/def=="), "Standup")
MEETING = MeetingTarget(MeetingNumber("84098077904"))
ROOM = RoomAddress.parse(Protocol.SIP, "room@example.com")

PERSON = Participant(id="u1", name="Ada", device="Mac")
JOINED = Participant(id="r1", uuid="UUID==", name="Room", device=ROOM_DEVICE)
NO_LOG = ZoomRefused(
    ZoomAnswer(method="GET", path="/x", status=404, code=1401, message="No Video SDK app created.", is_zooms=True)
)


def answered(
    status: int, code: int | None = None, message: str | None = None, *, is_zooms: bool = True
) -> ZoomAnswer:
    return ZoomAnswer(method="PATCH", path="/x", status=status, code=code, message=message, is_zooms=is_zooms)


def refused(
    status: int, code: int | None = None, message: str | None = None, *, is_zooms: bool = True
) -> ZoomRefused:
    answer = ZoomAnswer(method="GET", path="/x", status=status, code=code, message=message, is_zooms=is_zooms)
    return ZoomRefused(answer)


def fault(*, may_have_arrived: bool) -> NetworkFault:
    word = NetworkWord.TIMEOUT if may_have_arrived else NetworkWord.CONNECT
    return NetworkFault("api.zoom.us:443 is silent", word=word, may_have_arrived=may_have_arrived)


ACCEPTED = answered(202, is_zooms=False)
TOOK_TOO_LONG = fault(may_have_arrived=True)
NEVER_ARRIVED = fault(may_have_arrived=False)


@dataclass
class Stage:
    """One call with everything faked but time."""

    zoom: FakeZoom = field(default_factory=lambda: FakeZoom(rosters=[(PERSON,)], answers=[ACCEPTED], logs=[NO_LOG]))
    journal: FakeJournal = field(default_factory=FakeJournal)
    listener: FakeListener = field(default_factory=FakeListener)
    stop: Stop = field(default_factory=Stop)
    feeds: tuple[Feed, ...] = ()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    seconds: float = 0.0

    def dial(self, **changes: Any) -> CallReport:
        order = DialOrder(
            target=SESSION,
            callout=Callout(address=ROOM),
            api_base="https://api.zoom.us/v2",
            profile="prod",
            timeout=SHORT,
        )
        begun = time.monotonic()
        polls = Polls(self.zoom, now=self.now, rhythm=QUICK)
        dialler = Dialler(zoom=self.zoom, journal=self.journal, polls=polls, feeds=self.feeds, now=self.now)
        report = dialler.dial(replace(order, **changes), self.listener, self.stop)
        self.seconds = time.monotonic() - begun
        return report

    @property
    def patches(self) -> int:
        return self.zoom.log.count("PATCH")

    @property
    def notices(self) -> list[str]:
        return [notice.id for notice in self.listener.notices]


@pytest.fixture
def stage() -> Stage:
    return Stage()


LONG = timedelta(seconds=90)
TARGETS = pytest.mark.parametrize("target", [SESSION, MEETING], ids=["session", "meeting"])


# 202


@TARGETS
def test_a_room_that_joins_is_a_success_with_its_evidence(stage: Stage, target: Any) -> None:
    stage.zoom.rosters = [(PERSON,), (PERSON,), (PERSON, JOINED)]
    report = stage.dial(target=target, timeout=LONG)
    assert (report.state, report.sent, report.failure, report.http_status) == (State.JOINED, Sent.YES, None, 202)
    assert report.evidence is not None
    assert (report.evidence.source, report.evidence.match) == (EvidenceSource.ROSTER, Match.ONLY_CANDIDATE)
    assert report.participant == JOINED
    assert [(entry.state, entry.source) for entry in report.timeline] == [
        (State.ACCEPTED, "zoom"),
        (State.JOINED, "roster"),
    ]
    assert stage.listener.entries == report.timeline
    assert report.population == 1
    assert stage.patches == 1


def test_a_room_that_joins_is_written_down_with_who_it_is(stage: Stage) -> None:
    stage.zoom.rosters = [(PERSON,), (PERSON, JOINED)]
    stage.dial(timeout=LONG)
    assert [standing.state for standing in stage.journal.standings] == [State.ACCEPTED, State.JOINED]
    last = stage.journal.standings[-1]
    assert (last.sent, last.http_status, last.participant_id, last.participant_uuid) == (
        Sent.YES,
        202,
        "r1",
        "UUID==",
    )
    assert stage.journal.credits == ["r1"]


def test_the_room_named_by_to_name_is_exact_though_a_stranger_is_there(stage: Stage) -> None:
    named = replace(JOINED, name="Board room")
    stage.zoom.rosters = [(PERSON,), (PERSON, replace(JOINED, id="s1", name="Stranger"), named)]
    report = stage.dial(timeout=LONG, callout=Callout(address=ROOM, to_name="Board room"))
    assert report.participant == named
    assert report.evidence is not None
    assert report.evidence.match is Match.EXACT


def test_what_is_claimed_is_what_is_dialled(stage: Stage) -> None:
    stage.dial(is_waiting=False, is_forced=True, callout=Callout(address=ROOM, to_name="Board"), timeout=LONG)
    [(call, is_forced)] = stage.journal.claims
    assert call.target == TargetKey(api_base="https://api.zoom.us/v2", api=Api.SESSION, id="abc/def==")
    assert (call.target_name, call.address, call.to_name, call.profile) == ("Standup", ROOM, "Board", "prod")
    assert (call.timeout, is_forced) == (LONG, True)
    [request] = stage.zoom.requests
    assert request.target is SESSION
    assert request.callout.address is ROOM


def test_without_waiting_zooms_202_is_all_that_is_asked_for(stage: Stage) -> None:
    report = stage.dial(is_waiting=False, timeout=LONG)
    assert (report.state, report.sent, report.failure) == (State.ACCEPTED, Sent.YES, None)
    assert stage.journal.last == (State.ACCEPTED, Sent.YES)
    assert stage.zoom.log == ["roster of session abc/def==", "PATCH"]
    assert stage.seconds < AT_ONCE


def test_a_room_that_nobody_sees_within_the_timeout_is_pending(stage: Stage) -> None:
    report = stage.dial()
    assert (report.state, report.sent, report.evidence) == (State.PENDING, Sent.YES, None)
    assert isinstance(report.failure, Unproven)
    assert report.failure.kind is ErrorKind.PENDING
    assert "0.15 s" in report.failure.message
    assert stage.journal.last == (State.PENDING, Sent.YES)
    assert SHORT.total_seconds() <= stage.seconds < SHORT.total_seconds() + AT_ONCE
    assert [entry.state for entry in report.timeline] == [State.ACCEPTED]
    assert stage.patches == 1


def test_the_timeout_counts_from_zooms_answer(stage: Stage) -> None:
    stage.zoom.rosters = [(PERSON,), (PERSON,), (PERSON, JOINED)]
    stage.zoom.on_call_out = lambda: time.sleep(SHORT.total_seconds() * 1.5)
    assert stage.dial().state is State.JOINED


def test_every_request_before_the_wait_is_bounded_by_the_users_patience(stage: Stage) -> None:
    patience = datetime.now(UTC) + LONG
    stage.dial(is_waiting=False, patience=patience)
    assert stage.zoom.deadlines == [patience, patience]


def test_every_look_before_the_call_is_bounded_by_the_users_patience(stage: Stage) -> None:
    stage.zoom.logs = [()]
    patience = datetime.now(UTC) + LONG
    stage.dial(patience=patience)
    before = stage.zoom.log.index("PATCH")
    assert "webhook_logs" in stage.zoom.log[:before]
    assert set(stage.zoom.deadlines[: before + 1]) == {patience}


def test_a_look_that_fails_for_a_moment_does_not_end_the_wait(stage: Stage) -> None:
    stage.zoom.rosters = [
        (PERSON,),
        fault(may_have_arrived=True),
        refused(503, is_zooms=False),
        refused(429),
        refused(404, 3001, "Session is not found or has expired."),
        (PERSON, JOINED),
    ]
    report = stage.dial(timeout=LONG)
    assert report.state is State.JOINED
    assert sum("trying again" in detail for detail in stage.listener.details) == 4


@pytest.mark.parametrize(
    "losses",
    [
        [refused(401, 124, "Invalid access token.")],
        [refused(400, 4711, "does not contain scopes")],
        [refused(404, 3001, "Session is not found or has expired.")],
        [ValueError("a bug in a watcher")],
    ],
    ids=["auth", "scope", "ended", "bug"],
)
def test_evidence_that_is_lost_ends_the_wait_early(stage: Stage, losses: list[BaseException]) -> None:
    stage.zoom.rosters = [(PERSON,), *losses]
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent) == (State.PENDING, Sent.YES)
    assert isinstance(report.failure, Unproven)
    assert "90 s" not in report.failure.message
    assert "evidence-lost" in stage.notices
    assert stage.journal.last == (State.PENDING, Sent.YES)
    assert stage.seconds < AT_ONCE


# Answers that are no 202


@pytest.mark.parametrize("is_waiting", [True, False])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (answered(401, 124, "Invalid access token."), ErrorKind.AUTH),
        (answered(401, is_zooms=False), ErrorKind.AUTH),
        (answered(400, 4711, "Invalid access token, does not contain scopes:[x]."), ErrorKind.NOT_ENTITLED),
        (answered(400, 300, "No permission."), ErrorKind.NOT_ENTITLED),
        (answered(404, 3001, "Session is not found or has expired."), ErrorKind.NO_SESSION),
        (answered(404, 2300, "This API endpoint is not recognized."), ErrorKind.REJECTED),
        (answered(400, 300, "Validation Failed."), ErrorKind.REJECTED),
        (answered(429, 429, "You have reached the maximum per-second rate limit."), ErrorKind.RATE_LIMITED),
        (answered(429, is_zooms=False), ErrorKind.RATE_LIMITED),
    ],
)
def test_a_refusal_rings_nothing_and_blocks_nothing(
    stage: Stage, answer: ZoomAnswer, kind: ErrorKind, *, is_waiting: bool
) -> None:
    stage.zoom.answers = [answer]
    report = stage.dial(timeout=LONG, is_waiting=is_waiting)
    assert (report.state, report.sent, report.http_status) == (State.REFUSED, Sent.NO, answer.status)
    assert isinstance(report.failure, ZoomRefused)
    assert report.failure.kind is kind
    assert report.answer == answer
    assert stage.journal.last == (State.REFUSED, Sent.NO)
    assert (stage.patches, stage.zoom.log[-1]) == (1, "PATCH")
    assert stage.seconds < AT_ONCE


@pytest.mark.parametrize("is_waiting", [True, False])
@pytest.mark.parametrize(
    "answer",
    [
        answered(200, is_zooms=False),
        answered(200, 200, "No permission."),
        answered(200, 124, "Invalid access token."),
        answered(201),
        answered(204, is_zooms=False),
    ],
)
def test_any_other_2xx_is_a_no_op_of_which_nobody_knows_if_it_rings(
    stage: Stage, answer: ZoomAnswer, *, is_waiting: bool
) -> None:
    stage.zoom.answers = [answer]
    report = stage.dial(timeout=LONG, is_waiting=is_waiting)
    assert (report.state, report.sent, report.http_status) == (State.NO_OP, Sent.UNKNOWN, answer.status)
    assert report.failure is not None
    assert report.failure.kind is ErrorKind.NO_OP
    assert stage.journal.last == (State.NO_OP, Sent.UNKNOWN)
    assert (stage.patches, stage.zoom.log[-1]) == (1, "PATCH")
    assert stage.seconds < AT_ONCE


@pytest.mark.parametrize("is_waiting", [True, False])
@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 403, 404, 407])
def test_an_answer_that_is_not_zooms_leaves_it_unknown_and_is_not_watched(
    stage: Stage, status: int, *, is_waiting: bool
) -> None:
    stage.zoom.answers = [answered(status, is_zooms=False)]
    report = stage.dial(timeout=LONG, is_waiting=is_waiting)
    assert (report.state, report.sent, report.http_status) == (State.PENDING, Sent.UNKNOWN, status)
    assert report.failure is not None
    assert report.failure.kind is ErrorKind.ZOOM_FAULT
    assert stage.journal.last == (State.PENDING, Sent.UNKNOWN)
    assert (stage.patches, stage.zoom.log[-1]) == (1, "PATCH")
    assert stage.seconds < AT_ONCE


@pytest.mark.parametrize("answer", [answered(500, 300, "No permission."), answered(503, is_zooms=False)])
def test_after_a_5xx_a_room_that_joins_is_a_success(stage: Stage, answer: ZoomAnswer) -> None:
    stage.zoom.answers = [answer]
    stage.zoom.rosters = [(PERSON,), (PERSON,), (PERSON, JOINED)]
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent, report.failure) == (State.JOINED, Sent.YES, None)
    assert report.http_status == answer.status
    assert stage.journal.last == (State.JOINED, Sent.YES)
    assert stage.patches == 1


@pytest.mark.parametrize("is_waiting", [True, False])
def test_after_a_5xx_a_room_that_nobody_sees_is_zooms_fault(stage: Stage, *, is_waiting: bool) -> None:
    stage.zoom.answers = [answered(502, is_zooms=False)]
    report = stage.dial(is_waiting=is_waiting)
    assert (report.state, report.sent) == (State.PENDING, Sent.UNKNOWN)
    assert report.failure is not None
    assert report.failure.kind is ErrorKind.ZOOM_FAULT
    assert stage.journal.last == (State.PENDING, Sent.UNKNOWN)
    assert stage.patches == 1
    assert (stage.seconds >= SHORT.total_seconds()) is is_waiting


# Faults of the network


def test_after_a_lost_answer_a_room_that_joins_is_a_success(stage: Stage) -> None:
    stage.zoom.answers = [TOOK_TOO_LONG]
    stage.zoom.rosters = [(PERSON,), (PERSON,), (PERSON, JOINED)]
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent, report.failure) == (State.JOINED, Sent.YES, None)
    assert report.http_status is None
    assert stage.journal.standings[0].state is State.PENDING
    assert stage.journal.last == (State.JOINED, Sent.YES)
    assert stage.patches == 1


@pytest.mark.parametrize("is_waiting", [True, False])
def test_after_a_lost_answer_a_room_that_nobody_sees_is_pending_and_not_rung_again(
    stage: Stage, *, is_waiting: bool
) -> None:
    stage.zoom.answers = [TOOK_TOO_LONG]
    report = stage.dial(is_waiting=is_waiting)
    assert (report.state, report.sent) == (State.PENDING, Sent.UNKNOWN)
    assert isinstance(report.failure, Unproven)
    assert report.failure.fault is TOOK_TOO_LONG
    assert stage.journal.last == (State.PENDING, Sent.UNKNOWN)
    assert stage.patches == 1


@pytest.mark.parametrize("is_waiting", [True, False])
def test_a_request_that_never_arrived_is_not_sent_and_blocks_nothing(stage: Stage, *, is_waiting: bool) -> None:
    stage.zoom.answers = [NEVER_ARRIVED]
    report = stage.dial(timeout=LONG, is_waiting=is_waiting)
    assert (report.state, report.sent, report.failure) == (State.NOT_SENT, Sent.NO, NEVER_ARRIVED)
    assert stage.journal.last == (State.NOT_SENT, Sent.NO)
    assert (stage.patches, stage.zoom.log[-1]) == (1, "PATCH")
    assert stage.seconds < AT_ONCE


def test_a_token_that_cannot_be_renewed_for_the_patch_rings_nothing(stage: Stage) -> None:
    failure = refused(400, message="Invalid client_id or client_secret")
    stage.zoom.answers = [failure]
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent, report.failure) == (State.NOT_SENT, Sent.NO, failure)
    assert stage.journal.last == (State.NOT_SENT, Sent.NO)


# Preflight


@pytest.mark.parametrize("is_waiting", [True, False])
@pytest.mark.parametrize(
    "failure",
    [
        refused(404, 3001, "Session is not found or has expired."),
        refused(401, 124, "Invalid access token."),
        refused(400, 200, "This API is only available for Video SDK accounts."),
        refused(429),
        refused(500),
        fault(may_have_arrived=True),
        fault(may_have_arrived=False),
        UsageError("HTTPS_PROXY is no URL"),
    ],
)
def test_a_session_that_cannot_be_seen_is_not_dialled_into(
    stage: Stage, failure: Exception, *, is_waiting: bool
) -> None:
    stage.zoom.rosters = [failure]
    report = stage.dial(timeout=LONG, is_waiting=is_waiting)
    assert (report.state, report.sent, report.failure) == (State.NOT_SENT, Sent.NO, failure)
    assert stage.patches == 0
    assert stage.journal.claims == []


@pytest.mark.parametrize(
    "nobody", [(), (replace(PERSON, leave_time=datetime(2026, 11, 21, tzinfo=UTC)),)], ids=["empty", "all left"]
)
def test_a_session_with_nobody_in_it_is_not_dialled_into(stage: Stage, nobody: tuple[Participant, ...]) -> None:
    stage.zoom.rosters = [nobody]
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent, report.population) == (State.NOT_SENT, Sent.NO, 0)
    assert isinstance(report.failure, NoSession)
    assert stage.patches == 0
    assert stage.journal.claims == []


@pytest.mark.parametrize(
    "baseline",
    [
        (),
        refused(404, 3001, "Session is not found or has expired."),
    ],
    ids=["empty", "not live"],
)
def test_no_preflight_drops_the_verdict_but_still_reads_the_baseline(stage: Stage, baseline: Any) -> None:
    stage.zoom.rosters = [baseline, (JOINED,)]
    report = stage.dial(timeout=LONG, is_preflight_off=True)
    assert (report.state, report.failure) == (State.JOINED, None)
    assert stage.zoom.log[0].startswith("roster")


def test_who_was_never_looked_for_is_not_said_to_be_absent(stage: Stage) -> None:
    stage.zoom.rosters = [refused(404, 3001, "Session is not found or has expired.")]
    assert stage.dial(is_preflight_off=True).population is None
    stage.zoom.rosters = [()]
    assert stage.dial(is_preflight_off=True).population == 0


def test_who_has_left_or_waits_is_not_counted(stage: Stage) -> None:
    left = replace(PERSON, id="u2", leave_time=datetime(2026, 11, 21, tzinfo=UTC))
    stage.zoom.rosters = [(PERSON, left, replace(PERSON, id="u3", is_waiting=True))]
    assert stage.dial(is_waiting=False).population == 1


def test_no_preflight_warns_of_no_meeting_that_is_not_live(stage: Stage) -> None:
    stage.zoom.rosters = [refused(404, 3001, "Meeting 84098077904 is not found or has expired."), (JOINED,)]
    report = stage.dial(timeout=LONG, target=MEETING, is_preflight_off=True)
    assert (report.state, stage.notices) == (State.JOINED, [])


@TARGETS
@pytest.mark.parametrize(
    "failure",
    [refused(401, 124, "Invalid access token."), refused(429), refused(500), fault(may_have_arrived=True)],
)
def test_no_preflight_rings_though_the_baseline_cannot_be_read(
    stage: Stage, target: Any, failure: Exception
) -> None:
    stage.zoom.rosters = [failure]
    report = stage.dial(timeout=LONG, is_preflight_off=True, target=target)
    assert (report.state, report.sent) == (State.PENDING, Sent.YES)
    assert isinstance(report.failure, Unproven)
    assert stage.notices == ["no-evidence"]
    assert stage.patches == 1
    assert stage.seconds < AT_ONCE


@TARGETS
def test_no_preflight_and_no_wait_ask_zoom_for_nothing_but_the_call(stage: Stage, target: Any) -> None:
    report = stage.dial(is_preflight_off=True, is_waiting=False, target=target)
    assert report.state is State.ACCEPTED
    assert stage.zoom.log == ["PATCH"]


def test_somebody_who_was_there_before_is_no_room_that_joined(stage: Stage) -> None:
    stage.zoom.rosters = [(PERSON, JOINED)]
    report = stage.dial(callout=Callout(address=ROOM, to_name="Room"), is_forced=True)
    assert report.state is State.PENDING


def test_a_meeting_that_is_not_live_is_only_a_warning(stage: Stage) -> None:
    stage.zoom.rosters = [refused(404, 3001, "Meeting 84098077904 is not found or has expired."), (JOINED,)]
    report = stage.dial(timeout=LONG, target=MEETING)
    assert report.state is State.JOINED
    assert stage.notices == ["meeting-not-live"]


@pytest.mark.parametrize(
    "failure",
    [
        refused(400, 4711, "does not contain scopes:[dashboard:read:list_meeting_participants:admin]"),
        refused(400, 200, "Only available for Business or higher accounts."),
        refused(429),
        refused(500),
        refused(403, is_zooms=False),
        fault(may_have_arrived=True),
        fault(may_have_arrived=False),
    ],
)
def test_a_meeting_whose_roster_cannot_be_read_is_dialled_into_with_a_warning(
    stage: Stage, failure: Exception
) -> None:
    stage.zoom.rosters = [failure]
    report = stage.dial(timeout=LONG, target=MEETING)
    assert (report.state, report.sent) == (State.PENDING, Sent.YES)
    assert stage.notices == ["roster-unreadable", "no-evidence"]
    assert stage.seconds < AT_ONCE


def test_a_meeting_stops_at_a_refused_credential(stage: Stage) -> None:
    stage.zoom.rosters = [refused(401, 124, "Invalid access token.")]
    report = stage.dial(timeout=LONG, target=MEETING)
    assert (report.state, report.sent) == (State.NOT_SENT, Sent.NO)
    assert report.failure is not None
    assert report.failure.kind is ErrorKind.AUTH
    assert stage.patches == 0


def test_a_meeting_with_nobody_in_it_is_dialled_into(stage: Stage) -> None:
    stage.zoom.rosters = [(), (JOINED,)]
    assert stage.dial(timeout=LONG, target=MEETING).state is State.JOINED


# No evidence


def test_without_evidence_it_says_so_before_the_call_and_ends_at_the_202(stage: Stage) -> None:
    scope = "dashboard:read:list_meeting_participants:admin"
    stage.zoom.rosters = [refused(400, 4711, f"Invalid access token, does not contain scopes:[{scope}].")]
    said: list[str] = []
    stage.zoom.on_call_out = lambda: said.extend(stage.notices)
    report = stage.dial(timeout=LONG, target=MEETING)
    assert said[-1] == "no-evidence"
    [notice] = [notice for notice in stage.listener.notices if notice.id == "no-evidence"]
    assert scope in notice.message
    assert "--no-wait" in notice.message
    assert isinstance(report.failure, Unproven)
    assert scope in report.failure.message
    assert stage.journal.last == (State.PENDING, Sent.YES)
    assert stage.seconds < AT_ONCE


def test_without_evidence_a_5xx_stays_zooms_fault_and_a_lost_answer_pending(stage: Stage) -> None:
    stage.zoom.rosters = [refused(403, is_zooms=False)]
    stage.zoom.answers = [answered(503, is_zooms=False), TOOK_TOO_LONG]
    kinds = [stage.dial(timeout=LONG, target=MEETING).failure for _ in range(2)]
    assert [failure.kind for failure in kinds if failure] == [ErrorKind.ZOOM_FAULT, ErrorKind.PENDING]
    assert stage.seconds < AT_ONCE


def test_one_source_is_evidence_enough(stage: Stage) -> None:
    stage.zoom.logs = [()]
    stage.dial(evidence=frozenset({EvidenceSource.WEBHOOK_LOG}))
    assert "no-evidence" not in stage.notices
    assert stage.zoom.log.count("webhook_logs") > 1


# The webhook log


def logged(state: str, at: datetime, **more: Any) -> WebhookLog:
    content = {
        "session_id": SESSION.id,
        "message_id": "M1",
        "participant": {"call_type": "sip", "device_ip": ROOM.text},
        **more,
    }
    name = f"session.user_room_system_callout_{state}"
    body = {"event": name, "event_ts": int(at.timestamp() * 1000) + 1, "payload": {"object": content}}
    return WebhookLog(event=name, request_body=json.dumps(body), status=200)


@pytest.mark.parametrize(
    ("word", "more", "state", "reason"),
    [
        ("accepted", {}, State.JOINED, None),
        ("rejected", {}, State.DECLINED, None),
        ("missed", {}, State.MISSED, None),
        ("failed", {"reason_type": 9}, State.FAILED, Reason(9)),
    ],
)
def test_an_event_in_the_log_tells_the_outcome(
    stage: Stage, word: str, more: dict[str, Any], state: State, reason: Reason | None
) -> None:
    stage.zoom.logs = [()]

    def ring() -> None:
        at = datetime.now(UTC)
        stage.zoom.logs = [(logged("ringing", at), logged(word, at + TICK, **more))]

    stage.zoom.on_call_out = ring
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent, report.reason, report.failure) == (state, Sent.YES, reason, None)
    assert [entry.state for entry in report.timeline] == [State.ACCEPTED, State.RINGING, state]
    assert report.evidence is not None
    assert (report.evidence.source, report.evidence.match) == (EvidenceSource.WEBHOOK_LOG, Match.EXACT)
    assert stage.journal.last == (state, Sent.YES)


def test_a_call_that_rings_on_is_pending_and_its_timeline_tells_how_far_it_came(stage: Stage) -> None:
    stage.zoom.logs = [()]

    def ring() -> None:
        stage.zoom.logs = [(logged("ringing", datetime.now(UTC)),)]

    stage.zoom.on_call_out = ring
    report = stage.dial()
    assert (report.state, report.evidence) == (State.PENDING, None)
    assert [entry.state for entry in report.timeline] == [State.ACCEPTED, State.RINGING]
    assert stage.journal.last == (State.PENDING, Sent.YES)


def test_a_call_that_rings_after_a_5xx_and_is_not_seen_to_end_stays_zooms_fault(stage: Stage) -> None:
    stage.zoom.answers = [answered(503, is_zooms=False)]
    stage.zoom.logs = [()]

    def ring() -> None:
        stage.zoom.logs = [(logged("ringing", datetime.now(UTC)),)]

    stage.zoom.on_call_out = ring
    report = stage.dial()
    assert (report.state, report.sent) == (State.PENDING, Sent.YES)
    assert report.failure is not None
    assert report.failure.kind is ErrorKind.ZOOM_FAULT


def test_an_event_of_before_the_call_proves_nothing(stage: Stage) -> None:
    stage.zoom.logs = [(logged("accepted", datetime.now(UTC) - timedelta(seconds=3)),)]
    assert stage.dial().state is State.PENDING


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_zooms_clock_counts_for_its_events(stage: Stage, hours: int) -> None:
    skew = timedelta(hours=hours)
    at = datetime.now(UTC)
    stage.zoom.last_clock = (at - skew, at)
    stage.zoom.logs = [()]

    def ring() -> None:
        stage.zoom.logs = [(logged("rejected", datetime.now(UTC) - skew),)]

    stage.zoom.on_call_out = ring
    assert stage.dial(timeout=LONG).state is State.DECLINED


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_a_clock_that_is_set_between_the_call_and_a_look_does_not_hide_its_events(stage: Stage, hours: int) -> None:
    dialled_at = datetime.now(UTC)
    step = timedelta()
    stage.now = lambda: datetime.now(UTC) + step
    stage.zoom.logs = [()]

    def ring() -> None:
        nonlocal step
        step = timedelta(hours=hours)
        stage.zoom.logs = [(logged("rejected", datetime.now(UTC)),)]

    stage.zoom.on_call_out = ring
    report = stage.dial(timeout=LONG, evidence=frozenset({EvidenceSource.WEBHOOK_LOG}))
    assert (report.state, stage.notices) == (State.DECLINED, [])
    begin, end = stage.zoom.windows[-1]
    assert begin <= min(dialled_at, stage.now())
    assert end >= stage.now() - timedelta(seconds=30)


def accept(stage: Stage, *rosters: tuple[Participant, ...] | BaseException) -> CallReport:
    """Let an event say that the room joined, with these rosters after it."""
    stage.zoom.logs = [()]

    def ring() -> None:
        stage.zoom.logs = [(logged("accepted", datetime.now(UTC)),)]
        stage.zoom.rosters = list(rosters)

    stage.zoom.on_call_out = ring
    return stage.dial(timeout=LONG, evidence=frozenset({EvidenceSource.WEBHOOK_LOG}))


def test_a_room_that_an_event_says_has_joined_is_named_from_the_roster(stage: Stage) -> None:
    report = accept(stage, (PERSON, JOINED))
    assert (report.state, report.participant) == (State.JOINED, JOINED)
    assert report.evidence is not None
    assert report.evidence.source is EvidenceSource.WEBHOOK_LOG
    assert stage.journal.standings[-1].participant_uuid == "UUID=="


@pytest.mark.parametrize(
    "roster", [(PERSON,), (PERSON, JOINED, replace(JOINED, id="s1", uuid="S")), fault(may_have_arrived=True)]
)
def test_a_room_that_an_event_says_has_joined_is_a_success_though_nobody_can_name_it(
    stage: Stage, roster: Any
) -> None:
    report = accept(stage, roster)
    assert (report.state, report.participant, report.failure) == (State.JOINED, None, None)
    assert stage.journal.last == (State.JOINED, Sent.YES)


@pytest.mark.parametrize("error", [TOOK_TOO_LONG, refused(429), refused(503, is_zooms=False)])
def test_a_log_that_cannot_be_read_before_the_call_is_read_after_it(stage: Stage, error: Exception) -> None:
    stage.zoom.logs = [error]

    def ring() -> None:
        stage.zoom.logs = [error, (logged("rejected", datetime.now(UTC)),)]

    stage.zoom.on_call_out = ring
    report = stage.dial(timeout=LONG, evidence=frozenset({EvidenceSource.WEBHOOK_LOG}))
    assert report.state is State.DECLINED
    assert "no-evidence" not in stage.notices


@pytest.mark.parametrize("last_event_was", [timedelta(minutes=5), timedelta(days=3)])
def test_where_events_came_before_the_log_alone_is_watched_at_first(
    stage: Stage, last_event_was: timedelta
) -> None:
    before = datetime.now(UTC) - last_event_was

    def read(*, from_time: datetime, event: str | None = None, **_: object) -> tuple[WebhookLog, ...]:
        stage.zoom.log.append("log")
        row = logged("ringing", before)
        return (row,) if from_time <= before and event in {None, row.event} else ()

    stage.zoom.webhook_logs = read  # type: ignore[method-assign] # by what is asked
    stage.zoom.rosters = [(PERSON,), (PERSON, JOINED)]
    report = stage.dial(timeout=LONG)
    assert report.state is State.JOINED
    after = stage.zoom.log[stage.zoom.log.index("PATCH") + 1 :]
    assert after == ["log"] * 4 + ["roster of session abc/def=="]


@pytest.mark.parametrize(
    ("name", "age", "is_trusted"),
    [
        ("session.user_room_system_callout_accepted", timedelta(minutes=5), True),
        ("session.user_room_system_callout_accepted", timedelta(days=3), False),
        ("session.user_joined", timedelta(minutes=5), False),
    ],
)
def test_the_log_is_trusted_after_any_callout_event_of_late_or_a_ringing_of_this_week(
    stage: Stage, name: str, age: timedelta, *, is_trusted: bool
) -> None:
    before = datetime.now(UTC) - age
    samples = []

    def read(
        *, from_time: datetime, event: str | None = None, is_sample: bool = False, **_: object
    ) -> tuple[WebhookLog, ...]:
        stage.zoom.log.append("log")
        samples.append(is_sample)
        row = replace(logged("accepted", before), event=name)
        return (row,) if from_time <= before and event in {None, name} else ()

    stage.zoom.webhook_logs = read  # type: ignore[method-assign] # by what is asked
    stage.zoom.rosters = [(PERSON,), (PERSON, JOINED)]
    assert stage.dial(timeout=LONG).state is State.JOINED
    looks = stage.zoom.log[stage.zoom.log.index("PATCH") + 1 :]
    assert (looks[:2] == ["log", "log"]) is is_trusted
    before_it = stage.zoom.log[: stage.zoom.log.index("PATCH")].count("log")
    assert all(samples[:before_it]), "a page of it will do to see that events come"
    assert not any(samples[before_it:]), "an outcome may be on any page"


def test_the_log_is_asked_by_zooms_clock_before_the_call_too(stage: Stage) -> None:
    at = datetime.now(UTC)
    stage.zoom.last_clock = (at - timedelta(hours=1), at)
    stage.zoom.logs = [()]
    stage.dial()
    ends = [end for _, end in stage.zoom.windows]
    assert ends
    assert all(abs(end - stage.zoom.last_clock[0]) < timedelta(seconds=AT_ONCE) for end in ends)


def test_a_meetings_events_are_looked_for_in_no_log(stage: Stage) -> None:
    stage.zoom.logs = [()]
    stage.dial(target=MEETING)
    assert "webhook_logs" not in stage.zoom.log
    report = stage.dial(target=MEETING, evidence=frozenset({EvidenceSource.WEBHOOK_LOG}))
    assert isinstance(report.failure, Unproven)
    assert "no-evidence" in stage.notices


# --on-timeout remove


@pytest.fixture
def brief_late_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "_LATE_WATCH", timedelta(milliseconds=300))


def join_late(stage: Stage, room: Participant = JOINED) -> None:
    """Let the room join once the call has timed out."""
    rung: list[float] = []
    stage.zoom.on_call_out = lambda: rung.append(time.monotonic())

    def look(*_: object, **__: object) -> tuple[Participant, ...]:
        is_late = bool(rung) and time.monotonic() > rung[0] + SHORT.total_seconds() * 1.5
        return (PERSON, room) if is_late else (PERSON,)

    stage.zoom.session_users = look  # type: ignore[method-assign] # by the clock, not by count


@pytest.mark.usefixtures("brief_late_watch")
@pytest.mark.parametrize(
    ("first", "kind"), [(ACCEPTED, ErrorKind.PENDING), (answered(503, is_zooms=False), ErrorKind.ZOOM_FAULT)]
)
def test_a_late_joiner_is_removed_and_the_exit_stays(stage: Stage, first: ZoomAnswer, kind: ErrorKind) -> None:
    join_late(stage)
    stage.zoom.answers = [first]
    stage.zoom.removals = [answered(202, is_zooms=False)]
    report = stage.dial(is_late_joiner_removed=True)
    assert (report.state, report.is_removed, report.evidence) == (State.PENDING, True, None)
    assert report.failure is not None
    assert report.failure.kind is kind
    assert stage.zoom.removed == ["UUID=="]
    assert stage.journal.removed == [1]


@pytest.mark.usefixtures("brief_late_watch")
@pytest.mark.parametrize("removal", [answered(200), refused(404, 3001), fault(may_have_arrived=True)])
def test_a_late_joiner_that_cannot_be_removed_is_told(stage: Stage, removal: Any) -> None:
    join_late(stage)
    stage.zoom.removals = [removal]
    report = stage.dial(is_late_joiner_removed=True)
    assert (report.state, report.is_removed) == (State.PENDING, False)
    assert "not-removed" in stage.notices
    assert stage.journal.removed == []


@pytest.mark.usefixtures("brief_late_watch")
def test_a_late_joiner_that_zoom_gives_no_uuid_is_told(stage: Stage) -> None:
    join_late(stage, replace(JOINED, uuid=None))
    report = stage.dial(is_late_joiner_removed=True)
    assert (report.state, report.is_removed) == (State.PENDING, False)
    assert "not-removed" in stage.notices
    assert stage.zoom.removed == []


@pytest.mark.usefixtures("brief_late_watch")
def test_a_late_joiner_is_removed_though_the_journal_fails(stage: Stage) -> None:
    join_late(stage)
    stage.zoom.removals = [answered(202, is_zooms=False)]
    stage.journal.errors["mark_removed"] = NotConfigured("the disk is full")
    report = stage.dial(is_late_joiner_removed=True)
    assert (report.state, report.is_removed) == (State.PENDING, True)
    assert isinstance(report.failure, Unproven)
    assert "journal-failed" in stage.notices


@pytest.mark.usefixtures("brief_late_watch")
def test_a_room_that_declines_late_leaves_the_exit_as_it_was(stage: Stage) -> None:
    stage.zoom.logs = [()]
    late = time.monotonic() + SHORT.total_seconds() * 1.5
    at = datetime.now(UTC) + timedelta(seconds=1)

    def read(**_: object) -> tuple[WebhookLog, ...]:
        return (logged("rejected", at),) if time.monotonic() > late else ()

    stage.zoom.webhook_logs = read  # type: ignore[method-assign] # by the clock, not by count
    report = stage.dial(is_late_joiner_removed=True)
    assert (report.state, report.is_removed, report.evidence, report.reason) == (State.PENDING, False, None, None)
    assert isinstance(report.failure, Unproven)
    assert [entry.state for entry in report.timeline] == [State.ACCEPTED, State.DECLINED]


@pytest.mark.usefixtures("brief_late_watch")
def test_a_room_that_does_not_come_late_either_is_pending(stage: Stage) -> None:
    report = stage.dial(is_late_joiner_removed=True)
    assert (report.state, report.is_removed) == (State.PENDING, False)
    assert stage.zoom.removed == []
    assert 0.4 < stage.seconds < 0.4 + AT_ONCE


@pytest.mark.usefixtures("brief_late_watch")
def test_a_late_joiner_that_an_event_tells_of_is_written_down_as_joined(stage: Stage) -> None:
    stage.zoom.logs = [()]
    stage.zoom.removals = [answered(500)]

    def ring() -> None:
        late = time.monotonic() + SHORT.total_seconds() * 1.5
        at = datetime.now(UTC) + TICK
        stage.zoom.rosters = [(PERSON, JOINED)]
        stage.zoom.webhook_logs = lambda **_: (logged("accepted", at),) if time.monotonic() > late else ()  # type: ignore[method-assign] # by the clock

    stage.zoom.on_call_out = ring
    report = stage.dial(is_late_joiner_removed=True, evidence=frozenset({EvidenceSource.WEBHOOK_LOG}))
    assert (report.state, report.is_removed, report.participant) == (State.PENDING, False, JOINED)
    assert stage.journal.last == (State.JOINED, Sent.YES)


def test_a_room_that_joins_in_time_stays(stage: Stage) -> None:
    stage.zoom.rosters = [(PERSON,), (PERSON, JOINED)]
    report = stage.dial(is_late_joiner_removed=True, timeout=LONG)
    assert (report.state, report.is_removed) == (State.JOINED, None)


# A room that is in already

BY_NAME = Callout(address=ROOM, to_name="Room")
MEETING_ROOM = replace(JOINED, name="Lobby", sip_uri="sip:room@example.com")


def earlier(**changes: Any) -> CallRecord:
    return CallRecord(
        **{
            "id": CallId(7),
            "target": TargetKey(api_base="https://api.zoom.us/v2", api=Api.SESSION, id=SESSION.id),
            "target_name": None,
            "protocol": Protocol.SIP,
            "address": ROOM.normalised,
            "shown": ROOM.shown,
            "to_name": None,
            "profile": None,
            "at": datetime(2026, 11, 21, tzinfo=UTC),
            "timeout": LONG,
            "state": State.JOINED,
            "sent": Sent.YES,
            "participant_id": JOINED.id,
            **changes,
        }
    )


def test_a_room_with_the_name_sent_is_not_rung_again(stage: Stage) -> None:
    stage.zoom.rosters = [(PERSON, JOINED)]
    report = stage.dial(callout=BY_NAME)
    assert (report.state, report.sent, stage.patches, report.call_id) == (State.NOT_SENT, Sent.NO, 0, None)
    assert isinstance(report.failure, Duplicate)
    assert (report.failure.cause, report.failure.until) == ("already-in", None)


def test_a_room_that_an_earlier_call_brought_in_is_not_rung_again_however_long_ago(stage: Stage) -> None:
    stage.zoom.rosters = [(PERSON, JOINED)]
    stage.journal.earlier = (earlier(),)
    report = stage.dial()
    assert isinstance(report.failure, Duplicate)
    assert (report.failure.call_id, report.earlier) == (7, earlier())
    assert stage.patches == 0


@pytest.mark.parametrize(
    "record",
    [
        earlier(participant_id="gone"),
        earlier(address="other@example.com"),
        earlier(protocol=Protocol.H323),
        earlier(removed_at=datetime(2026, 11, 21, 1, tzinfo=UTC)),
        earlier(target=TargetKey(api_base="https://api.zoom.us/v2", api=Api.SESSION, id="other==")),
    ],
    ids=["left", "other room", "other protocol", "hung up", "other session"],
)
def test_a_room_that_is_not_in_is_rung(stage: Stage, record: CallRecord) -> None:
    stage.zoom.rosters = [(PERSON, JOINED)]
    stage.journal.earlier = (record,)
    stage.dial()
    assert stage.patches == 1


def test_a_room_is_known_by_its_sip_uri(stage: Stage) -> None:
    stage.zoom.rosters = [(PERSON, MEETING_ROOM)]
    report = stage.dial(target=MEETING)
    assert isinstance(report.failure, Duplicate)
    assert stage.patches == 0


def test_if_absent_a_room_that_is_in_is_a_success_without_ringing(stage: Stage) -> None:
    stage.zoom.rosters = [(PERSON, JOINED)]
    stage.journal.earlier = (earlier(),)
    report = stage.dial(callout=BY_NAME, is_if_absent=True)
    assert (report.state, report.sent, report.failure) == (State.JOINED, Sent.NO, None)
    assert report.earlier is None, "only a call that blocks is named"
    assert report.evidence == Evidence(EvidenceSource.ROSTER, Match.EXACT)
    assert stage.patches == 0


def test_a_room_in_the_waiting_room_is_never_rung_again(stage: Stage) -> None:
    stage.zoom.rosters = [(PERSON, replace(JOINED, is_waiting=True))]
    report = stage.dial(target=MEETING, callout=BY_NAME, is_if_absent=True)
    assert isinstance(report.failure, Duplicate)
    assert report.failure.cause == "waiting-room"
    assert stage.patches == 0


def test_if_absent_a_roster_that_cannot_be_read_is_a_warning_and_the_room_is_rung(stage: Stage) -> None:
    stage.zoom.rosters = [refused(400, 4711)]
    stage.dial(target=MEETING, is_if_absent=True)
    assert "roster-unreadable" in stage.notices
    assert stage.patches == 1


def test_force_rings_a_room_that_is_in(stage: Stage) -> None:
    stage.zoom.rosters = [(PERSON, JOINED)]
    stage.dial(callout=BY_NAME, is_forced=True)
    assert stage.patches == 1


# The waiting room of a meeting

WAITING = replace(JOINED, is_waiting=True)
WEBSOCKET = frozenset({EvidenceSource.WEBSOCKET, EvidenceSource.ROSTER})


def callout_event(state: State, at: datetime) -> CalloutEvent:
    return CalloutEvent(
        state=state, api=Api.MEETING, target_id=MEETING.number, protocol=Protocol.SIP, device=ROOM.text, at=at
    )


def participant_event(state: State, at: datetime, *, name: str = "Board room") -> ParticipantEvent:
    return ParticipantEvent(state=state, target_id=MEETING.number, name=name, uuid=None, at=at)


def push(stage: Stage, *events: Event, is_roster_readable: bool = False, **changes: Any) -> CallReport:
    """Ring into the meeting while these events are pushed as soon as the PATCH was sent."""
    feed = PushFeed(EvidenceSource.WEBSOCKET, stage.now)
    stage.feeds = (feed,)
    stage.zoom.on_call_out = lambda: feed.publish(events)
    if not is_roster_readable:
        stage.zoom.rosters = [refused(400, 4711)]
    callout = Callout(address=ROOM, to_name="Board room")
    return stage.dial(**{"target": MEETING, "callout": callout, "evidence": WEBSOCKET, **changes})


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=1)


def test_a_room_in_the_waiting_room_is_waited_for_and_joins_once_it_is_admitted(stage: Stage) -> None:
    stage.zoom.rosters = [(PERSON,), (PERSON, WAITING), (PERSON, WAITING), (PERSON, JOINED)]
    report = stage.dial(target=MEETING, timeout=LONG)
    assert (report.state, report.participant) == (State.JOINED, JOINED)
    states = [entry.state for entry in report.timeline]
    assert states == [State.ACCEPTED, State.WAITING_ROOM, State.JOINED]


def test_a_room_that_is_still_in_the_waiting_room_says_so_and_blocks_a_second_dial(stage: Stage) -> None:
    stage.zoom.rosters = [(PERSON,), (PERSON, WAITING)]
    report = stage.dial(target=MEETING)
    assert (report.state, report.sent, report.failure) == (State.WAITING_ROOM, Sent.YES, None)
    assert exit_of(report.state, None) == 27
    assert stage.journal.last == (State.WAITING_ROOM, Sent.YES)
    assert report.state.blocks_redial


def test_an_answer_alone_is_no_proof_that_the_room_is_in(stage: Stage) -> None:
    report = push(stage, callout_event(State.RINGING, soon()), callout_event(State.ANSWERED, soon()))
    assert report.state is State.PENDING
    assert [entry.state for entry in report.timeline][-1] is State.ANSWERED
    assert isinstance(report.failure, Unproven)
    assert "dashboard_meetings:read:admin" in (report.failure.fix or "")


def test_a_meeting_without_a_waiting_room_has_whoever_answers(stage: Stage) -> None:
    stage.zoom.has_waiting_room = False
    report = push(stage, callout_event(State.ANSWERED, soon()), timeout=LONG)
    assert (report.state, report.failure) == (State.JOINED, None)
    assert report.evidence == Evidence(EvidenceSource.WEBSOCKET, Match.EXACT)


def test_the_setting_alone_puts_nobody_into_the_waiting_room(stage: Stage) -> None:
    stage.zoom.has_waiting_room = True
    assert push(stage, callout_event(State.ANSWERED, soon())).state is State.PENDING


@pytest.mark.parametrize("state", [State.JOINED, State.WAITING_ROOM])
def test_an_event_about_the_participant_tells_where_the_room_is(stage: Stage, state: State) -> None:
    report = push(stage, callout_event(State.ANSWERED, soon()), participant_event(state, soon()))
    assert (report.state, report.failure) == (state, None)


def test_an_event_about_somebody_else_tells_nothing_about_the_room(stage: Stage) -> None:
    other = participant_event(State.JOINED, soon(), name="Somebody else")
    assert push(stage, callout_event(State.ANSWERED, soon()), other).state is State.PENDING


def test_events_that_come_after_the_waiting_room_go_to_their_place_in_the_timeline(stage: Stage) -> None:
    feed, at = PushFeed(EvidenceSource.WEBSOCKET, stage.now), soon()
    stage.feeds = (feed,)

    def send() -> None:
        feed.publish([participant_event(State.WAITING_ROOM, at + timedelta(seconds=2))])
        feed.publish([callout_event(State.ANSWERED, at + timedelta(seconds=1))])
        feed.publish([callout_event(State.RINGING, at)])

    stage.zoom.on_call_out = send
    stage.zoom.rosters = [refused(400, 4711)]
    report = stage.dial(target=MEETING, callout=Callout(address=ROOM, to_name="Board room"), evidence=WEBSOCKET)
    story = [State.ACCEPTED, State.RINGING, State.ANSWERED, State.WAITING_ROOM]
    assert [entry.state for entry in report.timeline] == story
    assert report.state is State.WAITING_ROOM
    assert stage.journal.last == (State.WAITING_ROOM, Sent.YES)


def test_a_room_that_leaves_the_waiting_room_by_itself_is_pending(stage: Stage) -> None:
    at = soon()
    events = [
        participant_event(State.WAITING_ROOM, at),
        participant_event(State.ANSWERED, at + timedelta(milliseconds=10)),
    ]
    report = push(stage, *events)
    assert report.state is State.PENDING
    assert State.WAITING_ROOM in [entry.state for entry in report.timeline]
    assert isinstance(report.failure, Unproven)


def test_a_room_is_removed_out_of_the_waiting_room(stage: Stage) -> None:
    stage.zoom.rosters = [(PERSON,), (PERSON, WAITING)]
    stage.zoom.removals = [answered(202, is_zooms=False)]
    report = stage.dial(target=MEETING, is_late_joiner_removed=True)
    assert (report.state, report.is_removed) == (State.WAITING_ROOM, True)
    assert stage.zoom.removed == ["UUID=="]


def test_a_refused_removal_is_told_with_zooms_words(stage: Stage) -> None:
    stage.zoom.rosters = [(PERSON,), (PERSON, WAITING)]
    stage.zoom.removals = [answered(400, 3000, "Cannot access meeting information.")]
    report = stage.dial(target=MEETING, is_late_joiner_removed=True)
    assert report.is_removed is False
    assert any("Cannot access meeting information" in notice.message for notice in stage.listener.notices)


# The journal


def test_a_duplicate_is_not_sent(stage: Stage) -> None:
    duplicate = Duplicate("dialled 3 s ago", call_id=1, until=None)
    stage.journal.errors["claim"] = duplicate
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent, report.failure) == (State.NOT_SENT, Sent.NO, duplicate)
    assert stage.patches == 0


def test_a_journal_that_cannot_take_the_call_stops_it_before_it_is_sent(stage: Stage) -> None:
    stage.journal.errors["claim"] = NotConfigured("the disk is full")
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent) == (State.NOT_SENT, Sent.NO)
    assert isinstance(report.failure, NotConfigured)
    assert stage.patches == 0


@pytest.mark.parametrize(
    ("answer", "state", "kind"),
    [
        (ACCEPTED, State.JOINED, None),
        (answered(401, 124, "Invalid access token."), State.REFUSED, ErrorKind.AUTH),
        (answered(200), State.NO_OP, ErrorKind.NO_OP),
        (NEVER_ARRIVED, State.NOT_SENT, ErrorKind.NETWORK),
        (TOOK_TOO_LONG, State.JOINED, None),
    ],
)
def test_a_journal_that_fails_later_changes_nothing_about_the_outcome(
    stage: Stage, answer: Any, state: State, kind: ErrorKind | None
) -> None:
    stage.journal.errors["settle"] = NotConfigured("the disk is full")
    stage.zoom.rosters = [(PERSON,), (PERSON, JOINED)]
    stage.zoom.answers = [answer]
    report = stage.dial(timeout=LONG)
    assert report.state is state
    assert (report.failure.kind if report.failure else None) is kind
    assert "journal-failed" in stage.notices


@pytest.mark.parametrize("state", [State.ACCEPTED, State.JOINED])
def test_what_is_known_is_written_down_before_it_is_told(stage: Stage, state: State) -> None:
    stage.zoom.rosters = [(PERSON,), (PERSON, JOINED)]

    def entry(seen: Any) -> None:
        if seen.state is state:
            raise BrokenPipeError

    stage.listener.entry = entry  # type: ignore[method-assign] # `-o jsonl | head -1`
    with pytest.raises(BrokenPipeError):
        stage.dial(timeout=LONG)
    assert stage.journal.last == (state, Sent.YES)


@pytest.mark.parametrize("name", ["rivals", "take_credit"])
def test_a_journal_that_fails_under_the_wait_leaves_the_call_pending(stage: Stage, name: str) -> None:
    stage.journal.errors[name] = NotConfigured("the disk is full")
    stage.zoom.rosters = [(PERSON,), (PERSON, JOINED)]
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent) == (State.PENDING, Sent.YES)
    assert isinstance(report.failure, Unproven)
    assert "evidence-lost" in stage.notices
    assert stage.seconds < AT_ONCE


# Ctrl-C and SIGTERM

STOPS = pytest.mark.parametrize(
    ("is_terminated", "kind"), [(False, ErrorKind.INTERRUPTED), (True, ErrorKind.TERMINATED)]
)


@contextmanager
def silent(stage: Stage, name: str) -> Iterator[None]:
    """Let one kind of request hang until the test is over."""
    is_over = threading.Event()

    def hang(*_: object, **__: object) -> Any:
        stage.zoom.log.append(name)
        is_over.wait(60)

    setattr(stage.zoom, name, hang)
    try:
        yield
    finally:
        is_over.set()


@STOPS
def test_stopped_while_zoom_is_silent_before_the_call_nothing_is_sent(
    stage: Stage, kind: ErrorKind, *, is_terminated: bool
) -> None:
    threading.Timer(0.05, stage.stop.set, kwargs={"is_terminated": is_terminated}).start()
    with silent(stage, "session_users"):
        report = stage.dial(timeout=LONG)
    assert (report.state, report.sent) == (State.NOT_SENT, Sent.NO)
    assert isinstance(report.failure, Interrupted)
    assert report.failure.kind is kind
    assert "nothing rings" in report.failure.message
    assert stage.patches == 0
    assert stage.journal.claims == []
    assert stage.seconds < 1


def test_stopped_between_claim_and_call_the_claim_is_released(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = stage.journal.claim

    def stopping(*arguments: Any, **options: Any) -> Any:
        stage.stop.set()
        return claim(*arguments, **options)

    monkeypatch.setattr(stage.journal, "claim", stopping)
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent) == (State.NOT_SENT, Sent.NO)
    assert isinstance(report.failure, Interrupted)
    assert len(stage.journal.claims) == 1
    assert stage.journal.last == (State.NOT_SENT, Sent.NO)
    assert stage.patches == 0


@STOPS
def test_stopped_while_the_call_is_being_sent_the_room_may_ring(
    stage: Stage, kind: ErrorKind, *, is_terminated: bool
) -> None:
    threading.Timer(0.05, stage.stop.set, kwargs={"is_terminated": is_terminated}).start()
    with silent(stage, "call_out"):
        report = stage.dial(timeout=LONG)
    assert (report.state, report.sent) == (State.PENDING, Sent.UNKNOWN)
    assert report.failure is not None
    assert report.failure.kind is kind
    assert "room@example.com may still ring" in report.failure.message
    assert stage.journal.last == (State.PENDING, Sent.UNKNOWN)
    assert stage.zoom.log.count("call_out") == 1
    assert stage.seconds < 1


@STOPS
def test_stopped_during_the_wait_the_room_may_ring_on(
    stage: Stage, kind: ErrorKind, *, is_terminated: bool
) -> None:
    stage.listener.on_progress = lambda: stage.stop.set(is_terminated=is_terminated)
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent) == (State.PENDING, Sent.YES)
    assert report.failure is not None
    assert report.failure.kind is kind
    assert "may still ring" in report.failure.message
    assert "no way to cancel" in report.failure.message
    assert stage.journal.last == (State.PENDING, Sent.YES)
    assert stage.patches == 1
    assert stage.seconds < 1


def test_a_stop_after_the_outcome_changes_nothing(stage: Stage) -> None:
    stage.zoom.rosters = [(PERSON,), (PERSON, JOINED)]
    tell = stage.listener.entry

    def entry(seen: Any) -> None:
        tell(seen)
        if seen.state is State.JOINED:
            stage.stop.set()

    stage.listener.entry = entry  # type: ignore[method-assign] # Ctrl-C just then
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent, report.failure) == (State.JOINED, Sent.YES, None)
    assert stage.journal.last == (State.JOINED, Sent.YES)


@pytest.mark.usefixtures("brief_late_watch")
def test_stopped_while_a_late_joiner_is_looked_up_the_call_is_pending(stage: Stage) -> None:
    join_late(stage, JOINED)
    tell = stage.listener.entry

    def entry(seen: Any) -> None:
        tell(seen)
        if seen.state is State.JOINED:
            stage.stop.set()

    stage.listener.entry = entry  # type: ignore[method-assign] # Ctrl-C just then
    report = stage.dial(is_late_joiner_removed=True)
    assert (report.state, report.is_removed) == (State.PENDING, False)
    assert isinstance(report.failure, Interrupted)
    assert stage.zoom.removed == []


@pytest.mark.usefixtures("brief_late_watch")
def test_stopped_while_a_late_joiner_is_removed_it_says_that_the_room_joined(stage: Stage) -> None:
    join_late(stage)
    with silent(stage, "remove_participant"):
        threading.Timer(SHORT.total_seconds() * 3, stage.stop.set).start()
        report = stage.dial(is_late_joiner_removed=True)
    assert (report.state, report.sent, report.is_removed) == (State.PENDING, Sent.YES, False)
    assert isinstance(report.failure, Interrupted)
    assert "joined late, and may not have been removed" in report.failure.message
    assert stage.journal.last == (State.JOINED, Sent.YES)


def test_a_call_that_is_stopped_before_its_thread_runs_is_never_sent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    starved: list[threading.Thread] = []
    claim = stage.journal.claim

    def starve(thread: threading.Thread) -> None:
        starved.append(thread)

    def claiming(*arguments: Any, **options: Any) -> Any:
        threading.Timer(0.05, stage.stop.set).start()
        monkeypatch.setattr(stopping._Hands, "take", lambda hands: stopping._Hand(hands))  # noqa: PLW0108 - bound, as a class is not
        monkeypatch.setattr(threading.Thread, "start", starve)
        return claim(*arguments, **options)

    monkeypatch.setattr(stage.journal, "claim", claiming)
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent) == (State.NOT_SENT, Sent.NO)
    assert isinstance(report.failure, Interrupted)
    assert "nothing rings" in report.failure.message
    assert stage.journal.last == (State.NOT_SENT, Sent.NO)
    [request] = starved
    request.run()
    assert stage.patches == 0


def test_a_call_for_which_there_is_no_thread_is_not_sent_and_blocks_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = stage.journal.claim

    def claiming(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(stopping._Hands, "take", lambda hands: stopping._Hand(hands))  # noqa: PLW0108 - bound, as a class is not
        monkeypatch.setattr(threading.Thread, "start", refuse)
        return claim(*arguments, **options)

    monkeypatch.setattr(stage.journal, "claim", claiming)
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent) == (State.NOT_SENT, Sent.NO)
    assert report.failure is not None
    assert "threads" in report.failure.message
    assert stage.journal.last == (State.NOT_SENT, Sent.NO)
    assert stage.patches == 0


def test_a_call_that_no_thread_can_watch_says_that_nothing_more_can_be_proven(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.zoom.on_call_out = lambda: monkeypatch.setattr(threading.Thread, "start", refuse)
    report = stage.dial(timeout=LONG)
    assert (report.state, report.sent) == (State.PENDING, Sent.YES)
    assert isinstance(report.failure, Unproven)
    assert "evidence-lost" in stage.notices
    assert stage.seconds < AT_ONCE


def refuse(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_while_a_request_is_waited_for_windows_can_run_a_signal_handler(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeps: list[float | None] = []

    class Watched(queue.SimpleQueue[Any]):
        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            sleeps.append(timeout)
            return super().get(block, timeout)

    monkeypatch.setattr(queue, "SimpleQueue", Watched)
    stage.zoom.on_call_out = lambda: time.sleep(SHORT.total_seconds() * 3)
    stage.dial(is_waiting=False)
    assert len(sleeps) > 2, "the request was waited for in pieces"
    assert all(sleep is not None and sleep <= 0.5 for sleep in sleeps)


def test_stopped_while_the_journal_fails_it_still_says_what_may_ring(stage: Stage) -> None:
    stage.journal.errors["settle"] = NotConfigured("the disk is full")
    threading.Timer(0.05, stage.stop.set).start()
    with silent(stage, "call_out"):
        report = stage.dial(timeout=LONG)
    assert (report.state, report.sent) == (State.PENDING, Sent.UNKNOWN)
    assert isinstance(report.failure, Interrupted)


def test_a_passcode_is_never_in_what_is_told(stage: Stage) -> None:
    passcode = "Zq81kTw0"
    room = RoomAddress.parse(Protocol.H323, f"203.0.113.10##84098077904#{passcode}")
    stage.listener.on_progress = stage.stop.set
    report = stage.dial(timeout=LONG, callout=Callout(address=room))
    told = f"{report!r} {stage.listener!r} {report.failure} {stage.journal!r} {stage.zoom.requests!r}"
    assert passcode not in told
    assert stage.zoom.requests[0].body["params"]["device_ip"].endswith(passcode)


@TARGETS
def test_what_can_prove_the_outcome_and_what_cannot_is_told(stage: Stage, target: Any) -> None:
    stage.feeds = (PushFeed(EvidenceSource.WEBHOOK, stage.now),)
    stage.dial(target=target)
    assert "evidence: roster, webhook" in stage.listener.details
    [missing] = [detail for detail in stage.listener.details if detail.startswith("missing evidence: ")]
    why = "cannot read the webhook log (" if target is SESSION else "Zoom keeps no webhook log for meetings"
    assert missing.startswith(f"missing evidence: {why}")


@pytest.mark.parametrize("seconds", [0, 60])
def test_what_comes_late_is_told_before_the_newest_that_is_known(stage: Stage, seconds: float) -> None:
    stage.zoom.rosters = [(PERSON,), (PERSON, replace(JOINED, name="Board", is_waiting=True))]
    stage.feeds = (feed := PushFeed(EvidenceSource.WEBHOOK, stage.now),)
    moments: list[datetime] = []

    def publish(state: State, later: float) -> None:
        at = moments[0] + timedelta(seconds=later)
        target = {"api": Api.MEETING, "target_id": MEETING.number}
        feed.publish([CalloutEvent(state=state, protocol=Protocol.SIP, device=ROOM.text, at=at, **target)])

    def entry(told: TimelineEntry) -> None:
        stage.listener.entries.append(told)
        moments.append(stage.now())
        if told.state is State.ACCEPTED:
            publish(State.RINGING, 0)
        elif told.state is State.WAITING_ROOM:
            publish(State.ANSWERED, seconds)

    stage.listener.entry = entry  # type: ignore[method-assign] # so that each event comes just after that
    report = stage.dial(target=MEETING, callout=Callout(address=ROOM, to_name="Board"))
    seen = [State.ACCEPTED, State.RINGING, State.WAITING_ROOM, State.ANSWERED]
    assert [entry.state for entry in stage.listener.entries] == seen
    assert [entry.state for entry in report.timeline] == [*seen[:2], State.ANSWERED, State.WAITING_ROOM]
    assert report.state is State.WAITING_ROOM


def test_the_journal_is_told_who_is_there(stage: Stage) -> None:
    left = replace(PERSON, id="u2", leave_time=stage.now())
    stage.zoom.rosters = [(replace(PERSON, other_ids=frozenset({"77"})), left)]
    begun = stage.now()
    stage.dial(is_waiting=False)
    stage.dial(is_waiting=False, is_preflight_off=True)
    known, unknown = stage.journal.presences
    assert known is not None
    assert known.ids == {"u1", "77"}
    assert begun <= known.asked_at <= stage.now()
    assert unknown is None
