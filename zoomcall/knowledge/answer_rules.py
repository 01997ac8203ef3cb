"""Rules about Zoom's answer, and about the state and rights that it shows (contract 4).

What one answer says about one cause is a row of ``answers.toml``; a rule that needs more is a function here.
"""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import unquote

from msgspec import Struct

from zoomcall.domain.answer import RateLimit, ZoomAnswer, lacks_scopes
from zoomcall.domain.cause import Certainty, Checked
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.shown_text import one_line
from zoomcall.domain.target import Api
from zoomcall.domain.token import TokenKind, read_token
from zoomcall.errors import ErrorKind
from zoomcall.knowledge.facts import Facts
from zoomcall.knowledge.finding import Finding, Rule
from zoomcall.knowledge.route import is_of_token_endpoint, route_of
from zoomcall.knowledge.texts import read_rows

_SCOPE = Pattern(r"[a-z][a-z0-9_]*(?::[a-z0-9_]+)+")
_CUT_OFF = Pattern(r":?\s?(?:\.\.\.|\u2026|\(truncated|\[truncated|<truncated)", re.IGNORECASE)
_SCOPE_LEVELS = {"admin", "master"}
_MOST_SCOPES = 12
_ZOOMS_HOST = Pattern(r"(?:^|\.)(?:zoom\.us|zoomgov\.com)(?::\d+)?$")


def success_not_202(facts: Facts) -> Finding | Checked | None:
    """Look for a 2xx other than 202 on a callout (contract 6.4)."""
    answer, route = facts.answer, route_of(facts)
    if answer is None or not 200 <= answer.status < 300 or answer.is_oauth:
        return None
    is_callout = route is not None and route.is_callout
    if is_callout and answer.status == 202:
        return Checked("success-not-202", "Zoom answered 202")
    if answer.status == 202 or not (is_callout or facts.kind is ErrorKind.NO_OP):
        return None
    evidence = f"Zoom answered {answer.status}; it answers 202 when it accepts a callout"
    if route is None or not route.is_ours:
        return Finding("success-not-202", Certainty.CERTAIN, evidence)
    return Finding(
        "success-not-202",
        Certainty.CERTAIN,
        evidence,
        fix="The request is as documented: ring the room by hand from a Zoom client to compare, and send Zoom "
        "support the tracking id.",
    )


def nobody_in_session(facts: Facts) -> Finding | Checked | None:
    """Look for an empty session."""
    if facts.population is None or facts.api is Api.MEETING:
        return None
    if facts.population > 0:
        return Checked("nobody-in-session", f"{facts.population} in the session")
    is_refused_for_it = facts.kind in {None, ErrorKind.NO_SESSION}
    certainty = Certainty.CERTAIN if is_refused_for_it else Certainty.LIKELY
    return Finding("nobody-in-session", certainty, "the session's list of users is empty")


def scope_missing(facts: Facts) -> Finding | Checked | None:
    """Look for Zoom's scope refusals (104, 4711, 4700), or for scopes known to be insufficient."""
    answer = facts.answer
    if answer is not None and not answer.is_oauth and _is_about_scopes(answer):
        return _scope_refusal(facts, answer)
    route = route_of(facts)
    endpoint = route.endpoint if route is not None else None
    if facts.scopes is None or endpoint is None or facts.kind is ErrorKind.AUTH:
        return None
    wanted = (*endpoint.classic_scopes, *endpoint.granular_scopes)
    if not wanted:
        return None
    held = [scope for scope in wanted if scope in facts.scopes]
    if held:
        return Checked("scope-missing", f"the token has {held[0]}")
    certainty = Certainty.LIKELY if answer is None else Certainty.POSSIBLE
    return _scope_finding(wanted, certainty, "the token has none of the scopes that this request needs")


def _is_about_scopes(answer: ZoomAnswer) -> bool:
    said = (answer.message or "").lower()
    is_by_number = answer.code in {104, 4711, 4700} and not (answer.code == 4700 and "empty" in said)
    return is_by_number or lacks_scopes(said)


