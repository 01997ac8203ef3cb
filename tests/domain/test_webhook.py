import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoom_events import SECRET, bytes_of, callout, signature_of

from zoomcall.domain.secret import Secret
from zoomcall.domain.signature import encrypted_token
from zoomcall.domain.webhook import (
    Challenge,
    Delivery,
    Refusal,
    RefusalKind,
    WebhookEvent,
    authenticate,
    compact_json,
    event_of_line,
    is_torn_line,
    parse_hook_url,
    parse_object,
)
from zoomcall.errors import UsageError

NOW = datetime(2026, 11, 21, 10, 0, 0, 250_000, tzinfo=UTC)
SIGNED_AT = int(NOW.timestamp())

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
json_objects = st.dictionaries(st.text(), json_values, max_size=5)


def received(raw: bytes, *, timestamp: str | None = None, **changes: str | None) -> Delivery | Challenge | Refusal:
    timestamp = str(SIGNED_AT) if timestamp is None else timestamp
    headers: dict[str, str | None] = {
        "x-zm-request-timestamp": timestamp,
        "x-zm-signature": signature_of(raw, timestamp),
        "x-zm-request-id": "request-1",
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    kept = {name: value for name, value in headers.items() if value is not None}
    return authenticate(Secret(SECRET), headers=kept, raw=raw, now=NOW)


def delivered(raw: bytes, **changes: str | None) -> Delivery:
    outcome = received(raw, **changes)
    assert isinstance(outcome, Delivery)
    return outcome


def refused(raw: bytes, **changes: str | None) -> RefusalKind:
    outcome = received(raw, **changes)
    assert isinstance(outcome, Refusal)
    return outcome.kind


def test_a_signed_event_is_delivered_with_its_request_id() -> None:
    body = callout("accepted")
    delivery = delivered(bytes_of(body))
    assert delivery.event == WebhookEvent(body=body, received_at=NOW, request_id="request-1")
    assert delivery.event.name == "session.user_room_system_callout_accepted"


def test_a_request_without_an_id_is_known_by_its_bytes() -> None:
    raw = bytes_of(callout())
    expected = hashlib.sha256(raw).hexdigest()
    assert delivered(raw, x_zm_request_id=None).request_id == expected
    assert delivered(raw, x_zm_request_id="").request_id == expected


def test_the_bytes_are_verified_as_they_came() -> None:
    raw = b'{ "event":"e",\r\n "topic" : "Test \\uD83D\\uDE92 \xe2\x80\x99" }\n'
    delivery = delivered(raw)
    assert delivery.raw == raw
    assert delivery.event.body["topic"] == "Test \U0001f692 \u2019"


@pytest.mark.parametrize("missing", ["x_zm_signature", "x_zm_request_timestamp"])
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_not_signed_is_refused(missing: str, value: str | None) -> None:
    assert refused(bytes_of(callout()), **{missing: value}) is RefusalKind.UNSIGNED


def test_a_wrong_signature_is_refused() -> None:
    raw = bytes_of(callout())
    assert refused(raw, x_zm_signature=signature_of(raw, str(SIGNED_AT), "another")) is RefusalKind.MISMATCH
    assert refused(raw, x_zm_signature=signature_of(raw, str(SIGNED_AT)).upper()) is RefusalKind.MISMATCH
    assert refused(raw, x_zm_signature="é\udcff") is RefusalKind.MISMATCH


def test_nothing_is_told_of_the_time_of_what_is_not_genuine() -> None:
    raw = bytes_of(callout())
    assert refused(raw, timestamp="1", x_zm_signature="v0=00") is RefusalKind.MISMATCH


@pytest.mark.parametrize(
    ("seconds", "kind"),
    [
        (0, None),
        (-299, None),
        (300, None),
        (-301, RefusalKind.OLD),
        (301, RefusalKind.AHEAD),
        (-86_400, RefusalKind.OLD),
    ],
)
def test_a_timestamp_may_be_five_minutes_off(seconds: int, kind: RefusalKind | None) -> None:
    outcome = received(bytes_of(callout()), timestamp=str(SIGNED_AT + seconds))
    assert (outcome.kind if isinstance(outcome, Refusal) else None) is kind


@pytest.mark.parametrize("timestamp", ["now", "1763719200000", "99999999999999999999", " "])
def test_a_timestamp_that_is_none_is_refused(timestamp: str) -> None:
    assert refused(bytes_of(callout()), timestamp=timestamp) is RefusalKind.OLD


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b'"event"',
        b"{",
        b'{"event":"e"',
        b'{"event":NaN}',
        b'{"event":1e999}',
        b"\xff\xfe{}",
        b'{"a":' * 100_000,
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"n":' + b"9" * 5_000 + b"}",
    ],
    ids=lambda raw: repr(raw[:20]),
)
def test_a_body_that_is_no_json_object_is_refused(raw: bytes) -> None:
    assert refused(raw) is RefusalKind.NOT_JSON


