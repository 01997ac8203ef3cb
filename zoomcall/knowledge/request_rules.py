"""Rules about a request's method, path and the id in it (contract 4); for its body, see body_rules.py.

A request that this program built is checked too, so that the user can read what was found fine.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote

from zoomcall.domain.answer import ZoomAnswer
from zoomcall.domain.cause import Certainty, Checked
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.shown_text import shown_value
from zoomcall.domain.target import Api
from zoomcall.knowledge.callout_body import read_body
from zoomcall.knowledge.facts import Facts
from zoomcall.knowledge.finding import Finding, Rule
from zoomcall.knowledge.lexicon import WAITING
from zoomcall.knowledge.placeholder import has_placeholder, stands_for_id
from zoomcall.knowledge.route import Route, route_of

_ESCAPE = Pattern(r"%[0-9A-Fa-f]{2}")
_ZOOMS_HOST = Pattern(r"(?:[a-z0-9-]+\.)*(?:zoom\.us|zoomgov\.com)(?::\d+)?")
_WEB_SITES = {"zoom.us", "www.zoom.us", "zoomgov.com", "www.zoomgov.com"}
_NEARLY_EVENTS = Pattern(
    r"(?:.*/)?(?:video_?-?sdk/)?(?:live_?-?)?(?:sessions?|meetings?)/[^/]+/events?/?", re.IGNORECASE
)
_ENCODER = r"[\w.]*(?:encodeURI(?:Component)?|EscapeDataString|UrlEncode|quote|urlencode)"
_ENCODED_TWICE = Pattern(rf"\{{{_ENCODER}\({_ENCODER}")
_EVENTS = "/v2/videosdk/sessions/ID/events or /v2/live_meetings/NUMBER/events"
_MINT = "zoomcall token mint --for meeting"
_MEETING_NUMBER = Pattern(r"\d{9,11}")


def path_event_singular(facts: Facts) -> Finding | Checked | None:
    """Look for ``/event`` in place of ``/events``: the quiet 200 of the forum (zoom-api 3.4)."""
    route = route_of(facts)
    if route is None or not route.is_callout:
        return None
    if route.tail == "events":
        return Checked("path-event-singular", "the path ends in /events")
    status = _status(facts)
    if status is None or 200 <= status < 300 or status == 404:
        certainty = Certainty.CERTAIN
        evidence = "the path ends in /event; the endpoint is /events"
    else:
        certainty = Certainty.POSSIBLE
        evidence = "the path ends in /event, which would be the next problem; the endpoint is /events"
    return Finding("path-event-singular", certainty, evidence)


def wrong_method(facts: Facts) -> Finding | Checked | None:
    """Look for a method other than PATCH on an ``events`` endpoint, or other than POST on the token endpoint."""
    route = route_of(facts)
    if route is None or not route.method or has_placeholder(route.method):
        return None
    if route.is_token_endpoint and not route.is_ours and route.method != "POST":
        evidence = f"the request is a {shown_value(route.method)}; tokens are requested with POST"
        return Finding("wrong-method", Certainty.CERTAIN, evidence, fix="Send it as POST.", command=_MINT)
    if not route.is_callout:
        return None
    if route.method == "PATCH":
        return Checked("wrong-method", "PATCH")
    is_refusal_of_token = _status(facts) == 401
    evidence = f"the request is a {shown_value(route.method)}; rooms are rung with PATCH"
    return Finding("wrong-method", Certainty.POSSIBLE if is_refusal_of_token else Certainty.CERTAIN, evidence)


def session_id_encoding(facts: Facts) -> Finding | Checked | None:
    """Look for a session id that is encoded against the rule of zoom-api 3.5, or given with its escapes."""
    route = route_of(facts)
    if route is None or route.api is not Api.SESSION or not route.raw_id or _status(facts) == 401:
        return None
    if stands_for_id(route.raw_id):
        return _encoding_in_code(facts, route.raw_id)
    fault = _fault_of_our_id(route.raw_id) if route.is_ours else _fault_of_id(route.raw_id)
    if fault is None:
        return Checked("session-id-encoding", _how_encoded(route.raw_id))
    if facts.answer is not None and facts.answer.code in {2300, 3001}:
        certainty = Certainty.LIKELY if route.is_ours else Certainty.CERTAIN
    else:
        certainty = Certainty.POSSIBLE if route.is_ours else Certainty.LIKELY
    return Finding("session-id-encoding", certainty, fault)


def _encoding_in_code(facts: Facts, raw: str) -> Finding | None:
    """Judge code that encodes an id it does not show."""
    if not _ENCODED_TWICE.search(raw):
        return None
    is_refused = facts.answer is not None and facts.answer.code in {2300, 3001}
    evidence = "the code encodes the id twice, which is right only if it starts with / or contains //"
    return Finding("session-id-encoding", Certainty.LIKELY if is_refused else Certainty.POSSIBLE, evidence)


def _fault_of_id(raw: str) -> str | None:
    if "/" in raw:
        return f"the id is in the path with a bare / in it ({shown_value(raw)})"
    once = unquote(raw)
    if _ESCAPE.search(once):
        if _is_special(unquote(once)):
            return None
        return "the id is encoded twice, but neither starts with / nor contains //"
    if _is_special(once):
        return "the id starts with / or contains //, but is encoded once instead of twice"
    return None


def _fault_of_our_id(raw: str) -> str | None:
    """Look for escapes that came with the id, since this program encodes whatever it is given by the rule."""
    once = unquote(raw)
    if not _ESCAPE.search(once) or _is_special(unquote(once)):
        return None
    return f"the id was given as {shown_value(once)}, which is already percent-encoded"


def _is_special(identifier: str) -> bool:
    return identifier.startswith("/") or "//" in identifier


def _how_encoded(raw: str) -> str:
    once = unquote(raw)
    if _ESCAPE.search(once):
        return "encoded twice, since it starts with / or contains //"
    return "encoded once" if once != raw else "nothing in it needs encoding"


def meeting_number(facts: Facts) -> Finding | Checked | None:
    """Look for a UUID, or anything but a number, in the path of a live meeting (zoom-api 3.5)."""
    route = route_of(facts)
    if route is None or route.is_ours or not route.path.startswith("/live_meetings/") or not route.raw_id:
        return None
    identifier = unquote(route.raw_id)
    if _status(facts) in {401, 202} or identifier.isdigit() or stands_for_id(identifier):
        return None
    if _MEETING_NUMBER.fullmatch(re.sub(r"[\s-]", "", identifier)):
        evidence = f"the path has {shown_value(identifier)}; the number belongs there without spaces or dashes"
    else:
        evidence = (
            f"the path has {shown_value(identifier)}; a live meeting is addressed by its number, not its UUID"
        )
    return Finding("meeting-unknown", Certainty.LIKELY, evidence)


def path_unknown(facts: Facts) -> Finding | Checked | None:
    """Look for a path that Zoom does not know (2300), that lacks ``/v2``, or that is wrong for callouts."""
    route = route_of(facts)
    if route is None:
        return None
    is_unrecognised = facts.answer is not None and facts.answer.code == 2300
    where = f"{shown_value(f'{route.base}{route.path}', 120)}"
    if route.api is not None and route.base != "/v2" and _ZOOMS_HOST.fullmatch(route.host):
        certainty = Certainty.CERTAIN if is_unrecognised or facts.answer is None else Certainty.POSSIBLE
        if route.base:
            return Finding(
                "path-unknown", certainty, f"{where} starts with {shown_value(route.base)}, not with /v2"
            )
        return Finding("path-unknown", certainty, f"/v2 is missing before {where}")
    if route.host in _WEB_SITES and route.api is not None and not _is_answered_by_zoom(facts):
        evidence = f"the request goes to {route.host}; the API's host is api.{route.host.removeprefix('www.')}"
        return Finding("path-unknown", Certainty.LIKELY, evidence, fix="Send it to the API's host.")
    if _is_meant_for_callouts(facts, route) and _status(facts) != 202:
        certainty = Certainty.POSSIBLE if _status(facts) == 401 else Certainty.CERTAIN
        evidence = f"the path is {where}; callouts go to {_EVENTS}"
        return Finding("path-unknown", certainty, evidence)
    if not is_unrecognised or route.tail == "event":
        return None
    if not route.is_ours:
        return Finding("path-unknown", Certainty.LIKELY, f"Zoom does not know the path {where} (2300)")
    evidence = (
        f"Zoom does not know the path {where} (2300), although it is as documented: "
        "check the API base before it, and whether anything on the way changes paths"
    )
    if not route.base:
        evidence = f"there is no /v2 before {where}: the API base lacks it"
    return Finding(
        "path-unknown",
        Certainty.LIKELY,
        evidence,
        fix="Make ZOOMCALL_API_BASE end in /v2, or unset it. Zoom's Gov cluster lacks some Video SDK endpoints.",
        command="zoomcall whoami",
    )


def _is_answered_by_zoom(facts: Facts) -> bool:
    """Return whether the API answered, so that the host cannot be at fault."""
    answer = facts.answer
    return answer is not None and answer.is_zooms and (answer.code is not None or answer.status == 202)


def _is_meant_for_callouts(facts: Facts, route: Route) -> bool:
    """Return whether a request is meant to ring a room or phone, but goes to a path that cannot."""
    if route.is_ours or route.is_callout or route.endpoint is not None:
        return False
    if _NEARLY_EVENTS.fullmatch(route.path):
        return True
    body = facts.request.body if facts.request is not None else None
    return bool(body) and read_body(body or "").is_callout and not has_placeholder(route.path)


def oauth_query_string(facts: Facts) -> Finding | Checked | None:
    """Look for parameters of the token endpoint in the query string (zoom-api 2.1)."""
    route, status = route_of(facts), _status(facts)
    if route is None or not route.is_token_endpoint or route.is_ours:
        return None
    if "grant_type" not in parse_qs(route.query[:2048], keep_blank_values=True, max_num_fields=None):
        return None
    if status is not None and 200 <= status < 300:
        return None
    if facts.answer is not None and _has_read_the_query(facts.answer):
        return None
    certainty = Certainty.LIKELY if status in {None, 400} else Certainty.POSSIBLE
    return Finding("oauth-query-string", certainty, "grant_type is in the query string of the token request")


def _has_read_the_query(answer: ZoomAnswer) -> bool:
    """Return whether the answer names what was in the query, or the token that came of it."""
    said = (answer.message or "").lower()
    names_one = any(word in said for word in ("code", "redirect", "invalid token", "api key or secret"))
    return answer.code in {"invalid_grant", 4733, 4734, 4709, *WAITING} or names_one


def _status(facts: Facts) -> int | None:
    return None if facts.answer is None else facts.answer.status


RULES: tuple[Rule, ...] = (
    oauth_query_string,
    path_event_singular,
    session_id_encoding,
    wrong_method,
    path_unknown,
    meeting_number,
)
"""Every cause that a method and path can show."""
