"""Checks whether a webhook request is Zoom's, and if not, why not (contract 8)."""

from __future__ import annotations

import ast
import base64
import contextlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from urllib.parse import unquote_to_bytes

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.cause import Cause, Certainty, Checked
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.secret import Secret
from zoomcall.domain.secret_text import surplus_of
from zoomcall.domain.signature import PREFIX, digest, is_genuine, moment_of, sign
from zoomcall.domain.webhook import compact_json, event_of_line, parse_object, seconds_of
from zoomcall.knowledge.texts import cause_texts
from zoomcall.usecases.rewritten_body import originals, signs_of_rewriting

_SHAPE = Pattern(r"v0=[0-9a-f]{64}")
_HTTP = re.compile(
    rb"\s*(?:[A-Z]+ \S+(?: HTTP/[\d.]+)?\r?\n)?(?P<head>(?:[A-Za-z][\w-]*:[^\r\n]*\r?\n)+)\r?\n", re.DOTALL
)
_TRANSCRIPT = re.compile(rb"\s*(?:[*{}] [^\n]*\n)*> ?[A-Z]+ \S+ HTTP/")
_SENT = re.compile(rb"^> ?", re.MULTILINE)
_NOTHING = {b"", b"{}", b"[]", b"null", b"undefined", b"None", b'""'}
_MISMATCH = "signature-mismatch"
_REWRITTEN = "body-reserialised"
_TOO_OLD = "timestamp-too-old"
_AHEAD = "timestamp-ahead"
_RAW_BYTES = "Verify the bytes as received, before anything parses, prints or edits them."
_COPY_SIGNATURE = "Pass the x-zm-signature exactly as received."
_COPY_TIMESTAMP = "Pass the x-zm-request-timestamp exactly as received."
_NOT_SECONDS = "the timestamp is not a number of seconds since 1970"


class SignedRequest(Struct, frozen=True, kw_only=True):
    """A webhook request that someone saved.

    Attributes:
        signature: Its ``x-zm-signature``.
        timestamp: Its ``x-zm-request-timestamp``.
        body: Its bytes.
    """

    signature: str
    timestamp: str
    body: bytes


