"""Every reader of foreign text, in one table: none may raise anything but the program's own errors.

``tests/test_readers.py`` tries each with hypothesis, ``fuzz/run.py`` with coverage-guided input for as long as one
likes. A new reader gets a row here.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from msgspec import Struct

from zoomcall.adapters import proxies
from zoomcall.adapters.answer_body import AnswerBody, UnreadableBody
from zoomcall.adapters.batch_file import read_batch
from zoomcall.adapters.config_file import parse_config
from zoomcall.adapters.http import Http, HttpRequest
from zoomcall.adapters.room_book import parse_book
from zoomcall.adapters.room_list import read_room_list
from zoomcall.adapters.sip_options import Inquiry, final_reply, next_reply
from zoomcall.adapters.websocket_frame import Frame
from zoomcall.adapters.zoom_rest import ZoomRest
from zoomcall.cli.reports.sources import _of_json
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.api_base import parse_base
from zoomcall.domain.batch import BadRow
from zoomcall.domain.callout import Callout, parse_display_name, parse_from_uri, parse_headers
from zoomcall.domain.credential import AccessToken, CredentialKind
from zoomcall.domain.duration import parse_duration
from zoomcall.domain.event import read_any_event_text
from zoomcall.domain.phone import PhoneNumber
from zoomcall.domain.profile import parse_profile_name
from zoomcall.domain.raw_answer import RawAnswer
from zoomcall.domain.repeats import mark_of
from zoomcall.domain.room import Book
from zoomcall.domain.secret import Secret
from zoomcall.domain.secret_text import parse_bearer, parse_key, secret_of_bytes
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.signature import sign
from zoomcall.domain.target import parse_meeting_number, parse_session_id, parse_session_name
from zoomcall.domain.token import read_token
from zoomcall.domain.webhook import Delivery, authenticate, event_of_line, is_torn_line, parse_hook_url
from zoomcall.errors import UsageError, ZoomcallError
from zoomcall.usecases.batching.reading import COLUMNS, Defaults, read_rows
from zoomcall.usecases.diagnosing import diagnose
from zoomcall.usecases.importing_rooms import importing
from zoomcall.usecases.inspecting import inspect
from zoomcall.usecases.pasted.paste import text_of_paste
from zoomcall.usecases.pasted.tool_files import read_har
from zoomcall.usecases.verifying import SignedRequest, read_saved, verify

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
_SECRET = Secret("example-secret-token")
_JWT = b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJrZXkiLCJleHAiOjE3OTUyNTUyMDB9.c2lnbmF0dXJl"
_PATCH = b'{"method":"user.invite.room_system_callout","params":{"call_type":"sip","device_ip":"room@example.com"}}'
_CURL = b"curl -X PATCH https://api.zoom.us/v2/videosdk/sessions/abc==/events -H 'Authorization: Bearer x' -d '%s'"
_REFUSAL = b'{"code":3001,"message":"Session is not found or has expired.","errors":[{"field":"a","message":"b"}]}'
_EVENT = (
    b'{"event":"session.user_room_system_callout_failed","event_ts":1795255200000,"payload":{"object":{'
    b'"session_id":"abc==","message_id":"m","reason_type":9,"participant":{"call_type":"h323",'
    b'"device_ip":"10.0.0.1"}}}}'
)
_LINE = b'{"received_at": "2026-11-21T10:00:00.000Z", "request_id": "a", "body": ' + _EVENT + b"}"
_HAR = {
    "log": {
        "entries": [
            {
                "startedDateTime": "2026-11-21T10:00:00Z",
                "request": {
                    "method": "PATCH",
                    "url": "https://api.zoom.us/v2/videosdk/sessions/abc/events",
                    "headers": [{"name": "Authorization", "value": "Bearer x"}],
                    "postData": {"text": _PATCH.decode()},
                },
                "response": {"status": 404, "headers": [], "content": {"text": _REFUSAL.decode()}},
            }
        ]
    }
}


class Reader(Struct, frozen=True):
    """A reader.

    Attributes:
        name: Its name on the command line and in the corpus.
        read: Reads bytes; raises only what a user is told.
        seeds: Inputs to begin with.
    """

    name: str
    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]

    def try_on(self, data: bytes) -> None:
        """Read an input, and check what a refusal says."""
        try:
            self.read(data)
        except ZoomcallError as error:
            for text in (error.message, error.fix or ""):
                _check_text(text)


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """Read as text, with the lone surrogates that Python puts for bytes that are not UTF-8."""
    return lambda data: read(data.decode("utf-8", "surrogateescape"))


def _address(protocol: Protocol) -> Callable[[str], object]:
    def read(text: str) -> None:
        address = RoomAddress.parse_typed(protocol, text)
        again = RoomAddress.parse(protocol, address.text)
        assert (again.text, again.normalised) == (address.text, address.normalised)

    return read


def _headers(text: str) -> object:
    return parse_headers(tuple(text.split("\n")))


def _answer(data: bytes) -> None:
    """Read a status, headers and a body as an answer of Zoom's, of its token endpoint, and to a PATCH."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    headers = tuple((name.lower(), value) for name, _, value in (line.partition(": ") for line in lines))
    status = int(first) if first.isascii() and first.isdigit() and len(first) < 4 else 200
    for method in ("GET", "PATCH"):
        for is_oauth in (False, True):
            raw = RawAnswer(method=method, path="/v2", status=status, headers=headers, body=body, is_oauth=is_oauth)
            str(ZoomRefused(raw.read()))
            assert raw.retry_after is None or raw.retry_after >= timedelta()


