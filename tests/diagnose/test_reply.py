"""``diagnose --reply`` prints an answer to send to whoever asked."""

from __future__ import annotations

import pytest
from diagnose.cases import CASES, Case
from shell import Shell

QUESTION = b"""\
curl -X POST https://api.zoom.us/v2/live_meetings/93111222333/events -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"method":"participant.invite.room_system_callout","params":{"call_type":"sip","device_ip":"a@example.com"}}'
"""


def test_a_reply_has_cause_fix_and_the_corrected_request(zoomcall: Shell) -> None:
    reply = zoomcall("diagnose", "--reply", stdin=QUESTION)
    assert reply.code == 13
    assert reply.stdout.startswith("The request uses the wrong HTTP method: the request is a POST")
    assert "Send it as PATCH." in reply.stdout
    assert 'curl -sS -i -H "Authorization: Bearer $TOKEN" -X PATCH' in reply.stdout
    assert "@-" not in reply.stdout


@pytest.mark.parametrize("case", CASES[::9], ids=str)
def test_a_reply_never_speaks_of_this_program(case: Case, zoomcall: Shell) -> None:
    reply = zoomcall("diagnose", "--reply", stdin=case.text.encode())
    assert "zoomcall " not in reply.stdout


def test_a_request_in_order_is_told_to_be(zoomcall: Shell) -> None:
    reply = zoomcall("diagnose", "--reply", stdin=QUESTION.replace(b"POST", b"PATCH"))
    assert (reply.code, reply.stdout.split("\n")[0]) == (0, "I see nothing wrong with this request.")
