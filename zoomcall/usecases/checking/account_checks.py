"""The checks that ask Zoom with the credential: account, scopes, plan, target, webhook log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.cause import Cause, Certainty
from zoomcall.domain.credential import AccessToken
from zoomcall.domain.live import H323Device, Meeting, SipDialing, WebhookLog
from zoomcall.domain.target import Api, MeetingTarget, SessionId, SessionNameTarget, SessionTarget, Target
from zoomcall.domain.time_words import distance
from zoomcall.errors import ErrorKind, NoSession, NotEntitled
from zoomcall.knowledge.engine import judge
from zoomcall.knowledge.facts import Facts, RequestFacts
from zoomcall.usecases.checking.verdicts import Blocked, CheckId, Verdict, failed, ok, skipped, warned, warning
from zoomcall.usecases.identity import Acceptance
from zoomcall.usecases.sessions import find_live_session
from zoomcall.usecases.webhook_secret import HeldWebhookSecret, NoWebhookSecret
from zoomcall.usecases.zoom_clock import Clocks
from zoomcall.usecases.zoom_roles import Account, Rosters, Sessions, WebhookLogs

LOG_SPAN = timedelta(hours=1)
"""How far back deliveries are looked at: long enough to see a receiver that is down, short enough to read."""

_ACKNOWLEDGED = {200, 204}
_NAME_A_TARGET = "Name one with --session ID, --session-name NAME or --meeting NUMBER."
_NAME_A_SESSION = "Name a live session with --session ID; the check takes a dial-in code that ends in two hours."

NEEDS = {
    "invite": RequestFacts(method="PATCH", url="/live_meetings/NUMBER/events", is_ours=True),
    "wait": RequestFacts(method="GET", url="/metrics/meetings/NUMBER/participants", is_ours=True),
    "sync": RequestFacts(method="GET", url="/h323/devices", is_ours=True),
}
"""What is done with a meeting, and a request that it makes, by which the scopes that it needs are known."""


class Zoom(Clocks, Account, WebhookLogs, Sessions, Rosters, Protocol):
    """What these checks need of Zoom."""

    def session_sip_dialing(self, session_id: str, *, deadline: datetime | None = None) -> SipDialing:
        """A dial-in code for a session."""

    def meeting(self, number: str, *, deadline: datetime | None = None) -> Meeting:
        """A meeting."""

    def meeting_sip_dialing(self, number: str, *, deadline: datetime | None = None) -> SipDialing:
        """A dial-in code for a meeting."""

    def crc_code(self, *, deadline: datetime | None = None) -> SipDialing:
        """A dial-in code for no meeting."""

    def h323_devices(self, *, deadline: datetime | None = None) -> tuple[H323Device, ...]:
        """Rooms that the account's administrator registered."""


class Consultation(Struct, frozen=True, kw_only=True):
    """What there is to ask Zoom with.

    Attributes:
        zoom: Zoom.
        api: Which API the credential is for.
        target: The session or meeting that was named.
        facts: For explaining.
        now: This machine's clock.
        deadline: When every request must be over.
    """

    zoom: Zoom
    api: Api
    target: Target | None
    facts: Facts
    now: Callable[[], datetime]
    deadline: datetime


def check_token(token: AccessToken, now: datetime) -> Verdict:
    """Say that the token was accepted, and for how long."""
    ends = "" if token.expires_at is None else f"; it ends {distance(token.expires_at, now)}"
    return ok(f"Zoom accepts the token{ends}")


def check_account(acceptance: Acceptance, case: Consultation) -> Verdict:
    """Say whether the credential's account is of the kind that is needed."""
    refusal = acceptance.refusal
    if refusal is None:
        user = acceptance.user
        told = [
            f"{name} {value}"
            for name, value in (("account", user and user.account_id), ("role", user and user.role))
            if value
        ]
        kind = "a Zoom account" if case.api is Api.MEETING else "a Video SDK account"
        return ok(", ".join([kind, *told]))
    verdict = failed(refusal, case.facts)
    first = _first_cause(verdict)
    if first is not None and first.id == "scope-missing":
        return ok(f"a Zoom account; whose the token is cannot be read ({first.evidence})")
    if refusal.kind is ErrorKind.NOT_ENTITLED and first is not None and first.certainty is Certainty.CERTAIN:
        return verdict
    return warned(refusal, case.facts)


