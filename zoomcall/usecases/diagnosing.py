"""Diagnoses a pasted request: why it failed or would fail, and what was meant."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.answer import ZoomAnswer
from zoomcall.domain.callout import CalloutRequest
from zoomcall.domain.cause import Cause, Certainty, Checked, Judgement, Notice
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.domain.time_words import stamp
from zoomcall.domain.token import TokenKind, read_token
from zoomcall.errors import ErrorKind, UsageError
from zoomcall.knowledge.callout_body import read_body
from zoomcall.knowledge.engine import judge, kind_of_answer
from zoomcall.knowledge.facts import Authorization, Facts, Part, Reading, RequestFacts
from zoomcall.knowledge.placeholder import has_placeholder, is_stand_in, with_plain_stand_ins
from zoomcall.knowledge.redaction import clean
from zoomcall.knowledge.route import route_of
from zoomcall.knowledge.texts import Family, cause_texts
from zoomcall.usecases.correcting import CannotCorrect, Correction, correct
from zoomcall.usecases.inspecting import SignatureCheck, with_signature
from zoomcall.usecases.pasted import surroundings
from zoomcall.usecases.pasted.answers import PastedAnswer
from zoomcall.usecases.pasted.commands import ReadFile
from zoomcall.usecases.pasted.credentials import Credential, Scrubber, credential_of, shown_headers, shown_url
from zoomcall.usecases.pasted.paste import Paste, read_paste
from zoomcall.usecases.pasted.pieces import PastedRequest

_LONGEST_BODY = 256 * 1024
_LONGEST_LINE = 300
_PROXY_WANTS_CREDENTIAL = 407
_UNENCRYPTED = re.compile(r"http://(?:[\w-]+\.)*(?:zoom\.us|zoomgov\.com)(?:[:/]|$)", re.IGNORECASE)
_DAMAGED = re.compile(r"(?:[Bb]earer )?[\"']?ey[A-Za-z0-9_-]{8,}[\w.+/=\s-]*[\"']?")
_TOKEN = re.compile(r"(?<![\w.+/=-])ey[A-Za-z0-9_-]{8,}(?:[.+/=]+[A-Za-z0-9_-]+)+(?![\w.])")
_API_URL = re.compile(r"/videosdk/sessions|/live_meetings/|oauth/token|api\.zoom", re.IGNORECASE)
_ELISION = re.compile(r"(?:[\[{,]|^)\s*(?:\.{3}|\u2026)|[,{]\s*\"(?:\.{3}|\u2026)\"\s*:", re.MULTILINE)
_ERROR = re.compile(r"\berror[\"']?\s{0,9}:\s{0,9}[\"']\w")
_API_NAMED = re.compile(r"\b(meeting|session)\b", re.IGNORECASE)
_KINDS = {
    **dict.fromkeys(("zoom-not-reached", "clock-wrong"), ErrorKind.NETWORK),
    "path-event-singular": ErrorKind.NO_OP,
    **dict.fromkeys(
        ("session-not-live", "session-unknown", "meeting-unknown", "nobody-in-session"), ErrorKind.NO_SESSION
    ),
}
"""The exit names of causes that their families do not tell."""
_TOKENS = {
    TokenKind.API_JWT: ("an API JWT", None),
    TokenKind.SESSION_JWT: ("a Video SDK session token", None),
    TokenKind.MEETING_SDK_JWT: ("a Meeting SDK token", None),
    TokenKind.OAUTH: ("a user's OAuth token", CredentialKind.TOKEN),
    TokenKind.S2S: ("a server-to-server OAuth token", CredentialKind.S2S),
    TokenKind.REFRESH_TOKEN: ("a refresh token", None),
    TokenKind.ZAK: ("a ZAK", None),
    TokenKind.OPAQUE: ("an opaque token", CredentialKind.TOKEN),
    TokenKind.MALFORMED: ("a damaged token", None),
}
"""What each kind is called, and which credential it means."""


class Diagnosis(Struct, frozen=True, kw_only=True):
    """What is wrong with a request.

    Attributes:
        understood: What was found in the paste, a line each, without secrets.
        not_understood: What is missing or was not understood, and its stand-in.
        judgement: What is wrong, and what was found right.
        kind: The exit name that the failure had or would have; None if nothing is wrong.
        correction: The request that was meant; None if it cannot be built.
        answer: The answer that was pasted.
        notices: What deserves a warning but is not wrong.
        scrub: Removes the paste's secrets from any other text about it.
    """

    understood: tuple[str, ...]
    not_understood: tuple[str, ...]
    judgement: Judgement
    kind: ErrorKind | None
    correction: Correction | None
    answer: ZoomAnswer | None
    notices: tuple[Notice, ...]
    scrub: Scrubber


class KeyAtHand(Struct, frozen=True, kw_only=True):
    """An API key chosen for this diagnosis, with its secret and a function that checks signatures."""

    api_key: str
    secret: Secret
    check: SignatureCheck


def diagnose(
    text: str, *, now: datetime, read_file: ReadFile | None = None, key: KeyAtHand | None = None
) -> Diagnosis:
    """Judge a pasted request or answer.

    Times are judged by the ``Date`` of the pasted answer, by both clocks if a HAR file records them, else by this
    machine's clock.

    Args:
        text: What was pasted, with Unix line breaks.
        now: This machine's clock.
        read_file: Reads the files that a curl command names; None leaves them unread.
        key: The key by which issuer and signature are judged.

    Raises:
        UsageError: Nothing in it is understood.
    """
    near = text[:_LONGEST_BODY]
    if not _API_URL.search(near) and (event := surroundings.error_of_event(near)) is not None:
        raise event
    paste = read_paste(text, read_file)
    credential = credential_of(paste.request) if paste.request is not None else None
    answer = _answer(paste.answer)
    is_said = answer is not None and answer.status >= 300 and not _is_one_of_several(paste)
    if paste.request is None and not is_said:
        bare = _lone_token(paste.near)
        if bare is None or read_token(bare).is_jwt:
            raise surroundings.error_without_request(near.strip(), is_token=bare is not None)
        credential = Credential(Authorization.TOKEN, bearer=Secret(bare))
    facts = _facts(paste, credential, answer, now)
    if key is not None and facts.bearer is not None:
        bearer = facts.bearer.reveal()
        facts = replace(facts, api_key=key.api_key, is_api_key_explicit=True, secret=key.secret)
        facts = with_signature(facts, read_token(bearer), key.check)
    return _diagnosis(paste, credential, facts)


def _diagnosis(paste: Paste, credential: Credential | None, facts: Facts) -> Diagnosis:
    scrub = Scrubber(paste.near, paste.request, credential)
    correction, gaps = _correction(facts)
    judgement = _told(judge(facts), correction, scrub)
    if _is_one_of_several(paste):
        judgement = replace(
            judgement, causes=tuple(replace(one, certainty=Certainty.POSSIBLE) for one in judgement.causes)
        )
    unread = tuple(_unread(paste.request, paste.near, facts)) if paste.request is not None else ()
    if unread and not judgement.causes and facts.kind in {None, ErrorKind.PENDING}:
        told = f"{' and '.join(unread)} {'was' if len(unread) == 1 else 'were'} not recognized"
        raise UsageError(
            f"not enough of the request was understood to say that it is in order: {told}",
            fix=surroundings.FIX_OF_REQUEST,
        )
    lines = [*_understood(paste, credential, facts)], [*dict.fromkeys((*paste.notes, *_left(paste), *gaps))]
    understood, left = (
        tuple(scrub.text(clean(line, facts, longest=_LONGEST_LINE)) for line in texts if line) for texts in lines
    )
    return Diagnosis(
        understood=understood,
        not_understood=left,
        judgement=judgement,
        kind=_kind(judgement, facts),
        correction=correction,
        answer=facts.answer,
        notices=tuple(Notice(each.id, scrub.text(each.message)) for each in _notices(correction, facts)),
        scrub=scrub,
    )


def _is_one_of_several(paste: Paste) -> bool:
    """Return whether it has sentences of Zoom's that mean different things: a list, or several attempts."""
    return paste.answer is not None and paste.answer.is_one_of_several


