"""Where the room of a call is now, if only an event showed that it joined, and which room of a roster was rung."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes import FakeZoom
from msgspec.structs import replace

from zoomcall.adapters.journal import Journal
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.call import Evidence, EvidenceSource, Match, Sent, State
from zoomcall.domain.journal import CallRecord, NewCall, Standing, TargetKey
from zoomcall.domain.place import Place
from zoomcall.domain.roster import ROOM_DEVICE, Participant
from zoomcall.domain.target import Api
from zoomcall.usecases.whereabouts import place_of, roster_command, rung_here

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TARGET = TargetKey(api_base="https://api.zoom.us/v2", api=Api.SESSION, id="abc/def==")
BY_EVENT = Evidence(EvidenceSource.WEBHOOK_LOG, Match.EXACT)


@pytest.fixture
def journal() -> Iterator[Journal]:
    with closing(Journal(None)) as journal:
        yield journal


def call(journal: Journal, text: str = "room@example.com", state: State = State.JOINED, **more: Any) -> CallRecord:
    call_id = journal.claim(
        NewCall(
            target=TARGET,
            target_name=None,
            address=RoomAddress.parse(Protocol.SIP, text),
            to_name=None,
            profile=None,
            timeout=timedelta(seconds=90),
            at=NOW,
        ),
        is_forced=True,
    )
    journal.settle(call_id, Standing(state=state, sent=Sent.YES, at=NOW, evidence=BY_EVENT, **more))
    record = journal.call(call_id)
    assert record is not None
    return record


def room(key: str, *, joined: float | None = 5, **more: Any) -> Participant:
    at = None if joined is None else NOW + timedelta(seconds=joined)
    return Participant(id=key, uuid=key, device=ROOM_DEVICE, join_time=at, **more)


def place(record: CallRecord, journal: Journal, *present: Participant) -> Place:
    return place_of(record, roster=lambda: present, zoom=FakeZoom(), journal=journal).state


def test_the_only_room_that_came_since_is_the_one_that_an_event_showed(journal: Journal) -> None:
    record = call(journal)
    person = Participant(id="P", device="Mac", join_time=NOW + timedelta(seconds=5))
    assert place(record, journal, room("old", joined=-60), person, room("new")) is Place.IN


def test_with_nobody_left_who_could_be_the_room_it_has_left(journal: Journal) -> None:
    record, other = call(journal), call(journal, "other@example.com", participant_id="other")
    journal.take_credit(other.id, "other")
    gone = room("gone", leave_time=NOW + timedelta(minutes=1))
    assert place(record, journal, room("old", joined=-60), room("other"), gone) is Place.LEFT


def test_which_of_two_rooms_it_is_cannot_be_told_unless_one_shows_its_address(journal: Journal) -> None:
    record = call(journal)
    assert place(record, journal, room("one"), room("two")) is Place.UNKNOWN
    assert place(record, journal, room("one"), room("two", sip_uri="sip:room@example.com")) is Place.IN


def test_the_only_room_may_be_that_of_another_call_whose_room_is_not_known(journal: Journal) -> None:
    record = call(journal)
    call(journal, "other@example.com", State.RINGING)
    assert place(record, journal, room("one")) is Place.UNKNOWN


def test_a_row_with_a_time_of_leaving_says_when_the_room_left(journal: Journal) -> None:
    record = call(journal, participant_id="mine")
    left = NOW + timedelta(minutes=3)
    rows = (room("mine", leave_time=left), room("else"))
    found = place_of(record, roster=lambda: rows, zoom=FakeZoom(), journal=journal)
    assert (found.state, found.since) == (Place.LEFT, left)


def test_a_room_is_named_by_the_call_that_brought_it_in(journal: Journal) -> None:
    by_credit = call(journal, participant_id="mine")
    by_uri = call(journal, "other@example.com")
    declined = call(journal, "third@example.com", State.DECLINED)
    calls = (declined, by_uri, by_credit)
    rooms = [
        room("mine"),
        room("b", sip_uri="sip:other@example.com"),
        room("c", sip_uri="sip:third@example.com"),
        room("d", name="stranger"),
    ]
    assert rung_here(rooms, calls) == {"mine": by_credit, "b": by_uri}
    removed = tuple(replace(each, removed_at=NOW) for each in calls)
    assert rung_here(rooms, removed) == {}


def test_the_command_that_shows_who_is_in_is_one_shell_word_a_value() -> None:
    assert roster_command(Api.MEETING, "84098077904") == "zoomcall meeting show 84098077904"
    assert roster_command(Api.SESSION, "a b'c") == "zoomcall session show 'a b'\"'\"'c'"
