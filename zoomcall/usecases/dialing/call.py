"""One call: preflight, one PATCH, and the watch for its outcome."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.call import Evidence, EvidenceSource, Match, Sent, State, TimelineEntry
from zoomcall.domain.callout import CalloutRequest
from zoomcall.domain.cause import Notice
from zoomcall.domain.journal import CallId, CallRecord, NewCall, Presence, Standing
from zoomcall.domain.roster import Dial, Participant, is_exact
from zoomcall.domain.target import SessionTarget
from zoomcall.errors import (
    Duplicate,
    ErrorKind,
    Interrupted,
    NetworkFault,
    NoSession,
    NotConfigured,
    ZoomcallError,
    shortage_of,
)
from zoomcall.usecases.dialing.evidence import Judge, Observation, OpenCall
from zoomcall.usecases.dialing.polling import PollFeed
from zoomcall.usecases.dialing.preflight import Baseline, Preflight, Prospects
from zoomcall.usecases.dialing.report import Broken, CallReport, Unproven, blame, interrupted_early
from zoomcall.usecases.dialing.signals import Exhausted, Hiccup
from zoomcall.usecases.dialing.stop import Stop, Stopped
from zoomcall.usecases.dialing.watching import Watch, find_participant, watch_until
from zoomcall.usecases.zoom_clock import CLOCK_GRAIN, lead

if TYPE_CHECKING:
    from zoomcall.usecases.dialing.equipment import Equipment
    from zoomcall.usecases.dialing.order import DialOrder
    from zoomcall.usecases.dialing.ports import Listener

_ACCEPTED = 202
_LATE_WATCH = timedelta(seconds=60)
_AFTER_BUG = "Look at the room, or at `zoomcall call status`, before you ring it again."


class Call:
    """One call, from preflight to outcome."""

    def __init__(self, order: DialOrder, equipment: Equipment, listener: Listener, stop: Stop) -> None:
        self.report = CallReport()
        self._order = order
        self._equipment = equipment
        self._zoom = equipment.zoom
        self._journal = equipment.journal
        self._polls = equipment.polls
        self._feeds = equipment.feeds
        self._now = equipment.now
        self._preflight = Preflight(order, equipment, listener, stop)
        self._listener = listener
        self._stop = stop
        self._id: CallId | None = None
        self._answered_at = self._dialled_at = self._now()
        self._is_open = False

    def run(self) -> CallReport:
        """Make the call; failures and a stop are in the report, not raised."""
        try:
            self._run()
        except ZoomcallError as error:
            if isinstance(error, NotConfigured) and self.report.sent is not Sent.NO:
                self._go_without_journal(error)
            else:
                self.report.failure = error
        except Stopped:
            self._interrupt()
        except BrokenPipeError:  # nobody reads any more, and the journal has what is known
            raise
        except Exception as error:  # noqa: BLE001 - whatever failed, what may ring is told
            self._break(error)
        return self.report

    def _run(self) -> None:
        order = self._order
        baseline = self._preflight.baseline()
        self.report.population = baseline.population
        self._refuse_if_empty(baseline)
        if not order.is_forced and self._is_there_already(baseline):
            return
        prospects = self._preflight.prospects(baseline) if order.is_waiting else Prospects()
        if order.is_waiting and not prospects.is_any:
            warning = f"nothing can prove the outcome: {prospects.why}. The room is still rung, but the command"
            warning += " ends with Zoom's answer; pass --no-wait if that is enough"
            self._listener.warn(Notice("no-evidence", warning))
        with self._watch() as watch:
            if order.is_waiting:
                for feed in self._feeds:
                    watch.subscribe(feed)  # before the PATCH, so that none of its events is missed
            self._claim(baseline)
            fault = self._send()
            if self._is_open and order.is_waiting:
                self._wait(watch, baseline, prospects, fault)
            elif self._is_open and fault is not None:
                raise Unproven(_lost(fault), fault=fault)

    def _watch(self) -> Watch:
        return Watch(
            now=self._now,
            see=self._see,
            tell=self._tell,
            tick=lambda moment: self._listener.progress(self.report.state, moment - self._answered_at),
            stop=self._stop,
        )

    def _break(self, bug: Exception) -> None:
        """Put into report and journal what may ring after a failure that nobody foresaw."""
        report = self.report
        report.bug = bug
        shortage = shortage_of(bug)
        if report.state.is_final:  # it is proven
            self._try_to_warn(Notice("internal-error", f"zoomcall itself failed {blame(bug)}"))
        elif report.sent is not Sent.NO:
            if report.state is not State.WAITING_ROOM:
                report.state = State.PENDING
            taken = "Zoom accepted the call" if report.sent is Sent.YES else "Zoom may have acted on the request"
            why = blame(bug) if shortage is None else f"({shortage.message})"
            report.failure = Unproven(f"{taken}, but zoomcall itself failed {why}", fix=_AFTER_BUG)
        elif report.failure is None:
            report.failure = Broken(bug) if shortage is None else shortage
        self._settle()

    def _go_without_journal(self, error: NotConfigured) -> None:
        """Tell a call that went out as it is: a journal that fails meanwhile undoes no ringing."""
        report = self.report
        self._not_kept(error)
        if report.state.is_final:
            return
        if report.state is not State.WAITING_ROOM:
            report.state = State.PENDING
        taken = "Zoom accepted the call" if report.sent is Sent.YES else "Zoom may have acted on the request"
        report.failure = Unproven(f"{taken}, but without the journal nothing shows the outcome", fix=error.fix)

    def _try_to_warn(self, notice: Notice) -> None:
        with suppress(Exception):  # whoever cannot be warned is told the outcome all the same
            self._listener.warn(notice)

    def _interrupt(self) -> None:
        """Put into report and journal what may still ring."""
        report = self.report
        is_terminated = self._stop.is_terminated
        word = "terminated" if is_terminated else "interrupted"
        room = self._order.callout.address
        last = report.timeline[-1].state if report.timeline else report.state
        if report.sent is Sent.NO:
            message = interrupted_early(is_terminated=is_terminated).message
            self._settle()
        elif last.is_final and report.is_removed is None:
            message = f"{word} after the outcome was known: {last}"
        elif last.is_final:
            message = f"{word}: {room} joined late, and may not have been removed"
        else:
            has_answered = last in {State.ANSWERED, State.WAITING_ROOM}
            rings = "may still ring, and Zoom has no way to cancel that"
            message = f"{word}: {room} {'answered, and may be in the waiting room' if has_answered else rings}"
            if last is not State.WAITING_ROOM:
                report.state = State.PENDING
            self._settle()
        report.failure = Interrupted(message, is_terminated=is_terminated)

    def _refuse_if_empty(self, baseline: Baseline) -> None:
        is_session = isinstance(self._order.target, SessionTarget)
        if is_session and baseline.population == 0 and not self._order.is_preflight_off:
            raise NoSession(
                "the session is live but empty; Zoom rings a room only into a session that somebody has joined",
                fix="Join the session first, or wait until somebody does.",
                command="zoomcall session list",
            )

    def _is_there_already(self, baseline: Baseline) -> bool:
        """Return whether the room is in, which ``--if-absent`` takes for a success.

        Raises:
            Duplicate: It is in, or in the waiting room, and that is not what was asked for.
        """
        order, report = self._order, self.report
        there, earlier = self._find_room(baseline)
        if there is None:
            return False
        if order.is_if_absent and not there.is_waiting:
            report.state, report.participant = State.JOINED, there
            report.evidence = Evidence(EvidenceSource.ROSTER, Match.EXACT)
            return True
        report.earlier = earlier
        place = f"this {order.target.api}'s waiting room" if there.is_waiting else f"this {order.target.api}"
        raise Duplicate(
            f"{order.callout.address.shown} is in {place} already",
            call_id=None if earlier is None else earlier.id,
            until=None,
            cause="waiting-room" if there.is_waiting else "already-in",
        )

    def _find_room(self, baseline: Baseline) -> tuple[Participant | None, CallRecord | None]:
        """Return the room in the roster, and the call of this machine that brought it in, if there was one."""
        order, address = self._order, self._order.callout.address
        present = [each for each in baseline.present or () if each.leave_time is None]
        rooms = [each for each in present if each.may_be_rung(address.protocol)]
        if not rooms:
            return None, None
        for call in self._journal.calls(target=order.key, room=(address.protocol, address.normalised)):
            for room in rooms:
                if call.removed_at is None and call.participant_id in room.ids:
                    return room, call
        dial = Dial(address=address, to_name=order.callout.to_name)
        return next((room for room in rooms if is_exact(room, dial)), None), None

    def _claim(self, baseline: Baseline) -> None:
        order = self._order
        self._dialled_at = self._now()
        target = order.target
        present = None
        if baseline.present is not None and baseline.asked_at is not None:
            inside = [each for each in baseline.present if each.leave_time is None]
            present = Presence(frozenset().union(*(each.ids for each in inside)), baseline.asked_at)
        new = NewCall(
            target=order.key,
            target_name=target.name if isinstance(target, SessionTarget) else None,
            address=order.callout.address,
            to_name=order.callout.to_name,
            profile=order.profile,
            timeout=order.timeout,
            at=self._dialled_at,
        )
        try:
            self._id = self.report.call_id = self._journal.claim(new, is_forced=order.is_forced, present=present)
        except NotConfigured as error:
            if self._stop.is_set:  # which is why it was not waited for
                raise Stopped from error
            raise
        except Duplicate as error:
            self.report.earlier = None if error.call_id is None else self._journal.call(CallId(error.call_id))
            raise

    def _send(self) -> NetworkFault | None:
        """Send the PATCH; return the fault, if one leaves it unknown whether the PATCH arrived."""
        report = self.report
        request = CalloutRequest(self._order.target, self._order.callout)
        report.sent = Sent.UNKNOWN
        first_byte = threading.Event()
        patience = self._order.patience
        try:
            answer = self._stop.start(
                lambda: self._zoom.call_out(request, deadline=patience, on_first_byte=first_byte.set)
            ).result()
        except Stopped as stopped:
            if not stopped.has_begun:
                report.sent = Sent.NO
            raise
        except ZoomcallError as error:
            self._answered_at = self._now()
            if isinstance(error, NetworkFault) and error.may_have_arrived:
                report.state = State.PENDING
                self._is_open = True
                self._settle()
                return error
            report.sent = Sent.NO
            report.state = State.NOT_SENT
            self._settle()
            raise
        except Exception:
            if not first_byte.is_set():
                report.sent = Sent.NO
            raise
        self._answered_at = self._now()
        report.answer = answer
        report.http_status = answer.status
        self._take(answer)
        return None

    def _take(self, answer: ZoomAnswer) -> None:
        report = self.report
        if answer.status == _ACCEPTED:
            report.sent = Sent.YES
            report.state = State.ACCEPTED
            self._is_open = True
            self._settle()
            self._add(TimelineEntry(State.ACCEPTED, self._answered_at, "zoom"))
            return
        refusal = ZoomRefused(answer)
        report.failure = refusal
        if refusal.kind is ErrorKind.NO_OP:
            report.state = State.NO_OP
        elif refusal.kind is ErrorKind.ZOOM_FAULT:
            report.state = State.PENDING
            self._is_open = answer.status >= 500
        else:
            report.sent = Sent.NO
            report.state = State.REFUSED
        self._settle()

    def _wait(self, watch: Watch, baseline: Baseline, prospects: Prospects, fault: NetworkFault | None) -> None:
        order = self._order
        judge = self._judge(baseline, prospects)
        if prospects.looks:
            poll = self._polls.of(order.key)
            if prospects.has_events:
                poll.expect_events()
            watch.subscribe(PollFeed(poll, self._dialled_at, prospects.looks, span=order.timeout))
        deadline = self._answered_at + order.timeout
        settled = watch_until(watch, deadline, judge, self._listener)
        if settled is not None:
            if settled.state is State.JOINED:
                self._name_participant(judge, settled.at + lead(self._zoom))
            return
        is_cut_short = self._now() < deadline
        if self.report.state is not State.WAITING_ROOM:
            self.report.state = State.PENDING
        self._settle()
        if order.is_late_joiner_removed:
            self._remove_late_joiner(watch, judge)
        if self.report.failure is None and self.report.state is State.PENDING:
            raise self._unproven(prospects, fault, is_cut_short=is_cut_short)

    def _unproven(self, prospects: Prospects, fault: NetworkFault | None, *, is_cut_short: bool) -> Unproven:
        if fault is not None:
            return Unproven(_lost(fault), fault=fault)
        if not prospects.is_any:
            return Unproven(f"Zoom accepted the call, but nothing can prove the outcome: {prospects.why}")
        states = [entry.state for entry in self.report.timeline]
        if State.WAITING_ROOM in states:
            return Unproven(
                "the room left the waiting room, and nothing shows it in the meeting",
                fix="Ring it again when a host is there to admit it.",
            )
        if State.ANSWERED in states:
            return Unproven(
                "the room answered, but nothing shows whether it is in the meeting or in its waiting room",
                fix="Add the scope dashboard_meetings:read:admin, or subscribe to meeting.participant_joined and"
                " ring with --to-name.",
            )
        if is_cut_short:
            return Unproven("Zoom accepted the call, but every evidence source failed before showing the outcome")
        seconds = f"{self._order.timeout.total_seconds():g}"
        return Unproven(f"Zoom accepted the call, but there was no evidence of the outcome within {seconds} s")

    def _remove_late_joiner(self, watch: Watch, judge: Judge) -> None:
        """Keep watching, and hang up if the room comes after all; the outcome stays as it was."""
        report = self.report
        report.is_removed = False
        self._listener.detail(
            f"watching for another {_LATE_WATCH.total_seconds():g} s, to remove the room if it joins late"
        )
        state, failure, evidence = report.state, report.failure, report.evidence
        try:
            if state is not State.WAITING_ROOM:
                watch_until(watch, self._now() + _LATE_WATCH, judge, self._listener)
            if report.state.is_there:
                self._name_participant(judge, self._now())
                why_not = self._remove()
                if why_not is not None:
                    self._listener.warn(Notice("not-removed", f"the room came late and was not removed: {why_not}"))
        finally:
            report.state, report.failure, report.evidence = state, failure, evidence
            report.reason = None

    def _remove(self) -> str | None:
        """Hang up the room that joined; return why that failed, or None."""
        participant = self.report.participant
        if participant is None or participant.uuid is None:
            return "it is not certain which participant it is"
        uuid = participant.uuid
        try:
            answer = self._stop.start(lambda: self._zoom.remove_participant(self._order.target, uuid)).result()
        except ZoomcallError as error:
            return error.message
        if answer.status != _ACCEPTED:
            said = f": {answer.message}" if answer.message else ""
            return f"Zoom answered HTTP {answer.status}{said}"
        self.report.is_removed = True
        self._mark_removed()
        return None

    def _mark_removed(self) -> None:
        if self._id is None:
            return
        try:
            self._journal.mark_removed(self._id, self._now())
        except Exception as error:  # noqa: BLE001 - the room is removed all the same
            self._not_kept(error)

    def _name_participant(self, judge: Judge, since: datetime) -> None:
        report = self.report
        if report.participant is not None:
            return
        report.participant = find_participant(
            judge, self._order.key, self._equipment, since=since, listener=self._listener, stop=self._stop
        )
        if report.participant is not None:
            self._settle()

    def _judge(self, baseline: Baseline, prospects: Prospects) -> Judge:
        assert self._id is not None  # noqa: S101 - the call was claimed before
        order = self._order
        case = OpenCall(
            call_id=self._id,
            dial=Dial(address=order.callout.address, to_name=order.callout.to_name),
            target=order.key,
            dialled_at=self._dialled_at,
            dialled_at_zoom=self._sent_at - lead(self._zoom),
            baseline=baseline.present,
            baseline_at=baseline.asked_at,
            before_patch=self._before_patch(baseline),
            has_waiting_room=prospects.has_waiting_room,
        )
        return Judge(case, self._journal)

    def _before_patch(self, baseline: Baseline) -> tuple[datetime, datetime] | None:
        """Return the span from the roster to the PATCH by Zoom's clock, shortened by the clock's uncertainty.

        It is longer than a moment if Zoom answered 429 and the PATCH had to wait.
        """
        if baseline.asked_at is None:
            return None
        return baseline.asked_at - lead(self._zoom) + CLOCK_GRAIN, self._sent_at - lead(self._zoom) - CLOCK_GRAIN

    @property
    def _sent_at(self) -> datetime:
        """When the PATCH was sent: the last one, if Zoom answered 429 to others."""
        answer = self.report.answer
        return self._dialled_at if answer is None or answer.sent_at is None else answer.sent_at

    def _see(self, observation: Observation) -> None:
        report = self.report
        if observation.is_late:
            self._add(TimelineEntry(observation.state, observation.at, observation.source), is_late=True)
            return
        report.state = observation.state
        report.sent = Sent.YES
        is_outcome = observation.state.is_final or observation.state is State.WAITING_ROOM
        report.evidence = Evidence(observation.source, observation.match) if is_outcome else None
        if is_outcome:
            report.failure = None
        report.reason = observation.reason
        report.participant = observation.participant or report.participant
        self._settle()
        self._add(TimelineEntry(observation.state, observation.at, observation.source))

    def _tell(self, signal: Hiccup | Exhausted) -> None:
        match signal:
            case Hiccup(source, why):
                self._listener.detail(f"{source}: {why}; trying again")
            case Exhausted(source, why):
                self._listener.warn(Notice("evidence-lost", f"no more evidence from {source}: {why}"))

    def _add(self, entry: TimelineEntry, *, is_late: bool = False) -> None:
        """Add to the timeline; what comes late goes to its time, and never behind what is known to be newer."""
        timeline = self.report.timeline
        place = len(timeline)
        if is_late:
            older = sum(earlier.at <= entry.at for earlier in timeline)
            place = min(max(1, older), len(timeline) - 1)
        timeline.insert(place, entry)
        self._listener.entry(entry)

    def _settle(self) -> None:
        if self._id is None:
            return
        report = self.report
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
        except Exception as error:  # noqa: BLE001 - the outcome stays what it is
            self._not_kept(error)

    def _not_kept(self, error: Exception) -> None:
        known = error if isinstance(error, ZoomcallError) else shortage_of(error)
        why = f"zoomcall itself failed {blame(error)}" if known is None else known.message
        self._try_to_warn(Notice("journal-failed", f"cannot update this call in the journal: {why}"))


def _lost(fault: NetworkFault) -> str:
    return f"{fault.message}; Zoom may have acted on the request, so it is not sent again"
