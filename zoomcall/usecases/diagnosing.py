"""Diagnoses a pasted request: why it failed or would fail, and what was meant."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
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
from zoomcall.usecases.pasted.paste import FIX_OF_PASTE, Paste, read_paste
from zoomcall.usecases.pasted.pieces import PastedRequest

_LONGEST_BODY = 256 * 1024
_LONGEST_LINE = 300
_PROXY_WANTS_CREDENTIAL = 407
_UNENCRYPTED = re.compile(r"http://(?:[\w-]+\.)*(?:zoom\.us|zoomgov\.com)(?:[:/]|$)", re.IGNORECASE)
_DAMAGED = re.compile(r"(?:[Bb]earer )?[\"']?ey[A-Za-z0-9_-]{8,}[\w.+/=\s-]*[\"']?")
_TOKEN = re.compile(r"(?<![\w.+/=-])ey[A-Za-z0-9_-]{8,}(?:[.+/=]+[A-Za-z0-9_-]+)+(?![\w.])")
_API_URL = re.compile(r"/videosdk/sessions|/live_meetings/|oauth/token|api\.zoom", re.IGNORECASE)
_ON_THE_WAY = {"zoom-not-reached", "clock-wrong"}
_ELISION = re.compile(r"(?:[\[{,]|^)\s*(?:\.{3}|\u2026)|[,{]\s*\"(?:\.{3}|\u2026)\"\s*:", re.MULTILINE)
_GONE = {"session-not-live", "session-unknown", "meeting-unknown", "nobody-in-session"}
_TOKENS = {
    TokenKind.API_JWT: "an API JWT",
    TokenKind.SESSION_JWT: "a Video SDK session token",
    TokenKind.MEETING_SDK_JWT: "a Meeting SDK token",
    TokenKind.OAUTH: "a user's OAuth token",
    TokenKind.S2S: "a server-to-server OAuth token",
    TokenKind.REFRESH_TOKEN: "a refresh token",
    TokenKind.ZAK: "a ZAK",
    TokenKind.OPAQUE: "an opaque token",
    TokenKind.MALFORMED: "a damaged token",
}


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
    if paste.request is None and (answer is None or answer.status < 300):
        bare = _lone_token(paste.near)
        if bare is None or read_token(bare).is_jwt:
            raise _not_understood(near, is_token=bare is not None)
        credential = Credential(Authorization.TOKEN, bearer=Secret(bare))
    return _diagnosis(paste, credential, _with_key(_facts(paste, credential, answer, now), key))


def _diagnosis(paste: Paste, credential: Credential | None, facts: Facts) -> Diagnosis:
    scrub = Scrubber(paste.near, paste.request, credential)
    correction, gaps = _correction(facts)
    judgement = _scrubbed(_with_command(judge(facts), correction), scrub)
    unread = tuple(_unread(paste.request, facts)) if paste.request is not None else ()
    if unread and not judgement.causes and facts.kind in {None, ErrorKind.PENDING}:
        told = f"{' and '.join(unread)} {'was' if len(unread) == 1 else 'were'} not recognized"
        raise UsageError(
            f"not enough of the request was understood to say that it is in order: {told}",
            fix=f"{FIX_OF_PASTE} Put Zoom's answer after it.",
        )
    own = paste.request.not_understood if paste.request is not None else ()
    left = (*paste.notes, *own, *_left(paste), *gaps)
    return Diagnosis(
        understood=_lines(_understood(paste, credential, facts), facts, scrub),
        not_understood=_lines(dict.fromkeys(left), facts, scrub),
        judgement=judgement,
        kind=_kind(judgement, facts),
        correction=correction,
        answer=facts.answer,
        notices=tuple(Notice(each.id, *scrub([each.message])) for each in _notices(correction, facts)),
        scrub=scrub,
    )


def _unread(request: PastedRequest, facts: Facts) -> Iterator[str]:
    """Name the parts that matter and were not recognized, so that nobody can say that all is well (contract 4)."""
    route = route_of(facts)
    if facts.answer is not None or route is None:
        return
    if not request.method:
        yield "its method"
    if request.form.is_source and route.is_callout and request.body is None and request.method in {"PATCH", "POST"}:
        yield "its body"
    is_signed = request.basic is not None or any(request.header(name) for name in ("authorization", "x-api-key"))
    if request.form.is_source and not is_signed:
        yield "its authorization"


def _lone_token(text: str) -> str | None:
    """Return the one token that a text holds, whatever is around it."""
    if _DAMAGED.fullmatch(text.strip()):
        return text.strip()
    tokens = set(islice(_TOKEN.findall(text), 3))
    return tokens.pop() if len(tokens) == 1 else None


def _not_understood(text: str, *, is_token: bool) -> UsageError:
    bare = text.strip()
    if is_token:
        return UsageError(
            "this is a token, not a request",
            fix="Inspect a token with:",
            command="zoomcall token inspect -",
        )
    return (
        surroundings.error_of_event(bare)
        or surroundings.error_of_sdk(bare)
        or surroundings.error_of_network(bare)
        or UsageError(
            "the input has no recognizable request to Zoom or answer from Zoom",
            fix=f"{FIX_OF_PASTE} Put Zoom's answer after it.",
            command="zoomcall diagnose --help",
        )
    )


def _answer(pasted: PastedAnswer | None) -> ZoomAnswer | None:
    """Read the answer; one without a body is taken for Zoom's unless its status says otherwise."""
    if pasted is None:
        return None
    answer = replace(pasted.raw.read(), is_code_guessed=pasted.is_code_guessed)
    is_of_others = 300 <= answer.status < 400 or answer.status == _PROXY_WANTS_CREDENTIAL
    return answer if pasted.has_body or is_of_others else replace(answer, is_zooms=True)