def _scope_refusal(facts: Facts, answer: ZoomAnswer) -> Finding:
    named = _scopes_in(answer.message or answer.excerpt)
    route = route_of(facts)
    endpoint = route.endpoint if route is not None else None
    wanted = (*endpoint.classic_scopes, *endpoint.granular_scopes) if endpoint is not None else ()
    if named:
        return _scope_finding(named, Certainty.CERTAIN, "Zoom names these scopes", _counterparts(named, wanted))
    said = f"Zoom refused the token for its scopes ({answer.said_code or answer.status}) and named none"
    if not wanted:
        return Finding("scope-missing", Certainty.CERTAIN, said)
    return _scope_finding(wanted, Certainty.CERTAIN, f"{said}; this request takes")


def _counterparts(named: tuple[str, ...], documented: tuple[str, ...]) -> tuple[str, ...]:
    """Return the granular scopes that would do where Zoom names only classic ones, or the reverse."""
    sorts = {_is_granular(scope) for scope in named}
    has_low_level = any(not _is_admin_level(scope) for scope in named)
    return tuple(
        scope
        for scope in documented
        if _is_granular(scope) not in sorts and (has_low_level or _is_admin_level(scope))
    )


def _scope_finding(
    scopes: tuple[str, ...], certainty: Certainty, said: str, others: tuple[str, ...] = ()
) -> Finding:
    """Name the scopes, any one of which will do; those that Zoom left out come last."""
    evidence = f"{said}: {_listed(scopes)}"
    if others:
        evidence += f"; by Zoom's documentation, the request also takes {_listed(others)}"
    scopes = (*scopes, *others)
    fix = (
        "On the app's Scopes page at marketplace.zoom.us, add a scope that is named here, classic or granular like "
        f"the app's own; then get a new token. {_who_can_hold(scopes)}"
    )
    return Finding("scope-missing", certainty, evidence, fix=fix)


def _listed(scopes: tuple[str, ...]) -> str:
    scopes = tuple(dict.fromkeys(scopes))
    classic = [scope for scope in scopes if not _is_granular(scope)]
    granular = [scope for scope in scopes if _is_granular(scope)]
    kinds = {"classic": classic, "granular": granular}
    return "; ".join(f"{', '.join(names)} ({kind})" for kind, names in kinds.items() if names)


def _who_can_hold(scopes: tuple[str, ...]) -> str:
    """Return which kinds of app can have such scopes, as a sentence (zoom-api 3.2)."""
    admin_level = [scope for scope in scopes if _is_admin_level(scope)]
    if not admin_level:
        return "Any kind of app can hold it; a user-managed app can use it on its own user's meetings."
    rest = (
        "cannot hold them"
        if len(admin_level) == len(scopes)
        else "can hold the others, and use them on its own user's meetings"
    )
    return (
        "Scopes with :admin or :master are only for server-to-server and account-level apps; "
        f"a user-managed app {rest}."
    )


def _scopes_in(text: str) -> tuple[str, ...]:
    """Find the scopes that Zoom names, however broken its JSON is (zoom-api 7.1)."""
    _, marker, tail = text.partition("scopes")
    tail = tail.lstrip(":\"' ") if marker else ""
    found = [match[0] for match in _SCOPE.finditer(tail) if not _CUT_OFF.match(tail, match.end())]
    return tuple(dict.fromkeys(found))[:_MOST_SCOPES]


def _is_granular(scope: str) -> bool:
    parts = scope.split(":")
    return len(parts) > 2 and parts[2] not in _SCOPE_LEVELS


def _is_admin_level(scope: str) -> bool:
    return not _SCOPE_LEVELS.isdisjoint(scope.split(":"))


