"""``invite phone``, from the command line through the local Zoom."""

import json

import pytest
from shell import Shell

from zoomcall.emulator.running import Emulator

ANSWERS = "+1 (555) 555-0100"


def events(emulator: Emulator) -> list[str]:
    return [event.name for event in emulator.world.events if "callout" in event.name]


@pytest.mark.parametrize(
    ("target", "method"), [("session", "user.invite.callout"), ("meeting", "participant.invite.callout")]
)
def test_a_dry_run_shows_zooms_body_and_sends_nothing(
    shell: Shell, emulator: Emulator, target: str, method: str
) -> None:
    ran = shell(
        *("invite", "phone", "+1 603-233-1333 x156", f"--{target}", "84098077904", "--to-name", "Jill Chill"),
        *("--no-greeting", "--press-one", "--dry-run", "--json"),
    )
    result = ran.json()["result"]
    assert result["room"] == {"protocol": "phone", "address": "16032331333-156", "name": None}
    assert json.dumps(result["request"]["body"]) == (
        f'{{"method": "{method}", "params": {{"invitee_name": "Jill Chill", "phone_number": "16032331333-156", '
        '"invite_options": {"require_greeting": false, "require_pressing_one": true}}}'
    )
    assert ran.json()["warnings"] == []
    assert emulator.requests == []


def test_the_curl_line_has_the_number_as_it_is_sent(shell: Shell) -> None:
    ran = shell("invite", "phone", "+1 316-790-0000", "--curl")
    assert '{"method": "user.invite.callout", "params": {"phone_number": "13167900000"}}' in ran.stdout
    assert ran.stderr == ""


@pytest.mark.parametrize(
    ("last", "code", "state", "end"),
    [
        ("00", 0, "joined", "accepted"),
        ("02", 20, "declined", "rejected"),
        ("03", 21, "missed", "missed"),
        ("04", 26, "failed", "canceled"),
        ("06", 7, "noop", None),
    ],
)
def test_a_session_proves_what_became_of_a_phone(
    shell: Shell, emulator: Emulator, last: str, code: int, state: str, end: str | None
) -> None:
    ran = shell("invite", "phone", f"+1 555 555 01{last}", "--json")
    document = ran.json()
    assert (ran.code, document["result"]["state"], document["result"]["reason"]) == (code, state, None)
    prefix = "session.user_phone_callout_"
    assert events(emulator) == ([] if end is None else [f"{prefix}ringing", prefix + end])
    if code == 26:
        assert [cause["id"] for cause in document["error"]["causes"]] == ["phone-canceled"]
        assert shell("call", "status", f"+155555501{last}", "--exit-code").code == 26


def test_a_phones_events_have_integers(shell: Shell, emulator: Emulator) -> None:
    shell("invite", "phone", "15555550102-7", "--to-name", "Jill Chill")
    [ringing, _] = [event.body["payload"]["object"] for event in emulator.world.events]
    assert ringing["participant"] == {
        "invitee_name": "Jill Chill",
        "phone_number": 15555550102,
        "from_number": 13167900000,
    }
    assert ringing["session_id"] == emulator.ready["session_id"]


def test_the_roster_of_a_meeting_shows_the_phone(shell: Shell, emulator: Emulator) -> None:
    where = ("--meeting", str(emulator.ready["meeting_id"]))
    ran = shell("invite", "phone", ANSWERS, *where, "--to-name", "Jill", "--evidence", "roster", "--json")
    result = ran.json()["result"]
    assert (ran.code, result["state"]) == (0, "joined")
    assert result["evidence"] == {"source": "roster", "match": "exact"}
    again = shell("invite", "phone", "15555550100", *where, "--json")
    assert (again.code, again.json()["error"]["causes"][0]["id"]) == (12, "already-in")
    assert shell("call", "hangup", ANSWERS).code == 0


def test_a_phone_that_may_still_ring_is_not_rung_twice(shell: Shell) -> None:
    assert shell("invite", "phone", "15555550103", "--no-wait").code == 0
    ran = shell("invite", "phone", "+1 555-555-0103")
    assert ran.code == 12
    assert shell("invite", "phone", "+1 555-555-0103 x1", "--no-wait").code == 0
    assert "phone\t15555550103" in shell("call", "list").stdout


def test_no_callers_name_is_taken_and_no_digits_are_promised(shell: Shell) -> None:
    refused = shell("invite", "phone", ANSWERS, "--from-name", "Ada")
    assert refused.code == 2
    assert "--from-name is for rooms" in refused.stderr
    assert "sends no digits after the answer" in shell("invite", "phone", ANSWERS, "--dry-run", "-v").stderr
    assert "can send no other digits after the answer" in shell("invite", "phone", "--help").stdout


def test_the_address_book_takes_phones(shell: Shell) -> None:
    assert shell("room", "add", "Jill", "phone", "+1 555 555 0100").code == 0
    for line in (("room", "Jill"), ("phone", "@jill")):
        body = shell("invite", *line, "--dry-run", "--json").json()["result"]
        assert body["request"]["body"]["params"]["phone_number"] == "15555550100"
        assert body["room"]["name"] == "Jill"


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ("02", ("the phone rejected the call", "take the call from Zoom's number")),
        ("03", ("whether it rang", "call the number from another phone")),
    ],
)
def test_a_phone_is_called_a_phone(shell: Shell, last: str, words: tuple[str, ...]) -> None:
    ran = shell("invite", "phone", f"+1 555 555 01{last}")
    assert all(word in ran.stderr for word in words)
    assert "the room" not in ran.stderr.lower()
    status = shell("call", "status", "1").stdout
    assert "phone: 155555501" in status
    assert "room" not in status


def test_a_batch_of_phones_counts_phones_and_a_mixed_one_rooms(shell: Shell) -> None:
    phones = "protocol,address,press_one\nphone,+15555550100,no\nphone,+15555550102,\n"
    ran = shell("invite", "batch", "-", "--rate", "500/s", stdin=phones.encode())
    assert "2 phones: 1 joined, 1 declined" in ran.stdout
    assert "1 of 2 phones did not join" in ran.stderr
    mixed = "protocol,address\nphone,+15555550103,\nsip,decline@a.example.com\n"
    assert "2 rooms:" in shell("invite", "batch", "-", "--rate", "500/s", stdin=mixed.encode()).stdout
