import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zoomcall.domain.answer import FieldError, RateLimit, ZoomAnswer, ZoomRefused, classify
from zoomcall.domain.raw_answer import RawAnswer, iso_time
from zoomcall.errors import ErrorKind

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def raw(body: bytes | str = b"", status: int = 400, *, is_oauth: bool = False, **headers: str) -> RawAnswer:
    return RawAnswer(
        method="GET",
        path="/v2/x",
        status=status,
        headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()),
        body=body.encode() if isinstance(body, str) else body,
        received_at=NOW,
        is_oauth=is_oauth,
    )


def read(body: bytes | str = b"", status: int = 400, *, is_oauth: bool = False, **headers: str) -> ZoomAnswer:
    return raw(body, status, is_oauth=is_oauth, **headers).read()


@pytest.mark.parametrize("code", ["124", '"124"', "124.0", '" 124 "'])
def test_a_code_is_a_number_however_it_is_written(code: str) -> None:
    answer = read(f'{{"code":{code},"message":"Invalid access token."}}', 401)
    assert (answer.code, answer.message, answer.is_zooms) == (124, "Invalid access token.", True)
    assert answer.excerpt == ""


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ('{"code":300}', 300, None),
        ('{"code":300,"message":null}', 300, None),
        ('{"code":300,"message":["x"]}', 300, None),
        ('\ufeff{"code":300,"message":"x"}', 300, "x"),
        ('{"code":"AccessDenied","message":"x"}', "AccessDenied", "x"),
        ('{"code":300,"message":"a\\u001b[31m\\nb"}', 300, "a[31m b"),
    ],
)
def test_what_a_body_lacks_or_mistypes_is_left_out(body: str, code: int | str, message: str | None) -> None:
    answer = read(body)
    assert (answer.code, answer.message, answer.is_zooms) == (code, message, True)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        '"code"',
        "{}",
        '{"message":"Forbidden"}',
        '{"code":true,"message":null}',
        '{"code":"x"}',
        "<html>code: 124</html>",
        "[" * 100_000,
        b"\xff\xfe\x00",
        '{"code":' + "9" * 5000 + "}",
        '<pre>"code":124</pre>',
    ],
)
def test_what_is_not_zooms_json_is_not_zooms(body: bytes | str) -> None:
    answer = read(body)
    assert (answer.code, answer.message, answer.is_zooms) == (None, None, False)


def test_a_message_alone_is_zooms_if_zoom_tracked_it() -> None:
    assert read('{"message":"No permission."}', x_zm_trackingid="T").message == "No permission."


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            '{"code":4711,"message":"Invalid access token, does not contain scopes:["a:b","c:d"]."}',
            4711,
            'Invalid access token, does not contain scopes:["a:b","c:d"].',
        ),
        (
            '{"message":"does not contain scopes:["a:b", "c"]" , "code":104 }',
            104,
            'does not contain scopes:["a:b", "c"]',
        ),
        ('{"code":300,"message":"cut off in the mid', 300, "cut off in the mid"),
        ('{"code":"300","message":"a \\"b\\" c""}', 300, 'a "b" c"'),
        ('{"code":300,}', 300, None),
    ],
)
def test_broken_json_of_zooms_is_read_all_the_same(body: str, code: int, message: str | None) -> None:
    answer = read(body)
    assert (answer.code, answer.message, answer.is_zooms) == (code, message, True)


def test_broken_json_without_a_code_is_not_zooms() -> None:
    assert not read('{"message":"x" oops').is_zooms


def test_the_token_endpoint_says_error_and_reason() -> None:
    answer = read('{"reason":"Invalid client_id or client_secret","error":"invalid_client"}', is_oauth=True)
    assert (answer.code, answer.message) == ("invalid_client", "Invalid client_id or client_secret")
    assert answer.is_zooms
    assert classify(answer) is ErrorKind.AUTH


def test_the_token_endpoints_words_mean_nothing_elsewhere() -> None:
    assert not read('{"reason":"x","error":"invalid_client"}').is_zooms


def test_broken_json_of_the_token_endpoint_is_read() -> None:
    answer = read('{"reason":"bad "id"","error":"invalid_client"}', is_oauth=True)
    assert (answer.code, answer.message) == ("invalid_client", 'bad "id"')


def test_a_success_of_the_token_endpoint_is_never_quoted() -> None:
    assert read("token=abc", 200, is_oauth=True).excerpt == ""
    assert read("oops", 500, is_oauth=True).excerpt == "oops"


def test_field_errors_are_kept() -> None:
    body = {
        "code": 300,
        "message": "x",
        "errors": [{"field": "a", "message": "b"}, "c", {"field": 1}, {"message": "d"}],
    }
    assert read(json.dumps(body)).field_errors == (FieldError("a", "b"), FieldError("", "d"))


