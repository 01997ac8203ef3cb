"""The checks that ask Zoom with the credential: token, account, scopes, plan, target, webhook log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from msgspec.structs import replace

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.cause import Cause, Certainty
from zoomcall.domain.credential import Bearer, ServerToServerApp, SignedInUser, VideoSdkKey
from zoomcall.domain.live import WebhookLog
from zoomcall.domain.target import Api, MeetingTarget, SessionNameTarget, SessionTarget
from zoomcall.domain.time_words import distance
from zoomcall.domain.zoom_list import ZoomList
from zoomcall.errors import ErrorKind, NoSession, NotEntitled, WrongCredential
from zoomcall.knowledge.engine import judge, judge_bearer
from zoomcall.knowledge.facts import Facts, RequestFacts
from zoomcall.usecases.checking.case import Case
from zoomcall.usecases.checking.verdicts import (
    Blocked,
    CheckId,
    CheckStatus,
    CheckVerdict,
    failed,
    not_asked,
    ok,
    skipped,
    warned,
    warning,
)
from zoomcall.usecases.identity import try_out
from zoomcall.usecases.sessions import find_live_session
from zoomcall.usecases.webhook_secret import NoWebhookSecret

LOG_SPAN = timedelta(hours=1)
"""How far back deliveries are read: long enough to notice a receiver that is down, short enough to read."""

_ACKNOWLEDGED = {200, 204}
_NAME_A_TARGET = "Name one with --session ID, --session-name NAME or --meeting NUMBER."
_NAME_A_SESSION = "Name a live session with --session ID; the check takes a dial-in code that expires in two hours."

NEEDS = {
    "invite": (RequestFacts(method="PATCH", url="/live_meetings/NUMBER/events", is_ours=True),),
    "wait": (RequestFacts(method="GET", url="/metrics/meetings/NUMBER/participants", is_ours=True),),
    "sync": tuple(RequestFacts(method="GET", url=source.path, is_ours=True) for source in ZoomList),
}
"""What is done with a meeting or with rooms, and requests that it makes, which tell the scopes that it needs."""


def check_token(case: Case) -> CheckVerdict:
    """Report whether Zoom accepts the token, and for how long.

    Raises:
        ZoomRefused: Zoom refused the credential, or could not answer.
        WrongCredential: Zoom is certain to refuse it.
        NetworkFault: No answer came.
        Blocked: There is no credential, or Zoom cannot be reached.
    """
    api = case.api
    if case.order.is_offline:
        return _check_token_offline(case)
    case.need(CheckId.API)
    case.line.refuse_wrong_bearer(api)
    case.acceptance = try_out(case.line.zoom, api, now=case.now, deadline=case.deadline)
    expires_at = case.line.token().expires_at
    expiry = "" if expires_at is None else f"; it expires {distance(expires_at, case.now())}"
    return ok(f"Zoom accepts the token{expiry}")


def _check_token_offline(case: Case) -> CheckVerdict:
    match case.held.credential:
        case ServerToServerApp() | SignedInUser():
            return not_asked()
        case VideoSdkKey() | Bearer():
            facts = replace(case.facts, bearer=case.line.token().text)
    if any(cause.certainty is Certainty.CERTAIN for cause in judge_bearer(facts, case.api).causes):
        return failed(WrongCredential(f"Zoom is certain to refuse this token for a {case.api}"), facts)
    return not_asked("; nothing that can be seen offline is wrong with the token")


def check_account(case: Case) -> CheckVerdict:
    """Report whether the credential's account is of the right kind."""
    refusal, user = case.acceptance.refusal, case.acceptance.user
    if refusal is None:
        told = ["a Zoom account" if case.api is Api.MEETING else "a Video SDK account"]
        if user is not None:
            told.extend(
                f"{name} {value}" for name, value in (("account", user.account_id), ("role", user.role)) if value
            )
        return ok(", ".join(told))
    verdict = failed(refusal, case.facts)
    first = _first_cause(verdict)
    if first is not None and first.id == "scope-missing":
        return ok(f"a Zoom account; the token's owner cannot be read ({first.evidence})")
    if refusal.kind is ErrorKind.NOT_ENTITLED and first is not None and first.certainty is Certainty.CERTAIN:
        return verdict
    return warned(refusal, case.facts)


