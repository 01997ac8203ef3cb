"""Rules about what surrounds other people's requests: a shell's quoting, the code that makes a token."""

from __future__ import annotations

import re

from zoomcall.domain.cause import Certainty, Checked
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.shown_text import one_line
from zoomcall.errors import ErrorKind, NetworkWord
from zoomcall.knowledge.facts import Authorization, Facts
from zoomcall.knowledge.finding import Finding, Rule
from zoomcall.knowledge.lexicon import network_texts
from zoomcall.knowledge.route import route_of

_BROWSERS_WORDS = Pattern(
    r"blocked by CORS policy|Cross-Origin Request Blocked|Access-Control-Allow-Origin|access control checks",
    re.IGNORECASE,
)
_FETCH_FAILED = Pattern(r"TypeError|ERR_NETWORK", re.IGNORECASE)
_OUT_OF_DATE = Pattern(r"has expired|not yet valid|CERT_HAS_EXPIRED|expired certificate", re.IGNORECASE)
_NOT_CONNECTED = Pattern(r"connect ?timeout|(?:failed|unable|couldn't|could not) (?:to )?connect", re.IGNORECASE)
_DOCTOR = "zoomcall doctor"


def verbatim_variable(facts: Facts) -> Finding | Checked | None:
    """Look for a variable in single quotes, where a POSIX shell sends its name instead of its value."""
    request = facts.request
    if request is None or not request.has_verbatim_variable or facts.kind is not ErrorKind.AUTH:
        return None
    shown = request.header("authorization") or "a variable"
    evidence = f"{shown} is in single quotes: a POSIX shell sends the variable's name, not the token in it"
    return Finding("token-malformed", Certainty.LIKELY, evidence, fix="Put the header in double quotes.")


def claims_in_code(facts: Facts) -> Finding | Checked | None:
    """Look for code beside the request that makes a token for joining, not one for REST."""
    request, route = facts.request, route_of(facts)
    if request is None or not request.claims or facts.bearer is not None or route is None or route.api is None:
        return None
    claims = frozenset(request.claims)
    is_open = request.authorization is Authorization.VARIABLE
    told = f"the code makes a token with {', '.join(request.claims[:8])}"
    if "app_key" in claims or {"tpc", "role_type"} <= claims:
        certainty = Certainty.POSSIBLE if is_open or "iss" in claims else Certainty.LIKELY
        return Finding("session-jwt", certainty, f"{told}, which is for joining a session in the SDK")
    if claims & {"appKey", "sdkKey", "tokenExp"}:
        certainty = Certainty.POSSIBLE if is_open or "iss" in claims else Certainty.LIKELY
        return Finding("meeting-sdk-jwt", certainty, f"{told}, which is for joining a meeting in the SDK")
    return None


def expiry_in_code(facts: Facts) -> Finding | Checked | None:
    """Look for code beside the request that sets exp from a clock in milliseconds."""
    if facts.request is None or not facts.request.has_millisecond_expiry or facts.bearer is not None:
        return None
    evidence = "the code sets exp from a clock that counts milliseconds, without dividing by 1000"
    return Finding("exp-in-milliseconds", Certainty.LIKELY, evidence)


def blocked_by_browser(facts: Facts) -> Finding | Checked | None:
    """Look for a browser that blocked the call; that somebody mentions CORS proves nothing."""
    if facts.request is None or not facts.request.blocked_by:
        return None
    said = one_line(facts.request.blocked_by, 200)
    if _BROWSERS_WORDS.search(said):
        return Finding("blocked-by-browser", Certainty.CERTAIN, f"the browser says: {said}")
    if _FETCH_FAILED.search(said):
        return Finding("blocked-by-browser", Certainty.LIKELY, f"the browser says: {said}")
    if facts.answer is not None:
        return None
    return Finding("blocked-by-browser", Certainty.POSSIBLE, f"somebody says: {said}")


def not_reached(facts: Facts) -> Finding | Checked | None:
    """Look for a program's words that no answer came."""
    request = facts.request
    if request is None or request.network_fault is None or facts.answer is not None or request.is_ours:
        return None
    word, said = request.network_fault
    evidence = f"the program that sent it says: {one_line(said, 200)}"
    if word is NetworkWord.TLS and _OUT_OF_DATE.search(said):
        return Finding("clock-wrong", Certainty.LIKELY, evidence)
    route = route_of(facts)
    may_have_arrived = word in {NetworkWord.TIMEOUT, NetworkWord.RESET} and not _NOT_CONNECTED.search(said)
    is_open = may_have_arrived and route is not None and route.is_callout
    fix = f"Look at the room first: Zoom may have acted. {network_texts()[word].fix}" if is_open else None
    return Finding("zoom-not-reached", Certainty.CERTAIN, evidence, fix or network_texts()[word].fix, _DOCTOR)


def shell_quoting(facts: Facts) -> Finding | Checked | None:
    """Look for a shell that runs something other than curl, or gives it other words than were written."""
    request = facts.request
    if request is None or not request.shell_fault:
        return None
    says_so = facts.answer is not None and "valid json object" in (facts.answer.message or "").lower()
    if facts.answer is not None and not says_so and facts.kind is not None:
        return None
    certainty = Certainty.CERTAIN if request.is_shell_fault_shown or says_so else Certainty.POSSIBLE
    return Finding("shell-quoting", certainty, request.shell_fault)


RULES: tuple[Rule, ...] = (
    blocked_by_browser,
    not_reached,
    shell_quoting,
    verbatim_variable,
    claims_in_code,
    expiry_in_code,
)
"""Every cause that shows only around a request."""
