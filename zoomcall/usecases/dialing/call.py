"""Ring one room into one session or meeting: preflight, one PATCH, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct, field

from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.call import Evidence, EvidenceSource, Reason, Sent, State, TimelineEntry
from zoomcall.domain.callout import CalloutRequest
from zoomcall.domain.cause import Notice
from zoomcall.domain.journal import CallId, NewCall, Standing
from zoomcall.domain.roster import Dial, Participant
from zoomcall.domain.target import SessionTarget
from zoomcall.errors import ErrorKind, Interrupted, NetworkFault, NoSession, Terminated, ZoomcallError
from zoomcall.usecases.dialing import preflight
from zoomcall.usecases.dialing.evidence import Case, EvidenceJournal, Judge, Observation
from zoomcall.usecases.dialing.order import DialOrder
from zoomcall.usecases.dialing.polling import (
    EventsSeen,
    Exhausted,
    Feed,
    Hiccup,
    Look,
    Patrols,
    RosterSeen,
    Seen,
)
from zoomcall.usecases.dialing.preflight import Baseline, Preflight, Prospects
from zoomcall.usecases.dialing.watching import watch
from zoomcall.usecases.zoom_clock import CLOCK_GRAIN, LOG_SLACK, lead
from zoomcall.usecases.zoom_roles import callouts_in, who_is_in

_ACCEPTED = 202
_LATE_WATCH = timedelta(seconds=60)


class Zoom(preflight.Zoom, Protocol):
    """What dialling needs of Zoom."""

    def call_out(self, request: CalloutRequest, *, deadline: datetime | None = None) -> ZoomAnswer:
        """Send the PATCH, once."""

    def remove_participant(
        self, session_id: str, participant_uuid: str, *, deadline: datetime | None = None
    ) -> ZoomAnswer:
        """Remove a participant from a session: hang up."""


class CallJournal(EvidenceJournal, Protocol):
    """What dialling needs of the journal."""

    def claim(self, call: NewCall, *, is_forced: bool) -> CallId:
        """Record a dial, or raise ``Duplicate``."""

    def settle(self, call_id: CallId, standing: Standing) -> None:
        """Write down what is known now."""

    def mark_removed(self, call_id: CallId, at: datetime) -> None:
        """Note that the room was hung up."""


class Listener(preflight.Listener, Protocol):
    """Who is told while the call is under way."""

    def progress(self, state: State, elapsed: timedelta) -> None:
        """Where the call stands, a few times a second."""

    def entry(self, entry: TimelineEntry) -> None:
        """A new line of the timeline, as it happens."""


class Unproven(ZoomcallError):
    """The request reached or may have reached Zoom, and nothing proves the outcome.

    Args:
        message: Why it is not proven.
        fault: What happened to the PATCH, if its answer never came.
    """

    kind = ErrorKind.PENDING

    def __init__(self, message: str, *, fault: NetworkFault | None = None) -> None:
        super().__init__(message)
        self.fault = fault


class CallReport(Struct, kw_only=True):
    """What became of a call, so far; it grows while the call is under way.

    Attributes:
        state: Where it stands.
        sent: Whether the room may be ringing.
        http_status: Of Zoom's answer to the PATCH.
        evidence: What proved the outcome.
        reason: Zoom's reason of a failure.
        participant: The room in the roster.
        timeline: What was seen, in order.
        failure: Why it is no success, unless state and reason say it all.
        answer: Zoom's answer to the PATCH.
        population: How many were in the session before.
        is_removed: Whether a late joiner was removed; None if that was not asked for.
    """

    state: State = State.NOT_SENT
    sent: Sent = Sent.NO
    http_status: int | None = None
    evidence: Evidence | None = None
    reason: Reason | None = None
    participant: Participant | None = None
    timeline: list[TimelineEntry] = field(default_factory=list)
    failure: ZoomcallError | None = None
    answer: ZoomAnswer | None = None
    population: int | None = None
    is_removed: bool | None = None


def dial(
    order: DialOrder,
    *,
    zoom: Zoom,
    journal: CallJournal,
    patrols: Patrols,
    feeds: Sequence[Feed] = (),
    missing: Sequence[str] = (),
    now: Callable[[], datetime],
    listener: Listener,
) -> CallReport:
    """Ring the room and report what became of it; failures and Ctrl-C are in the report, not raised.

    Args:
        order: What to do.
        zoom: Zoom.
        journal: What this machine has dialled.
        patrols: Lookouts, shared by all calls of this process.
        feeds: Evidence that comes by itself, at work already.
        missing: Why some of it cannot be had.
        now: The clock.
        listener: Is told while the call is under way.
    """
    report = CallReport()
    call = _Call(order, zoom, journal, patrols, feeds, missing, now, listener, report)
    try:
        call.run()
    except ZoomcallError as error:
        report.failure = error
    except KeyboardInterrupt as error:
        call.interrupt(is_terminated=isinstance(error, Terminated))
    return report


def interrupted_early(*, is_terminated: bool) -> Interrupted:
    """Say that a signal came before anything was sent."""
    word = "terminated" if is_terminated else "interrupted"
    message = f"{word} before anything was sent: nothing rings because of this command"
    return Interrupted(message, is_terminated=is_terminated)


class _Call:
    """One call under way."""

    def __init__(
        self,
        order: DialOrder,
        zoom: Zoom,
        journal: CallJournal,
        patrols: Patrols,
        feeds: Sequence[Feed],
        missing: Sequence[str],
        now: Callable[[], datetime],
        listener: Listener,
        report: CallReport,
    ) -> None:
        self._order = order
        self._zoom = zoom
        self._journal = journal
        self._patrols = patrols
        self._feeds = feeds
        self._preflight = Preflight(order, zoom=zoom, feeds=feeds, missing=missing, now=now, listener=listener)
        self._now = now
        self._listener = listener
        self._report = report
        self._id: CallId | None = None
        self._dialled_at = now()
        self._is_open = False

    def run(self) -> None:
        """Go from preflight to outcome."""
        order = self._order
        baseline = self._preflight.baseline()
        self._report.population = baseline.population
        self._refuse_if_empty(baseline)
        prospects = self._preflight.prospects(baseline) if order.is_waiting else Prospects()
        if order.is_waiting and not prospects.is_any:
            self._listener.warn(
                Notice(
                    "no-evidence",
                    f"the outcome cannot be proven: {prospects.why}. The call will be placed and left"
                    " at Zoom's answer; --no-wait says that this is what you want",
                )
            )
        self._claim()
        fault = self._send()
        if not self._is_open:
            return
        if order.is_waiting:
            self._wait(baseline, prospects, fault)
        elif fault is not None:
            raise Unproven(_lost(fault), fault=fault)

    def interrupt(self, *, is_terminated: bool) -> None:
        """Say what may still ring, and leave it so in the journal."""
        report = self._report
        word = "terminated" if is_terminated else "interrupted"
        if report.sent is Sent.NO:
            message = interrupted_early(is_terminated=is_terminated).message
        elif report.state.is_final:
            message = f"{word} after the call was settled: {report.state}"
        else:
            report.state = State.PENDING
            message = f"{word}: {self._order.callout.address} may still ring, and Zoom has no way to cancel that"
        report.failure = Interrupted(message, is_terminated=is_terminated)
        if self._id is not None:
            self._settle()

    def _refuse_if_empty(self, baseline: Baseline) -> None:
        is_session = isinstance(self._order.target, SessionTarget)
        if is_session and baseline.population == 0 and not self._order.is_preflight_off:
            raise NoSession(
                "the session is live but nobody is in it; Zoom rings rooms only into a session with somebody in it",
                fix="Join the session first, or wait until somebody has.",
                command="zoomcall session list",
            )

    def _claim(self) -> None:
        order = self._order
        self._dialled_at = self._now()
        target = order.target
        self._id = self._journal.claim(
            NewCall(
                target=order.key,
                target_name=target.name if isinstance(target, SessionTarget) else None,
                address=order.callout.address,
                to_name=order.callout.to_name,
                profile=order.profile,
                timeout=order.timeout,
                at=self._dialled_at,
            ),
            is_forced=order.is_forced,
        )

    def _send(self) -> NetworkFault | None:
        """Send the PATCH; give the fault after which nobody knows if it arrived."""
        report = self._report
        report.sent = Sent.UNKNOWN
        try:
            request = CalloutRequest(self._order.target, self._order.callout)
            answer = self._zoom.call_out(request, deadline=self._order.patience)
        except NetworkFault as fault:
            if fault.may_have_arrived:
                report.state = State.PENDING
                self._is_open = True
                self._settle()
                return fault
            report.sent = Sent.NO
            report.state = State.NOT_SENT
            self._settle()
            raise
        except ZoomcallError:
            report.sent = Sent.NO
            report.state = State.NOT_SENT
            self._settle()
            raise
        report.answer = answer
        report.http_status = answer.status
        self._take(answer)
        return None

    def _take(self, answer: ZoomAnswer) -> None:
        report = self._report
        if answer.status == _ACCEPTED:
            report.sent = Sent.YES
            report.state = State.ACCEPTED
            self._is_open = True
            self._add(TimelineEntry(State.ACCEPTED, self._now(), "zoom"))
            self._settle()
            return
        refusal = ZoomRefused(answer)
        report.failure = refusal
        match refusal.kind:
            case ErrorKind.NO_OP:
                report.state = State.NO_OP
            case ErrorKind.ZOOM_FAULT:
                report.state = State.PENDING
                self._is_open = answer.status >= 500
            case _:
                report.sent = Sent.NO
                report.state = State.REFUSED
        self._settle()

    def _wait(self, baseline: Baseline, prospects: Prospects, fault: NetworkFault | None) -> None:
        order = self._order
        started = self._now()
        feeds = self._all_feeds(prospects)
        judge = self._judge(baseline)

        def watch_until(deadline: datetime) -> Observation | None:
            try:
                return watch(
                    feeds,
                    judge=judge,
                    deadline=deadline,
                    now=self._now,
                    see=self._see,
                    tell=self._tell,
                    tick=lambda moment: self._listener.progress(self._report.state, moment - started),
                )
            except ZoomcallError as error:  # the journal's: without it no newcomer can be told from another's
                self._listener.warn(Notice("evidence-lost", f"nothing more can be proven: {error.message}"))
                return None

        deadline = started + order.timeout
        settled = watch_until(deadline)
        if settled is not None:
            self._name_participant(judge)
            return
        is_cut_short = self._now() < deadline
        self._report.state = State.PENDING
        self._settle()
        if order.is_late_joiner_removed:
            self._remove_late_joiner(watch_until, judge)
        if self._report.failure is not None:
            return
        if fault is not None:
            raise Unproven(_lost(fault), fault=fault)
        if not feeds:
            raise Unproven(f"Zoom accepted the call, but nothing can prove the outcome: {prospects.why}")
        if is_cut_short:
            raise Unproven("Zoom accepted the call, but every evidence source failed before it told the outcome")
        seconds = f"{order.timeout.total_seconds():g}"
        raise Unproven(f"Zoom accepted the call, but nothing proved within {seconds} s what became of it")

    def _remove_late_joiner(self, watch_until: Callable[[datetime], Observation | None], judge: Judge) -> None:
        """Watch on for a while, and hang up if the room joins after all; the call counts as pending still."""
        report = self._report
        report.is_removed = False
        self._listener.detail(
            f"watching {_LATE_WATCH.total_seconds():g} s more, to remove the room if it joins late"
        )
        failure = report.failure
        settled = watch_until(self._now() + _LATE_WATCH)
        report.evidence = report.reason = None
        report.failure = failure
        if settled is None or settled.state is not State.JOINED:
            report.state = State.PENDING
            return
        self._name_participant(judge)
        report.state = State.PENDING
        session = self._order.target
        if report.participant is None or report.participant.uuid is None or not isinstance(session, SessionTarget):
            self._listener.warn(
                Notice("not-removed", "the room joined late, but it is not certain which participant it is")
            )
            return
        try:
            answer = self._zoom.remove_participant(session.id, report.participant.uuid)
        except ZoomcallError as error:
            self._listener.warn(Notice("not-removed", f"the room joined late and was not removed: {error.message}"))
            return
        report.is_removed = answer.status == _ACCEPTED
        if report.is_removed and self._id is not None:
            self._mark_removed(self._id)
        else:
            self._listener.warn(
                Notice("not-removed", f"the room joined late and was not removed: HTTP {answer.status}")
            )

    def _mark_removed(self, call_id: CallId) -> None:
        try:
            self._journal.mark_removed(call_id, self._now())
        except ZoomcallError as error:
            self._not_kept(error)

    def _name_participant(self, judge: Judge) -> None:
        """Find the room in the roster when an event said that it joined: hanging up needs its name there."""
        report = self._report
        if report.state is not State.JOINED or report.participant is not None:
            return
        try:
            report.participant = judge.participant_of(self._present())
        except ZoomcallError as error:
            self._listener.detail(f"the room's place in the roster is not known: {error.message}")
        if report.participant is not None:
            self._settle()

    def _judge(self, baseline: Baseline) -> Judge:
        assert self._id is not None  # noqa: S101 - the call was claimed before
        order = self._order
        case = Case(
            call_id=self._id,
            dial=Dial(call_id=self._id, address=order.callout.address, to_name=order.callout.to_name),
            target=order.key,
            dialled_at=self._dialled_at,
            dialled_at_zoom=self._sent_at - lead(self._zoom),
            baseline=baseline.present,
            before_patch=self._before_patch(baseline),
        )
        return Judge(case, self._journal)

    def _before_patch(self, baseline: Baseline) -> tuple[datetime, datetime] | None:
        """Give the span from the roster to the PATCH by Zoom's clock, each end so that doubt makes it shorter.

        It is longer than a moment if Zoom answered 429 and the PATCH had to wait.
        """
        if baseline.read_at is None:
            return None
        return baseline.read_at - lead(self._zoom) + CLOCK_GRAIN, self._sent_at - lead(self._zoom) - CLOCK_GRAIN

    @property
    def _sent_at(self) -> datetime:
        """When the PATCH went out, the last time if Zoom answered 429 before."""
        answer = self._report.answer
        return self._dialled_at if answer is None or answer.sent_at is None else answer.sent_at

    def _all_feeds(self, prospects: Prospects) -> tuple[Feed, ...]:
        possible: dict[EvidenceSource, Look] = {
            EvidenceSource.ROSTER: lambda: RosterSeen(self._present()),
            EvidenceSource.WEBHOOK_LOG: self._read_log,
        }
        looks = {source: look for source, look in possible.items() if source in prospects.looks}
        if not looks:
            return tuple(self._feeds)
        patrol = self._patrols.for_target(self._order.key, looks)
        if prospects.has_events:
            patrol.expect_events()
        return (patrol, *self._feeds)

    def _read_log(self) -> Seen:
        """Read the events delivered since the call; Zoom's clock counts, and its log has whole seconds."""
        moment = self._now() - lead(self._zoom)
        since = min(self._dialled_at, self._now()) - lead(self._zoom) - LOG_SLACK
        logs = self._zoom.webhook_logs(from_time=since, to_time=moment + LOG_SLACK)
        return EventsSeen(EvidenceSource.WEBHOOK_LOG, callouts_in(logs))

    def _present(self) -> tuple[Participant, ...]:
        return who_is_in(self._zoom, self._order.key)

    def _see(self, observation: Observation) -> None:
        report = self._report
        report.state = observation.state
        report.sent = Sent.YES
        if observation.state.is_final:
            report.evidence = Evidence(observation.source, observation.match)
            report.failure = None
        report.reason = observation.reason
        report.participant = observation.participant or report.participant
        self._add(TimelineEntry(observation.state, observation.at, observation.source))
        self._settle()

    def _tell(self, signal: Hiccup | Exhausted) -> None:
        match signal:
            case Hiccup(source, why):
                self._listener.detail(f"{source}: {why}; looking again")
            case Exhausted(source, why):
                self._listener.warn(Notice("evidence-lost", f"{source}: nothing more can be proven: {why}"))

    def _add(self, entry: TimelineEntry) -> None:
        self._report.timeline.append(entry)
        self._listener.entry(entry)

    def _settle(self) -> None:
        if self._id is None:
            return
        report = self._report
        participant = report.participant
        standing = Standing(
            state=report.state,
            sent=report.sent,
            at=self._now(),
            http_status=report.http_status,
            reason=report.reason,
            evidence=report.evidence,
            participant_id=participant.id if participant else None,
            participant_uuid=participant.uuid if participant else None,
        )
        try:
            self._journal.settle(self._id, standing)
        except ZoomcallError as error:  # what became of the call is not changed by it
            self._not_kept(error)

    def _not_kept(self, error: ZoomcallError) -> None:
        self._listener.warn(Notice("journal-failed", f"this call is not kept as it stands: {error.message}"))


def _lost(fault: NetworkFault) -> str:
    return f"{fault.message}; whether Zoom acted on the request is not known, so it is not sent again"
