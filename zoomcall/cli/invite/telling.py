"""Reports what became of a call: to a person, to a program, and during the call."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.connection import Connection
from zoomcall.cli.page import Line, Page, Tone
from zoomcall.cli.render.json import dumps
from zoomcall.cli.render.progress import Progress
from zoomcall.cli.results.invite import EarlierCall, InviteEvent, InviteRequest, InviteResult, InviteTarget, Room
from zoomcall.cli.results.invite import Reason as ReasonResult
from zoomcall.cli.run import Run
from zoomcall.domain.address import Protocol
from zoomcall.domain.call import Evidence, Match, Sent, State, TimelineEntry, exit_of, is_canceled
from zoomcall.domain.callout import Callout, CalloutRequest
from zoomcall.domain.cause import Cause, Notice
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.target import MeetingTarget, ResolvedTarget, SessionNameTarget, SessionTarget, Target
from zoomcall.errors import Duplicate, Interrupted
from zoomcall.knowledge.facts import Facts, RequestFacts
from zoomcall.usecases.dialing.report import CallReport, Unproven, blame


class Telling(Struct, frozen=True):
    """What was asked for, and answers that report on it; ``connection`` is None until it is open."""

    run: Run
    callout: Callout
    target: Target
    connection: Connection | None = None

    def dry_run(self) -> Answer:
        """Show the request instead of sending it."""
        request = InviteRequest(
            method="PATCH",
            url=self._url,
            headers={"Authorization": "Bearer [removed]", "Content-Type": "application/json"},
            body=self._request.shown_body,
        )
        report = CallReport(state=State.PLANNED)
        return Answer(raw=dumps(request) + "\n", result=self._result(report, request=request))

    def curl(self, mint: str) -> Answer:
        """Show a shell line that sends the request; the command ``mint`` prints the token."""
        if self.callout.address.shown != self.callout.address.text:
            message = "the passcode is not shown; replace *** with it before running the line"
            self.run.notice(Notice("passcode-masked", message))
        from zoomcall.cli.shell_line import callout_line

        line = callout_line(self._request, api_base=self._api_base, mint=mint)
        return Answer(raw=line + "\n", result=self._result(CallReport(state=State.PLANNED), curl=line))

    def answer(self, report: CallReport) -> Answer:
        """Report what became of the call."""
        status, error = self._judge(report)
        error = None if error is None else error.told_of(self._protocol)
        return Answer(page=self._page(report), result=self._result(report), status=status, error=error)

    def bare_answer(self, report: CallReport, bug: Exception) -> Answer:
        """Report what became of the call, though explaining it failed."""
        self.run.notice(Notice("internal-error", f"zoomcall itself failed {blame(bug)}"))
        failure, error = report.failure, None
        status = self._exit(report)
        title = report.state.outcome.format(self.callout.address.shown)
        if failure is not None:
            status, title = ExitStatus.of(failure.kind), failure.message
        if status is not ExitStatus.OK:
            error = ErrorReport(status=status, title=title, dialled=_dialled(report)).told_of(self._protocol)
        return Answer(page=self._page(report), result=self._result(report), status=status, error=error)

    @property
    def resolved(self) -> ResolvedTarget:
        """The target, after a session's name was looked up."""
        assert not isinstance(self.target, SessionNameTarget)  # noqa: S101 - it was looked up before
        return self.target

    @property
    def _protocol(self) -> Protocol:
        return self.callout.address.protocol

    @property
    def _request(self) -> CalloutRequest:
        return CalloutRequest(self.resolved, self.callout)

    @property
    def _api_base(self) -> str:
        return self.run.wiring.shown_api_base if self.connection is None else self.connection.api_base

    @property
    def _url(self) -> str:
        return self._api_base + self._request.path

    def _facts(self, report: CallReport) -> Facts:
        """Return what is known, to explain a failure of this call."""
        facts = self.run.facts if self.connection is None else self.connection.facts
        request = None
        if not isinstance(self.target, SessionNameTarget):
            request = RequestFacts(
                method=self._request.method,
                url=self._url,
                headers=(("Content-Type", "application/json"),),
                body=dumps(self._request.shown_body, is_line=True),
            )
        return replace(
            facts, api=self.target.api, request=request, answer=report.answer, population=report.population
        )

    def _judge(self, report: CallReport) -> tuple[ExitStatus, ErrorReport | None]:
        status = self._exit(report)
        if report.failure is None and status is ExitStatus.OK:
            return status, None
        from zoomcall.cli.failing import failure_report
        from zoomcall.usecases.explaining import causes_of_outcome, doc_of_outcome

        if report.failure is not None:
            error = failure_report(report.failure, self._facts(report), is_invite=True)
            if isinstance(report.failure, Unproven):
                fault = report.failure.fault
                causes = error.causes or causes_of_outcome(report.state, report.reason)
                fix, command = self._way_on(report)
                causes = tuple(replace(cause, fix=fix, command=command) for cause in causes)
                error = replace(error, causes=causes, network=None if fault is None else fault.word.value)
            error = replace(error, http_status=error.http_status or report.http_status, dialled=_dialled(report))
            return ExitStatus.of(report.failure.kind), error
        reason = "" if report.reason is None else f", reason {report.reason.code} ({report.reason.name})"
        return status, ErrorReport(
            status=status,
            title=report.state.outcome.format(self.callout.address.shown) + reason,
            causes=self._causes(report),
            http_status=report.http_status,
            doc=doc_of_outcome(report.state, report.reason),
            dialled=_dialled(report),
        )

    def _exit(self, report: CallReport) -> ExitStatus:
        if report.state is State.ACCEPTED:
            return ExitStatus.OK
        return exit_of(report.state, report.reason, is_canceled=self._is_canceled(report))

    def _is_canceled(self, report: CallReport) -> bool:
        return is_canceled(report.state, report.reason, self.callout.address.protocol, self.target.api)

    def _causes(self, report: CallReport) -> tuple[Cause, ...]:
        from zoomcall.usecases.explaining import causes_of_outcome

        causes = causes_of_outcome(
            report.state,
            report.reason,
            is_private=_is_private(self.callout),
            is_canceled=self._is_canceled(report),
            is_phone=self._protocol is Protocol.PHONE,
        )
        if report.state is State.WAITING_ROOM and report.is_removed:
            fix = "Ring it again when a host is there to admit it."
            return tuple(replace(cause, fix=fix, command=None) for cause in causes)
        return causes

    def _way_on(self, report: CallReport) -> tuple[str, str | None]:
        """Return what to do about a call whose outcome is not known, and the command for it."""
        if report.is_removed:
            return "Nothing is left to do; to give the room more time, ring it again with a longer --timeout.", None
        from zoomcall.usecases.whereabouts import way_on

        target = self.resolved
        identifier = target.id if isinstance(target, SessionTarget) else target.number
        fix, command = way_on(report.call_id, target.api, identifier)
        own = report.failure.fix if report.failure is not None else None
        return own or fix, command

    def _page(self, report: CallReport) -> Page:
        room, where = self.callout.address.shown, str(self.target)
        match report.state:
            case State.JOINED if report.evidence is not None:
                return (Line(f"joined: {room} is in {where} ({_proof(report.evidence)})", Tone.GOOD),)
            case State.ACCEPTED:
                taken = f"Zoom took the request to ring {room} into {where}"
                return (Line(self._protocol.told(f"accepted: {taken}; whether the room rings is not known")),)
            case State.NOT_SENT | State.REFUSED:
                return ()
            case (
                State.PLANNED
                | State.RINGING
                | State.ANSWERED
                | State.WAITING_ROOM
                | State.JOINED
                | State.DECLINED
                | State.MISSED
                | State.FAILED
                | State.NO_OP
                | State.PENDING
            ):
                return (Line(f"{report.state}: {room} into {where}"),)

    def _result(self, report: CallReport, **more: Any) -> InviteResult:
        address = self.callout.address
        reason = report.reason
        earlier = report.earlier
        return InviteResult(
            call_id=report.call_id,
            earlier=None
            if earlier is None
            else EarlierCall(
                call_id=earlier.id,
                state=earlier.state,
                at=earlier.at,
                is_in=isinstance(report.failure, Duplicate) and report.failure.cause == "already-in",
            ),
            target=_target_result(self.target),
            room=Room(protocol=address.protocol, address=address.shown, name=self.callout.room_name),
            http_status=report.http_status,
            sent=report.sent,
            state=report.state,
            evidence=report.evidence,
            reason=None if reason is None else ReasonResult(code=reason.code, name=reason.name),
            participant_uuid=None if report.participant is None else report.participant.uuid,
            timeline=tuple(report.timeline),
            removed=report.is_removed,
            **more,
        )


