"""How deep and how odd a paste may be before something in it is left unread: never an error, never for ever."""

from __future__ import annotations

import html
import json

import pytest
from tokens import NOW

from zoomcall.usecases.diagnosing import Diagnosis, diagnose

URL = "https://api.zoom.us/v2/live_meetings/93214455667/events"
ROOM = "room@example.com"
BODY = {"method": "participant.invite.room_system_callout", "params": {"call_type": "sip", "device_ip": ROOM}}
METHOD = BODY["method"]
PYTHON = f"""
requests.patch("{URL}", headers={{"Authorization": "Bearer " + token}},
    json={{"method": "{METHOD}", "params": {{"call_type": "sip", "device_ip": VALUE}}}})
"""
JAVASCRIPT = f"""
fetch("{URL}", {{method: "PATCH", headers: {{Authorization: `Bearer ${{token}}`}},
    body: JSON.stringify({{method: "{METHOD}", params: {{call_type: "sip", device_ip: VALUE}}}})}});
"""
CURL = (
    f"curl -X PATCH {URL} -H 'Authorization: Bearer $T' -H 'Content-Type: application/json' -d '{json.dumps(BODY)}'"
)


def words_of(text: str) -> tuple[str, ...]:
    """Return the corrected command."""
    correction = diagnose(text, now=NOW).correction
    return () if correction is None else correction.words


def told(text: str) -> str:
    """Return all causes with their evidence."""
    diagnosis: Diagnosis = diagnose(text, now=NOW)
    return " ".join(f"{cause.id}: {cause.evidence}" for cause in diagnosis.judgement.causes)


def layers(kind: str, number: int) -> str:
    """Return a program whose address is wrapped in so many layers."""
    value, before = f'"{ROOM}"', ""
    match kind:
        case "brackets" | "brackets in JavaScript":
            value = "(" * number + value + ")" * number
        case "calls" | "calls in JavaScript":
            value = "str(" * number + value + ")" * number
        case "joins":
            value = '"".join([' * number + value + "])" * number
        case "formats":
            value = '"{}".format(' * number + value + ")" * number
        case "percent signs":
            value = '("%s" % ' * number + value + ")" * number
        case "arrows":
            value = "x -> " * number + value
        case "variables" | "variables in JavaScript":
            word = "const " if kind.endswith("JavaScript") else ""
            lines = [f"{word}v0 = {value}", *(f"{word}v{place} = v{place - 1}" for place in range(1, number + 1))]
            value, before = f"v{number}", "\n".join(lines)
        case "templates":
            lines = [f"v0 = {value}", *(f'v{place} = f"{{v{place - 1}}}"' for place in range(1, number + 1))]
            value, before = f"v{number}", "\n".join(lines)
    return before + (JAVASCRIPT if kind.endswith("JavaScript") else PYTHON).replace("VALUE", value)


KINDS = (
    "brackets",
    "calls",
    "joins",
    "formats",
    "percent signs",
    "variables",
    "templates",
    "brackets in JavaScript",
    "calls in JavaScript",
    "variables in JavaScript",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("number", "is_read"), [(1, True), (7, True), (10, True), (30, False), (500, False)])
def test_a_value_is_read_through_ten_layers_and_given_up_before_thirty(
    kind: str, number: int, *, is_read: bool
) -> None:
    assert (ROOM in words_of(layers(kind, number))) is is_read


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0x41, "A"),
        (0x7E, "~"),
        (0xD7FF, "\ud7ff"),
        (0xD800, "\ufffd"),
        (0xDFFF, "\ufffd"),
        (0xE000, "\ue000"),
        (999_999, chr(999_999)),
    ],
)
@pytest.mark.parametrize("form", ["&#{};", "&#x{:x};"])
def test_an_entity_is_the_character_of_its_number(number: int, shown: str, form: str) -> None:
    text = f"<p>{html.escape(CURL)}</p>".replace(ROOM, f"room{form.format(number)}@example.com")
    address = f"room{shown}@example.com"
    assert address in words_of(text) or repr(address)[1:-1] in told(text)


def test_an_entity_of_a_line_break_breaks_the_line() -> None:
    assert ROOM in words_of(html.escape(CURL).replace(" -H", " \\&#10; -H").replace("&#x27;", "&#39;"))


@pytest.mark.parametrize("kind", ["arrows", "percent signs", "brackets", "joins"])
def test_no_number_of_layers_is_an_error(kind: str) -> None:
    assert ROOM not in words_of(layers(kind, 2000))


@pytest.mark.parametrize("after", ["", ",extra", ",a,b,c"])
def test_rows_of_a_table_may_be_longer_than_its_head(after: str) -> None:
    body = json.dumps(BODY).replace('"', '""')
    diagnosis = diagnose(f'method,url,body\nPATCH,{URL},"{body}"{after}\n', now=NOW)
    assert "method PATCH" in diagnosis.understood
    assert f"URL {URL}" in diagnosis.understood


@pytest.mark.parametrize("before", ["", "Hello,\n\n", "a" * 300 + "\n", "\n" * 40])
@pytest.mark.parametrize("after", ["", "\n\nThanks!\n", "\n" + "b" * 300, "\n" * 40])
@pytest.mark.parametrize("program", [CURL, PYTHON, JAVASCRIPT], ids=["curl", "Python", "JavaScript"])
def test_a_request_is_read_wherever_it_stands(program: str, before: str, after: str) -> None:
    alone = diagnose(program.replace("VALUE", f'"{ROOM}"'), now=NOW)
    amid = diagnose(before + program.replace("VALUE", f'"{ROOM}"') + after, now=NOW)
    assert alone.correction is not None
    assert amid.correction is not None
    assert amid.correction.words == alone.correction.words
    assert amid.judgement == alone.judgement


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"room\x411", "roomA1"),
        (r"room\u00411", "roomA1"),
        (r"room\u{41}1", "roomA1"),
        (r"room\x7e", "room~"),
    ],
)
def test_an_escape_takes_as_many_digits_as_its_letter_says(written: str, read: str) -> None:
    text = JAVASCRIPT.replace("VALUE", f'"{written}@example.com"')
    assert f"{read}@example.com" in words_of(text) or repr(read)[1:-1] in told(text)


@pytest.mark.parametrize("escape", [r"\ud800", r"\udfff", r"\udc00x"])
def test_half_of_a_character_is_never_read_as_one(escape: str) -> None:
    text = JAVASCRIPT.replace("VALUE", f'"room{escape}@example.com"')
    assert not any(0xD800 <= ord(sign) <= 0xDFFF for sign in told(text) + "".join(words_of(text)))
    assert "address-invalid" in told(text)
