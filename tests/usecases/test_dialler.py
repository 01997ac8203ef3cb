"""Many calls in one process: each ends as it would alone, and a stop ends them all."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

import pytest
from emulator.hand_made import eventually
from fakes import FakeListener, FakeZoom
from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from zoomcall.adapters.journal import Journal
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.call import EvidenceSource, Sent, State
from zoomcall.domain.callout import Callout, CalloutRequest
from zoomcall.domain.event import CalloutEvent, read_event_text
from zoomcall.domain.journal import CallId, Standing
from zoomcall.domain.live import Meeting, WebhookLog
from zoomcall.domain.roster import ROOM_DEVICE, Participant
from zoomcall.domain.target import MeetingNumber, MeetingTarget, SessionId, SessionTarget
from zoomcall.errors import ErrorKind, Interrupted, NetworkFault, NetworkWord, ZoomcallError
from zoomcall.usecases.dialing.dialler import Dialler
from zoomcall.usecases.dialing.order import DialOrder
from zoomcall.usecases.dialing.polling import Polls, Rhythm
from zoomcall.usecases.dialing.pushed_events import PushFeed
from zoomcall.usecases.dialing.report import CallReport
from zoomcall.usecases.dialing.stop import Stop

STEP = timedelta(milliseconds=1)
"""By how much a look moves the clock on."""
TICK = timedelta(milliseconds=2)
QUICK = Rhythm(first=TICK, early=TICK, interval=TICK)
SHORT, LONG = STEP * 10, STEP * 100_000
STOP_SECONDS = 1.0
"""In which a stop ends every call."""

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SESSION = SessionTarget(SessionId("abc/def=="), "Standup")
MEETING = MeetingTarget(MeetingNumber("84098077904"))
ROOM = "room@example.com"
"""Rung into both at the same time."""

PERSON = Participant(id="u1", name="Ada", device="Mac")


def answered(status: int, code: int | None = None, *, is_zooms: bool = True) -> ZoomAnswer:
    return ZoomAnswer(method="PATCH", path="/x", status=status, code=code, message=None, is_zooms=is_zooms)


def refused(status: int, code: int | None = None) -> ZoomRefused:
    return ZoomRefused(answered(status, code, is_zooms=code is not None))


def fault(*, may_have_arrived: bool) -> NetworkFault:
    return NetworkFault("reset", word=NetworkWord.RESET, may_have_arrived=may_have_arrived)


ACCEPTED = answered(202, is_zooms=False)


def order(target: SessionTarget | MeetingTarget, address: str, **changes: Any) -> DialOrder:
    return replace(
        DialOrder(
            target=target,
            callout=Callout(address=RoomAddress.parse(Protocol.SIP, address)),
            api_base="https://api.zoom.us/v2",
            profile=None,
            timeout=LONG,
        ),
        **changes,
    )


def logged(
    word: str, device: str, at: datetime, target: SessionTarget | MeetingTarget = SESSION, **more: Any
) -> WebhookLog:
    """Return a row of the webhook log: an event of one call."""
    is_session = isinstance(target, SessionTarget)
    place = {"session_id": target.id} if isinstance(target, SessionTarget) else {"id": target.number}
    room = {"participant": {"call_type": "sip", "device_ip": device}, "message_id": f"M {target} {device}"}
    name = f"{'session.user' if is_session else 'meeting.participant'}_room_system_callout_{word}"
    content = {**place, **room, **more}
    body = {"event": name, "event_ts": int(at.timestamp() * 1000) + 1, "payload": {"object": content}}
    return WebhookLog(event=name, request_body=json.dumps(body), status=200)


# What becomes of one call, and who decides when


class Fate(Struct, frozen=True, kw_only=True):
    """What Zoom makes of one call.

    Attributes:
        name: For people.
        answer: To the PATCH; an exception is raised.
        present: Who is there before; an exception is raised.
        joins_after: How many looks at the roster do not show the room yet; None if none ever does.
        word: The event that tells the outcome at the second look.
        is_pushed: That event comes by webhook, not in the log.
        hiccups: How many looks fail first.
        lost: How every look after the PATCH fails.
        changes: What the order says.
    """

    name: str
    answer: ZoomAnswer | ZoomcallError = ACCEPTED
    present: tuple[Participant, ...] | ZoomcallError = (PERSON,)
    joins_after: int | None = None
    word: str | None = None
    is_pushed: bool = False
    hiccups: int = 0
    lost: ZoomcallError | None = None
    changes: Mapping[str, Any] = {}

    def __str__(self) -> str:
        return self.name


COMMON = (
    Fate(name="joins", joins_after=2),
    Fate(name="pending", changes={"timeout": SHORT}),
    Fate(name="declines by webhook", word="rejected", is_pushed=True),
    Fate(name="joins by webhook", word="accepted", is_pushed=True),
    Fate(name="refused", answer=answered(401, 124)),
    Fate(name="no-op", answer=answered(200)),
    Fate(name="joins after a 5xx", answer=answered(503, is_zooms=False), joins_after=1),
    Fate(name="pending after a 5xx", answer=answered(503, is_zooms=False), changes={"timeout": SHORT}),
    Fate(name="joins after a lost answer", answer=fault(may_have_arrived=True), joins_after=1),
    Fate(name="never arrives", answer=fault(may_have_arrived=False)),
    Fate(name="joins though looks fail", joins_after=2, hiccups=3),
    Fate(name="sight is lost", lost=refused(401, 124)),
    Fate(name="not waited for", changes={"is_waiting": False}),
)
IN_SESSIONS = (
    *COMMON,
    Fate(name="declines", word="rejected"),
    Fate(name="joins by event", word="accepted"),
    Fate(name="fails", word="failed"),
    Fate(name="not live", present=refused(404, 3001)),
    Fate(name="nobody there", present=()),
    Fate(name="late", joins_after=0, changes={"timeout": SHORT, "is_late_joiner_removed": True}),
)
IN_MEETINGS = (
    *COMMON,
    Fate(name="joins though not live", present=refused(404, 3001), joins_after=1),
    Fate(name="roster unreadable", present=refused(400, 4711)),
)
BY_ADDRESS = tuple(
    fate
    for fate in IN_SESSIONS
    if fate.name in {"joins", "pending", "refused", "joins after a 5xx", "declines", "fails", "not waited for"}
)
LASTING = tuple(
    next(fate for fate in IN_SESSIONS if fate.name == name)
    for name in ("pending", "pending after a 5xx", "joins by webhook", "joins by event", "late")
)
"""Those that take long; the first three are to be had in meetings too."""


class Conductor:
    """Lets one of the requests that hang go on after the other; a drawn list says which."""

    def __init__(self, picks: Iterable[int] = ()) -> None:
        self._picks = iter(picks)
        self._changed = threading.Condition()
        self._hanging: list[tuple[str, object]] = []
        self._is_over = False

    def hang(self, name: str) -> None:
        """Wait for one's turn."""
        turn = (name, object())
        with self._changed:
            self._hanging.append(turn)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_over or turn not in self._hanging, 60)

    def conduct(self, calls: Iterable[Running], *, most: int | None = None, until: str | None = None) -> None:
        """Take turns until all calls have ended, or so many turns, or until a request of that kind hangs."""
        calls, turns = tuple(calls), 0
        while any(call.is_alive() for call in calls) and turns != most:
            with self._changed:
                self._changed.wait(0.001)  # for more to choose from
                if until is not None and any(until in name for name, _ in self._hanging):
                    return
                if not self._hanging:
                    continue
                self._hanging.sort(key=lambda turn: turn[0])
                del self._hanging[next(self._picks, 0) * len(self._hanging) // PICKS]
                turns += 1
                self._changed.notify_all()

    def let_go(self) -> None:
        """Let everything go on, from now on too."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()


PICKS = 8
LISTS_OF_PICKS = st.lists(st.integers(0, PICKS - 1), max_size=80)


@dataclass
class World:
    """Zoom as one credential sees it; each request hangs until the conductor lets it go on."""

    conductor: Conductor
    target: SessionTarget | MeetingTarget
    fates: Mapping[str, Fate]
    feed: PushFeed | None = None
    now: datetime = NOON
    last_clock: None = None
    log: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    rung_at: dict[str, datetime] = field(default_factory=dict)
    looks: Counter[tuple[str, str]] = field(default_factory=Counter)
    told: set[str] = field(default_factory=set)
    is_late: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clock(self) -> datetime:
        return self.now

    def session_users(self, *_: object, **__: object) -> tuple[Participant, ...]:
        self._ask("roster")
        with self._lock:
            for address, fate in self._under_way("roster"):
                if fate.is_pushed and self.looks[address, "roster"] == 2:
                    self._push(address, fate)
            if not self.rung_at:
                [fate, *_others] = self.fates.values()
                if isinstance(fate.present, ZoomcallError):
                    raise fate.present
                return fate.present
            return (PERSON, *(_room(address) for address in self.rung_at if self._is_in(address)))

    meeting_participants = session_users

    def webhook_logs(self, *_: object, **__: object) -> tuple[WebhookLog, ...]:
        self._ask("log")
        rows: list[WebhookLog] = []
        with self._lock:
            for address, fate in self._under_way("log"):
                if fate.word is not None and not fate.is_pushed and self.looks[address, "log"] >= 2:
                    rows.extend(self._events(address, fate))
        return tuple(rows)

    def call_out(
        self,
        request: CalloutRequest,
        *,
        deadline: datetime | None = None,
        on_first_byte: Callable[[], None] = lambda: None,
    ) -> ZoomAnswer:
        address = request.callout.address.text
        self._ask(f"PATCH {address}")
        with self._lock:
            self.rung_at[address] = self.now
            self.answered.add(address)
        answer = self.fates[address].answer
        if isinstance(answer, ZoomcallError):
            raise answer
        return answer

    def remove_participant(self, *_: object, **__: object) -> ZoomAnswer:
        self._ask("remove")
        return ACCEPTED

    def meeting(self, *_: object, **__: object) -> Meeting:
        self._ask("meeting")
        return Meeting()

    def _ask(self, what: str) -> None:
        self.log.append(what)
        self.conductor.hang(f"{self.target} {what}")

    def _under_way(self, source: str) -> list[tuple[str, Fate]]:
        """Return the calls that Zoom has answered, once they were looked at once more."""
        if self.rung_at:
            self.now += STEP
        for address in self.rung_at:
            self.looks[address, source] += 1
            fate = self.fates[address]
            if fate.lost is not None:
                raise fate.lost
            if self.looks[address, source] <= fate.hiccups:
                raise refused(503)
        return [(address, self.fates[address]) for address in self.rung_at]

    def _is_in(self, address: str) -> bool:
        fate = self.fates[address]
        if fate.word is not None:
            return fate.word == "accepted" and address in self.told
        is_due = fate.joins_after is not None and self.looks[address, "roster"] > fate.joins_after
        return is_due and (self.is_late or "is_late_joiner_removed" not in fate.changes)

    def _events(self, address: str, fate: Fate) -> list[WebhookLog]:
        assert fate.word is not None
        self.told.add(address)
        reason = {"reason_type": 9} if fate.word == "failed" else {}
        at = self.rung_at[address]
        ringing = logged("ringing", address, at, self.target)
        return [ringing, logged(fate.word, address, at + STEP, self.target, **reason)]

    def _push(self, address: str, fate: Fate) -> None:
        assert self.feed is not None
        events = [read_event_text(row.request_body) for row in self._events(address, fate)]
        self.feed.publish([each for each in events if isinstance(each, CalloutEvent)])


def _room(address: str) -> Participant:
    return Participant(id=f"r {address}", uuid=f"U {address}", device=ROOM_DEVICE, ip_address=address)


class Ledger(Journal):
    """A journal in memory that remembers what it was told of each call."""

    def __init__(self) -> None:
        super().__init__(None)
        self.standings: dict[CallId, list[tuple[State, Sent]]] = {}

    def settle(self, call_id: CallId, standing: Standing) -> None:
        super().settle(call_id, standing)
        self.standings.setdefault(call_id, []).append((standing.state, standing.sent))

    def standings_of(self, target: SessionTarget | MeetingTarget, address: str) -> list[tuple[State, Sent]]:
        """Return what a call was known to be, in order."""
        meant = [call.id for call in self.calls() if (call.target.api, call.shown) == (target.api, address)]
        return [standing for each in meant for standing in self.standings.get(each, ())]


class Running(threading.Thread):
    """One call in a thread of its own."""

    def __init__(self, dialler: Dialler, world: World, address: str, stop: Stop) -> None:
        super().__init__()
        self.world = world
        self.address = address
        self.report: CallReport | None = None
        self.listener = FakeListener()
        self.listener.detail = self._detail  # type: ignore[method-assign] # a late joiner comes once it is waited for
        fate = world.fates[address]
        self._dial = partial(dialler.dial, order(world.target, address, **fate.changes), self.listener, stop)
        self.start()

    def run(self) -> None:
        self.report = self._dial()

    def _detail(self, text: str) -> None:
        if text.startswith("watching for another"):
            self.world.is_late = True

    @property
    def patches(self) -> int:
        return self.world.log.count(f"PATCH {self.address}")

    def outcome(self, ledger: Ledger) -> dict[str, Any]:
        """Return all that can be said of the call afterwards but when it was, and who else was there."""
        report = self.report
        assert report is not None
        failure = report.failure
        return {
            "state": report.state,
            "sent": report.sent,
            "http_status": report.http_status,
            "evidence": report.evidence,
            "reason": report.reason,
            "participant": report.participant,
            "timeline": [(entry.state, str(entry.source)) for entry in report.timeline],
            "failure": None if failure is None else (failure.kind, failure.message),
            "is_removed": report.is_removed,
            "standings": ledger.standings_of(self.world.target, self.address),
            "notices": [notice.id for notice in self.listener.notices],
            "patches": self.patches,
        }


@dataclass
class Stage:
    """Everything that calls of one process share, and what each connection has for itself."""

    picks: Iterable[int] = ()
    stop: Stop = field(default_factory=Stop)
    ledger: Ledger = field(default_factory=Ledger)
    calls: list[Running] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.conductor = Conductor(self.picks)
        self.feed = PushFeed(EvidenceSource.WEBHOOK, lambda: NOON)

    def ring(self, target: SessionTarget | MeetingTarget, fates: Mapping[str, Fate]) -> None:
        """Begin to ring rooms through one dialler, with a credential of its own."""
        world = World(self.conductor, target, fates, self.feed)
        feeds = (self.feed,) if any(fate.is_pushed for fate in fates.values()) else ()
        polls = Polls(world, now=world.clock, rhythm=QUICK)
        dialler = Dialler(zoom=world, journal=self.ledger, polls=polls, feeds=feeds, now=world.clock)
        self.calls += [Running(dialler, world, address, self.stop) for address in fates]

    def end(self) -> None:
        """Take turns until all calls have ended."""
        self.conductor.conduct(self.calls)

    def end_by_stop(self, *, is_terminated: bool) -> float:
        """Stop all calls, give no turn until they have ended, and return how many seconds that took."""
        begun = time.monotonic()
        self.stop.set(is_terminated=is_terminated)
        for call in self.calls:
            call.join(10)
        return time.monotonic() - begun

    def close(self) -> None:
        """Let everything go on that still hangs, until no thread is left."""
        self.conductor.let_go()
        eventually(lambda: not {"poll", "request"} & {thread.name for thread in threading.enumerate()}, seconds=10)
        self.ledger.close()


@cache
def alone(target: SessionTarget | MeetingTarget, address: str, name: str) -> dict[str, Any]:
    """Return how a call ends that is the only one."""
    fates = {fate.name: fate for fate in (*IN_SESSIONS, *IN_MEETINGS)}
    stage = Stage()
    stage.ring(target, {address: fates[name]})
    stage.end()
    [call] = stage.calls
    outcome = call.outcome(stage.ledger)
    stage.close()
    return outcome


# At the same time


@pytest.mark.parametrize(
    ("target", "fate", "state", "sent", "kind"),
    [
        (SESSION, "joins", State.JOINED, Sent.YES, None),
        (SESSION, "declines", State.DECLINED, Sent.YES, None),
        (SESSION, "joins by event", State.JOINED, Sent.YES, None),
        (SESSION, "fails", State.FAILED, Sent.YES, None),
        (SESSION, "late", State.PENDING, Sent.YES, ErrorKind.PENDING),
        (SESSION, "nobody there", State.NOT_SENT, Sent.NO, ErrorKind.NO_SESSION),
        (MEETING, "declines by webhook", State.DECLINED, Sent.YES, None),
        (MEETING, "joins though not live", State.JOINED, Sent.YES, None),
        (MEETING, "roster unreadable", State.PENDING, Sent.YES, ErrorKind.PENDING),
        (MEETING, "pending after a 5xx", State.PENDING, Sent.UNKNOWN, ErrorKind.ZOOM_FAULT),
    ],
    ids=str,
)
def test_the_fates_are_what_they_are_called(
    target: Any, fate: str, state: State, sent: Sent, kind: ErrorKind | None
) -> None:
    outcome = alone(target, ROOM, fate)
    failure = outcome["failure"]
    assert (outcome["state"], outcome["sent"], failure and failure[0]) == (state, sent, kind)
    assert outcome["is_removed"] is (True if fate == "late" else None)


@settings(max_examples=60)
@given(st.sampled_from(IN_SESSIONS), st.sampled_from(IN_MEETINGS), LISTS_OF_PICKS)
def test_a_call_into_a_session_and_one_into_a_meeting_end_as_they_would_alone(
    one: Fate, other: Fate, picks: list[int]
) -> None:
    stage = Stage(picks)
    stage.ring(SESSION, {ROOM: one})
    stage.ring(MEETING, {ROOM: other})
    stage.end()
    outcomes = [call.outcome(stage.ledger) for call in stage.calls]
    stage.close()
    assert outcomes == [alone(SESSION, ROOM, one.name), alone(MEETING, ROOM, other.name)]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(BY_ADDRESS), min_size=2, max_size=3), LISTS_OF_PICKS)
def test_calls_into_one_session_end_as_they_would_alone(fates: list[Fate], picks: list[int]) -> None:
    rooms = {f"203.0.113.{number}": fate for number, fate in enumerate(fates)}
    stage = Stage(picks)
    stage.ring(SESSION, rooms)
    stage.end()
    outcomes = [call.outcome(stage.ledger) for call in stage.calls]
    stage.close()
    assert outcomes == [alone(SESSION, address, fate.name) for address, fate in rooms.items()]


# A stop


@settings(max_examples=100)
@given(
    st.sampled_from(LASTING) | st.sampled_from(IN_SESSIONS),
    st.sampled_from(LASTING[:3]) | st.sampled_from(IN_MEETINGS),
    LISTS_OF_PICKS,
    st.integers(0, 40),
    st.booleans(),
)
def test_a_stop_at_any_moment_ends_all_calls_and_says_truly_what_may_ring(
    one: Fate, other: Fate, picks: list[int], turns: int, is_terminated: bool
) -> None:
    stage = Stage(picks)
    stage.ring(SESSION, {ROOM: one})
    stage.ring(MEETING, {ROOM: other})
    stage.conductor.conduct(stage.calls, most=turns)
    seconds = stage.end_by_stop(is_terminated=is_terminated)
    outcomes = [call.outcome(stage.ledger) for call in stage.calls]
    stage.close()  # whatever would be sent after all has been
    assert seconds < STOP_SECONDS
    kind = ErrorKind.TERMINATED if is_terminated else ErrorKind.INTERRUPTED
    for call, outcome in zip(stage.calls, outcomes, strict=True):
        if isinstance(call.report and call.report.failure, Interrupted):
            event(hold_against_the_truth(call, outcome, kind))
        else:
            assert outcome == alone(call.world.target, call.address, call.world.fates[call.address].name)
            event("had ended before")


@pytest.mark.parametrize(
    ("fate", "hangs", "where"),
    [
        ("pending", "roster", "before the request"),
        ("pending", "log", "before the request"),
        ("pending", "PATCH", "without an answer"),
        ("late", "remove", "while a late joiner was removed"),
    ],
)
def test_a_stop_ends_a_call_whatever_it_waits_for(fate: str, hangs: str, where: str) -> None:
    stage = Stage()
    stage.ring(SESSION, {ROOM: next(each for each in IN_SESSIONS if each.name == fate)})
    stage.conductor.conduct(stage.calls, until=hangs)
    seconds = stage.end_by_stop(is_terminated=False)
    [call] = stage.calls
    outcome = call.outcome(stage.ledger)
    stage.close()
    assert hold_against_the_truth(call, outcome, ErrorKind.INTERRUPTED) == where
    assert seconds < STOP_SECONDS


def hold_against_the_truth(call: Running, outcome: Mapping[str, Any], kind: ErrorKind) -> str:
    """Check what a stopped call says; return where it was stopped."""
    said_kind, message = outcome["failure"]
    last = outcome["timeline"][-1][0] if outcome["timeline"] else None
    standing = outcome["standings"][-1] if outcome["standings"] else None
    assert said_kind is kind
    assert outcome["patches"] == call.patches <= 1, "sent after it had ended"
    if outcome["sent"] is Sent.NO:
        assert call.patches == 0
        assert outcome["state"] is State.NOT_SENT
        assert "nothing rings" in message
        assert standing in {None, (State.NOT_SENT, Sent.NO)}
        return "before the request"
    assert call.patches == 1
    if last is not None and last.is_final:
        assert "may still ring" not in message
        assert standing == (last, Sent.YES)
        if outcome["is_removed"] is None:
            assert (outcome["state"], "after the outcome was known" in message) == (last, True)
            return "after the outcome"
        assert outcome["is_removed"] is False
        assert (outcome["state"], "joined late, and may not have been removed" in message) == (State.PENDING, True)
        return "while a late joiner was removed"
    has_answered = last in {State.ANSWERED, State.WAITING_ROOM}
    assert ("may still ring" in message, "answered" in message) == (not has_answered, has_answered)
    assert outcome["state"] is State.PENDING
    assert standing in {None, (State.PENDING, outcome["sent"])}
    if not outcome["timeline"]:
        assert outcome["sent"] is Sent.UNKNOWN
        return "without an answer"
    assert call.address in call.world.answered
    return "during the wait"


# One after the other


@pytest.mark.parametrize("is_named", [True, False])
def test_a_room_that_joined_since_the_shared_roster_was_read_is_not_taken_for_the_next_calls_room(
    *, is_named: bool
) -> None:
    zoom = FakeZoom(rosters=[(PERSON,)], answers=[ACCEPTED], logs=[()])
    journal = Journal(None)
    now = partial(datetime.now, UTC)
    polls = Polls(zoom, now=now, rhythm=Rhythm(first=TICK, early=TICK, interval=timedelta(minutes=1)))
    dialler = Dialler(zoom=zoom, journal=journal, polls=polls, now=now)
    first, second = _room("1"), _room("2")

    def dial(address: str, source: EvidenceSource, **more: Any) -> State:
        changed = order(SESSION, address, evidence=frozenset({source}), **more)
        return dialler.dial(changed, FakeListener(), Stop()).state

    def answer() -> None:
        zoom.logs = [(logged("accepted", "one@example.com", now()),)]
        zoom.rosters = [(PERSON, first)] if is_named else [fault(may_have_arrived=True), (PERSON, first)]

    zoom.on_call_out = answer
    assert dial("one@example.com", EvidenceSource.WEBHOOK_LOG) is State.JOINED
    before = len(zoom.log)
    if is_named:
        assert dial("one@example.com", EvidenceSource.ROSTER) is State.NOT_SENT, "it has not left since then"
        zoom.on_call_out = lambda: setattr(zoom, "rosters", [(PERSON, first), (PERSON, first, second)])
        assert dial("two@example.com", EvidenceSource.ROSTER) is State.JOINED
    else:
        zoom.on_call_out = lambda: None
        timeout = timedelta(milliseconds=150)
        assert dial("two@example.com", EvidenceSource.ROSTER, timeout=timeout) is State.PENDING
    assert next(entry for entry in zoom.log[before:] if entry != "webhook_logs") == "PATCH", "it looked itself"
    journal.close()