def check_scopes(case: Case) -> CheckVerdict:
    """Report whether the token's scopes allow ringing rooms, watching them join, and listing them."""
    if case.api is Api.SESSION:
        return ok("a Video SDK credential needs no scopes")
    scopes = case.line.token().scopes
    if scopes is None:
        return _try_scopes(case)
    facts = replace(case.facts, scopes=scopes, answer=None)
    lacking = {purpose: cause for purpose in NEEDS if (cause := _lacking(facts, purpose)) is not None}
    if not lacking:
        return ok(f"the token has the scopes for {', '.join(NEEDS)}")
    told = f"the token lacks a scope for {' and for '.join(lacking)}"
    if "invite" in lacking:
        return failed(NotEntitled(told), replace(facts, request=NEEDS["invite"][0]))
    each = "; ".join(f"{purpose}: {cause.evidence}" for purpose, cause in lacking.items())
    return warning(f"{told} ({each})", next(iter(lacking.values())).fix)


def _lacking(facts: Facts, purpose: str) -> Cause | None:
    causes = (cause for request in NEEDS[purpose] for cause in judge(replace(facts, request=request)).causes)
    return next((cause for cause in causes if cause.id == "scope-missing"), None)


def _try_scopes(case: Case) -> CheckVerdict:
    """Find scopes by reading, if the token endpoint did not tell them; ringing cannot be tried."""
    zoom, deadline = case.line.zoom, case.deadline

    def read_lists() -> None:
        zoom.h323_devices(deadline=deadline)
        zoom.managed_rooms(deadline=deadline)

    trials: dict[str, Callable[[], object]] = {"sync": read_lists}
    if isinstance(case.order.target, MeetingTarget):
        number = case.order.target.number
        trials["wait"] = lambda: zoom.meeting_participants(number, deadline=deadline)
    readable = []
    for purpose, trial in trials.items():
        try:
            trial()
        except ZoomRefused as refusal:
            verdict = warned(refusal, case.facts)
            first = _first_cause(verdict)
            if first is not None and first.id == "scope-missing":
                return replace(verdict, detail=f"{purpose}: {verdict.detail}")
        else:
            readable.append(purpose)
    held = f"it has the scopes for {' and '.join(readable)}; " if readable else ""
    return skipped(
        f"a bearer token does not tell its scopes; {held}only ringing a room shows whether it may ring rooms",
        "Use a server-to-server app, whose scopes Zoom tells, or ring a room.",
        "zoomcall auth login --kind s2s",
    )


def check_session(case: Case) -> CheckVerdict:
    """Report whether the session or meeting that was named is live, and how many people are in it.

    Raises:
        NoSession: No live session has that name.
        UsageError: Several have it.
        ZoomRefused: Zoom refused to show it.
    """
    match case.order.target:
        case None:
            return skipped("no session or meeting was named", _NAME_A_TARGET, "zoomcall session list")
        case MeetingTarget(number):
            return _check_meeting(number, case)
        case SessionTarget(identifier):
            case.session = identifier
        case SessionNameTarget(name, origin):
            today = case.now().date()
            case.session = find_live_session(name, zoom=case.line.zoom, today=today, origin=origin).id
    users = case.line.zoom.session_users(case.session, deadline=case.deadline)
    present = sum(1 for user in users if user.is_present)
    if not present:
        return failed(NoSession("the session is live but nobody is in it"), replace(case.facts, population=0))
    return ok(f"the session is live, with {present} {'person' if present == 1 else 'people'} in it")


_LOBBY_WORDS = {
    True: "; it has a waiting room, from which a host must admit each room that answers",
    False: "; it has no waiting room",
    None: "",
}


def _check_meeting(number: str, case: Case) -> CheckVerdict:
    try:
        meeting = case.line.zoom.meeting(number, deadline=case.deadline)
    except ZoomRefused as refusal:
        if refusal.kind is ErrorKind.NO_SESSION:
            raise
        return warned(refusal, case.facts)
    lobby = _LOBBY_WORDS[meeting.has_waiting_room]
    if meeting.is_live is False:
        return warning(
            f"the meeting exists but is not live (Zoom says {meeting.status}){lobby}",
            "Start it first. By Zoom's documentation a room can be rung anyway, which is not verified.",
        )
    return ok(("the meeting is live" if meeting.is_live else "the meeting exists") + lobby)