def test_a_url_validation_is_answered() -> None:
    outcome = received(bytes_of({"event": "endpoint.url_validation", "payload": {"plainToken": "plain"}}))
    expected = encrypted_token(Secret(SECRET), "plain")
    assert outcome == Challenge(answer={"plainToken": "plain", "encryptedToken": expected})


def test_a_url_validation_that_is_not_signed_is_not_answered() -> None:
    raw = bytes_of({"event": "endpoint.url_validation", "payload": {"plainToken": "plain"}})
    assert refused(raw, x_zm_signature=None) is RefusalKind.UNSIGNED
    assert refused(raw, x_zm_signature="v0=00") is RefusalKind.MISMATCH
    assert refused(raw, timestamp=str(SIGNED_AT - 3600)) is RefusalKind.OLD


@pytest.mark.parametrize("payload", [None, {}, {"plainToken": 1}, [], "plain"])
def test_a_url_validation_without_a_token_is_refused(payload: object) -> None:
    assert refused(bytes_of({"event": "endpoint.url_validation", "payload": payload})) is RefusalKind.NOT_JSON


@pytest.mark.parametrize("kind", RefusalKind)
def test_zoom_tries_again_only_what_could_not_be_kept(kind: RefusalKind) -> None:
    assert (kind.status >= 500) == (kind is RefusalKind.NOT_KEPT)


def test_a_line_holds_time_id_and_zooms_json() -> None:
    line = delivered(bytes_of(callout("missed"))).line
    assert line.endswith(b"}\n")
    assert json.loads(line) == {
        "received_at": "2026-11-21T10:00:00.250Z",
        "request_id": "request-1",
        "body": callout("missed"),
    }


@given(body=json_objects, request_id=st.text(min_size=1))
def test_every_event_is_one_line_that_is_read_as_it_was(body: dict[str, Any], request_id: str) -> None:
    body = {**body, "event": "e"}
    delivery = delivered(bytes_of(body), x_zm_request_id=request_id)
    assert delivery.line.count(b"\n") == 1
    assert delivery.line.isascii()
    assert event_of_line(delivery.line) == WebhookEvent(body=body, received_at=NOW, request_id=request_id)


@given(body=json_objects, cut=st.integers(min_value=1))
def test_a_line_that_was_cut_off_is_known_as_such(body: dict[str, Any], cut: int) -> None:
    line = delivered(bytes_of({**body, "event": "e"})).line.removesuffix(b"\n")
    tail = line[: 1 + cut % (len(line) - 1)]
    assert is_torn_line(tail) == (tail != line)


@pytest.mark.parametrize("tail", [b"notes of mine", b'{"event":"e"', b"\0\0\0", b'{"received_by"'])
def test_what_was_not_written_here_is_no_torn_line(tail: bytes) -> None:
    assert not is_torn_line(tail)


def test_a_line_may_be_zooms_json_alone() -> None:
    assert event_of_line(bytes_of(callout()) + b"\r\n") == WebhookEvent(body=callout())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"received_at": "yesterday", "body": {}}', WebhookEvent(body={})),
        (b'{"received_at": "2026-11-21T10:00:00", "body": {}}', WebhookEvent(body={})),
        (b'{"received_at": 3, "request_id": 4, "body": {}}', WebhookEvent(body={})),
    ],
)
def test_a_line_without_a_usable_time_or_id_is_an_event_all_the_same(line: bytes, expected: WebhookEvent) -> None:
    assert event_of_line(line) == expected


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b'{"received_at": "x", "body": 1}', b'{"event": 1}', b"\xff"])
def test_a_line_that_is_neither_is_no_event(line: bytes) -> None:
    assert event_of_line(line) is None