def _body(data: bytes) -> None:
    """Collect a body in pieces, with the encoding that its first line names."""
    encoding, _, packed = data.partition(b"\n")
    body = AnswerBody()
    with contextlib.suppress(UnreadableBody):
        body.unpack(encoding.decode("latin-1"))
        for start in range(0, len(packed), 7):
            body.add(packed[start : start + 7], on_the_wire=start)
        body.end()


def _webhook(data: bytes) -> None:
    """Receive a signed request; what is taken must be found again in the file."""
    timestamp = str(int(NOW.timestamp()))
    headers = {"x-zm-request-timestamp": timestamp, "x-zm-signature": sign(_SECRET, timestamp, data)}
    delivery = authenticate(_SECRET, headers=headers, raw=data, now=NOW)
    if isinstance(delivery, Delivery):
        recorded = event_of_line(delivery.line)
        assert recorded is not None
        assert recorded.body == delivery.event.body
        assert mark_of(recorded) == mark_of(delivery.event)
        assert delivery.line.count(b"\n") == 1


def _lines(data: bytes) -> None:
    for line in data.splitlines():
        event = event_of_line(line)
        if event is not None:
            mark_of(event)
        is_torn_line(line)


def _saved(data: bytes) -> None:
    headers, body = read_saved(data)
    signature, timestamp = headers.get("x-zm-signature", ""), headers.get("x-zm-request-timestamp", "")
    request = SignedRequest(signature=signature, timestamp=timestamp, body=body)
    verify(request, _SECRET, now=NOW, max_age=timedelta(minutes=5), place="the secret")


def _sip_reply(data: bytes) -> None:
    inquiry = Inquiry(uri="sip:b", call_id="x", branch="z9hG4bK", tag="t")
    reply = final_reply(data, inquiry)
    assert reply is None or (reply.reason + (reply.server or "")).isprintable()
    _, rest = next_reply(data, inquiry)
    assert len(rest) <= len(data)


def _secret(data: bytes) -> None:
    with contextlib.suppress(ValueError):  # what the caller turns into words
        secret_of_bytes(data)


def _room_list(data: bytes) -> object:
    return importing(read_room_list(data, name="rooms"), Book((), {}, "book.toml"))


class _OnePage:
    """Answers every request with the same body."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def send(self, request: HttpRequest, **_: object) -> RawAnswer:
        return RawAnswer(method=request.method, path="/v2", status=200, body=self._body)


def _zoom_of(data: bytes) -> ZoomRest:
    token = AccessToken(text=Secret("t"), kind=CredentialKind.TOKEN, expires_at=None)
    base = parse_base("https://api.zoom.us/v2", variable="ZOOMCALL_API_BASE", is_any_host_allowed=False)
    return ZoomRest(cast("Http", _OnePage(data)), base, lambda _: token)


def _asked(*questions: Callable[[ZoomRest], object]) -> Callable[[bytes], object]:
    """Read a body as Zoom's answer to each of some questions."""

    def read(data: bytes) -> None:
        zoom = _zoom_of(data)
        for question in questions:
            with contextlib.suppress(ZoomRefused):
                repr(question(zoom))

    return read