def check_scopes(token: AccessToken, case: Consultation) -> Verdict:
    """Say what the token's scopes allow: to ring rooms, to watch them join, to read the rooms of the account."""
    if case.api is Api.SESSION:
        return ok("a Video SDK credential needs no scopes")
    if token.scopes is None:
        return _try_scopes(case)
    facts = replace(case.facts, api=Api.MEETING, scopes=token.scopes, answer=None)
    lacking = {purpose: cause for purpose in NEEDS if (cause := _lacking(facts, purpose)) is not None}
    held = [purpose for purpose in NEEDS if purpose not in lacking]
    if not lacking:
        return ok(f"the token holds what {', '.join(held)} need")
    told = f"the token lacks a scope for {' and for '.join(lacking)}"
    if "invite" in lacking:
        return failed(NotEntitled(told), replace(facts, request=NEEDS["invite"]))
    each = "; ".join(f"{purpose}: {cause.evidence}" for purpose, cause in lacking.items())
    return warning(f"{told} ({each})", next(iter(lacking.values())).fix)


def _lacking(facts: Facts, purpose: str) -> Cause | None:
    causes = judge(replace(facts, request=NEEDS[purpose])).causes
    return next((cause for cause in causes if cause.id == "scope-missing"), None)


def _try_scopes(case: Consultation) -> Verdict:
    """Find scopes out by reading, where the token endpoint did not tell them; ringing cannot be tried."""
    trials: dict[str, Callable[[], object]] = {"sync": lambda: case.zoom.h323_devices(deadline=case.deadline)}
    if isinstance(case.target, MeetingTarget):
        number = case.target.number
        trials["wait"] = lambda: case.zoom.meeting_participants(number, deadline=case.deadline)
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
    held = f"it holds what {' and '.join(readable)} need; " if readable else ""
    return skipped(
        f"a token as given does not tell its scopes; {held}whether it may ring rooms shows only when one is rung",
        "Use a server-to-server app, whose scopes Zoom tells, or ring a room.",
        "zoomcall auth login --kind s2s",
    )


def find_session(case: Consultation) -> SessionId | None:
    """Give the id of the session that was named.

    Raises:
        NoSession: No live session has that name.
        UsageError: Several have it.
    """
    match case.target:
        case SessionTarget(identifier):
            return identifier
        case SessionNameTarget(name, origin):
            return SessionId(find_live_session(name, zoom=case.zoom, today=case.now().date(), origin=origin).id)
        case _:
            return None


def check_session(session: SessionId | None, case: Consultation) -> Verdict:
    """Say whether the session or meeting that was named is live, and how many are in it."""
    if isinstance(case.target, MeetingTarget):
        return _check_meeting(case.target, case)
    if session is None:
        return skipped("no session or meeting was named", _NAME_A_TARGET, "zoomcall session list")
    users = case.zoom.session_users(session, deadline=case.deadline)
    present = sum(1 for user in users if user.is_present)
    if not present:
        error = NoSession("the session is live but nobody is in it")
        return failed(error, replace(case.facts, api=Api.SESSION, population=0))
    return ok(f"the session is live, with {present} in it")


def _check_meeting(target: MeetingTarget, case: Consultation) -> Verdict:
    try:
        meeting = case.zoom.meeting(target.number, deadline=case.deadline)
    except ZoomRefused as refusal:
        if refusal.kind is ErrorKind.NO_SESSION:
            raise
        return warned(refusal, case.facts)
    if meeting.is_live is False:
        return warning(
            f"the meeting is there and not live (Zoom says {meeting.status})",
            "Let it begin first. By Zoom's documents a room can be rung all the same, which is not verified.",
        )
    return ok("the meeting is live" if meeting.is_live else "the meeting is there")