@given(st.binary())
def test_any_bytes_are_read_without_raising(data: bytes) -> None:
    parse_object(data)
    event_of_line(data)
    if data:
        is_torn_line(data)


def test_an_event_without_a_name_has_an_empty_one() -> None:
    assert WebhookEvent(body={"event": 3}).name == ""


def test_json_that_is_nested_too_deep_to_write_is_not_written() -> None:
    body: dict[str, Any] = {}
    for _ in range(100_000):
        body = {"a": body}
    assert compact_json(body) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com:8443/zoom?key=1",
        "http://127.0.0.1:8787/",
        "http://localhost",
        "http://[::1]:1",
    ],
)
def test_https_and_loopback_are_endpoints(url: str) -> None:
    assert parse_hook_url(url, origin="--to") == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/", "plain http"),
        ("http://127.0.0.1.example.com/", "plain http"),
        ("ftp://example.com/", "not a valid http or https URL"),
        ("example.com", "not a valid http or https URL"),
        ("https://", "not a valid http or https URL"),
        ("https://exa mple.com/", "not a valid http or https URL"),
        ("https://user:pass@example.com/", "user or password"),
        ("https://example.com/#here", "fragment"),
        ("http://127.0.0.1:0/", "port 0"),
        ("https://example.com:99999/", "not a valid URL"),
        ("https://[example/", "not a valid URL"),
    ],
)
def test_other_urls_are_no_endpoints(url: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        parse_hook_url(url, origin="--to")
    assert caught.value.message.startswith("--to")
    assert "pass@" not in caught.value.message


def test_a_delivery_shows_neither_its_headers_nor_its_bytes() -> None:
    delivery = delivered(bytes_of(callout()))
    assert "v0=" not in repr(delivery)


def test_the_window_is_five_minutes() -> None:
    raw = bytes_of(callout())
    timestamp = str(SIGNED_AT)
    headers = {"x-zm-request-timestamp": timestamp, "x-zm-signature": signature_of(raw, timestamp)}
    signed_at = datetime.fromtimestamp(SIGNED_AT, UTC)
    for late, is_taken in ((timedelta(minutes=5), True), (timedelta(minutes=5, milliseconds=1), False)):
        for now in (signed_at + late, signed_at - late):
            outcome = authenticate(Secret(SECRET), headers=headers, raw=raw, now=now)
            assert isinstance(outcome, Delivery) == is_taken


def test_each_refusal_has_its_status() -> None:
    assert {kind.value: kind.status for kind in RefusalKind} == {
        "signature-missing": 401,
        "signature-mismatch": 401,
        "timestamp-too-old": 401,
        "timestamp-ahead": 401,
        "body-not-json": 400,
        "body-too-large": 413,
        "body-too-slow": 408,
        "path-unknown": 404,
        "wrong-method": 405,
        "not-kept": 500,
    }


@pytest.mark.parametrize(
    ("seconds", "why"),
    [
        (-301, "its timestamp is 301 s old, more than 5 minutes"),
        (302, "its timestamp is 301 s in the future, more than 5 minutes"),
    ],
)
def test_a_refused_timestamp_says_how_far_off_it_is(seconds: int, why: str) -> None:
    outcome = received(bytes_of(callout()), timestamp=str(SIGNED_AT + seconds))
    assert isinstance(outcome, Refusal)
    assert outcome.why == why


@pytest.mark.parametrize(
    ("missing", "why"), [("signature", "x-zm-signature"), ("timestamp", "x-zm-request-timestamp")]
)
def test_a_request_that_is_not_signed_says_what_is_missing(missing: str, why: str) -> None:
    raw = bytes_of(callout())
    outcome = received(raw, x_zm_signature=None) if missing == "signature" else received(raw, timestamp="")
    assert outcome == Refusal(RefusalKind.UNSIGNED, f"it has no {why}")
