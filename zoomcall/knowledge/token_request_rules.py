"""Rules about other people's requests to the token endpoint (zoom-api 2.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

from zoomcall.domain.cause import Certainty, Checked
from zoomcall.domain.shown_text import one_line, shown_value
from zoomcall.knowledge.facts import Authorization, Facts, RequestFacts
from zoomcall.knowledge.finding import Finding, Rule
from zoomcall.knowledge.lexicon import WAITING, code_texts
from zoomcall.knowledge.placeholder import has_placeholder
from zoomcall.knowledge.route import Route, is_of_token_endpoint, route_of
from zoomcall.knowledge.texts import cause_texts

_LONGEST = 16 * 1024
_FORM = "application/x-www-form-urlencoded"
_GRANTS = {
    "account_credentials",
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
}
_FIX_OF_FORM = f"Send the parameters as a form body, with Content-Type: {_FORM}."
_FIX_OF_GRANT = "Send grant_type=account_credentials and account_id=ACCOUNT in the form body."
_FIX_OF_EITHER = (
    "Authorize the app again (sign in and consent); exchange the new code once, within five minutes, and store the "
    "newest refresh token each time."
)
_FIX_OF_DEVICE = "Ask for a new device code, and have the user confirm it before it expires."
_QUOTES = "\"'\u2018\u2019\u201c\u201d"
_MINT = "zoomcall token mint --for meeting"


def refused_grant(facts: Facts) -> Finding | Checked | None:
    """Tell the token endpoint's refusals apart; none blames id or secret unless Zoom does (zoom-api 2.1)."""
    answer = facts.answer
    if answer is None or not is_of_token_endpoint(facts) or answer.status not in {400, 401}:
        return None
    grant, said = _grant(facts), (answer.message or "").lower()
    told = f"the token endpoint says {answer.said_code or answer.status}"
    told += f": {one_line(answer.message)}" if answer.message else ""
    match answer.code:
        case _ if "redirect" in said or answer.code in {"invalid_redirect_uri", 4709}:
            return Finding("redirect-uri-mismatch", Certainty.CERTAIN, told)
        case 4706 | "invalid_request" if "client" in said and "missing" in said:
            return Finding("basic-missing", Certainty.CERTAIN, told)
        case 4724:
            return Finding("basic-missing", Certainty.LIKELY, told)
        case "unsupported_grant_type" | 4705 | 4706:
            return _unsupported_grant(facts, grant, told)
        case "invalid_request" if "grant type" in said:
            return _unsupported_grant(facts, grant, told)
        case _:
            return _spent(facts, grant, said, told)


def _unsupported_grant(facts: Facts, grant: str | None, told: str) -> Finding | None:
    request = facts.request
    is_written = grant in _GRANTS
    if is_written and request is not None and (request.body or "").lstrip().startswith("{"):
        return None  # its being JSON explains it
    certainty = Certainty.LIKELY
    evidence = f"{told}; it found no grant_type that it knows in a form body"
    if is_written:
        evidence += f", although {grant} was sent"
    if (
        request is not None
        and request.body is not None
        and "grant_type" in request.body
        and not is_written
        and grant
    ):
        evidence = f"{told}; grant_type is {shown_value(grant)}"
        certainty = Certainty.CERTAIN
    return Finding("grant-type", certainty, evidence, f"{_FIX_OF_GRANT} {_FIX_OF_FORM}")


def _spent(facts: Facts, grant: str | None, said: str, told: str) -> Finding | None:
    """Judge a code or refresh token that the token endpoint does not take any more."""
    match facts.answer.code if facts.answer is not None else None:
        case 4733 | 4734:
            return _spent_code(facts, told, Certainty.CERTAIN)
        case 4735 | 4711 as number:
            return Finding("refresh-token-spent", Certainty.LIKELY, told, code_texts()[str(number)].fix)
        case "expired_token":
            return Finding("authorization-code-spent", Certainty.LIKELY, told, _FIX_OF_DEVICE)
        case "invalid_grant" | "invalid_request" | "invalid_token" as word:
            return _spent_by_words(facts, grant, said, told, is_grant=word == "invalid_grant")
        case _:
            return None


def _spent_by_words(facts: Facts, grant: str | None, said: str, told: str, *, is_grant: bool) -> Finding | None:
    if "refresh" in said or grant == "refresh_token":
        return Finding("refresh-token-spent", Certainty.LIKELY, told)
    if "authorization code" in said or "verifier" in said or grant == "authorization_code":
        return _spent_code(facts, told, Certainty.LIKELY)
    if "invalid token" in said:
        evidence = f"{told}; a stored refresh token that is no longer the newest one is refused like this"
        return Finding("refresh-token-spent", Certainty.LIKELY, evidence)
    if not is_grant:
        return None
    evidence = f"{told}; what was exchanged, a code or a refresh token, is used up, too old or another app's"
    return Finding("authorization-code-spent", Certainty.LIKELY, evidence, _FIX_OF_EITHER)


def _spent_code(facts: Facts, told: str, certainty: Certainty) -> Finding:
    """Judge a refused authorization code, which may only have come with more than itself."""
    request, route = _token_request(facts)
    code = {**_pairs(route.query), **_parameters(request)}.get("code", "") if request and route else ""
    if len(code) > 2 and (code[0] in _QUOTES or code[-1] in _QUOTES) and not has_placeholder(code):
        evidence = f"{told}; the code was sent in quotation marks, which are not part of it"
        fix = f"Send the code without quotation marks. {cause_texts()['authorization-code-spent'].fix}"
        return Finding("authorization-code-spent", certainty, evidence, fix)
    return Finding("authorization-code-spent", certainty, told)


