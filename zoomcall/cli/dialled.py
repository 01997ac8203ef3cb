"""Tells of a call in the journal: its JSON, what a person reads, and the exit that its invite would have had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.failing import failure_report
from zoomcall.cli.page import Line, Page, Tone
from zoomcall.cli.results.call import CallStatusResult, CallTarget, CallWaitResult, DialledCall, RoomNow
from zoomcall.cli.results.invite import Reason, Room
from zoomcall.domain.address import Protocol
from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.call import State, exit_of
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.place import Now, Place
from zoomcall.domain.time_words import stamp
from zoomcall.knowledge.facts import Facts

if TYPE_CHECKING:
    from zoomcall.domain.journal import CallRecord
    from zoomcall.errors import ZoomcallError


def dialled(call: CallRecord) -> DialledCall:
    """Return a call as JSON shows it."""
    return DialledCall(
        id=call.id,
        at=call.at,
        target=CallTarget(kind=call.target.api, id=call.target.id, name=call.target_name),
        room=Room(protocol=call.protocol, address=call.shown, name=None),
        api_base=call.target.api_base,
        profile=call.profile,
        http_status=call.http_status,
        sent=call.sent,
        state=call.state,
        evidence=call.evidence,
        reason=None if call.reason is None else Reason(code=call.reason.code, name=call.reason.name),
        participant_uuid=call.participant_uuid,
        settled_at=call.settled_at,
        removed_at=call.removed_at,
    )


def state_words(call: CallRecord) -> str:
    """Return how a call ended, as a list shows it."""
    if call.removed_at is not None:
        return "hung up"
    return f"{call.state} ({call.reason.code} {call.reason.name})" if call.reason else call.state.value


def state_tone(call: CallRecord) -> Tone:
    """Return what a call's state is to a person who reads a list."""
    if call.removed_at is not None:
        return Tone.PLAIN
    if call.state is State.JOINED:
        return Tone.GOOD
    return Tone.WARNING if call.state.is_open else Tone.BAD


def target_words(call: CallRecord) -> str:
    """Return what a room was rung into."""
    return f"{call.target.api} {call.target_name or call.target.id}"


def status_answer(call: CallRecord, place: Now) -> Answer:
    """Return the answer of ``call status``."""
    return Answer(page=_page(call, place), result=CallStatusResult(call=dialled(call), now=_now(place)))


def wait_answer(call: CallRecord, place: Now, failure: ZoomcallError | None, facts: Facts) -> Answer:
    """Return the answer of ``call wait``; ``failure`` is why it ended early."""
    answer = Answer(page=_page(call, place), result=CallWaitResult(call=dialled(call), now=_now(place)))
    if failure is not None:
        error = failure_report(failure, facts).told_of(call.protocol)
        return replace(answer, status=ExitStatus.of(failure.kind), error=error)
    return as_the_invite(answer, call)


def as_the_invite(answer: Answer, call: CallRecord) -> Answer:
    """Let an answer end as the invite would have, had it known what is known now."""
    if call.state is State.REFUSED and call.http_status is not None:
        return _refused(answer, call, call.http_status)
    status = (
        ExitStatus.NETWORK
        if call.state is State.NOT_SENT
        else exit_of(call.state, call.reason, is_canceled=call.is_canceled)
    )
    if status is ExitStatus.OK:
        return answer
    from zoomcall.usecases.explaining import causes_of_outcome, doc_of_outcome

    is_pending = call.state.is_open and call.state is not State.WAITING_ROOM
    explained = State.PENDING if is_pending else call.state
    reason = "" if call.reason is None else f", reason {call.reason.code} ({call.reason.name})"
    title = _title(call) + reason
    causes = causes_of_outcome(
        explained, call.reason, is_canceled=call.is_canceled, is_phone=call.protocol is Protocol.PHONE
    )
    if is_pending:
        from zoomcall.usecases.whereabouts import way_on

        fix, command = way_on(call.id, call.target.api, call.target.id)
        causes = tuple(replace(cause, fix=fix, command=command) for cause in causes)
    error = ErrorReport(
        status=status,
        title=title,
        causes=causes,
        http_status=call.http_status,
        doc=doc_of_outcome(explained, call.reason),
    )
    return replace(answer, status=status, error=error.told_of(call.protocol))


def _title(call: CallRecord) -> str:
    """Return in one sentence how a call that did not join stands."""
    if call.state is State.NOT_SENT:
        return f"call {call.id} to {call.shown} was not sent"
    if call.state is State.NO_OP:
        return f"Zoom did not confirm call {call.id} to {call.shown} with a 202"
    if call.state.is_open and call.state is not State.WAITING_ROOM:
        return f"nothing shows what became of call {call.id} to {call.shown} ({call.state})"
    return call.state.outcome.format(call.shown)


def _refused(answer: Answer, call: CallRecord, http_status: int) -> Answer:
    """Explain by the HTTP status: the journal keeps no more of Zoom's refusal."""
    refusal = ZoomRefused(ZoomAnswer(method="PATCH", path="", status=http_status, is_zooms=True))
    error = failure_report(refusal, Facts(api=call.target.api))
    return replace(answer, status=ExitStatus.of(refusal.kind), error=error)


def _now(place: Now) -> RoomNow:
    return RoomNow(state=place.state, since=place.since, why=place.why)


def _page(call: CallRecord, place: Now) -> Page:
    noun = call.protocol.noun
    lines = [
        Line(str(call.id), label="call"),
        Line(call.shown if noun == call.protocol else f"{call.protocol} {call.shown}", label=noun),
        Line(target_words(call), label="into"),
        Line(stamp(call.at), label="dialled"),
        Line(state_words(call), label="state"),
    ]
    if call.evidence is not None:
        lines.append(Line(f"{call.evidence.source}, {call.evidence.match}", label="evidence"))
    lines.append(_now_line(call, place))
    if call.state is State.WAITING_ROOM and call.removed_at is None:
        lines.append(Line(call.protocol.told("A host must admit the room from the waiting room."), Tone.WARNING))
    elif call.state.is_open and call.removed_at is None:
        lines.append(Line(call.protocol.told("No evidence of the outcome; the room may have rung."), Tone.WARNING))
    return tuple(lines)


def _now_line(call: CallRecord, place: Now) -> Line:
    since = "" if place.since is None else f" since {stamp(place.since)}"
    match place.state:
        case Place.IN if place.is_waiting:
            return Line(f"in the waiting room{since}", Tone.WARNING, label="now")
        case Place.IN:
            return Line(f"in the {call.target.api}{since}", Tone.GOOD, label="now")
        case Place.LEFT:
            when = "" if place.since is None else f" at {stamp(place.since)}"
            return Line(f"left{when} ({place.why})", label="now")
        case Place.UNKNOWN:
            return Line(f"not known: {place.why}", label="now")