class Verdict(Struct, frozen=True, kw_only=True):
    """The result of a check.

    Attributes:
        is_genuine: Whether the signature matches the secret.
        at: When it was signed, if the timestamp is readable.
        age: How long ago that was.
        event: The event's name.
        findings: Why the request is refused; empty if it is not.
        checked: What was checked and found fine.
    """

    is_genuine: bool
    at: datetime | None
    age: timedelta | None
    event: str | None
    findings: tuple[Cause, ...] = ()
    checked: tuple[Checked, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Whether a receiver would accept the request."""
        return not self.findings


def verify(
    request: SignedRequest,
    secret: Secret,
    *,
    now: datetime,
    max_age: timedelta | None,
    place: str = "the webhook secret",
) -> Verdict:
    """Check a request's signature and, if asked to, its age.

    Args:
        request: The request.
        secret: The webhook secret token.
        now: This machine's clock.
        max_age: How old, or how far ahead, the timestamp may be; None accepts any.
        place: The variable, file or profile that holds the secret, in words.
    """
    at = moment_of(request.timestamp)
    age = None if at is None else now - at
    event = (parse_object(request.body) or {}).get("event")
    genuine = _fits(request, secret)
    is_time_unread = at is None and max_age is None
    findings = [] if genuine else [*_why_it_differs(request, secret, place, is_time_unread=is_time_unread)]
    checked = [Checked(_MISMATCH, "the signature was made with this secret over these bytes")] if genuine else []
    if max_age is not None:
        stale = _stale(age, max_age)
        if stale is not None:
            findings.append(stale)
        else:
            checked.append(Checked(_TOO_OLD, f"the timestamp is within {seconds_of(max_age)} s of now"))
    return Verdict(
        is_genuine=genuine,
        at=at,
        age=age,
        event=event if isinstance(event, str) else None,
        findings=tuple(findings),
        checked=tuple(checked),
    )


def _why_it_differs(
    request: SignedRequest, secret: Secret, place: str, *, is_time_unread: bool
) -> tuple[Cause, ...]:
    reasons = tuple(_reasons(request, secret, place))
    if is_time_unread and not any(each.certainty is Certainty.CERTAIN for each in reasons):
        return (_UNREADABLE, *reasons)
    return reasons


def _fits(request: SignedRequest, secret: Secret) -> bool:
    return is_genuine(secret, signature=request.signature, timestamp=request.timestamp, body=request.body)


_UNREADABLE = Cause(
    _MISMATCH,
    Certainty.LIKELY,
    f"{_NOT_SECONDS}, so it is not the one that was signed",
    _COPY_TIMESTAMP,
)


def _stale(age: timedelta | None, max_age: timedelta) -> Cause | None:
    limit = seconds_of(max_age)
    if age is None:
        return Cause(_TOO_OLD, Certainty.CERTAIN, f"{_NOT_SECONDS}, so its age is unknown", _COPY_TIMESTAMP)
    if age > max_age:
        return Cause(
            _TOO_OLD,
            Certainty.CERTAIN,
            f"the timestamp is {seconds_of(age)} s old, more than {limit} s",
            "Treat the request as a replay, unless this machine's clock is fast or the request is an old copy.",
        )
    if age < -max_age:
        return Cause(
            _AHEAD,
            Certainty.CERTAIN,
            f"the timestamp is {seconds_of(-age)} s ahead of this machine's clock, more than {limit} s",
            "Set this machine's clock.",
        )
    return None


class _Repair(Struct, frozen=True):
    """A change that may make the signature match, and what that would prove."""

    request: SignedRequest
    secret: Secret
    evidence: str
    fix: str
    cause: str = _MISMATCH


def _reasons(request: SignedRequest, secret: Secret, place: str) -> Iterator[Cause]:
    """Yield why the signature does not match: the repair that makes it match, otherwise what is likely."""
    if request.body.strip() in _NOTHING:
        shown = request.body.strip().decode() or "empty"
        evidence = f"the body is {shown}, and Zoom signs none like that: something read it before it was saved"
        yield Cause("body-consumed", Certainty.CERTAIN, evidence, cause_texts()["body-consumed"].fix)
        return
    for repair in _repairs(request, secret, place):
        if _fits(repair.request, repair.secret):
            yield Cause(repair.cause, Certainty.CERTAIN, repair.evidence, repair.fix)
            return
    mistake = _mistake_in_signature(request, secret)
    if mistake is not None:
        yield mistake
        return
    if request.body.strip().startswith(b"[object"):
        evidence = "the body is the word for a parsed object, not its text"
        yield Cause(_REWRITTEN, Certainty.CERTAIN, evidence, _RAW_BYTES)
        return
    if not _SHAPE.fullmatch(request.signature):
        evidence = "the signature is not v0= and 64 lower-case hex digits, so it cannot be Zoom's"
        yield Cause(_MISMATCH, Certainty.CERTAIN, evidence, _COPY_SIGNATURE)
        return
    sign = signs_of_rewriting(request.body)
    if sign is not None:
        yield Cause(_REWRITTEN, Certainty.LIKELY, f"the body was parsed and written again: {sign}", _RAW_BYTES)
        yield _other_secret(Certainty.POSSIBLE)
    else:
        yield _other_secret(Certainty.LIKELY)
        evidence = "the body may have been parsed and serialized again, or re-encoded, on its way here"
        yield Cause(_REWRITTEN, Certainty.POSSIBLE, evidence, _RAW_BYTES)
    yield Cause(
        _MISMATCH,
        Certainty.POSSIBLE,
        "signature, timestamp and body may belong to different requests",
        "Take all three from one request.",
    )


def _other_secret(certainty: Certainty) -> Cause:
    return Cause(
        _MISMATCH,
        certainty,
        "the signature was made with another secret: that of another app, or one that has been replaced since",
        "Store the secret token of the app that sent the event.",
        "zoomcall webhook secret set",
    )


def _repairs(request: SignedRequest, secret: Secret, place: str) -> Iterator[_Repair]:
    for evidence, fix, body in _bodies(request.body):
        yield _Repair(replace(request, body=body), secret, f"the signature matches the body {evidence}", fix)
    signature, timestamp = request.signature, request.timestamp
    whole = PREFIX + signature.strip().removeprefix(PREFIX).lower()
    if signature.strip().startswith(PREFIX):
        evidence = "the signature matches in lower case and without spaces around it"
    else:
        evidence = f"the signature matches with {PREFIX} in front of it"
    fix = f"{_COPY_SIGNATURE} A receiver must compare it unchanged."
    yield _Repair(replace(request, signature=whole), secret, evidence, fix)
    if len(timestamp) == len("1700000000000"):
        seconds = replace(request, timestamp=timestamp[:-3])
        evidence = "the signature matches the timestamp in seconds, but this one is in milliseconds"
        yield _Repair(seconds, secret, evidence, _COPY_TIMESTAMP)
    surplus = surplus_of(secret.reveal())
    if surplus is not None and surplus.bare is not None:
        evidence = f"the signature matches the secret alone, but {place} {surplus.what}"
        yield _Repair(request, surplus.bare, evidence, surplus.fix_at(place), surplus.cause)
    for change, body in originals(request.body):
        evidence = f"the signature matches the body {change}, so it was parsed and serialized again"
        yield _Repair(replace(request, body=body), secret, evidence, _RAW_BYTES, _REWRITTEN)


def _bodies(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Yield what the body may have been before it was changed, with evidence and fix."""
    for line_break in (b"\r\n", b"\n"):
        if body.endswith(line_break):
            fix = "Save it without a line break at the end; an editor or echo adds one."
            yield "without the line break at its end", fix, body.removesuffix(line_break)
    if b"\r\n" in body:
        yield "with \\n in place of its \\r\\n line breaks", _RAW_BYTES, body.replace(b"\r\n", b"\n")
    if body.startswith(b"\xef\xbb\xbf"):
        yield "without the byte order mark at its start", _RAW_BYTES, body.removeprefix(b"\xef\xbb\xbf")
    bare = body.strip()
    with contextlib.suppress(ValueError):
        fix = "Decode it from base64 first: some gateways encode bodies (isBase64Encoded)."
        yield "decoded from base64", fix, base64.b64decode(bare, validate=True)
    if bare.startswith((b'"', b"'", b"b'", b'b"')):
        with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            written = ast.literal_eval(bare.decode())
            text = written if isinstance(written, bytes) else str(written).encode("utf-8", "surrogatepass")
            yield "that this text literal stands for", _RAW_BYTES, text
    if b"%7B" in bare[:40] or b"%7b" in bare[:40]:
        yield (
            "decoded from percent escapes",
            _RAW_BYTES,
            unquote_to_bytes(bare.replace(b"+", b" ").rpartition(b"=")[2]),
        )
    event = event_of_line(body)
    if event is not None and event.received_at is not None:
        fix = "Verify what was signed: this recorded line holds it, parsed, in its body field."
        yield "that this recorded line holds", fix, (compact_json(event.body) or "").encode()


def _mistake_in_signature(request: SignedRequest, secret: Secret) -> Cause | None:
    """Return what is wrong with a signature that somebody computed, where trying it out proves it."""
    right = sign(secret, request.timestamp, request.body).removeprefix(PREFIX)
    given = request.signature.strip().removeprefix(PREFIX)
    with contextlib.suppress(ValueError):
        raw = base64.b64decode(given.replace("-", "+").replace("_", "/") + "=" * (-len(given) % 4), validate=True)
        if raw in {bytes.fromhex(right), right.encode()}:
            evidence = "the signature is the right digest, but in base64 instead of hexadecimal digits"
            return Cause("digest-as-hex", Certainty.CERTAIN, evidence, cause_texts()["digest-as-hex"].fix)
    key, time = secret.reveal().encode("utf-8", "surrogateescape"), request.timestamp.encode("utf-8", "replace")
    for said, message in (
        ("the body alone", request.body),
        ("timestamp and body, without v0:", time + b":" + request.body),
        ("v0, timestamp and body without colons", b"v0" + time + request.body),
    ):
        if digest(key, message).hex() == given.lower():
            evidence = f"the signature covers {said}; Zoom's covers v0:TIMESTAMP:BODY"
            fix = "Compute it over v0, a colon, the timestamp, a colon, and the body's bytes."
            return Cause(_MISMATCH, Certainty.CERTAIN, evidence, fix)
    return None


def _without_marks(data: bytes) -> bytes:
    """Return a transcript of ``curl -v`` as the request in it: without marks, remarks and the answer."""
    if _TRANSCRIPT.match(data) is None:
        return data
    lines = [line for line in data.splitlines(keepends=True) if not line.startswith((b"* ", b"} [", b"{ ["))]
    end = next((place for place, line in enumerate(lines) if line.startswith(b"< ")), len(lines))
    return _SENT.sub(b"", b"".join(lines[:end])).removesuffix(b"\n")


def read_saved(data: bytes) -> tuple[Mapping[str, str], bytes]:
    """Split a saved request into its headers, by names in lower case, and its body; a body alone has no headers.

    Args:
        data: A body, an HTTP request or its transcript, or the JSON in which a serverless platform passes one on.
    """
    data = _without_marks(data)
    match = _HTTP.match(data)
    if match:
        lines = match["head"].decode("latin-1").splitlines()
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
        }
        body = data[match.end() :]
        length = headers.get("content-length", "")
        return headers, body[: int(length)] if length.isdecimal() and int(length) <= len(body) else body
    envelope = parse_object(data)
    if envelope is not None and isinstance(envelope.get("body"), str) and isinstance(envelope.get("headers"), dict):
        headers = {name.lower(): value for name, value in envelope["headers"].items() if isinstance(value, str)}
        body = envelope["body"].encode("utf-8", "surrogatepass")
        if envelope.get("isBase64Encoded") is True:
            with contextlib.suppress(ValueError):
                body = base64.b64decode(body, validate=True)
        return headers, body
    return {}, data
