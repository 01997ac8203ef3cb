import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoom_events import SECRET, bytes_of, callout, signature_of

from zoomcall.domain.cause import Certainty
from zoomcall.domain.secret import Secret
from zoomcall.usecases.verifying import SignedRequest, Verdict, read_saved, verify

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TIMESTAMP = str(int(NOW.timestamp()) - 10)
BODY = b'{"event":"meeting.started","topic":"Test \\uD83D\\uDE92 \xe2\x80\x99"}'
SIGNATURE = signature_of(BODY, TIMESTAMP)


def verdict(
    body: bytes = BODY,
    *,
    signature: str = SIGNATURE,
    timestamp: str = TIMESTAMP,
    secret: str = SECRET,
    max_age: int | None = None,
) -> Verdict:
    request = SignedRequest(signature=signature, timestamp=timestamp, body=body)
    limit = None if max_age is None else timedelta(seconds=max_age)
    return verify(request, Secret(secret), now=NOW, max_age=limit)


def reason(found: Verdict) -> str:
    """Return the evidence of the first finding; nothing but the signature and the body may be at fault."""
    assert not found.is_genuine
    assert not found.is_accepted
    assert {cause.id for cause in found.findings} <= {"signature-mismatch", "body-reserialised"}
    return found.findings[0].evidence


def certain_reason(found: Verdict) -> str:
    evidence = reason(found)
    assert [cause.certainty for cause in found.findings] == [Certainty.CERTAIN]
    return evidence


def test_a_genuine_request_is_accepted() -> None:
    found = verdict()
    assert found.is_genuine
    assert found.is_accepted
    assert found.event == "meeting.started"
    assert found.at == NOW - timedelta(seconds=10)
    assert found.age == timedelta(seconds=10)
    assert [checked.id for checked in found.checked] == ["signature-mismatch"]


@pytest.mark.parametrize("max_age", [None, 10, 300])
def test_a_request_may_be_as_old_as_it_is_allowed_to_be(max_age: int | None) -> None:
    assert verdict(max_age=max_age).is_accepted


def test_a_request_that_is_too_old_is_not_accepted() -> None:
    found = verdict(max_age=9)
    assert found.is_genuine
    assert [(cause.id, cause.certainty) for cause in found.findings] == [("timestamp-too-old", Certainty.CERTAIN)]
    assert "10 s old, more than 9 s" in found.findings[0].evidence


def test_a_request_from_the_future_is_not_accepted() -> None:
    ahead = str(int(NOW.timestamp()) + 400)
    found = verdict(signature=signature_of(BODY, ahead), timestamp=ahead, max_age=300)
    assert [cause.id for cause in found.findings] == ["timestamp-ahead"]
    assert verdict(signature=signature_of(BODY, ahead), timestamp=ahead).is_accepted


def test_a_timestamp_that_is_none_has_no_age() -> None:
    found = verdict(signature=signature_of(BODY, "now"), timestamp="now", max_age=300)
    assert found.is_genuine
    assert found.at is None
    assert [cause.id for cause in found.findings] == ["timestamp-too-old"]
    assert verdict(signature=signature_of(BODY, "now"), timestamp="now").is_accepted


@pytest.mark.parametrize("timestamp", ["", "abc", "2026-11-22T02:39:16Z", "12.5"])
def test_a_timestamp_that_is_none_is_the_first_reason_of_a_mismatch(timestamp: str) -> None:
    assert reason(verdict(timestamp=timestamp)).startswith("the timestamp is not a number of seconds")


def test_both_faults_are_told() -> None:
    found = verdict(secret="another", max_age=1)
    ids = {cause.id for cause in found.findings}
    assert ids == {"signature-mismatch", "body-reserialised", "timestamp-too-old"}


def test_upper_case_is_named() -> None:
    assert "lower case" in certain_reason(verdict(signature="v0=" + SIGNATURE[3:].upper()))


def test_a_missing_prefix_is_named() -> None:
    assert "with v0= in front" in certain_reason(verdict(signature=SIGNATURE[3:]))
    assert "with v0= in front" in certain_reason(verdict(signature=SIGNATURE[3:].upper()))