def _unread(request: PastedRequest, near: str, facts: Facts) -> Iterator[str]:
    """Name the parts that matter and were not recognized, so that nobody can say that all is well (contract 4)."""
    route = route_of(facts)
    if facts.answer is not None or route is None:
        return
    if not request.method:
        yield "its method"
    is_body_unread = request.body is None and (request.form.is_source or Part.BODY in request.unsure)
    if is_body_unread and route.is_callout and request.method in {"PATCH", "POST"}:
        yield "its body"
    is_signed = request.basic is not None or any(request.header(name) for name in ("authorization", "x-api-key"))
    if request.form.is_source and not is_signed:
        yield "its authorization"
    if not request.form.is_source and _ERROR.search(near):
        yield "its answer"


def _lone_token(text: str) -> str | None:
    """Return the one token that a text holds, whatever is around it."""
    if _DAMAGED.fullmatch(text.strip()):
        return text.strip()
    tokens = set(islice(_TOKEN.findall(text), 3))
    return tokens.pop() if len(tokens) == 1 else None


def _answer(pasted: PastedAnswer | None) -> ZoomAnswer | None:
    """Read the answer; one without a body is taken for Zoom's unless its status says otherwise."""
    if pasted is None:
        return None
    answer = replace(pasted.raw.read(), is_code_guessed=pasted.is_code_guessed)
    answer = replace(answer, message=answer.message or pasted.words)
    is_of_others = 300 <= answer.status < 400 or answer.status == _PROXY_WANTS_CREDENTIAL
    return answer if pasted.has_body or is_of_others else replace(answer, is_zooms=True)


