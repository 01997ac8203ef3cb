"""Rules about what surrounds other people's requests: a shell's quoting, the code that makes a token."""

from __future__ import annotations

from zoomcall.domain.cause import Certainty, Checked
from zoomcall.errors import ErrorKind
from zoomcall.knowledge.facts import Authorization, Facts
from zoomcall.knowledge.finding import Finding, Rule
from zoomcall.knowledge.route import route_of


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


RULES: tuple[Rule, ...] = (verbatim_variable, claims_in_code, expiry_in_code)
"""Every cause that shows only around a request."""