def test_blanks_around_the_signature_are_named() -> None:
    assert "without spaces" in certain_reason(verdict(signature=f" {SIGNATURE}\n"))


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
def test_a_line_break_at_the_end_of_the_body_is_named(line_break: bytes) -> None:
    assert "without the line break at its end" in certain_reason(verdict(BODY + line_break))


def test_changed_line_breaks_are_named() -> None:
    body = b'{\n"event":"e"\n}'
    found = verdict(body.replace(b"\n", b"\r\n"), signature=signature_of(body, TIMESTAMP))
    assert "\\n in place of" in certain_reason(found)


def test_a_byte_order_mark_is_named() -> None:
    assert "byte order mark" in certain_reason(verdict(b"\xef\xbb\xbf" + BODY))


@pytest.mark.parametrize("is_ascii", [True, False])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_that_was_laid_out_is_named(is_ascii: bool, indent: int | None) -> None:
    raw = json.dumps(callout(topic="é"), separators=(",", ":"), ensure_ascii=is_ascii).encode()
    laid_out = json.dumps(callout(topic="é"), indent=indent).encode()
    found = verdict(laid_out, signature=signature_of(raw, TIMESTAMP))
    assert "parsed and serialized again" in certain_reason(found)


def test_a_recorded_line_is_named() -> None:
    raw = bytes_of(callout())
    line = b'{"received_at": "2026-11-21T10:00:00.000Z", "request_id": "a", "body": ' + raw + b"}\n"
    assert "recorded line" in certain_reason(verdict(line, signature=signature_of(raw, TIMESTAMP)))


def test_milliseconds_are_named() -> None:
    assert "milliseconds" in certain_reason(verdict(timestamp=TIMESTAMP + "123"))


def test_whitespace_around_the_secret_is_named() -> None:
    found = verdict(secret=f"{SECRET}\n")
    assert [(cause.id, cause.certainty) for cause in found.findings] == [
        ("secret-has-whitespace", Certainty.CERTAIN)
    ]
    assert "ends with a line break" in found.findings[0].evidence


def test_json_that_was_changed_for_good_is_likely() -> None:
    laid_out = json.dumps(json.loads(BODY) | {"topic": "another"}, indent=2).encode()
    found = verdict(laid_out)
    assert "spaces or line breaks" in reason(found)
    assert found.findings[0].certainty is Certainty.LIKELY


def test_another_secret_is_likely_where_nothing_else_shows() -> None:
    found = verdict(secret="another")
    assert "another secret" in reason(found)
    assert found.findings[0].certainty is Certainty.LIKELY
    assert found.findings[0].command == "zoomcall webhook secret set"
    assert len(found.findings) > 1


@pytest.mark.parametrize("signature", ["", "v0=", "v1=" + "0" * 64, "sha256=" + "0" * 64, SIGNATURE[:-1], "é"])
def test_what_is_no_signature_is_certain_and_nothing_is_guessed_of_the_secret(signature: str) -> None:
    found = verdict(signature=signature)
    assert "cannot be Zoom's" in reason(found)
    assert [finding.certainty for finding in found.findings] == [Certainty.CERTAIN]


def test_the_true_signature_is_never_told() -> None:
    found = verdict(signature=SIGNATURE[:-1] + "g", max_age=1)
    assert SIGNATURE[3:] not in repr(found)
    assert SECRET not in repr(found)


@given(body=st.binary(), signature=st.text(), timestamp=st.text(), secret=st.text())
def test_whatever_is_given_is_judged(body: bytes, signature: str, timestamp: str, secret: str) -> None:
    found = verdict(body, signature=signature, timestamp=timestamp, secret=secret, max_age=1)
    assert not found.is_accepted
    assert found.findings


@pytest.mark.parametrize(
    "body", [b'{"a":' * 100_000, b"[" * 100_000, b'{"a":"\\ud800"}'], ids=["deep", "list", "half"]
)
def test_strange_json_is_judged(body: bytes) -> None:
    assert reason(verdict(body))