def _facts(paste: Paste, credential: Credential | None, answer: ZoomAnswer | None, now: datetime) -> Facts:
    request = paste.request
    told = None if request is None or credential is None else _request_facts(paste, request, credential)
    facts = Facts(request=told, answer=answer, local_time=now)
    route = route_of(facts)
    if (route is None or route.api is None) and answer is not None:
        facts = replace(facts, api=_api_named(answer.message or ""))
    is_token_endpoint = route is not None and route.is_token_endpoint
    if credential is not None:
        basic = credential.basic.reveal() if credential.basic is not None else ""
        is_pair = is_token_endpoint and ":" in basic and not is_stand_in(basic.partition(":")[2])
        facts = replace(
            facts,
            bearer=None if is_token_endpoint else credential.bearer,
            basic=credential.basic,
            secret=Secret(basic.partition(":")[2]) if is_pair else None,
        )
    if is_token_endpoint or (answer is not None and answer.is_oauth):
        facts = replace(facts, credential_kind=CredentialKind.S2S)
    elif facts.bearer is not None:
        facts = replace(facts, credential_kind=_credential_kind(read_token(facts.bearer.reveal()).kind))
    return _with_clocks(replace(facts, kind=kind_of_answer(facts)), request, answer)


def _api_named(message: str) -> Api | None:
    """Return the API whose meeting or session Zoom's words are about."""
    match = re.search(r"\b(meeting|session)\b", message, re.IGNORECASE)
    return None if match is None else Api.MEETING if match[1].lower() == "meeting" else Api.SESSION


def _credential_kind(kind: TokenKind) -> CredentialKind | None:
    match kind:
        case TokenKind.S2S:
            return CredentialKind.S2S
        case TokenKind.OAUTH | TokenKind.OPAQUE:
            return CredentialKind.TOKEN
        case TokenKind.API_JWT | TokenKind.SESSION_JWT | TokenKind.MEETING_SDK_JWT:
            return None
        case TokenKind.REFRESH_TOKEN | TokenKind.ZAK | TokenKind.MALFORMED:
            return None


