"""Whether a webhook request is Zoom's, and if not, why not (contract 8)."""

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
_RAW_BYTES = "Verify the bytes as they came in, before anything parses, prints or edits them."


class SignedRequest(Struct, frozen=True, kw_only=True):
    """A webhook request as somebody wrote it down.

    Attributes:
        signature: Its ``x-zm-signature``.
        timestamp: Its ``x-zm-request-timestamp``.
        body: Its bytes.
    """

    signature: str
    timestamp: str
    body: bytes


class Verdict(Struct, frozen=True, kw_only=True):
    """What was found.

    Attributes:
        is_genuine: The signature fits the secret.
        at: When it was signed, if the timestamp can be read.
        age: How long ago that was.
        event: The event's name.
        findings: Why it is refused; empty if it is not.
        checked: What was found fine.
    """

    is_genuine: bool
    at: datetime | None
    age: timedelta | None
    event: str | None
    findings: tuple[Cause, ...] = ()
    checked: tuple[Checked, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.findings


def verify(request: SignedRequest, secret: Secret, *, now: datetime, max_age: timedelta | None) -> Verdict:
    """Check a request's signature and, if asked to, its age.

    Args:
        request: The request.
        secret: The webhook secret token.
        now: This machine's clock.
        max_age: How old, or how far ahead, it may be; None: as it likes.
    """
    at = moment_of(request.timestamp)
    age = None if at is None else now - at
    found = parse_object(request.body) or {}
    event = found.get("event")
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
    "the timestamp is no number of seconds since 1970, so it is not the one that was signed",
    "Give the x-zm-request-timestamp as it came.",
)


def _stale(age: timedelta | None, max_age: timedelta) -> Cause | None:
    limit = seconds_of(max_age)
    if age is None:
        return Cause(
            _TOO_OLD,
            Certainty.CERTAIN,
            "the timestamp is no number of seconds since 1970, so its age cannot be told",
            "Give the x-zm-request-timestamp as it came.",
        )
    if age > max_age:
        return Cause(
            _TOO_OLD,
            Certainty.CERTAIN,
            f"the timestamp is {seconds_of(age)} s old, more than {limit} s",
            "Take it for a replay, unless this machine's clock is fast or the request lay about.",
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
    """A change with which the signature might fit, and what it would show."""

    request: SignedRequest
    secret: Secret
    evidence: str
    fix: str


def _reasons(request: SignedRequest, secret: Secret) -> Iterator[Cause]:
    """Say why the signature does not fit: proven by a change that makes it fit, else by what is likely."""
    for repair in _repairs(request, secret):
        if _fits(repair.request, repair.secret):
            yield Cause(_MISMATCH, Certainty.CERTAIN, repair.evidence, repair.fix)
            return
    if not _SHAPE.fullmatch(request.signature):
        yield Cause(
            _MISMATCH,
            Certainty.CERTAIN,
            "the signature is not v0= and 64 digits of lower-case hex, so it is no signature of Zoom's",
            "Give the x-zm-signature as it came.",
        )
        return
    is_rewritten = _looks_rewritten(request.body)
    rewritten = Cause(
        _MISMATCH,
        Certainty.LIKELY if is_rewritten else Certainty.POSSIBLE,
        "the body is laid out with blanks or line breaks, and Zoom sends JSON without them"
        if is_rewritten
        else "the body may have been parsed and written again, or re-encoded, on its way here",
        _RAW_BYTES,
    )
    wrong_secret = Cause(
        _MISMATCH,
        Certainty.POSSIBLE if is_rewritten else Certainty.LIKELY,
        "the signature was made with another secret: another app's, or one that was replaced since",
        "Take the secret token of the app that sent the event, and store it.",
        "zoomcall webhook secret set",
    )
    yield from (rewritten, wrong_secret) if is_rewritten else (wrong_secret, rewritten)
    yield Cause(
        _MISMATCH,
        Certainty.POSSIBLE,
        "signature, timestamp and body may be of different requests",
        "Take all three from one request.",
    )


def _repairs(request: SignedRequest, secret: Secret) -> Iterator[_Repair]:
    for evidence, fix, body in _bodies(request.body):
        yield _Repair(replace(request, body=body), secret, f"the signature fits the body {evidence}", fix)
    signature, timestamp = request.signature, request.timestamp
    copied = "Give the x-zm-signature as it came; a receiver must compare it as it stands."
    whole = PREFIX + signature.strip().removeprefix(PREFIX).lower()
    if signature.strip().startswith(PREFIX):
        evidence = "the signature fits in lower case, without blanks"
    else:
        evidence = f"the signature fits with {PREFIX} in front of it"
    yield _Repair(replace(request, signature=whole), secret, evidence, copied)
    if len(timestamp) == len("1700000000000"):
        seconds = replace(request, timestamp=timestamp[:-3])
        evidence = "the signature fits the timestamp in seconds, and this one is in milliseconds"
        yield _Repair(seconds, secret, evidence, "Give the x-zm-request-timestamp as it came.")
    bare = secret.reveal().strip()
    if bare != secret.reveal():
        evidence = "the signature fits the secret without the whitespace around it"
        yield _Repair(request, Secret(bare), evidence, "Store the secret without it.")


def _bodies(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Give what the body may have been before somebody changed it."""
    for line_break in (b"\r\n", b"\n"):
        if body.endswith(line_break):
            fix = "Write it down without a line break at its end; an editor or echo adds one."
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
        fix = "Verify what was signed: the recorded line holds it, as parsed, in its member body."
        yield "that this recorded line holds", fix, (compact_json(event.body) or "").encode()
    again = "as JSON without blanks and line breaks, so it was parsed and written again"
    yield again, _RAW_BYTES, (compact_json(found) or "").encode()
    try:
        unescaped = json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return
    yield again, _RAW_BYTES, unescaped


def _looks_rewritten(body: bytes) -> bool:
    """Say whether JSON is laid out, which Zoom's is not (zoom-api 5.4, vectors)."""
    return parse_object(body) is not None and re.match(rb'\s|\{\s|\{"[^"]*"\s*:\s', body) is not None
