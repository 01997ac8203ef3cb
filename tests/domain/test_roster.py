"""Who is new in a roster, and whom a newcomer is credited to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.call import Match
from zoomcall.domain.roster import ROOM_DEVICE, Credit, Dial, Participant, credit, newcomers_of

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DIAL = Dial(call_id=1, address=RoomAddress.parse(Protocol.SIP, "room@room.example"))


def room(
    identifier: str = "P",
    *,
    uuid: str | None = None,
    other: tuple[str, ...] = (),
    joined: float | None = None,
    is_waiting: bool = False,
) -> Participant:
    return Participant(
        id=identifier,
        uuid=uuid,
        other_ids=frozenset(other),
        device=ROOM_DEVICE,
        join_time=None if joined is None else NOW + timedelta(seconds=joined),
        is_waiting=is_waiting,
    )


def credited(*present: Participant, known: tuple[Participant, ...] = ()) -> Credit | None:
    newcomers = newcomers_of(present, known=known)
    return credit(DIAL, newcomers=newcomers, credited=(), rivals=(), has_had_rival=False)


def test_the_only_newcomer_is_the_room() -> None:
    there, new = room("A"), room("B")
    assert credited(there, new, known=(there,)) == Credit(new, Match.ONLY_CANDIDATE)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (room("77", other=("77",)), room("U", uuid="U", other=("77",))),
        (room("U", uuid="U", other=("77",)), room("77", other=("77",))),
        (room("U", uuid="U", other=("77",)), room("U", uuid="U", other=("78",))),
        (room("U", uuid="U"), room("U", uuid="U", other=("77",))),
    ],
    ids=["it gains a uuid", "it loses its uuid", "its id changes", "it gains an id"],
)
def test_a_room_that_was_there_is_no_newcomer_whatever_zoom_calls_it(
    before: Participant, after: Participant
) -> None:
    assert credited(after, known=(before,)) is None


def test_a_room_that_came_back_has_another_uuid() -> None:
    before, again = room("U", uuid="U", other=("77",)), room("V", uuid="V", other=("77",))
    assert credited(again, known=(before,)) == Credit(again, Match.ONLY_CANDIDATE)


def test_a_room_in_the_waiting_room_has_not_joined() -> None:
    assert credited(room(is_waiting=True)) is None
    assert credited(room(is_waiting=False), known=(room("Q", is_waiting=True),)) is not None


def test_a_strangers_room_let_in_from_the_waiting_room_is_no_newcomer() -> None:
    assert credited(room(is_waiting=False), known=(room(is_waiting=True),)) is None


@pytest.mark.parametrize(
    ("joined", "is_new"), [(-3600, True), (-0.5, True), (0, False), (9.5, False), (10, True), (None, True)]
)
def test_who_joined_between_the_look_and_the_request_was_not_brought_by_it(
    joined: float | None, *, is_new: bool
) -> None:
    span = (NOW, NOW + timedelta(seconds=10))
    assert bool(newcomers_of((room(joined=joined),), known=(), before_patch=span)) is is_new


def test_a_room_credited_by_its_id_is_not_credited_again_by_its_uuid() -> None:
    newcomers = (room("U", uuid="U", other=("77",)),)
    assert credit(DIAL, newcomers=newcomers, credited={"77"}, rivals=(), has_had_rival=False) is None