def _facts(paste: Paste, credential: Credential | None, answer: ZoomAnswer | None, now: datetime) -> Facts:
    """Put together what is known; times are judged by Zoom's clock if it was pasted, as this machine's moved on."""
    request = paste.request
    told = None if request is None or credential is None else _request_facts(paste, request, credential)
    facts = Facts(request=told, answer=answer)
    route = route_of(facts)
    is_token_endpoint = route is not None and route.is_token_endpoint
    is_api_known = answer is None or (route is not None and route.api is not None)
    named = None if is_api_known or answer is None else _API_NAMED.search(answer.message or "")
    bearer = credential.bearer if credential is not None and not is_token_endpoint else None
    basic = credential.basic if credential is not None else None
    _, colon, secret = (basic.reveal() if basic is not None else "").partition(":")
    is_oauth = is_token_endpoint or (answer is not None and answer.is_oauth)
    local_time, zoom_time = (
        (now, None) if answer is None or answer.server_time is None else (None, answer.server_time)
    )
    if request is not None and request.sent_at is not None:
        local_time = (answer.local_time if answer is not None else None) or request.sent_at
    return Facts(
        request=told,
        answer=answer,
        api=None if named is None else Api(named[1].lower()),
        bearer=bearer,
        basic=basic,
        secret=Secret(secret) if is_token_endpoint and colon and not is_stand_in(secret) else None,
        credential_kind=CredentialKind.S2S if is_oauth else None if bearer is None else _kind_of(bearer)[1],
        local_time=local_time,
        zoom_time=zoom_time,
        kind=kind_of_answer(facts),
    )


def _kind_of(bearer: Secret) -> tuple[str, CredentialKind | None]:
    return _TOKENS[read_token(bearer.reveal()).kind]


def _request_facts(paste: Paste, request: PastedRequest, credential: Credential) -> RequestFacts:
    body = request.body
    if body is not None and (len(body) > _LONGEST_BODY or (has_placeholder(body[:64]) and "{" not in body[1:])):
        body = None
    facts = RequestFacts(
        method=request.method,
        url=with_plain_stand_ins(shown_url(request.url)),
        headers=shown_headers(request, credential),
        body=body,
        is_whole=request.is_whole,
        authorization=credential.kind,
        has_verbatim_variable=request.is_quoted_verbatim,
        claims=request.claims,
        has_millisecond_expiry=request.has_millisecond_expiry,
        readings=_readings(paste, request, credential),
    )
    return surroundings.with_surroundings(facts, request.form, paste.near)


def _readings(paste: Paste, request: PastedRequest, credential: Credential) -> Mapping[Part, Reading]:
    """Return how each part was read; the last word on a part is the worst."""
    is_bare = credential.kind is Authorization.VARIABLE and not credential.shown[:1].isalpha()
    rows = (
        (Part.HEADERS, Reading.IN_PART, not request.is_whole),
        (Part.AUTHORIZATION, Reading.IN_PART, credential.kind is Authorization.UNKNOWN),
        (Part.BODY, Reading.IN_PART, request.body is None or bool(_ELISION.search(request.body))),
        (Part.STATUS, Reading.GUESSED, paste.answer is not None and paste.answer.is_inferred),
        *((part, Reading.GUESSED, True) for part in request.unsure),
        (Part.METHOD, Reading.STAND_IN, has_placeholder(request.method)),
        (Part.AUTHORIZATION, Reading.STAND_IN, is_bare),
    )
    return {part: reading for part, reading, is_so in rows if is_so}


def _kind(judgement: Judgement, facts: Facts) -> ErrorKind | None:
    """Return the exit name that the failure had, or would have by its likeliest cause."""
    settled = [cause for cause in judgement.causes if cause.certainty is not Certainty.POSSIBLE]
    if facts.kind not in {None, ErrorKind.PENDING} or not settled:
        return None if facts.kind is ErrorKind.PENDING else facts.kind
    return facts.kind or _kind_of_cause(settled[0].id, facts)