EVENT = (
    '{"payload":{"account_id":"A","object":{"participant":{"user_name":"Bo \\uD83D\\uDE92 J\u00fcrgens"},'
    '"topic":"a/b","id":"1"}},'
    '"event_ts":1796000000123,"event":"meeting.participant_joined"}'
).encode()
PARSED = json.loads(EVENT)


@pytest.mark.parametrize(
    "rewritten",
    [
        json.dumps(PARSED, separators=(",", ":"), ensure_ascii=False),
        json.dumps(PARSED, separators=(",", ":")),
        json.dumps(PARSED),
        json.dumps(PARSED, indent=4, ensure_ascii=False),
        json.dumps(PARSED, sort_keys=True),
        json.dumps(PARSED, sort_keys=True, ensure_ascii=False, separators=(",", ":")),
        json.dumps(PARSED, separators=(",", ":")).replace("/", "\\/"),
        json.dumps({name: PARSED[name] for name in ("event", "payload", "event_ts")}),
        json.dumps(PARSED | {"payload": dict(reversed(PARSED["payload"].items()))}),
    ],
)
def test_what_writing_json_again_does_is_proven_before_a_secret_is_blamed(rewritten: str) -> None:
    found = verdict(rewritten.encode(), signature=signature_of(EVENT, TIMESTAMP))
    assert [(cause.id, cause.certainty) for cause in found.findings] == [("body-reserialised", Certainty.CERTAIN)]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(callout(topic="\N{FIRE ENGINE}"), ensure_ascii=False, separators=(",", ":")),
        json.dumps(callout(topic="J\u00fcrgen"), separators=(",", ":")),
        json.dumps(callout(), sort_keys=True, separators=(",", ":")),
        json.dumps(callout(topic="a/b"), separators=(",", ":")).replace("/", "\\/"),
        json.dumps(callout()),
    ],
)
def test_signs_of_rewriting_count_where_nothing_is_proven(text: str) -> None:
    found = verdict(text.encode(), signature="v0=" + "0" * 64)
    assert (found.findings[0].id, found.findings[0].certainty) == ("body-reserialised", Certainty.LIKELY)


def test_a_body_as_zoom_writes_it_shows_no_sign_of_rewriting() -> None:
    assert "another secret" in reason(verdict(EVENT, signature="v0=" + "0" * 64))


@pytest.mark.parametrize("body", [b"", b"\n", b"{}", b"null", b"undefined", b"None", b"[]", b'""'])
def test_a_body_that_was_read_before_is_said_to_be(body: bytes) -> None:
    found = verdict(body)
    assert [(cause.id, cause.certainty) for cause in found.findings] == [("body-consumed", Certainty.CERTAIN)]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (base64.b64encode(BODY), "decoded from base64"),
        (base64.b64encode(BODY) + b"\n", "decoded from base64"),
        (json.dumps(BODY.decode()).encode(), "text literal"),
        (repr(BODY).encode(), "text literal"),
        (quote(BODY).encode(), "percent escapes"),
        (b"payload=" + quote_plus(BODY).encode(), "percent escapes"),
    ],
)
def test_a_body_in_another_notation_is_named(body: bytes, words: str) -> None:
    assert words in certain_reason(verdict(body))


@pytest.mark.parametrize(
    ("signature", "cause"),
    [
        (base64.b64encode(bytes.fromhex(SIGNATURE[3:])).decode(), "digest-as-hex"),
        ("v0=" + base64.b64encode(bytes.fromhex(SIGNATURE[3:])).decode(), "digest-as-hex"),
        ("v0=" + base64.urlsafe_b64encode(bytes.fromhex(SIGNATURE[3:])).decode().rstrip("="), "digest-as-hex"),
        ("v0=" + base64.b64encode(SIGNATURE[3:].encode()).decode(), "digest-as-hex"),
        ("v0=" + hmac.digest(SECRET.encode(), BODY, "sha256").hex(), "signature-mismatch"),
        (
            "v0=" + hmac.digest(SECRET.encode(), f"{TIMESTAMP}:".encode() + BODY, "sha256").hex(),
            "signature-mismatch",
        ),
    ],
)
def test_a_digest_that_was_computed_wrong_is_proven(signature: str, cause: str) -> None:
    found = verdict(signature=signature)
    assert [(each.id, each.certainty) for each in found.findings] == [(cause, Certainty.CERTAIN)]