class Progressing:
    """Shows a call in progress, as the output format requires."""

    def __init__(
        self, run: Run, protocol: Protocol, *, limit: timedelta | None = None, wait: timedelta | None = None
    ) -> None:
        self._run = run
        self._protocol = protocol
        is_person = run.streams.is_stderr_terminal and not run.output.is_document and not run.options.is_quiet
        self._progress = Progress(run.streams, protocol, is_shown=is_person, limit=limit, wait=wait)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):  # a line that stays on the screen must not cost the answer
            self._progress.clear()

    def warn(self, notice: Notice) -> None:
        """Show a warning."""
        self._progress.clear()
        self._run.notice(Notice(notice.id, self._protocol.told(notice.message)))

    def detail(self, text: str) -> None:
        """Show a detail."""
        self._progress.clear()
        self._run.detail(self._protocol.told(text))

    def progress(self, state: State, elapsed: timedelta) -> None:
        """Move the progress line."""
        self._progress.show(state, elapsed)

    def entry(self, entry: TimelineEntry) -> None:
        """Show a new line of the timeline."""
        self._progress.clear()
        where = "Zoom took the request" if entry.state is State.ACCEPTED else entry.source
        self._run.detail(f"{entry.state} ({where})")
        if self._run.output.is_stream:
            line = dumps(InviteEvent(entry.state, entry.at, entry.source), is_line=True)
            self._run.streams.stdout.write(line + "\n")
            self._run.streams.stdout.flush()