def user_managed_app(facts: Facts) -> Finding | Checked | None:
    """Look for one user's app where only account-level scopes would do; never more than possible (zoom-api 3.4)."""
    answer, route = facts.answer, route_of(facts)
    is_meeting = facts.api is Api.MEETING or (route is not None and route.api is Api.MEETING)
    if answer is None or answer.is_oauth or not is_meeting:
        return None
    if facts.credential_kind in {CredentialKind.S2S, CredentialKind.VIDEOSDK}:
        return None
    if _is_about_scopes(answer):
        named = _scopes_in(answer.message or answer.excerpt)
        if named and all(_is_admin_level(scope) for scope in named):
            evidence = "Zoom names only scopes that end in :admin or :master"
            return Finding("user-managed-app", Certainty.POSSIBLE, evidence)
        return None
    is_denied = answer.code == 300 and "no permission" in (answer.message or "").lower()
    if not (is_denied or facts.kind is ErrorKind.NO_OP):
        return None
    if facts.scopes is not None:
        if any(_is_admin_level(scope) for scope in facts.scopes):
            return None
        return Finding(
            "user-managed-app", Certainty.POSSIBLE, "none of the token's scopes is an :admin or :master scope"
        )
    if facts.bearer is not None and read_token(facts.bearer.reveal()).kind is TokenKind.OAUTH:
        return Finding(
            "user-managed-app", Certainty.POSSIBLE, "the token belongs to a user, and its scopes are not known"
        )
    return None


def no_crc_plan(facts: Facts) -> Finding | Checked | None:
    """Judge the Conference Room Connector by whether Zoom gave a dial-in code (zoom-api 4); a refusal is a row."""
    if facts.has_crc_plan is None:
        return None
    if facts.has_crc_plan:
        return Checked("no-crc-plan", "Zoom gave a dial-in code, as it does where there is a plan")
    evidence = "asked for a dial-in code, Zoom said that the token's owner has no plan for it"
    fix = "Ask the account owner to give that user a Conference Room Connector licence (Plans and Billing)."
    return Finding("no-crc-plan", Certainty.CERTAIN, evidence, fix)


def rate_limited(facts: Facts) -> Finding | Checked | None:
    """Look for a 429, and whether it is per second or per day."""
    answer = facts.answer
    if answer is None or answer.status != 429:
        return None
    headers = answer.rate_limit or RateLimit()
    text = f"{answer.message or ''} {headers.kind or ''}".lower()
    is_per_second = "per-second" in text or "qps" in text
    which = "the daily limit" if "daily" in text else "the per-second limit" if is_per_second else ""
    route = route_of(facts)
    endpoint = route.endpoint if route is not None else None
    label = headers.category or (endpoint.label if endpoint is not None else None)
    counted = f"; Zoom counts this request as {label}" if label else ""
    reached = f": {which} was reached" if which else ""
    return Finding("rate-limited", Certainty.CERTAIN, f"Zoom answered 429{reached}{counted}")


def token_expired_by_zoom(facts: Facts) -> Finding | Checked | None:
    """Take Zoom's word that the token has expired, which an unreadable token does not show."""
    answer = facts.answer
    if answer is None or answer.is_oauth or "token is expired" not in (answer.message or "").lower():
        return None
    return Finding("token-expired", Certainty.CERTAIN, _said(answer, facts))


def token_not_read(facts: Facts) -> Finding | Checked | None:
    """Look for Zoom's words that it found no token, or none that it can read, in the header of a request."""
    answer = facts.answer
    if answer is None or is_of_token_endpoint(facts):
        return None
    if answer.code == 4700 and "empty" in (answer.message or "").lower():
        return Finding("bearer-missing", Certainty.LIKELY, _said(answer, facts))
    if answer.code == 4724:
        return Finding("token-malformed", Certainty.LIKELY, _said(answer, facts))
    return None


def cluster_mismatch(facts: Facts) -> Finding | Checked | None:
    """Look for a token or link of the government cluster at the commercial one, or the reverse (zoom-api 2.3)."""
    route = route_of(facts)
    if facts.request is None or route is None or not route.host or facts.request.is_ours:
        return None
    others = {host for host in facts.request.hosts_beside if _is_gov(host) is not _is_gov(route.host)}
    if not others or not _ZOOMS_HOST.search(route.host) or (facts.answer is not None and facts.answer.status < 300):
        return None
    wanted = "zoomgov.com" if _is_gov(next(iter(others))) else "zoom.us"
    fix = f"Send the request to https://api.{wanted}/v2, with a token from https://{wanted}/oauth/token."
    command = f"zoomcall auth login --kind s2s{' --cluster gov' if wanted == 'zoomgov.com' else ''}"
    number = unquote(route.raw_id or "")
    for host, meeting in facts.request.links_beside:
        if host in others and meeting == number and facts.kind is ErrorKind.NO_SESSION:
            evidence = f"meeting {meeting} is on {host}, but the request goes to {route.host}"
            return Finding("cluster-mismatch", Certainty.CERTAIN, evidence, fix, command)
    evidence = f"the request goes to {route.host}, but {min(others)} is named beside it"
    is_refused = facts.kind in {ErrorKind.AUTH, ErrorKind.NO_SESSION}
    certainty = Certainty.LIKELY if is_refused else Certainty.POSSIBLE
    return Finding("cluster-mismatch", certainty, evidence, fix, command)