def _grant(facts: Facts) -> str | None:
    """Return the grant type that the request names, wherever it stands."""
    if facts.grant is not None:
        return facts.grant
    request, route = _token_request(facts)
    if request is None or route is None:
        return None
    return {**_pairs(route.query), **_parameters(request)}.get("grant_type")


def token_request_content_type(facts: Facts) -> Finding | Checked | None:
    """Look for parameters as JSON, which Zoom answers with ``unsupported_grant_type``."""
    request, _ = _token_request(facts)
    if request is None or _is_success(facts):
        return None
    stated = (request.header("content-type") or "").partition(";")[0].strip().lower()
    is_json = stated == "application/json" and request.body != ""
    if is_json or (request.body or "").lstrip().startswith("{"):
        evidence = "the parameters of the token request are JSON; Zoom's token endpoint expects a form"
        is_refused = facts.answer is not None and facts.answer.code in {"unsupported_grant_type", 4705, 4706}
        certainty = Certainty.CERTAIN if is_refused else Certainty.LIKELY
        return Finding("token-request-form", certainty, evidence, _FIX_OF_FORM, _MINT)
    return Checked("token-request-form", stated) if stated == _FORM else None


def _knows_client(facts: Facts) -> bool:
    """Return whether the token endpoint refused what was exchanged, so that it knows who asked."""
    return facts.answer is not None and facts.answer.code in {"invalid_grant", 4709, 4733, 4734, 4735, *WAITING}


def basic_missing(facts: Facts) -> Finding | Checked | None:
    """Look for a token request that does not say which app is asking."""
    request, _ = _token_request(facts)
    if request is None or _is_success(facts):
        return None
    match request.authorization:
        case Authorization.BASIC:
            if ":" in (request.header("authorization") or ""):
                evidence = "id and secret follow Basic as they are, not in base64"
                return Finding("basic-missing", Certainty.CERTAIN, evidence)
            if facts.basic is not None and ":" not in facts.basic.reveal():
                evidence = "there is no colon in the Basic credential: it is not id:secret"
                return Finding("basic-missing", Certainty.LIKELY, evidence)
            return Checked("basic-missing", "the Authorization header starts with Basic")
        case Authorization.ABSENT if "code_verifier" in _parameters(request) or _knows_client(facts):
            return None  # a public client has no secret
        case Authorization.ABSENT if "client_secret" in _parameters(request):
            evidence = "client id and secret are in the body; Zoom documents them only in the Authorization header"
            return Finding("basic-missing", Certainty.POSSIBLE, evidence)
        case Authorization.ABSENT:
            evidence = "the token request has no Authorization header"
            return Finding("basic-missing", Certainty.CERTAIN, evidence, is_absence=True)
        case Authorization.TOKEN | Authorization.BEARER_VARIABLE:
            evidence = "the token request has a bearer token; the token endpoint expects the app's id and secret"
            return Finding("basic-missing", Certainty.LIKELY, evidence)
        case Authorization.UNKNOWN | Authorization.VARIABLE | Authorization.IN_QUERY:
            return None


def grant_type(facts: Facts) -> Finding | Checked | None:
    """Look for a grant whose token cannot call rooms, or that lacks a parameter."""
    request, route = _token_request(facts)
    if request is None or route is None or (request.body is None and not route.query):
        return None
    parameters = {**_pairs(route.query), **_parameters(request)}
    grant = parameters.get("grant_type")
    if grant is None:
        if not parameters or not request.is_whole or _is_success(facts):
            return None
        evidence = "the token request has no grant_type"
        return Finding("grant-type", Certainty.LIKELY, evidence, _FIX_OF_GRANT, is_absence=True)
    if has_placeholder(grant):
        return None
    if grant not in _GRANTS:
        evidence = f"grant_type is {shown_value(grant)}, which Zoom does not know"
        return Finding("grant-type", Certainty.CERTAIN, evidence)
    if grant == "client_credentials":
        evidence = "grant_type is client_credentials: its token is for chatbots and WebSockets, not the REST API"
        return Finding("grant-type", Certainty.LIKELY, evidence)
    if grant == "account_credentials" and not parameters.get("account_id") and not _is_success(facts):
        return Finding("grant-type", Certainty.LIKELY, "account_credentials comes without an account_id")
    return Checked("grant-type", grant)


def _token_request(facts: Facts) -> tuple[RequestFacts | None, Route | None]:
    route = route_of(facts)
    if facts.request is None or facts.request.is_ours or route is None or not route.is_token_endpoint:
        return None, None
    return facts.request, route


def _parameters(request: RequestFacts) -> Mapping[str, str]:
    """Return the body's parameters, whether it is a form or JSON."""
    body = (request.body or "")[:_LONGEST]
    if not body.lstrip().startswith("{"):
        return _pairs(body)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return {name: str(item) for name, item in value.items()} if isinstance(value, dict) else {}


def _pairs(text: str) -> Mapping[str, str]:
    return dict(parse_qsl(text[:_LONGEST], keep_blank_values=True))


def _status(facts: Facts) -> int | None:
    return None if facts.answer is None else facts.answer.status


def _is_success(facts: Facts) -> bool:
    status = _status(facts)
    return status is not None and 200 <= status < 300


RULES: tuple[Rule, ...] = (refused_grant, token_request_content_type, basic_missing, grant_type)
"""Every cause that a request to the token endpoint can show outside its query string."""