def _target_result(target: Target) -> InviteTarget:
    match target:
        case SessionTarget(identifier, name):
            return InviteTarget(kind=target.api, id=identifier, name=name)
        case SessionNameTarget(name):
            return InviteTarget(kind=target.api, id=None, name=name)
        case MeetingTarget(number):
            return InviteTarget(kind=target.api, id=number, name=None)


def _proof(evidence: Evidence) -> str:
    doubt = "" if evidence.match is Match.EXACT else ", the only newcomer"
    return evidence.source.proof + doubt


def _dialled(report: CallReport) -> str | None:
    if isinstance(report.failure, Interrupted):
        return None  # its message says so
    if report.is_removed:
        is_waiting = report.state is State.WAITING_ROOM
        told = "was removed from the waiting room" if is_waiting else "joined late and was removed"
        return f"The room {told}; nothing is ringing now."
    if report.state is State.JOINED:
        return "The room joined."
    last = report.timeline[-1].state if report.timeline else report.state
    if last is State.JOINED:
        return "The room joined late and was not removed."
    if report.state.is_final or last.is_final:
        return "The call has ended; nothing is ringing now."
    return _still_ringing(report)


def _still_ringing(report: CallReport) -> str:
    if report.state is State.WAITING_ROOM:
        return "The room answered and is in the waiting room; nothing is ringing, and a host can still admit it."
    match report.sent:
        case Sent.NO:
            return "Nothing rings because of this command."
        case Sent.YES:
            return "The room may be ringing; Zoom has no way to cancel that."
        case Sent.UNKNOWN if report.state is State.NO_OP:
            return "Most likely nothing is ringing: only a 202 means that Zoom accepted the call."
        case Sent.UNKNOWN:
            return "The room may be ringing: it is not known whether Zoom acted on the request."


def _is_private(callout: Callout) -> bool:
    return any(notice.id == "private-address" for notice in callout.address.warnings)