def _kind_of_cause(cause: str, facts: Facts) -> ErrorKind:
    route = route_of(facts)
    match cause_texts()[cause].family:
        case Family.TOKEN | Family.KIND:
            usual = ErrorKind.AUTH
        case Family.REQUEST if route is not None and route.is_token_endpoint:
            usual = ErrorKind.AUTH
        case Family.REQUEST | Family.STATE | Family.CALL:
            usual = ErrorKind.REJECTED
    return _KINDS.get(cause, usual)


def _correction(facts: Facts) -> tuple[Correction | None, tuple[str, ...]]:
    if facts.request is None:
        return None, ()
    try:
        correction = correct(facts)
    except CannotCorrect as error:
        return None, (f"what the corrected request would be: {error}",)
    return correction, correction.gaps


def _told(judgement: Judgement, correction: Correction | None, scrub: Scrubber) -> Judgement:
    """Put the corrected command where a cause has its pattern, and remove the paste's secrets."""
    causes = []
    for cause in judgement.causes:
        command = cause.command or ""
        if correction is not None and command.startswith("zoomcall invite"):
            command = shlex.join(("zoomcall", *correction.words))
        evidence, fix, command = scrub((cause.evidence, cause.fix, command))
        causes.append(Cause(cause.id, cause.certainty, evidence, fix, command or None))
    checked = (Checked(fine.id, scrub.text(fine.evidence)) for fine in judgement.checked)
    return Judgement(tuple(causes), tuple(checked))


def _notices(correction: Correction | None, facts: Facts) -> Iterator[Notice]:
    if correction is not None and isinstance(correction.request, CalloutRequest):
        callout = correction.request.callout
        yield from callout.warnings
        if callout.address.shown != callout.address.text:
            yield Notice("passcode-masked", "the passcode is not printed: replace *** with it before you run this")
    if facts.request is not None and _UNENCRYPTED.match(facts.request.url):
        yield Notice("plain-http", "the URL starts with http:, so the token is sent unencrypted; use https:")
    if facts.request is not None and facts.request.has_verbatim_variable and facts.kind is not ErrorKind.AUTH:
        yield Notice(
            "verbatim-variable",
            "the Authorization header is in single quotes, in which a POSIX shell expands no variables",
        )


def _left(paste: Paste) -> Iterator[str]:
    request = paste.request
    yield from request.not_understood if request is not None else ()
    if paste.others:
        yield f"{paste.others} other request{'' if paste.others == 1 else 's'} to Zoom: not judged"
    if request is None:
        yield f"the request: there is only {'a token' if paste.answer is None else 'an answer'}"
    elif request.form.is_source:
        yield "the values of its variables, and code other than URL, method, headers and body"


def _understood(paste: Paste, credential: Credential | None, facts: Facts) -> Iterator[str]:
    """Say what was read, a line each; some are empty."""
    request = facts.request
    token = "" if facts.bearer is None else _kind_of(facts.bearer)[0]
    if paste.request is not None and credential is not None and request is not None:
        yield paste.request.form.value + (f", line {paste.line}" if paste.line is not None else "")
        yield f"method {request.method}" if request.method else ""
        yield f"URL {request.url}" if request.url else ""
        yield f"header Authorization: {credential.shown}" if credential.shown else ""
        yield token or ("no Authorization header" if credential.kind is Authorization.ABSENT else "")
        kind = request.header("content-type")
        yield f"header Content-Type: {kind}" if kind else ""
        others = sum(name.lower() not in {"authorization", "content-type"} for name, _ in request.headers)
        yield f"{others} other header{'' if others == 1 else 's'}" if others else ""
        yield _body_line(request)
    else:
        yield token
    if (answer := facts.answer) is not None:
        guessed = ", by Zoom's code" if paste.answer is not None and paste.answer.is_inferred else ""
        said = ": ".join(str(part) for part in (answer.said_code, answer.message) if part)
        lead = ": " if answer.said_code is None else ", code "
        yield f"answer {answer.status}{guessed}" + (f"{lead}{said}" if said else "")
        yield "" if answer.server_time is None else f"Zoom's clock at the answer: {stamp(answer.server_time)}"


def _body_line(request: RequestFacts) -> str:
    if not request.body:
        is_missing = request.body == "" and request.is_whole and request.method in {"PATCH", "POST", "PUT"}
        return "no body" if is_missing else ""
    body = read_body(request.body)
    words = ", ".join(word for word in (body.method, body.call_type) if isinstance(word, str))
    if body.members is None:
        return f"a body of {len(request.body)} characters"
    return f"a body in JSON ({words})" if words else "a body in JSON"