@pytest.mark.parametrize(
    "form", ['"{}"', "'{}'", "ZOOMCALL_WEBHOOK_SECRET={}", "{}\u200b", "{} # of the app", "{}\r"]
)
def test_what_came_along_with_the_secret_is_proven(form: str) -> None:
    found = verify(
        SignedRequest(signature=SIGNATURE, timestamp=TIMESTAMP, body=BODY),
        Secret(form.format(SECRET)),
        now=NOW,
        max_age=None,
        place="ZOOMCALL_WEBHOOK_SECRET",
    )
    [cause] = found.findings
    assert cause.certainty is Certainty.CERTAIN
    assert cause.id in {
        "secret-in-quotes",
        "assignment-in-value",
        "invisible-character",
        "comment-in-value",
        "secret-has-whitespace",
    }
    assert "ZOOMCALL_WEBHOOK_SECRET" in cause.fix
    assert SECRET not in cause.evidence + cause.fix


HEAD = (
    f"x-zm-signature: {SIGNATURE}\r\nX-Zm-Request-Timestamp: {TIMESTAMP}\r\nContent-Length: {len(BODY)}\r\n"
).encode()


@pytest.mark.parametrize(
    "saved",
    [
        b"POST /zoom HTTP/1.1\r\nHost: example.com\r\n" + HEAD + b"\r\n" + BODY,
        b"POST /zoom HTTP/1.1\n" + HEAD.replace(b"\r", b"") + b"\n" + BODY + b"\n",
        HEAD + b"\r\n" + BODY,
        json.dumps(
            {"headers": {"X-Zm-Signature": SIGNATURE, "x-zm-request-timestamp": TIMESTAMP}, "body": BODY.decode()}
        ).encode(),
        json.dumps(
            {
                "isBase64Encoded": True,
                "headers": {"X-Zm-Signature": SIGNATURE, "x-zm-request-timestamp": TIMESTAMP},
                "body": base64.b64encode(BODY).decode(),
            }
        ).encode(),
    ],
)
def test_a_whole_request_brings_its_headers(saved: bytes) -> None:
    headers, body = read_saved(saved)
    assert (headers["x-zm-signature"], headers["x-zm-request-timestamp"], body) == (SIGNATURE, TIMESTAMP, BODY)


TRANSCRIPT = b"""*   Trying 203.0.113.7:443...
* Connected to rooms.example.com
> POST /hook HTTP/1.1
> Host: rooms.example.com
> x-zm-signature: %s
> x-zm-request-timestamp: %s
> Content-Type: application/json
>
%s
"""
ANSWERED = b"< HTTP/1.1 200 OK\n< Content-Length: 0\n<\n* Connection #0 to host left intact\n"


@pytest.mark.parametrize(
    "behind", [b"", b"} [83 bytes data]\n" + ANSWERED, b"* upload completely sent off\n" + ANSWERED]
)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_transcript_of_curl_brings_the_request_in_it(behind: bytes, line_end: bytes) -> None:
    head, _, body = TRANSCRIPT.partition(b">\n")
    head = (head + b">\n").replace(b"\n", line_end) % (SIGNATURE.encode(), TIMESTAMP.encode())
    headers, found = read_saved(head + body % BODY + behind)
    assert (headers["x-zm-signature"], headers["x-zm-request-timestamp"], found) == (SIGNATURE, TIMESTAMP, BODY)


@pytest.mark.parametrize("body", [b"> quoted by a mail\n> as text\n", b"> POST\n{}", b"* a list\n* of words\n"])
def test_marks_alone_make_no_transcript(body: bytes) -> None:
    assert read_saved(body) == ({}, body)


@pytest.mark.parametrize("body", [BODY, b"", b"a: b", b'{"body": "x"}', b"plain\n\ntext"])
def test_a_body_alone_is_left_as_it_is(body: bytes) -> None:
    assert read_saved(body) == ({}, body)


@given(st.binary())
def test_any_bytes_are_split(data: bytes) -> None:
    read_saved(data)
