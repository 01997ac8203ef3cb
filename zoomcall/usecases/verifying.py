"""Checks whether a webhook request is Zoom's, and if not, why not (contract 8)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.cause import Cause, Certainty, Checked
from zoomcall.domain.secret import Secret
from zoomcall.domain.signature import PREFIX, is_genuine, moment_of
from zoomcall.domain.webhook import compact_json, event_of_line, parse_object, seconds_of

_SHAPE = re.compile(r"v0=[0-9a-f]{64}")
_MISMATCH = "signature-mismatch"
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


def verify(request: SignedRequest, secret: Secret, *, now: datetime, max_age: timedelta | None) -> Verdict:
    """Check a request's signature and, if asked to, its age.

    Args:
        request: The request.
        secret: The webhook secret token.
        now: This machine's clock.
        max_age: How old, or how far ahead, the timestamp may be; None accepts any.
    """
    at = moment_of(request.timestamp)
    age = None if at is None else now - at
    event = (parse_object(request.body) or {}).get("event")
    genuine = _fits(request, secret)
    findings: list[Cause] = []
    checked: list[Checked] = []
    if genuine:
        checked.append(Checked(_MISMATCH, "the signature was made with this secret over these bytes"))
    else:
        reasons = tuple(_reasons(request, secret))
        if at is None and max_age is None and not any(each.certainty is Certainty.CERTAIN for each in reasons):
            findings.append(_UNREADABLE)
        findings.extend(reasons)
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


def _reasons(request: SignedRequest, secret: Secret) -> Iterator[Cause]:
    """Yield why the signature does not match: the repair that makes it match, otherwise what is likely."""
    for repair in _repairs(request, secret):
        if _fits(repair.request, repair.secret):
            yield Cause(_MISMATCH, Certainty.CERTAIN, repair.evidence, repair.fix)
            return
    if not _SHAPE.fullmatch(request.signature):
        evidence = "the signature is not v0= and 64 lower-case hex digits, so it cannot be Zoom's"
        yield Cause(_MISMATCH, Certainty.CERTAIN, evidence, _COPY_SIGNATURE)
        return
    if _looks_rewritten(request.body):
        evidence = "the body contains spaces or line breaks between its parts, and Zoom sends JSON without them"
        yield Cause(_MISMATCH, Certainty.LIKELY, evidence, _RAW_BYTES)
        yield _other_secret(Certainty.POSSIBLE)
    else:
        yield _other_secret(Certainty.LIKELY)
        evidence = "the body may have been parsed and serialized again, or re-encoded, on its way here"
        yield Cause(_MISMATCH, Certainty.POSSIBLE, evidence, _RAW_BYTES)
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


def _repairs(request: SignedRequest, secret: Secret) -> Iterator[_Repair]:
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
    bare = secret.reveal().strip()
    if bare != secret.reveal():
        evidence = "the signature matches the secret without the whitespace around it"
        yield _Repair(request, Secret(bare), evidence, "Store the secret without that whitespace.")


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
    found = parse_object(body)
    if found is None:
        return
    event = event_of_line(body)
    if event is not None and event.received_at is not None:
        fix = "Verify what was signed: this recorded line holds it, parsed, in its body field."
        yield "that this recorded line holds", fix, (compact_json(event.body) or "").encode()
    again = "as compact JSON, so it was parsed and serialized again"
    yield again, _RAW_BYTES, (compact_json(found) or "").encode()
    try:
        unescaped = json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return
    yield again, _RAW_BYTES, unescaped


def _looks_rewritten(body: bytes) -> bool:
    """Return whether the body is JSON with whitespace, which Zoom's is not (zoom-api 5.4, vectors)."""
    return parse_object(body) is not None and re.match(rb'\s|\{\s|\{"[^"]*"\s*:\s', body) is not None