def test_a_foreign_body_is_quoted_shortly_and_without_control_characters() -> None:
    answer = read("<html>\n\x1b[2J\x00<p>" + "x" * 500)
    assert answer.excerpt.startswith("<html> [2J<p>xxx")
    assert len(answer.excerpt) == 200
    assert answer.excerpt.endswith("...")


def test_headers_are_read() -> None:
    answer = read(
        "",
        429,
        x_zm_trackingid="v=2.0;clid=aw1;rid=WEB_1\x1b",
        date="Sat, 21 Nov 2026 09:58:00 GMT",
        retry_after="2026-11-22T00:00:00Z",
        x_ratelimit_type="Daily-limit",
    )
    assert answer.tracking_id == "v=2.0;clid=aw1;rid=WEB_1"
    assert answer.server_time == NOW - timedelta(minutes=2)
    assert answer.local_time == NOW
    assert answer.retry_at == datetime(2026, 11, 22, tzinfo=UTC)
    assert answer.rate_limit == RateLimit(kind="Daily-limit")


def test_seconds_in_retry_after_count_from_this_machines_clock() -> None:
    answer = raw("", 429, retry_after="30", date="Sat, 21 Nov 2026 09:00:00 GMT")
    assert answer.read().retry_at == NOW + timedelta(seconds=30)
    assert answer.retry_after == timedelta(seconds=30)


@pytest.mark.parametrize(
    "value", ["", "soon", "-1", "-0.5", "- 1", "99999999999", "2026-13-01T00:00:00Z", "Xyz, 99 Foo 2026"]
)
def test_a_retry_after_that_says_nothing_is_none(value: str) -> None:
    answer = raw("", 429, retry_after=value)
    assert answer.retry_after is None
    assert answer.read().retry_at is None


def test_a_moment_in_retry_after_that_is_past_by_the_servers_clock_asks_for_no_wait() -> None:
    answer = raw("", 429, retry_after="2026-11-21T09:00:00Z", date="Sat, 21 Nov 2026 09:00:30 GMT")
    assert answer.retry_after == timedelta()


def test_a_patch_that_zoom_took_otherwise_is_a_no_op_and_a_get_is_none() -> None:
    ok = read("<html>", 200)
    assert classify(ok) is ErrorKind.ZOOM_FAULT
    assert "something other than Zoom" in ZoomRefused(ok).message
    patched = RawAnswer(method="PATCH", path="/v2/x", status=200, body=b'{"code":124}').read()
    assert classify(patched) is ErrorKind.NO_OP
    assert classify(read('{"code":124,"message":"x"}', 200)) is ErrorKind.AUTH


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21T10:00:00Z", NOW),
        ("2026-11-21T11:00:00+01:00", NOW),
        ("2026-11-21T10:00:00", NOW),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (1234, None),
        (None, None),
    ],
)
def test_times_of_zooms_are_utc(text: object, moment: datetime | None) -> None:
    assert iso_time(text) == moment


HEADERS = st.sampled_from(["date", "retry-after", "x-zm-trackingid", "x-ratelimit-type"])


@given(
    body=st.one_of(
        st.binary(),
        st.text().map(str.encode),
        st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists).map(
            lambda value: json.dumps({"code": value, "message": value, "errors": value}).encode()
        ),
    ),
    status=st.integers(100, 599),
    headers=st.lists(st.tuples(HEADERS, st.text())),
    is_oauth=st.booleans(),
)
@example(body=b'{"code":1,"message":"' + b'", ' * 50_000, status=400, headers=[], is_oauth=True)
def test_any_answer_can_be_read(body: bytes, status: int, headers: list[tuple[str, str]], is_oauth: bool) -> None:
    answer = RawAnswer(
        method="GET",
        path="/",
        status=status,
        headers=tuple(headers),
        body=body,
        received_at=NOW,
        is_oauth=is_oauth,
    )
    read = answer.read()
    assert classify(read) in ErrorKind
    assert all(text.isprintable() for text in (read.excerpt, read.message or "", read.tracking_id or ""))
    assert answer.retry_after is None or answer.retry_after >= timedelta()


@pytest.mark.parametrize(
    ("body", "is_zooms"),
    [
        ("{}", False),
        ('{"error":1}', True),
        ('{"error":"invalid_client"}', True),
        ('{"reason":"x"}', True),
        ('{"message":"x"}', True),
        ('{"code":300}', True),
        ('{"error":true}', False),
    ],
)
def test_any_word_of_the_token_endpoints_makes_its_answer_zooms(body: str, *, is_zooms: bool) -> None:
    assert read(body, is_oauth=True).is_zooms is is_zooms


