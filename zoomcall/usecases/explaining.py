"""Explain why a request failed, or why a call ended as it did, and how to fix it."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.call import REASONS, Reason, State
from zoomcall.domain.cause import Cause, Certainty, Explained, Judgement
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.errors import Duplicate, ErrorKind, NetworkFault, SignInFailed, ZoomcallError
from zoomcall.knowledge.engine import judge
from zoomcall.knowledge.facts import Facts, RequestFacts
from zoomcall.knowledge.lexicon import code_texts, exit_texts, http_texts, network_texts, reason_texts
from zoomcall.knowledge.redaction import clean
from zoomcall.knowledge.texts import cause_texts


def explain_failure(error: ZoomcallError, facts: Facts) -> Explained:
    """Explain a failure of this program's own request.

    Args:
        error: What was raised.
        facts: What was known by then; the answer comes from the error.
    """
    answer = error.answer if isinstance(error, ZoomRefused) else None
    facts = _facts_at(error, answer, facts)
    judgement = _judgement(error, facts)
    is_settled = any(cause.certainty is not Certainty.POSSIBLE for cause in judgement.causes)
    fix, command = (None, None) if is_settled else _way_out(error)
    return Explained(
        title=clean(error.message, facts),
        causes=judgement.causes,
        checked=judgement.checked,
        network=error.word.value if isinstance(error, NetworkFault) else None,
        http_status=answer.status if answer else None,
        zoom_code=_shown_code(answer, facts),
        zoom_message=clean(answer.message, facts) if answer and answer.message is not None else None,
        is_retryable=_is_retryable(error, answer),
        retry_at=_retry_at(error, answer),
        tracking_id=clean(answer.tracking_id, facts) if answer and answer.tracking_id is not None else None,
        doc=_doc(error, answer, judgement),
        fix=clean(fix, facts) if fix else None,
        command=command,
    )


def _facts_at(error: ZoomcallError, answer: ZoomAnswer | None, facts: Facts) -> Facts:
    """Tie the facts to this failure: its kind, its answer, and the request that got it, which is ours."""
    request = facts.request
    if answer is not None and (
        request is None or answer.method != request.method or answer.path not in request.url
    ):
        request = RequestFacts(method=answer.method, url=answer.path)
    if request is not None:
        request = replace(request, is_ours=True)
    zoom_time, local_time = facts.zoom_time, facts.local_time
    if answer is not None and answer.server_time is not None and answer.local_time is not None:
        zoom_time, local_time = answer.server_time, answer.local_time
    return replace(
        facts,
        kind=error.kind,
        answer=answer,
        request=request,
        zoom_time=zoom_time,
        local_time=local_time,
    )


def _judgement(error: ZoomcallError, facts: Facts) -> Judgement:
    if isinstance(error, Duplicate) and error.cause is not None:
        return Judgement((_outcome(error.cause, clean(error.message, facts)),))
    if isinstance(error, SignInFailed):
        return Judgement((replace(_outcome(error.cause, clean(error.message, facts)), command=error.command),))
    if error.kind is ErrorKind.PENDING:
        return Judgement(causes_of_outcome(State.PENDING, None))
    if isinstance(error, NetworkFault) and error.cause is not None:
        text = cause_texts()[error.cause]
        return Judgement(
            (Cause(error.cause, Certainty.LIKELY, error.message, error.fix or text.fix, text.command),)
        )
    judgement = judge(facts)
    if error.command is None or not judgement.causes or judgement.causes[0].command is not None:
        return judgement
    return replace(judgement, causes=(replace(judgement.causes[0], command=error.command), *judgement.causes[1:]))


_BY_THE_CLOCK = "Zoom renews its certificates in time, and this machine's clock decides whether one is valid"


def _way_out(error: ZoomcallError) -> tuple[str | None, str | None]:
    if error.fix or error.command:
        return error.fix, error.command
    if isinstance(error, NetworkFault):
        return network_texts()[error.word.value].fix, None
    text = exit_texts()[error.kind]
    return text.fix, text.command


def _shown_code(answer: ZoomAnswer | None, facts: Facts) -> int | str | None:
    if answer is None or not isinstance(answer.code, str):
        return answer.code if answer else None
    return clean(answer.code, facts)


def _is_retryable(error: ZoomcallError, answer: ZoomAnswer | None) -> bool:
    if isinstance(error, Duplicate):
        return error.until is not None
    if answer is None:
        return error.retryable
    return answer.status == 429 or (answer.status >= 500 and answer.method != "PATCH")


def _retry_at(error: ZoomcallError, answer: ZoomAnswer | None) -> datetime | None:
    if isinstance(error, Duplicate):
        return error.until
    return answer.retry_at if answer is not None else None


def _doc(error: ZoomcallError, answer: ZoomAnswer | None, judgement: Judgement) -> str:
    if error.kind is ErrorKind.NO_OP:
        return "explain noop"
    if isinstance(error, NetworkFault):
        return f"explain network:{error.word.value}"
    if answer is not None and (code := str(answer.code)) in code_texts():
        is_ambiguous = any(code in {text.name, *text.also} for text in http_texts().values())
        return f"explain zoom:{code}" if is_ambiguous else f"explain {code}"
    if answer is None and judgement.causes:
        return f"explain {judgement.causes[0].id}"
    return f"explain exit:{int(ExitStatus.of(error.kind))}"


def causes_of_outcome(
    state: State,
    reason: Reason | None,
    *,
    is_private: bool = False,
    is_canceled: bool = False,
    is_phone: bool = False,
) -> tuple[Cause, ...]:
    """Return why a call ended as it did, for the states that are failures; else nothing.

    The meaning of a reason is inferred from its name (zoom-api 5.3), so such a cause is likely and its fix a hint.

    Args:
        state: How it ended.
        reason: Zoom's reason, if it gave one.
        is_private: The room has a private address, which Zoom's cloud cannot reach.
        is_canceled: It is a phone call that Zoom canceled.
        is_phone: It is a phone call.
    """
    match state:
        case State.DECLINED:
            fix = _FIX_OF_DECLINED_PHONE if is_phone else None
            return (_outcome("room-declined", "Zoom's event says that the room rejected the call", fix),)
        case State.MISSED:
            fix = _FIX_OF_MISSED_PHONE if is_phone else None
            return (_outcome("room-no-answer", "Zoom's event says that the call was missed", fix),)
        case State.FAILED if is_canceled:
            return (_outcome("phone-canceled", "Zoom's event says that the phone call was canceled"),)
        case State.FAILED:
            return (_failure(reason, is_private=is_private),)
        case State.NO_OP:
            return (_outcome("success-not-202", "Zoom answered with a success other than 202"),)
        case State.PENDING:
            return (_outcome("outcome-unproven", "there was no evidence of the outcome in the time allowed"),)
        case State.WAITING_ROOM:
            return (_outcome("waiting-room", "the room was still in the waiting room when the time was over"),)
        case (
            State.PLANNED
            | State.NOT_SENT
            | State.REFUSED
            | State.ACCEPTED
            | State.RINGING
            | State.ANSWERED
            | State.JOINED
        ):
            return ()


def doc_of_outcome(state: State, reason: Reason | None) -> str:
    """Return the command that explains an outcome, like ``explain reason:9``."""
    if reason is not None and reason.code in REASONS:
        return f"explain reason:{reason.code}"
    return f"explain state:{state.value}"


_FIX_OF_DECLINED_PHONE = "Ask whoever has the phone to take the call from Zoom's number, then ring again."
_FIX_OF_MISSED_PHONE = (
    "Ask whoever has the phone whether it rang. If it did not, call the number from another phone to check it."
)


def _outcome(identifier: str, evidence: str, fix: str | None = None) -> Cause:
    text = cause_texts()[identifier]
    return Cause(identifier, Certainty.CERTAIN, evidence, fix or text.fix, text.command)


_ROUTELESS = {9, 13}
_FIX_OF_PRIVATE = (
    "The room's address is private, and Zoom's cloud cannot reach it: ring the room's public address, or have a "
    "Virtual Room Connector placed in the room's network."
)


def _failure(reason: Reason | None, *, is_private: bool) -> Cause:
    if reason is None or reason.code not in REASONS:
        said = "without a reason" if reason is None else f"for reason {reason.code}, which is not known"
        return _outcome("reason-unknown", f"Zoom's event says that the call failed, {said}")
    text = reason_texts()[REASONS[reason.code].zoom_name]
    fix = _FIX_OF_PRIVATE if is_private and reason.code in _ROUTELESS else text.fix
    return Cause(
        f"reason-{reason.name}",
        Certainty.LIKELY,
        f"Zoom's event gives reason {reason.code} ({text.name}): {text.meaning}",
        fix or "",
    )