def check_plan(case: Case) -> CheckVerdict:
    """Report whether the account has a Conference Room Connector, without ringing anybody (zoom-api 0.4 and 4).

    Raises:
        Blocked: The session that would show it is not live.
        ZoomRefused: The account has none.
    """
    if case.api is Api.MEETING:
        return _check_owners_plan(case)
    if case.session is None:
        if case.order.target is not None:
            raise Blocked(CheckId.SESSION)
        return skipped("only a live session shows the plan, and none was named", _NAME_A_SESSION)
    try:
        case.line.zoom.session_sip_dialing(case.session, deadline=case.deadline)
    except ZoomRefused as refusal:
        if refusal.kind is ErrorKind.NO_SESSION:
            raise Blocked(CheckId.SESSION, refusal) from None
        if refusal.answer.code == 2311:
            raise
        return warned(refusal, case.facts)
    return ok("the account has a Conference Room Connector (Zoom returned a dial-in code)")


def _check_owners_plan(case: Case) -> CheckVerdict:
    zoom, target = case.line.zoom, case.order.target
    try:
        dialing = zoom.crc_code(deadline=case.deadline)
    except ZoomRefused as refusal:
        if not isinstance(target, MeetingTarget) or refusal.kind is not ErrorKind.NOT_ENTITLED:
            return warned(refusal, case.facts)
        try:
            dialing = zoom.meeting_sip_dialing(target.number, deadline=case.deadline)
        except ZoomRefused:
            return warned(refusal, case.facts)
    match dialing.has_crc_plan:
        case True:
            return ok("the token's owner has a Conference Room Connector")
        case False:
            error = NotEntitled("the token's owner has no Conference Room Connector")
            return failed(error, replace(case.facts, has_crc_plan=False))
        case None:
            return warning(
                "Zoom did not say whether the token's owner has a Conference Room Connector",
                "Check the account's plan in Zoom's web portal (Plans and Billing).",
            )


def check_webhook(case: Case) -> CheckVerdict:
    """Report whether a webhook secret is set and, for a Video SDK account, whether deliveries arrive.

    Raises:
        NotConfigured: A webhook secret is set but cannot be read.
        Blocked: The keyring cannot be used.
    """
    if case.verdicts[CheckId.KEYRING].status is CheckStatus.FAILED:
        raise Blocked(CheckId.KEYRING)
    try:
        held = case.tools.webhook_secret()
    except NoWebhookSecret as error:
        fix = error.fix or "Set one to receive events here."
        verdict = skipped(
            "no webhook secret is set; only `webhook serve` and --listen need one", fix, error.command
        )
    else:
        verdict = ok(f"the webhook secret is from {held.source} ({held.name})")
    if case.verdicts[CheckId.TOKEN].status is not CheckStatus.OK or case.api is not Api.SESSION:
        return verdict
    now, told = case.now(), verdict.detail
    try:
        logs = case.line.zoom.webhook_logs(from_time=now - LOG_SPAN, to_time=now, deadline=case.deadline)
    except ZoomRefused as refusal:
        refused = warned(refusal, case.facts)
        return replace(refused, detail=f"{told}; the webhook log cannot be read: {refused.detail}")
    return _deliveries(told, logs)


def _deliveries(told: str, logs: tuple[WebhookLog, ...]) -> CheckVerdict:
    lost = [log for log in logs if log.status not in _ACKNOWLEDGED]
    if not logs:
        return ok(f"{told}; the webhook log is readable and has nothing from the last hour")
    if not lost:
        return ok(f"{told}; {len(logs)} of {len(logs)} deliveries in the last hour arrived")
    how = sorted({"no answer" if log.status in {None, -1} else f"HTTP {log.status}" for log in lost})
    return warning(
        f"{told}; {len(lost)} of {len(logs)} deliveries in the last hour failed ({', '.join(how)})",
        "Make sure that the endpoint answers 200 within 3 seconds, over https with a public certificate; Zoom "
        "disables a subscription after repeated failures. The log itself still shows how calls ended.",
    )


def _first_cause(verdict: CheckVerdict) -> Cause | None:
    causes = verdict.explained.causes if verdict.explained is not None else ()
    return causes[0] if causes else None
