"""Who is new in a roster, and whom a newcomer is credited to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.call import Match
from zoomcall.domain.phone import PhoneNumber
from zoomcall.domain.roster import ROOM_DEVICE, Credit, Dial, Participant, credit, is_exact, newcomers_of

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DIAL = Dial(address=RoomAddress.parse(Protocol.SIP, "room@room.example"))


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


def test_a_row_is_present_unless_it_waits_or_has_left() -> None:
    assert Participant(id="P").is_present
    assert not Participant(id="P", is_waiting=True).is_present
    assert not Participant(id="P", leave_time=NOW).is_present


@pytest.mark.parametrize(
    ("device", "is_system"), [(ROOM_DEVICE, True), ("Phone", False), ("A", False), ("Windows", False), ("", False)]
)
def test_a_room_system_is_known_by_its_device(device: str, *, is_system: bool) -> None:
    assert Participant(id="P", device=device).is_room_system is is_system


def credited(*present: Participant, known: tuple[Participant, ...] = ()) -> Credit | None:
    newcomers = newcomers_of(present, protocol=Protocol.SIP, known=known)
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


def test_a_room_in_the_waiting_room_is_known_by_its_row() -> None:
    waiting = credited(room(is_waiting=True))
    assert waiting is not None
    assert not waiting.participant.is_present
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
    assert bool(newcomers_of((room(joined=joined),), protocol=Protocol.SIP, known=(), before_patch=span)) is is_new


def test_a_room_credited_by_its_id_is_not_credited_again_by_its_uuid() -> None:
    newcomers = (room("U", uuid="U", other=("77",)),)
    assert credit(DIAL, newcomers=newcomers, credited={"77"}, rivals=(), has_had_rival=False) is None


def dialled(text: str, protocol: Protocol = Protocol.SIP, *, to_name: str | None = None) -> Dial:
    return Dial(address=RoomAddress.parse(protocol, text), to_name=to_name)


def seen(
    name: str = "Room", *, ip: str | None = None, uri: str | None = None, device: str = ROOM_DEVICE, key: str = "P"
) -> Participant:
    return Participant(id=key, name=name, ip_address=ip, sip_uri=uri, device=device)


@pytest.mark.parametrize(
    ("dial", "participant"),
    [
        (dialled("203.0.113.10", Protocol.H323), seen(ip="203.0.113.10")),
        (dialled("203.0.113.10:1720", Protocol.H323), seen(ip=" 203.0.113.10 ")),
        (dialled("203.0.113.10##123#456", Protocol.H323), seen(ip="203.0.113.10")),
        (dialled("[2001:DB8::1]"), seen(ip="2001:0db8:0:0:0:0:0:1")),
        (dialled("room@example.com"), seen(uri="sip:room@example.com")),
        (dialled("room@example.com"), seen(uri="<sip:Room@Example.com:5060;transport=tls>")),
        (dialled("room@example.com"), seen(uri="sips:room@example.com:5061")),
        (dialled("room@example.com"), seen(uri="room@example.com")),
        (dialled("sip:room:secret@example.com"), seen(uri="sip:room@example.com")),
        (dialled("room@example.com", to_name="Board room"), seen("Board room")),
        (dialled("203.0.113.10", Protocol.H323, to_name="Board room"), seen("Board room", ip="198.51.100.1")),
    ],
)
def test_address_uri_and_name_tie_a_room_to_its_dial(dial: Dial, participant: Participant) -> None:
    assert is_exact(participant, dial)


@pytest.mark.parametrize(
    ("dial", "participant"),
    [
        (dialled("203.0.113.10"), seen(ip="203.0.113.11")),
        (dialled("203.0.113.10"), seen(ip=None)),
        (dialled("203.0.113.10"), seen(ip="not an address")),
        (dialled("203.0.113.10"), seen("203.0.113.10")),
        (dialled("room@203.0.113.10"), seen(ip="203.0.113.10")),
        (dialled("room@example.com"), seen(uri="sip:other@example.com")),
        (dialled("room@example.com"), seen(uri="sip:zoo@example.com")),
        (dialled("room@example.com"), seen(uri="sip:room@other.example")),
        (dialled("room@example.com"), seen(uri="sip:room@alpha.example")),
        (dialled("room@example.com"), seen(uri="sip:example.com")),
        (dialled("room@example.com"), seen(uri="sip:")),
        (dialled("room@example.com"), seen(uri="\x00 nonsense <>")),
        (dialled("room@example.com"), seen("room@example.com")),
        (dialled("room@example.com", Protocol.H323), seen(uri="sip:room@example.com")),
        (dialled("84098"), seen(uri="sip:84098@example.com")),
        (dialled("room@example.com", to_name="Board room"), seen("Board Room")),
        (dialled("room@example.com", to_name="Board room"), seen("Board room 2")),
        (dialled("room@example.com"), seen("")),
    ],
)
def test_what_is_only_alike_ties_nothing(dial: Dial, participant: Participant) -> None:
    assert not is_exact(participant, dial)


NAMED = dialled("room@example.com", to_name="Board room")
OWN_ROOM = seen("Board room", key="own")
STRANGER = seen("Stranger", key="stranger")


def credit_of(
    own: Dial,
    *newcomers: Participant,
    credited: tuple[str, ...] = (),
    rivals: tuple[Dial, ...] = (),
    had: bool = False,
) -> Credit | None:
    return credit(own, newcomers=newcomers, credited=credited, rivals=rivals, has_had_rival=had or bool(rivals))


def test_the_exact_one_wins_with_strangers_and_rivals_around() -> None:
    rival = dialled("other@example.com", to_name="Lab")
    expected = Credit(OWN_ROOM, Match.EXACT)
    assert credit_of(NAMED, STRANGER, OWN_ROOM) == expected
    assert credit_of(NAMED, STRANGER, OWN_ROOM, rivals=(rival,)) == expected
    assert credit_of(NAMED, OWN_ROOM, had=True) == expected


def test_two_exact_ones_prove_nothing() -> None:
    assert credit_of(NAMED, OWN_ROOM, seen("Board room", key="twin")) is None


def test_of_two_exact_ones_the_one_that_is_not_credited_yet_counts() -> None:
    twin = seen("Board room", key="twin")
    assert credit_of(NAMED, OWN_ROOM, twin, credited=("twin",)) == Credit(OWN_ROOM, Match.EXACT)


@pytest.mark.parametrize(
    "rival",
    [
        dialled("other@example.com", to_name="Board room"),
        dialled("room@example.com", Protocol.H323, to_name="Board room"),
        dialled("alpha@example.com", to_name="Board room"),
        dialled("zulu@example.com", to_name="Board room"),
    ],
)
def test_one_that_fits_a_rivals_dial_to_another_room_too_proves_nothing(rival: Dial) -> None:
    assert credit_of(NAMED, OWN_ROOM, rivals=(rival,)) is None


def test_the_same_text_by_the_other_protocol_is_another_room() -> None:
    own = dialled("room@example.com", Protocol.H323, to_name="Board room")
    assert credit_of(own, OWN_ROOM) == Credit(OWN_ROOM, Match.EXACT)
    assert credit_of(own, OWN_ROOM, rivals=(NAMED,)) is None


def test_the_address_of_a_gateway_proves_nothing_while_a_room_behind_it_is_rung() -> None:
    own = dialled("203.0.113.10", Protocol.H323)
    rival = dialled("room@203.0.113.10")
    newcomer = seen(ip="203.0.113.10")
    assert credit_of(own, newcomer) == Credit(newcomer, Match.EXACT)
    assert credit_of(own, newcomer, rivals=(rival,)) is None


@pytest.mark.parametrize(
    ("ip", "is_proof"), [("203.0.113.9", True), ("203.0.113.10", False), ("203.0.113.11", True)]
)
def test_a_rivals_address_raises_doubt_about_nobody_else(ip: str, *, is_proof: bool) -> None:
    newcomer = seen("Board room", ip=ip)
    found = credit_of(NAMED, newcomer, rivals=(dialled("other@203.0.113.10"),))
    assert found == (Credit(newcomer, Match.EXACT) if is_proof else None)


def test_a_second_dial_to_the_same_room_is_no_doubt_about_who_came() -> None:
    rival = dialled("sip:ROOM@example.com:5060", to_name="Board room")
    assert credit_of(NAMED, OWN_ROOM, rivals=(rival,)) == Credit(OWN_ROOM, Match.EXACT)


def test_the_only_candidate_counts_only_where_nobody_else_was_rung() -> None:
    own = dialled("room@example.com")
    assert credit_of(own, STRANGER) == Credit(STRANGER, Match.ONLY_CANDIDATE)
    assert credit_of(own, STRANGER, seen(key="second")) is None
    assert credit_of(own, STRANGER, seen(key="second"), credited=("second",)) == Credit(
        STRANGER, Match.ONLY_CANDIDATE
    )
    assert credit_of(own, STRANGER, had=True) is None
    assert credit_of(own, STRANGER, rivals=(dialled("other@example.com"),)) is None
    assert credit_of(own) is None


@pytest.mark.parametrize("device", ["Phone", "Windows", "Mac", "iOS", "Android", "", "h.323/sip"])
def test_only_room_systems_are_newcomers(device: str) -> None:
    assert newcomers_of((seen("Board room", device=device),), protocol=Protocol.SIP, known=()) == ()


def test_one_that_has_left_is_no_newcomer() -> None:
    left = Participant(id="P", device=ROOM_DEVICE, leave_time=NOW)
    assert newcomers_of((left,), protocol=Protocol.SIP, known=()) == ()


@pytest.mark.parametrize("field", ["sip_uri", "from_sip_uri"])
def test_either_sip_uri_ties_a_room_to_its_dial(field: str) -> None:
    own = Dial(address=RoomAddress.parse(Protocol.SIP, "room@example.com"))
    assert is_exact(Participant(id="1", **{field: "sip:room@example.com"}), own)
    assert not is_exact(Participant(id="1", **{field: "sip:other@example.com"}), own)


@pytest.mark.parametrize(
    ("own", "newcomer", "may_be"),
    [
        (dialled("room@example.com"), {"sip_uri": "sip:other@example.com"}, False),
        (
            dialled("room@example.com"),
            {"sip_uri": "sip:other@example.com", "from_sip_uri": "sip:x@a.example"},
            False,
        ),
        (dialled("room@example.com"), {"sip_uri": "sip:other@192.0.2.1", "from_sip_uri": "sip:x@a.example"}, True),
        (dialled("room@example.com"), {"sip_uri": "sip:other@192.0.2.1:5061"}, True),
        (dialled("room@example.com"), {"sip_uri": "sip:room@edge.example.com"}, True),
        (dialled("room@example.com"), {"sip_uri": "sip:edge.example.com"}, True),
        (dialled("room@example.com"), {"sip_uri": "who knows"}, True),
        (dialled("room@203.0.113.10"), {"sip_uri": "sip:other@example.com"}, True),
        (dialled("203.0.113.10", Protocol.H323), {"sip_uri": "sip:other@192.0.2.1"}, False),
        (dialled("203.0.113.10", Protocol.H323), {"from_sip_uri": "sip:other@192.0.2.1"}, False),
        (dialled("203.0.113.10", Protocol.H323), {}, True),
        (dialled("room@example.com", to_name="Board"), {"name": "Lab"}, False),
        (dialled("room@example.com", to_name="Board"), {"name": ""}, True),
        (dialled("room@example.com"), {"name": "Lab"}, True),
    ],
)
def test_the_only_newcomer_does_not_count_if_zoom_shows_that_it_is_another_room(
    own: Dial, newcomer: dict[str, str], may_be: bool
) -> None:
    only = replace(seen(), **{"name": "", **newcomer})
    found = credit_of(own, only)
    assert found == (Credit(only, Match.ONLY_CANDIDATE) if may_be else None)


def test_a_phone_brings_in_phones_and_is_known_by_the_name_sent() -> None:
    phone, device = seen("Jill Chill", device="Phone"), seen("Board room")
    newcomers = newcomers_of((phone, device), protocol=Protocol.PHONE, known=())
    assert newcomers == (phone,)
    number = PhoneNumber.parse("15555550100")
    named = credit(
        Dial(address=number, to_name="Jill Chill"), newcomers=newcomers, credited=(), rivals=(), has_had_rival=True
    )
    assert named is not None
    assert named.match is Match.EXACT
    alone = credit(Dial(address=number), newcomers=newcomers, credited=(), rivals=(), has_had_rival=False)
    assert alone is not None
    assert alone.match is Match.ONLY_CANDIDATE
    other = Dial(address=number, to_name="Ada Example")
    assert credit(other, newcomers=newcomers, credited=(), rivals=(), has_had_rival=False) is None
