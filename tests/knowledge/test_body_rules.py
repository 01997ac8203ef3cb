"""What a callout's body shows: each fault with the words for it, and what is found fine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zoomcall.domain.answer import ZoomAnswer
from zoomcall.domain.cause import Certainty, Checked
from zoomcall.knowledge import callout_body
from zoomcall.knowledge.body_rules import RULES
from zoomcall.knowledge.callout_body import read_body
from zoomcall.knowledge.facts import Facts, RequestFacts
from zoomcall.knowledge.finding import Finding

CERTAIN, LIKELY, POSSIBLE = Certainty.CERTAIN, Certainty.LIKELY, Certainty.POSSIBLE
SESSION = "https://api.zoom.us/v2/videosdk/sessions/abc/events"
MEETING = "https://api.zoom.us/v2/live_meetings/84098077904/events"
ROOM = "user.invite.room_system_callout"
PHONE = "user.invite.callout"
PARAMS = {"call_type": "sip", "device_ip": "room@example.com"}
JSON = (("Content-Type", "application/json; charset=utf-8"),)


def judged(
    body: object, *, url: str = SESSION, answer: dict[str, Any] | None = None, **request: Any
) -> dict[str, Finding | Checked]:
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    asked = RequestFacts(
        **({"method": "PATCH", "url": url, "body": text, "headers": JSON, "is_whole": True} | request)
    )
    told = None
    if answer is not None:
        told = ZoomAnswer(**({"method": "PATCH", "path": "/", "status": 400, "is_zooms": True} | answer))
    results = [found for rule in RULES if (found := rule(Facts(request=asked, answer=told))) is not None]
    return {each.id: each for each in results}


def found(body: object, **known: Any) -> dict[str, tuple[Certainty, str]]:
    return {
        name: (each.certainty, each.evidence)
        for name, each in judged(body, **known).items()
        if isinstance(each, Finding)
    }


def room(method: str = ROOM, **params: Any) -> dict[str, Any]:
    given = {name: value for name, value in (PARAMS | params).items() if value is not ...}
    return {"method": method, "params": given}


def phone(number: object = "15555550100", **params: Any) -> dict[str, Any]:
    return {"method": PHONE, "params": {"phone_number": number} | params}


def test_a_right_body_is_found_fine() -> None:
    assert {name: each.evidence for name, each in judged(room()).items()} == {
        "content-type": "application/json",
        "body-not-json": "a JSON object",
        "wrong-callout-method": ROOM,
        "device-field-name": "device_ip, inside params",
        "call-type-invalid": "sip",
        "address-invalid": "room@example.com",
    }
    full = judged(room(sip_headers={"from_display_name": "Ada"}))
    assert all(isinstance(each, Checked) for each in full.values())
    assert {"headers-misplaced", "header-rule"} < full.keys()
    assert {name: each.evidence for name, each in judged(phone()).items() if name.startswith(("dev", "addr"))} == {
        "device-field-name": "phone_number, inside params",
        "address-invalid": "phone_number is a phone number",
    }


@pytest.mark.parametrize(
    ("headers", "known", "certainty"),
    [
        ((), {}, LIKELY),
        ((), {"is_whole": False}, None),
        ((("Content-Type", "text/plain"),), {}, LIKELY),
        ((("Content-Type", "text/plain"),), {"is_whole": False}, LIKELY),
        ((("content-type", " Application/JSON ;x"),), {}, None),
        ((("Content-Type", ""),), {}, LIKELY),
        ((("Content-Type", "{{type}}"),), {}, None),
        ((("Content-Type", "text/plain"),), {"answer": {"status": 415}}, CERTAIN),
        ((("Content-Type", "text/plain"),), {"answer": {"status": 414}}, LIKELY),
        ((("Content-Type", "text/plain"),), {"answer": {"status": 416}}, LIKELY),
        ((("Content-Type", "text/plain"),), {"answer": {"message": "Unsupported Media Type"}}, CERTAIN),
        ((("Content-Type", "text/plain"),), {"answer": {"message": "unsupported content type"}}, CERTAIN),
        ((("Content-Type", "text/plain"),), {"answer": {"message": "not a valid JSON object."}}, CERTAIN),
        ((("Content-Type", "text/plain"),), {"answer": {"status": 202}}, None),
        ((("Content-Type", "text/plain"),), {"answer": {"status": 401}}, POSSIBLE),
    ],
)
def test_a_content_type_other_than_json_is_told(
    headers: tuple[tuple[str, str], ...], known: dict[str, Any], certainty: Certainty | None
) -> None:
    told = found(room(), headers=headers, **known).get("content-type")
    assert (told[0] if told else None) is certainty


@pytest.mark.parametrize(
    ("body", "is_whole", "is_told"), [(None, True, True), (None, False, False), ("", True, False)]
)
def test_the_type_of_a_body_that_is_not_shown_counts_only_in_a_whole_request(
    body: str | None, *, is_whole: bool, is_told: bool
) -> None:
    headers = (("Content-Type", "text/plain"),)
    assert ("content-type" in found(body, headers=headers, is_whole=is_whole)) is is_told
    assert "content-type" not in found(body, headers=(), is_whole=is_whole)


@pytest.mark.parametrize(
    ("body", "certainty", "evidence"),
    [
        ("", LIKELY, "there is no body"),
        ("  ", LIKELY, "there is no body"),
        ("[]", CERTAIN, "it is a list, not an object"),
        ('"x"', CERTAIN, "it is a string, not an object"),
        ("true", CERTAIN, "it is true or false, not an object"),
        ("null", CERTAIN, "it is null, not an object"),
        ("7", CERTAIN, "it is a number, not an object"),
        ("[" * 100_000, CERTAIN, "it is nested too deeply"),
        ("method=a&params=b", CERTAIN, "it is a form (name=value), not JSON"),
        ("'{\"method\": 1}'", CERTAIN, "it begins with a single quote"),
        ("{method: 1}", CERTAIN, "the quotation marks around its names are gone"),
        ("{'method': 1}", CERTAIN, "its names are in single quotes"),
        ("{\u201cmethod\u201d: 1}", CERTAIN, "its names are in curly quotation marks"),
        ('{"method": 1,}', CERTAIN, "there is an extra comma at character 13"),
        ('{"method": [1, ]}', CERTAIN, "there is an extra comma at character 14"),
        ('{"method": 1', CERTAIN, "it ends before its closing brace"),
        ('{"method" 1}', CERTAIN, "past character 11 (line 1): expecting ':' delimiter"),
        ('{\n"method" 1}', CERTAIN, "past character 12 (line 2)"),
    ],
)
def test_a_body_that_is_no_object_is_told_with_its_fault(body: str, certainty: Certainty, evidence: str) -> None:
    told = found(body)["body-not-json"]
    assert told[0] is certainty
    assert evidence in told[1]


def test_a_body_that_is_not_shown_or_not_sent_is_no_fault() -> None:
    assert "body-not-json" not in judged(None)
    assert "body-not-json" not in judged("", method="GET")
    assert "body-not-json" not in judged("[]", answer={"status": 202})
    assert "body-not-json" not in judged("{{body}}")
    assert judged("")["body-not-json"].is_absence  # type: ignore[union-attr] # it is a finding
    form = judged("a=b")["body-not-json"]
    assert isinstance(form, Finding)
    assert "Turn the object into JSON" in (form.fix or "")
    other = judged("[]")["body-not-json"]
    assert isinstance(other, Finding)
    assert other.fix is None


@pytest.mark.parametrize(
    ("body", "url", "certainty", "evidence"),
    [
        (
            room("participant.invite.room_system_callout"),
            SESSION,
            CERTAIN,
            "which is for meetings, but the path is for a session",
        ),
        (room(), MEETING, CERTAIN, "which is for sessions, but the path is for a meeting"),
        (room(PHONE), SESSION, CERTAIN, "which rings phones, but its params name a room"),
        (
            phone() | {"method": "participant.invite.callout"},
            SESSION,
            CERTAIN,
            "names participant.invite.callout, which rings phones",
        ),
        (phone() | {"method": ROOM}, SESSION, CERTAIN, "which is not one of Zoom's callout methods"),
        (room("user.invite"), SESSION, CERTAIN, "which is not one of Zoom's callout methods"),
        (room("  "), SESSION, LIKELY, "the body names no method"),
        ({"params": PARAMS}, SESSION, LIKELY, "the body names no method"),
    ],
)
def test_a_wrong_method_is_told_with_what_it_is_for(
    body: dict[str, Any], url: str, certainty: Certainty, evidence: str
) -> None:
    told = found(body, url=url)["wrong-callout-method"]
    assert told[0] is certainty
    assert evidence in told[1]


@pytest.mark.parametrize("method", ["{{method}}", "recording.start", "user.remove"])
def test_a_method_that_is_not_shown_or_for_something_else_is_no_fault(method: str) -> None:
    assert "wrong-callout-method" not in judged(room(method))


@pytest.mark.parametrize(
    ("body", "cause", "evidence"),
    [
        (
            room(device_ip=..., deviceIp="a@b.c"),
            "device-field-name",
            "the address is in params.deviceIp; Zoom reads params.device_ip",
        ),
        (
            {"method": ROOM, "device_ip": "a@b.c", "params": {"call_type": "sip"}},
            "device-field-name",
            "the address is in device_ip",
        ),
        (
            {"method": PHONE, "params": {"phone": "1"}},
            "device-field-name",
            "the number is in params.phone; Zoom reads params.phone_number",
        ),
        ({"method": PHONE, "params": {"phone": 15555550100}}, "device-field-name", "the number is in params.phone"),
        ({"method": PHONE, "params": {"phone_number": ""}}, "address-missing", "phone_number is empty"),
        ({"method": PHONE, "params": {"invitee_name": "x"}}, "address-missing", "there is no phone_number"),
        ({"method": PHONE}, "address-missing", "there is no phone_number"),
        ({"method": ROOM}, "address-missing", "the body has no params"),
        ({"method": ROOM, "params": {}}, "address-missing", "the body has no params"),
        ({"method": ROOM, "params": 7}, "address-missing", "params is not an object"),
        (room(device_ip=""), "address-missing", "device_ip is empty"),
        (room(device_ip="  "), "address-missing", "device_ip is empty"),
        (room(device_ip=...), "address-missing", "params has call_type, but no device_ip"),
        (
            room(device_ip=..., **dict.fromkeys("abcde", 1)),
            "address-missing",
            "params has call_type, a, b, c, d, e, but no",
        ),
        (
            room(device_ip=..., **dict.fromkeys("abcdef", 1)),
            "address-missing",
            "params has call_type, a, b, c, d, e, ..., but no",
        ),
        (room(call_type=...), "call-type-invalid", "params has no call_type"),
        (room(call_type=""), "call-type-invalid", "params has no call_type"),
        (
            room(call_type=..., type="sip"),
            "call-type-invalid",
            "params has no call_type; Zoom does not read params.type",
        ),
        (room(call_type=7), "call-type-invalid", "call_type is not a string"),
        (room(call_type="SIP"), "call-type-invalid", "call_type is SIP; Zoom knows sip and h323"),
        (room(call_type="tcp"), "call-type-invalid", "call_type is tcp; Zoom knows sip and h323"),
        (room(device_ip=["a@b.c"]), "address-invalid", "device_ip is a list"),
        (room(device_ip=7), "address-invalid", "device_ip is not a string"),
        (room(device_ip="a b"), "address-invalid", "contains a space, line break or control character"),
        (room(device_ip="h323:a@b.c"), "address-invalid", "is an H.323 URL"),
        (phone(15555550100), "address-invalid", "phone_number is not a string"),
        (phone("five"), "address-invalid", "phone_number is five"),
        (phone("555010"), "address-invalid", "phone_number is 555010"),
        (
            room(device_ip="1@ZoomCRC.com"),
            "own-dial-in-address",
            "device_ip ends in zoomcrc.com, which is Zoom's own",
        ),
        (room(device_ip="162.255.37.11"), "own-dial-in-address", "device_ip ends in 162.255.37.11"),
        (room(from_display_name="Ada"), "headers-misplaced", "params.from_display_name: Zoom reads that only in"),
        (room(sip_headers=7), "header-rule", "sip_headers is not an object"),
        (room(sip_headers={"from_display_name": 7}), "header-rule", "from_display_name is not a string"),
        (
            room(sip_headers={"to_display_name": "a" * 65}),
            "header-rule",
            "to_display_name has 65 characters; Zoom allows 64",
        ),
        (room(sip_headers={"from_uri": "a@b.c"}), "header-rule", "from_uri does not start with sip: or sips:"),
        (
            room(sip_headers={"from_uri": "sip:" + "a" * 253}),
            "header-rule",
            "from_uri has 257 characters; Zoom allows 256",
        ),
        (room(sip_headers={"additional_headers": {}}), "header-rule", "additional_headers is not a list"),
        (
            room(sip_headers={"additional_headers": [7]}),
            "header-rule",
            "entry 1 of additional_headers is not a key and a value",
        ),
        (
            room(sip_headers={"additional_headers": [{"key": "a"}]}),
            "header-rule",
            "entry 1 of additional_headers is not",
        ),
        (
            room(sip_headers={"additional_headers": [{"key": "a" * 33, "value": ""}]}),
            "header-rule",
            "the key of entry 1 has 33",
        ),
        (
            room(sip_headers={"additional_headers": [{"key": "a", "value": "\u00fc" * 129}]}),
            "header-rule",
            "of entry 1 has 258 bytes",
        ),
        (
            room(sip_headers={"additional_headers": [{"key": "a", "value": "b"}] * 11}),
            "header-rule",
            "has 11 entries; Zoom allows 10",
        ),
        (
            room(h323_headers={"to_display_name": "x"}),
            "header-rule",
            "h323_headers comes with call_type sip; Zoom reads it only for h323",
        ),
        (
            room(call_type="h323", sip_headers={"to_display_name": "x"}),
            "header-rule",
            "sip_headers comes with call_type h323",
        ),
    ],
)
def test_each_fault_of_params_is_told_with_what_was_seen(body: dict[str, Any], cause: str, evidence: str) -> None:
    told = found(body)
    assert cause in told
    assert evidence in told[cause][1]


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (room(device_ip="{{room}}"), "address-invalid"),
        (room(device_ip="{{room}}.zoomcrc.com"), "own-dial-in-address"),
        (room(device_ip="1@zoomcrc.community"), "own-dial-in-address"),
        (room(device_ip="162.255.37.111"), "own-dial-in-address"),
        (room(device_ip=7), "address-missing"),
        (room(call_type="{{type}}"), "call-type-invalid"),
        (room(call_type=..., device_ip="h323:a@b.c"), "address-invalid"),
        (phone("{{number}}"), "address-invalid"),
        (phone("5550100"), "address-invalid"),
        (phone(""), "address-invalid"),
        (phone(""), "device-field-name"),
        ({"method": "{{method}}", "params": {"x": 1}}, "address-missing"),
        ({"method": ROOM, "params": "{{params}}"}, "address-missing"),
        (room(sip_headers=None), "header-rule"),
        (room(sip_headers="{{headers}}"), "header-rule"),
        (room(sip_headers={"from_display_name": None, "additional_headers": None}), "header-rule"),
        (room(sip_headers={"from_display_name": "a" * 64, "from_uri": "sips:" + "a" * 251}), "header-rule"),
        (room(sip_headers={"from_display_name": "{{name}}" + "a" * 64, "from_uri": "{{uri}}"}), "header-rule"),
        (room(sip_headers={"additional_headers": [{"key": "a" * 32, "value": "b" * 256}] * 10}), "header-rule"),
        (room(sip_headers={"additional_headers": ["{{header}}"]}), "header-rule"),
        (room(sip_headers={"additional_headers": "{{headers}}"}), "header-rule"),
        (room(sip_headers={"additional_headers": [{"key": "{{k}}" * 9, "value": "{{v}}" * 99}]}), "header-rule"),
        (room(call_type="h323", h323_headers={"from_uri": "x", "additional_headers": 7}), "header-rule"),
        (room(call_type=..., sip_headers={"to_display_name": "x"}), "header-rule"),
        (room(to_display_name=""), "headers-misplaced"),
        (room(), "headers-misplaced"),
        (room(), "header-rule"),
    ],
)
def test_what_is_right_or_not_shown_is_no_fault(body: dict[str, Any], cause: str) -> None:
    assert cause not in found(body)


def test_the_headers_of_either_protocol_are_judged() -> None:
    told = found(room(call_type="h323", h323_headers={"from_display_name": 7}))
    assert told["header-rule"][1] == "from_display_name is not a string"
    for nothing in (None, "{{headers}}", 7):
        told = found(room(call_type="h323", sip_headers=nothing, h323_headers={"from_display_name": 7}))
        assert "from_display_name is not a string" in told["header-rule"][1]
    both = found(room(sip_headers={"from_uri": 7}, h323_headers={"to_display_name": 7}))
    assert both["header-rule"][1] == "from_uri is not a string; to_display_name is not a string"


@pytest.mark.parametrize(("size", "is_read"), [(10_000, True), (250_000, True), (300_000, False)])
def test_a_body_is_read_for_256_kilobytes(size: int, *, is_read: bool) -> None:
    assert (read_body(json.dumps(room(note="a" * size))).members is not None) is is_read


def test_a_fault_of_notation_says_how_headers_are_written() -> None:
    wrong = judged(room(sip_headers={"additional_headers": {}}))["header-rule"]
    long = judged(room(sip_headers={"to_display_name": "a" * 65}))["header-rule"]
    assert isinstance(wrong, Finding)
    assert isinstance(long, Finding)
    assert (long.fix, (wrong.fix or "")[:29]) == (None, "Write sip_headers as an objec")


@pytest.mark.parametrize(
    ("body", "is_told"),
    [
        (room(device_ip="10.0.0.1"), True),
        (room(device_ip="10.0.0.1", call_type="h323"), True),
        (room(device_ip="203.0.113.9"), False),
        (room(device_ip="sip:room@203.0.113.9"), False),
        (room(device_ip="sip:room@10.0.0.1"), True),
        (room(device_ip="10.0.0"), False),
        (room(device_ip="{{ip}}"), False),
        (room(device_ip=7), False),
    ],
)
def test_a_private_address_is_told_if_the_room_does_not_ring(body: dict[str, Any], *, is_told: bool) -> None:
    assert "private-address" not in found(body)
    told = found(body, is_said_not_to_ring=True)
    assert ("private-address" in told) is is_told


@pytest.mark.parametrize(
    ("body", "is_told"),
    [
        ({"method": ROOM, "device_ip": "a@b.c", "call_type": "sip", "params": {"x": 1}}, False),
        ({"method": ROOM, "device_ip": "a@b.c", "params": {"type": "sip"}}, True),
        ({"method": ROOM, "call_type": "sip", "params": {"deviceIp": "a@b.c"}}, True),
        ({"method": ROOM, "params": {"deviceIp": "a@b.c", "type": "sip"}}, True),
        ({"method": ROOM, "params": {"options": {"deviceIp": "a@b.c", "type": "sip"}}}, False),
    ],
)
def test_a_call_type_beside_a_misplaced_address_is_told_once(body: dict[str, Any], *, is_told: bool) -> None:
    told = found(body)
    assert "device-field-name" in told
    assert ("call-type-invalid" in told) is is_told


@pytest.mark.parametrize(
    ("answer", "certainty"),
    [
        (None, CERTAIN),
        ({"status": 400, "code": 300}, CERTAIN),
        ({"status": 401}, POSSIBLE),
        ({"status": 400, "code": 124}, POSSIBLE),
        ({"status": 404, "code": 2300}, POSSIBLE),
        ({"status": 404, "code": 3001}, POSSIBLE),
        ({"status": 400, "code": 2299}, CERTAIN),
        ({"status": 402}, CERTAIN),
    ],
)
def test_a_fault_is_the_next_problem_where_zoom_did_not_look_at_the_body(
    answer: dict[str, Any] | None, certainty: Certainty
) -> None:
    told = found(room(call_type="tcp"), answer=answer)["call-type-invalid"]
    assert told[0] is certainty
    assert told[1].endswith(", which would be the next problem") is (certainty is POSSIBLE)


def test_this_programs_own_body_and_another_request_are_not_judged() -> None:
    assert judged(room(call_type="tcp"), is_ours=True) == {}
    elsewhere = "https://api.zoom.us/v2/videosdk/sessions/abc/users"
    assert judged({"method": "x", "params": {}}, url=elsewhere) == {}
    assert judged("", url=elsewhere) == {}
    assert "call-type-invalid" in found(room(call_type="tcp"), url=elsewhere)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"body": {"params": {"device_ip": "a"}}}, ("body.params.device_ip", "a")),
        ({"params": [{"device_ip": "a"}]}, ("params[0].device_ip", "a")),
        ({"params": []}, None),
        ({"params": [7]}, None),
        ({"params": '{"device_ip": "a"}'}, ("params (a string).device_ip", "a")),
        ({"params": "[1]"}, None),
        ({"params": "{"}, None),
        ({"params": {"room": [{"ip": "a"}]}}, ("params.room.ip", "a")),
        ({"params": {"room": [7, {"ip": "a"}]}}, None),
        ({"params": {"x": {"ip": "a"}}}, None),
        ({"params": {"ip": ""}, "uri": "b"}, ("uri", "b")),
        ({"params": {"ip": 7}}, None),
    ],
)
def test_an_address_is_found_wherever_it_is_nested(body: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert read_body(json.dumps(body)).misplaced("device_ip") == expected


def test_headers_are_gathered_wherever_they_are() -> None:
    body = read_body(
        json.dumps(
            {
                "to_display_name": "outside",
                "params": {
                    "sip_headers": {"to_display_name": "inside", "additional_headers": {"X-A": "1", "X-B": "2"}},
                    "from_uri": "sip:a@b.c",
                },
            }
        )
    )
    assert body.headers == {
        "to_display_name": "inside",
        "from_uri": "sip:a@b.c",
        "additional_headers": [{"key": "X-A", "value": "1"}, {"key": "X-B", "value": "2"}],
    }
    assert body.misplaced_headers == ("params.from_uri", "to_display_name")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"key": "a", "value": "b"}, [{"key": "a", "value": "b"}]),
        ({"key": "a"}, [{"key": "key", "value": "a"}]),
        (
            {"key": "a", "value": "b", "x": "c"},
            [{"key": "key", "value": "a"}, {"key": "value", "value": "b"}, {"key": "x", "value": "c"}],
        ),
        ([{"name": "a", "value": "b"}], [{"key": "a", "value": "b"}]),
        ([{"name": "a"}], [{"key": "a", "value": ""}]),
        ([{"name": 7}, "x"], [{"name": 7}, "x"]),
        ([{"key": "a", "name": "b"}], [{"key": "a", "name": "b"}]),
        ("x", "x"),
    ],
)
def test_additional_headers_are_read_in_each_notation(rows: object, expected: object) -> None:
    body = read_body(json.dumps({"params": {"additional_headers": rows}}))
    assert body.headers == {"additional_headers": expected}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"call_type": "SIPS"}, "sip"),
        ({"type": "H.323"}, "h323"),
        ({"call_type": "tcp", "sip_headers": {}}, "sip"),
        ({"h323_headers": {}}, "h323"),
        ({"sip_headers": 7}, None),
        ({"call_type": 7}, None),
    ],
)
def test_the_protocol_is_what_is_meant(params: dict[str, Any], expected: str | None) -> None:
    assert read_body(json.dumps({"params": params})).protocol == expected


def test_what_means_nothing_to_a_callout_is_listed() -> None:
    params = {
        "device_ip": "a",
        "x": 1,
        "empty": "",
        "room": {"y": 2},
        "sip_headers": 7,
        "deviceUri": "b",
        "type": "sip",
    }
    assert read_body(json.dumps({"method": "m", "params": params})).unread == (
        "params.x",
        "params.room.y",
        "params.sip_headers",
    )


@pytest.mark.parametrize("position", [12, 13])
def test_an_extra_comma_is_found_wherever_a_version_of_python_stops(position: int) -> None:
    body = '{"method": 1,}'
    error = json.JSONDecodeError("whatever this version says", body, position)
    assert callout_body._place(body, error) == "there is an extra comma at character 13"