def _batch(data: bytes) -> None:
    """Read a batch file, and make rows of what it holds."""

    def no_room(name: str) -> Callout:
        raise UsageError(f"no room {quoted(name)}")

    defaults = Defaults(
        target=None,
        timeout=timedelta(seconds=90),
        from_name=None,
        to_name=None,
        parse_timeout=lambda text, name: parse_duration(text, name=name, longest=timedelta(days=1)),
        find_room=no_room,
    )
    raw = read_batch(data, name="rooms", columns=COLUMNS)
    for row in read_rows(raw, defaults, tag=None, warn=lambda notice: _check_text(notice.message)):
        if isinstance(row, BadRow):
            _check_text(row.message)


def _check_text(text: str) -> None:
    if not text.replace("\n", "").isprintable():
        raise AssertionError("a message contains control characters")


def _frame(data: bytes) -> object:
    return Frame.of(data).event


def _diagnosis(data: bytes) -> object:
    return diagnose(text_of_paste(data, origin="the paste"), now=NOW)


def _named(parse: Callable[..., Any], **settings: Any) -> Callable[[str], object]:
    return lambda text: parse(text, **settings)


READERS = (
    Reader("sip-address", _text(_address(Protocol.SIP)), (b"room@example.com", b"sip:a@[2001:db8::1]:5061;x=y")),
    Reader(
        "phone-number",
        _text(PhoneNumber.parse),
        (b"+1 (555) 555-0100 x7", b"6032331333-156", b"tel:+49-30-1;ext=2"),
    ),
    Reader("h323-address", _text(_address(Protocol.H323)), (b"10.0.0.1##84#1234", b"h323:a@b.example", b"@#*")),
    Reader("sip-reply", _sip_reply, (b"SIP/2.0 200 OK\r\nCall-ID: x\r\nServer: y\r\nContent-Length: 0\r\n\r\n",)),
    Reader("session-id", _text(parse_session_id), (b"KkMHZ4y8QhSUWAHi5sWvfg==", b"/a//b==")),
    Reader("session-name", _text(parse_session_name), (b"Standup", b"  ")),
    Reader(
        "meeting-number", _text(parse_meeting_number), (b"840 9807 7904", b"https://zoom.us/j/84098077904?pwd=x")
    ),
    Reader("sip-headers", _text(_headers), (b"X-Room=1\nX-Tag=a=b",)),
    Reader("display-name", _text(_named(parse_display_name, flag="--to-name")), (b"Board Room", "é".encode())),
    Reader("from-uri", _text(parse_from_uri), (b"sip:desk@example.com",)),
    Reader(
        "duration",
        _text(_named(parse_duration, name="--timeout", longest=timedelta(days=1))),
        (b"90s", b"1h30m", b"1e3"),
    ),
    Reader(
        "api-base",
        _text(_named(parse_base, variable="ZOOMCALL_API_BASE", is_any_host_allowed=False)),
        (b"https://api.zoom.us/v2", b"http://127.0.0.1:80"),
    ),
    Reader("hook-url", _text(_named(parse_hook_url, origin="--to")), (b"https://example.com/zoom?a=b",)),
    Reader("proxy", _text(_named(proxies._parse, name="https_proxy")), (b"http://a:b@proxy.example:3128",)),
    Reader("profile-name", _text(_named(parse_profile_name, origin="-p")), (b"prod", b"a/b")),
    Reader("key", _text(_named(parse_key, name="--api-key")), (b"k3y", b"'k3y'", b"export KEY=k3y")),
    Reader("bearer", _text(_named(parse_bearer, name="ZOOMCALL_TOKEN")), (b"Bearer " + _JWT + b"\n",)),
    Reader("secret", _secret, (b"s3cret\n", b"'s3cret'", b"\xef\xbb\xbfs3cret")),
    Reader("token", _text(read_token), (_JWT, b"Bearer Bearer " + _JWT)),
    Reader("token-inspection", _text(_named(inspect, api=None, now=NOW)), (_JWT, b'{"access_token":"x"}')),
    Reader(
        "config",
        _text(_named(parse_config, place="config.toml")),
        (b'current = "a"\n[profiles.a]\nkind = "videosdk"\napi_key = "k"\n',),
    ),
    Reader(
        "book",
        _text(_named(parse_book, place="book.toml")),
        (b'[[room]]\nname = "A"\nprotocol = "sip"\naddress = "a@example.com"\ntags = ["b"]\n',),
    ),
    Reader(
        "room-list",
        _room_list,
        (
            b"name,protocol,address,tag\nA,sip,a@example.com,b;c\n",
            b'{"rooms": [{"name": "A", "protocol": "h323", "address": "203.0.113.10", "headers": []}]}',
            b'[[room]]\nname = "A"\nprotocol = "sip"\naddress = "a@example.com"\n',
        ),
    ),
    Reader("answer", _answer, (b"404\nretry-after: 3\n\n" + _REFUSAL, b'400\n\n{"code":1,"message":"a "b""}')),
    Reader("answer-body", _body, (b"gzip\n\x1f\x8b", b"\n{}", b"gzip, gzip\n")),
    Reader(
        "zoom-users",
        _asked(
            lambda zoom: zoom.session_users("a"),
            lambda zoom: zoom.past_session_users("a"),
            lambda zoom: zoom.meeting_participants("1"),
        ),
        (
            b'{"users":[{"id":"1","user_name":"Room","device":"H.323/SIP","join_time":"2026-11-21T10:00:00Z"}]}',
            b'{"participants":[{"participant_uuid":"1","status":"in_waiting_room","leave_time":""}]}',
        ),
    ),
    Reader(
        "zoom-sessions",
        _asked(
            lambda zoom: zoom.sessions(from_date=NOW.date(), to_date=NOW.date()),
            lambda zoom: zoom.session("a"),
            lambda zoom: zoom.meeting("1"),
            ZoomRest.me,
        ),
        (b'{"sessions":[{"id":"a==","session_name":"A","user_count":2,"start_time":"2026-11-21T10:00:00Z"}]}',),
    ),
    Reader(
        "zoom-rooms",
        _asked(
            ZoomRest.managed_rooms, ZoomRest.h323_devices, lambda zoom: zoom.managed_room("a"), ZoomRest.crc_code
        ),
        (
            b'{"rooms":[{"device_id":"d","name":"Board","ip_address":"10.0.0.1","sip_status":"registered"}]}',
            b'{"devices":[{"id":"1","name":"Lab","protocol":"H.323","ip":"10.0.0.2","encryption":"auto"}]}',
        ),
    ),
    Reader(
        "zoom-webhook-logs",
        _asked(lambda zoom: zoom.webhook_logs(from_time=NOW, to_time=NOW)),
        (
            b'{"webhook_logs":[{"event":"session.user_room_system_callout_failed","http_status":200,"date_time":'
            b'"2026-11-21T10:00:00Z","request_body":' + json.dumps(_EVENT.decode()).encode() + b"}]}",
        ),
    ),
    Reader(
        "websocket-frame",
        _frame,
        (
            b'{"module":"message","content":' + json.dumps(_EVENT.decode()).encode() + b"}",
            b'{"module":"build_connection","success":true,"content":""}',
        ),
    ),
    Reader(
        "batch",
        _batch,
        (
            b"protocol,address,session,header,timeout\nsip,a@example.com,abc==,X-A=b;X-C=d,90s\n",
            b'{"protocol": "h323", "address": "203.0.113.10", "meeting": 84098077904, "header": ["a=b"]}\n',
            b'[{"room": "Board", "session_name": "Standup"}, {"protocol": "phone", "address": "+15555550100"}]',
            b"a@example.com\n203.0.113.10\n# note\n@Board\n",
            b"\xff\xfes\0i\0p\0",
        ),
    ),
    Reader(
        "batch-result",
        lambda data: _of_json(data, "run.json"),
        (
            b'{"schema":"zoomcall.report/1","result":{"rows":[],"total":0}}',
            b'{"schema":"zoomcall.invite.batch.row/1"}\n',
            b'{"schema":{"rows":[]}}',
        ),
    ),
    Reader("event", _text(read_any_event_text), (_EVENT,)),
    Reader("event-lines", _lines, (_LINE + b"\n" + _EVENT, _LINE[:60])),
    Reader(
        "webhook-request", _webhook, (_EVENT, b'{"event":"endpoint.url_validation","payload":{"plainToken":"p"}}')
    ),
    Reader("saved-request", _saved, (b"POST / HTTP/1.1\r\nx-zm-signature: v0=1\r\n\r\n" + _EVENT, _EVENT)),
    Reader("har", _text(read_har), (json.dumps(_HAR).encode(),)),
    Reader(
        "paste",
        _diagnosis,
        (
            _CURL % _PATCH,
            b"PATCH /v2/videosdk/sessions/a/events HTTP/1.1\nHost: api.zoom.us\n\n" + _PATCH,
            b"requests.patch('https://api.zoom.us/v2/live_meetings/1/events', json={'a': [1]})",
            json.dumps(_HAR).encode(),
            b"HTTP/1.1 404\n\n" + _REFUSAL,
        ),
    ),
)