def check_plan(session: SessionId | None, case: Consultation) -> Verdict:
    """Say whether the account has a Conference Room Connector, without ringing anybody (zoom-api 0.4 and 4).

    Raises:
        Blocked: The session that would show it is not live.
    """
    if case.api is Api.MEETING:
        return _check_owners_plan(case)
    if session is None:
        return skipped("a plan shows only on a live session, and none was named", _NAME_A_SESSION)
    try:
        case.zoom.session_sip_dialing(session, deadline=case.deadline)
    except ZoomRefused as refusal:
        if refusal.kind is ErrorKind.NO_SESSION:
            raise Blocked(CheckId.SESSION, refusal) from None
        if refusal.answer.code == 2311:
            raise
        return warned(refusal, case.facts)
    return ok("the account has a Conference Room Connector (Zoom gave a dial-in code)")


def _check_owners_plan(case: Consultation) -> Verdict:
    try:
        dialing = case.zoom.crc_code(deadline=case.deadline)
    except ZoomRefused as refusal:
        if not isinstance(case.target, MeetingTarget) or refusal.kind is not ErrorKind.NOT_ENTITLED:
            return warned(refusal, case.facts)
        try:
            dialing = case.zoom.meeting_sip_dialing(case.target.number, deadline=case.deadline)
        except ZoomRefused:
            return warned(refusal, case.facts)
    match dialing.has_crc_plan:
        case True:
            return ok("the token's owner has a Conference Room Connector")
        case False:
            error = NotEntitled("the token's owner has no Conference Room Connector")
            return failed(error, replace(case.facts, api=Api.MEETING, has_crc_plan=False))
        case None:
            return warning(
                "Zoom did not say whether the token's owner has a Conference Room Connector",
                "Look at the account's plan in Zoom's web portal (Plans and Billing).",
            )


def check_webhook(find_secret: Callable[[], HeldWebhookSecret], case: Consultation | None) -> Verdict:
    """Say whether a webhook secret is set and, for a Video SDK account, how deliveries fare.

    Args:
        find_secret: Finds the secret.
        case: What to read the log with; None leaves it unread.

    Raises:
        NotConfigured: The secret that is set cannot be had.
    """
    try:
        held = find_secret()
        told = f"the webhook secret is from {held.source} ({held.name})"
        lacking = None
    except NoWebhookSecret as error:
        told, lacking = "no webhook secret is set; only `webhook serve` and --listen need one", error
    if case is not None and case.api is Api.SESSION:
        try:
            logs = case.zoom.webhook_logs(
                from_time=case.now() - LOG_SPAN, to_time=case.now(), deadline=case.deadline
            )
        except ZoomRefused as refusal:
            verdict = warned(refusal, case.facts)
            return replace(verdict, detail=f"{told}; the webhook log cannot be read: {verdict.detail}")
        return _deliveries(told, logs)
    if lacking is not None:
        return skipped(told, lacking.fix or "Set one if events are to be received here.", lacking.command)
    return ok(told)


def _deliveries(told: str, logs: tuple[WebhookLog, ...]) -> Verdict:
    lost = [log for log in logs if log.status not in _ACKNOWLEDGED]
    if not logs:
        return ok(f"{told}; the webhook log can be read and holds nothing of the last hour")
    if not lost:
        return ok(f"{told}; {len(logs)} of {len(logs)} deliveries of the last hour arrived")
    how = sorted({"no answer" if log.status in {None, -1} else f"HTTP {log.status}" for log in lost})
    return warning(
        f"{told}; {len(lost)} of {len(logs)} deliveries of the last hour failed ({', '.join(how)})",
        "See that the endpoint answers 200 within 3 seconds, over https with a public certificate; Zoom switches a "
        "subscription off after repeated failures. The log itself still shows what became of calls.",
    )


def _first_cause(verdict: Verdict) -> Cause | None:
    causes = verdict.explained.causes if verdict.explained is not None else ()
    return causes[0] if causes else None