@pytest.mark.parametrize(
    ("body", "is_zooms"),
    [
        ('{"code":"x","message":"y"}', True),
        ('{"code":"x"}', False),
        ('{"message":"y"}', False),
        ('{"code":1}', True),
        ('{"code":1.5,"message":"y"}', False),
    ],
)
def test_a_code_that_is_no_number_needs_a_message(body: str, *, is_zooms: bool) -> None:
    assert read(body).is_zooms is is_zooms


def test_a_code_of_the_token_endpoint_is_not_replaced_by_its_error() -> None:
    for end in ("}", ""):
        answer = read('{"code":300,"message":"m","error":"e","reason":"r"' + end, is_oauth=True)
        assert (answer.code, answer.message) == (300, "m")


def test_the_broken_error_of_the_token_endpoint_has_at_most_200_characters() -> None:
    assert read('{"error":"' + "a" * 200 + '"', is_oauth=True).code == "a" * 200
    assert read('{"error":"' + "a" * 201 + '"', is_oauth=True).code is None
    assert read('{"error":"e","message":"m"', is_oauth=True).message == "m"


@pytest.mark.parametrize(("status", "excerpt"), [(199, "x"), (200, ""), (299, ""), (300, "x")])
def test_what_may_hold_a_token_is_a_success_alone(status: int, excerpt: str) -> None:
    assert read("x", status, is_oauth=True).excerpt == excerpt
    assert read("x", status).excerpt == "x"


@pytest.mark.parametrize(
    ("headers", "retry_after", "retry_at"),
    [
        ({"retry_after": "30"}, 30, NOW + timedelta(seconds=30)),
        ({"retry_after": " 1.5 "}, 1.5, NOW + timedelta(seconds=1.5)),
        ({"retry_after": "Sat, 21 Nov 2026 10:01:00 GMT"}, 60, NOW + timedelta(seconds=60)),
        ({"retry_after": "2026-11-21T10:01:00Z"}, 60, NOW + timedelta(seconds=60)),
        (
            {"retry_after": "Sat, 21 Nov 2026 10:01:00 GMT", "date": "Sat, 21 Nov 2026 10:00:50 GMT"},
            10,
            NOW + timedelta(seconds=60),
        ),
        ({"retry_after": "Sat, 21 Nov 2026 09:59:00 GMT"}, 0, NOW - timedelta(seconds=60)),
        ({"retry_after": "30", "date": "Sat, 21 Nov 2026 09:00:00 GMT"}, 30, NOW + timedelta(seconds=30)),
        ({"retry_after": "soon"}, None, None),
        ({}, None, None),
    ],
)
def test_a_wait_is_seconds_or_a_time(
    headers: dict[str, str], retry_after: float | None, retry_at: datetime | None
) -> None:
    answer = raw("", 429, **headers)
    assert answer.retry_after == (None if retry_after is None else timedelta(seconds=retry_after))
    assert answer.read().retry_at == retry_at


def test_a_wait_without_any_clock_has_no_end() -> None:
    bare = RawAnswer(method="GET", path="/", status=429, headers=(("retry-after", "30"),))
    assert (bare.retry_after, bare.read().retry_at) == (None, None)


@pytest.mark.parametrize(
    ("headers", "limit"),
    [
        ({}, None),
        ({"x_ratelimit_category": "Light"}, RateLimit(category="Light")),
        ({"x_ratelimit_type": "QPS"}, RateLimit(kind="QPS")),
        ({"x_ratelimit_type": "QPS", "x_ratelimit_category": "Light"}, RateLimit(category="Light", kind="QPS")),
    ],
)
def test_a_rate_limit_is_known_by_either_header(headers: dict[str, str], limit: RateLimit | None) -> None:
    assert read("", 429, **headers).rate_limit == limit


def test_a_time_is_in_utc_if_it_says_nothing_else() -> None:
    assert iso_time("2026-11-21T12:00:00+02:00") == iso_time(" 2026-11-21T10:00:00 ") == NOW
    assert iso_time("0001-01-01T00:00:00+02:00") is None
    assert iso_time(1) is None


@pytest.mark.parametrize(
    "errors",
    [[{"field": "a"}], [{"message": "a"}], [{"field": "a", "message": "b"}], [{"field": 1, "message": "b"}]],
)
def test_a_field_error_has_a_field_or_a_message(errors: list[dict[str, str]]) -> None:
    assert len(read(json.dumps({"code": 1, "errors": errors})).field_errors) == 1
    assert read(json.dumps({"code": 1, "errors": {"0": errors[0]}})).field_errors == ()