def _with_key(facts: Facts, key: KeyAtHand | None) -> Facts:
    """Judge the token by the key chosen for this, if any."""
    if key is None or facts.bearer is None:
        return facts
    bearer = facts.bearer.reveal()
    facts = replace(facts, api_key=key.api_key, is_api_key_explicit=True, secret=key.secret)
    return with_signature(facts, read_token(bearer), key.check)


def _request_facts(paste: Paste, request: PastedRequest, credential: Credential) -> RequestFacts:
    body, near = request.body, paste.near
    shell_fault, is_shown = surroundings.shell_fault(request, near)
    if body is not None and (len(body) > _LONGEST_BODY or (has_placeholder(body[:64]) and "{" not in body[1:])):
        body = None
    return RequestFacts(
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
        blocked_by=surroundings.blocked_by(near),
        network_fault=surroundings.network_fault(near),
        is_said_not_to_ring=surroundings.is_said_not_to_ring(near),
        shell_fault=shell_fault,
        is_shell_fault_shown=is_shown,
        hosts_beside=surroundings.zooms_hosts(near),
        links_beside=surroundings.meeting_links(near),
    )


def _readings(paste: Paste, request: PastedRequest, credential: Credential) -> Mapping[Part, Reading]:
    """Return how each part was read; the last word on a part is the worst."""
    is_bare = credential.kind is Authorization.VARIABLE and not credential.shown.lower().startswith("bearer")
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


def _with_clocks(facts: Facts, request: PastedRequest | None, answer: ZoomAnswer | None) -> Facts:
    """Judge times by Zoom's clock if it was pasted; this machine's has moved on since."""
    if request is not None and request.sent_at is not None:
        zoom_time = answer.server_time if answer is not None else None
        local_time = answer.local_time if answer is not None and answer.local_time else request.sent_at
        return replace(facts, local_time=local_time, zoom_time=zoom_time)
    if answer is not None and answer.server_time is not None:
        return replace(facts, local_time=None, zoom_time=answer.server_time)
    return facts


def _kind(judgement: Judgement, facts: Facts) -> ErrorKind | None:
    """Return the exit name that the failure had, or would have by its likeliest cause."""
    settled = [cause for cause in judgement.causes if cause.certainty is not Certainty.POSSIBLE]
    if facts.kind is ErrorKind.PENDING:
        return ErrorKind.PENDING if settled else None
    if facts.kind is not None:
        return facts.kind
    return _kind_of_cause(settled[0], facts) if settled else None


def _kind_of_cause(cause: Cause, facts: Facts) -> ErrorKind:
    route = route_of(facts)
    if cause.id in _ON_THE_WAY:
        return ErrorKind.NETWORK
    match cause_texts()[cause.id].family:
        case Family.TOKEN | Family.KIND:
            return ErrorKind.AUTH
        case Family.REQUEST if route is not None and route.is_token_endpoint:
            return ErrorKind.AUTH
        case Family.REQUEST | Family.STATE | Family.CALL:
            if cause.id == "path-event-singular":
                return ErrorKind.NO_OP
            return ErrorKind.NO_SESSION if cause.id in _GONE else ErrorKind.REJECTED


def _with_command(judgement: Judgement, correction: Correction | None) -> Judgement:
    """Replace a cause's pattern of a command by the corrected command."""
    if correction is None:
        return judgement
    command = shlex.join(("zoomcall", *correction.words)) if correction.words else None
    causes = tuple(
        replace(cause, command=command) if (cause.command or "").startswith("zoomcall invite") else cause
        for cause in judgement.causes
    )
    return replace(judgement, causes=causes)


