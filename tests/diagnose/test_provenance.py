"""No finding is surer than what it rests on was read, and nothing unread is called right (contract 4)."""

from __future__ import annotations

import html
import json
from collections.abc import Callable

import pytest
from tokens import NOW

from zoomcall.domain.cause import Certainty
from zoomcall.errors import UsageError
from zoomcall.usecases.diagnosing import diagnose
from zoomcall.usecases.pasted.views import View, viewed

URL = "https://api.zoom.us/v2/live_meetings/84098077904/events"
METHOD = '"method":"participant.invite.room_system_callout"'
BODY = f'{{{METHOD},"params":{{"call_type":"sip","device_ip":"room@example.com"}}}}'
TEXT = f"PATCH {URL} HTTP/1.1\nAuthorization: Bearer $TOKEN\nContent-Type: application/json\n\n{BODY}"
REFUSED = '401 {"code":124,"message":"Invalid access token."}'
VARIABLES = ("$AUTH", "{{auth}}", "#{auth}", "@{variables('auth')}", "<auth>", "{% auth %}", "${{ secrets.AUTH }}")


def found(text: str) -> dict[str, Certainty]:
    return {cause.id: cause.certainty for cause in diagnose(text, now=NOW).judgement.causes}


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("answer", ["", REFUSED])
def test_a_header_that_is_a_variable_makes_a_finding_possible_at_most(variable: str, answer: str) -> None:
    assert set(found(f"{TEXT}\n\n{answer}".replace("Bearer $TOKEN", variable)).values()) <= {Certainty.POSSIBLE}


def test_a_finding_that_was_capped_is_told_before_one_that_was_a_guess_from_the_start() -> None:
    text = f"{TEXT}\n\n{REFUSED}".replace("Bearer $TOKEN", "$TOKEN")
    assert list(found(text))[:1] == ["bearer-missing"]


@pytest.mark.parametrize(
    ("left_out", "cause"),
    [
        (',"device_ip":"room@example.com"', "address-missing"),
        ('"call_type":"sip",', "call-type-invalid"),
        (f"{METHOD},", "wrong-callout-method"),
    ],
)
def test_nothing_is_missing_from_a_body_of_which_a_part_was_left_out(left_out: str, cause: str) -> None:
    text = TEXT.replace(left_out, "")
    assert cause in found(text)
    assert cause not in found(text[:-1] + ', "...": "..."}')
    assert cause not in found(text[:-2] + ', "...": 1}}')


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (f"We call {URL} from our server.", "its method"),
        (
            f'request("{URL}", {{ headers: {{ Authorization: `Bearer ${{t}}` }}, body: b }});',
            "its method",
        ),
        (f"await axios.patch('{URL}', body, {{ headers: {{ Authorization: `Bearer ${{token}}` }} }});", "its body"),
        (f"import requests\nrequests.patch('{URL}', json={BODY}, auth=auth)", "its authorization"),
    ],
)
def test_what_was_not_understood_is_never_called_right(text: str, missing: str) -> None:
    with pytest.raises(UsageError, match=missing):
        diagnose(text, now=NOW)


def test_what_was_not_understood_leaves_the_findings_that_remain() -> None:
    assert found(f"We POST to {URL}.") == {"wrong-method": Certainty.CERTAIN}


MARKS: dict[str, Callable[[str, int], str]] = {
    "a log": lambda line, number: f"2026-11-21T10:00:00.{number:03d}Z INFO {line}",
    "a mail": lambda line, _: f"> {line}",
    "a page": lambda line, _: f"{html.escape(line)}<br>",
    "a listing": lambda line, number: f"{number:4d} | {line}",
}


@pytest.mark.parametrize("mark", MARKS)
def test_every_place_leads_back_to_its_line_of_the_input(mark: str) -> None:
    lines = [*(f"line {number} of the noise" for number in range(30)), *TEXT.split("\n")]
    source = "\n".join(MARKS[mark](line, number) for number, line in enumerate(lines, 1))
    view = viewed(View(source, source))
    assert TEXT in view.text
    assert all(view.line(view.text.index(line)) == number for number, line in enumerate(lines, 1) if line)
    assert diagnose(source, now=NOW).understood[0] == "a raw HTTP request, line 31"


def test_a_place_in_an_escaped_text_leads_to_the_line_of_its_log() -> None:
    source = f"first\n{json.dumps({'msg': TEXT})}\nlast"
    view = viewed(View(source, source))
    assert [view.line(view.text.index(word)) for word in ("first", "PATCH", "device_ip", "last")] == [1, 2, 2, 3]


def test_a_place_behind_a_cut_leads_to_its_line() -> None:
    source = "noise\n" * 100_000 + TEXT
    assert diagnose(source, now=NOW).understood[0] == "a raw HTTP request, line 100001"