def _is_gov(host: str) -> bool:
    return host.endswith("zoomgov.com")


def foreign_answer(facts: Facts) -> Finding | Checked | None:
    """Look for an answer that is not in Zoom's form."""
    answer = facts.answer
    if answer is None or answer.is_zooms:
        return None
    is_page_of_success = facts.kind is ErrorKind.NO_OP and bool(answer.excerpt.strip())
    if answer.status < 300 and not is_page_of_success and facts.kind is not ErrorKind.ZOOM_FAULT:
        return None
    if not answer.excerpt.strip() and (answer.status == 429 or answer.status >= 500):
        return None  # a limit or a fault may be Zoom's own even without a body
    excerpt = f": {one_line(answer.excerpt)}" if answer.excerpt.strip() else ""
    evidence = f"the answer, HTTP {answer.status}, is not JSON from Zoom{excerpt}"
    is_proxys = answer.status == 407 or 300 <= answer.status < 400
    return Finding("foreign-answer", Certainty.CERTAIN if is_proxys else Certainty.LIKELY, evidence)


class AnswerRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of ``answers.toml``, which can be called as a rule; what is None or empty matches anything."""

    cause: str
    certainty: Certainty
    codes: tuple[int | str, ...] = ()
    statuses: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()
    not_texts: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    api: Api | None = None
    is_oauth: bool = False
    is_foreign: bool = False
    fix: str | None = None
    command: str | None = None

    def __call__(self, facts: Facts) -> Finding | Checked | None:
        """Find the cause if the answer matches the row."""
        answer = facts.answer
        if answer is None or not self._fits_answer(answer) or not self._fits_request(facts):
            return None
        if not self.fields:
            return Finding(self.cause, self.certainty, _said(answer, facts), self.fix, self.command)
        for error in answer.field_errors:
            if any(name in error.field.lower() for name in self.fields):
                evidence = f"Zoom says about {one_line(error.field)}: {one_line(error.message)}"
                return Finding(self.cause, self.certainty, evidence, self.fix, self.command)
        return None

    def _fits_answer(self, answer: ZoomAnswer) -> bool:
        text = (answer.message or "").lower()
        return (
            answer.is_oauth is self.is_oauth
            and (not self.codes or answer.code in self.codes)
            and (not self.statuses or answer.status in self.statuses)
            and (not self.texts or any(words in text for words in self.texts))
            and not any(words in text for words in self.not_texts)
        )

    def _fits_request(self, facts: Facts) -> bool:
        if self.api is None and not self.is_foreign:
            return True
        route = route_of(facts)
        is_excused = self.is_foreign and route is not None and route.is_ours
        known = route.api if route is not None and route.api is not None else facts.api
        return not is_excused and self.api in {None, known}


@cache
def answer_rows() -> tuple[AnswerRow, ...]:
    """Return the rules that are one row each."""
    return read_rows("answers.toml", AnswerRow)


def _said(answer: ZoomAnswer, facts: Facts) -> str:
    who = "the token endpoint" if is_of_token_endpoint(facts) else "Zoom"
    code = f" {answer.said_code}" if answer.said_code is not None else f" HTTP {answer.status}"
    return f"{who} says{code}: {one_line(answer.message)}" if answer.message else f"{who} says{code}"


RULES: tuple[Rule, ...] = (
    success_not_202,
    nobody_in_session,
    scope_missing,
    user_managed_app,
    no_crc_plan,
    rate_limited,
    token_expired_by_zoom,
    token_not_read,
    cluster_mismatch,
    foreign_answer,
)
"""The rules that need more than a row; see ``answer_rows`` for the rows."""