def _correction(facts: Facts) -> tuple[Correction | None, tuple[str, ...]]:
    if facts.request is None:
        return None, ()
    try:
        correction = correct(facts)
    except CannotCorrect as error:
        return None, (f"what the corrected request would be: {error}",)
    return correction, correction.gaps


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
    if paste.others:
        yield f"{paste.others} other request{'' if paste.others == 1 else 's'} to Zoom: not judged"
    if request is None and paste.answer is None:
        yield "the request: there is only a token"
    elif request is None:
        yield "the request: there is only an answer"
    elif request.form.is_source:
        yield "the values of its variables, and code other than URL, method, headers and body"


def _understood(paste: Paste, credential: Credential | None, facts: Facts) -> Iterator[str]:
    request = paste.request
    if request is not None and credential is not None and facts.request is not None:
        yield request.form.value + (f", line {paste.line}" if paste.line is not None else "")
        yield f"method {facts.request.method}" if facts.request.method else ""
        yield f"URL {facts.request.url}" if facts.request.url else ""
        yield from _credential_lines(credential, facts)
        yield from _header_lines(facts.request)
        yield from _body_lines(request, facts.request)
    elif credential is not None and facts.bearer is not None:
        yield _TOKENS[read_token(facts.bearer.reveal()).kind]
    if facts.answer is not None:
        yield from _answer_lines(paste.answer, facts)


def _credential_lines(credential: Credential, facts: Facts) -> Iterator[str]:
    if credential.shown:
        yield f"header Authorization: {credential.shown}"
    if facts.bearer is not None:
        yield _TOKENS[read_token(facts.bearer.reveal()).kind]
    elif credential.kind is Authorization.ABSENT:
        yield "no Authorization header"


def _header_lines(request: RequestFacts) -> Iterator[str]:
    kind = request.header("content-type")
    if kind:
        yield f"header Content-Type: {kind}"
    others = len([name for name, _ in request.headers if name.lower() not in {"authorization", "content-type"}])
    if others:
        yield f"{others} other header{'' if others == 1 else 's'}"


def _body_lines(pasted: PastedRequest, request: RequestFacts) -> Iterator[str]:
    if request.body is None:
        return
    if not request.body:
        if pasted.is_whole and request.method in {"PATCH", "POST", "PUT"}:
            yield "no body"
        return
    body = read_body(request.body)
    if body.members is None:
        yield f"a body of {len(request.body)} characters"
    else:
        words = [word for word in (body.method, body.call_type) if isinstance(word, str)]
        yield f"a body in JSON ({', '.join(words)})" if words else "a body in JSON"


def _answer_lines(pasted: PastedAnswer | None, facts: Facts) -> Iterator[str]:
    answer = facts.answer
    if answer is None:
        return
    guessed = ", by Zoom's code" if pasted is not None and pasted.is_inferred else ""
    yield f"answer {answer.status}{guessed}" + (_said(answer.said_code, answer.message))
    if answer.server_time is not None:
        yield f"Zoom's clock at the answer: {stamp(answer.server_time)}"


def _said(code: int | str | None, message: str | None) -> str:
    told = ": ".join(str(part) for part in (code, message) if part)
    return "" if not told else f": {told}" if code is None else f", code {told}"


def _lines(texts: Iterable[str], facts: Facts, scrub: Scrubber) -> tuple[str, ...]:
    return scrub(clean(text, facts, longest=_LONGEST_LINE) for text in texts if text)


def _scrubbed(judgement: Judgement, scrub: Scrubber) -> Judgement:
    """Remove the paste's secrets from what the rules say."""
    causes = []
    for cause in judgement.causes:
        evidence, fix, command = scrub((cause.evidence, cause.fix, cause.command or ""))
        causes.append(Cause(cause.id, cause.certainty, evidence, fix, command or None))
    found = scrub(checked.evidence for checked in judgement.checked)
    checked = tuple(Checked(fine.id, evidence) for fine, evidence in zip(judgement.checked, found, strict=True))
    return Judgement(tuple(causes), checked)
