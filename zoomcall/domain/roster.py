"""Who is in a session or meeting, and which newcomer is the room that was rung (contract 6.5)."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from datetime import datetime

from msgspec import Struct

from zoomcall.domain.address import IpAddress, Protocol, RoomAddress
from zoomcall.domain.call import Match
from zoomcall.errors import UsageError

ROOM_DEVICE = "H.323/SIP"


class Participant(Struct, frozen=True, kw_only=True):
    """One row of Zoom's live roster (zoom-api 4).

    Attributes:
        id: ``participant_uuid`` where Zoom gives it, else its ``id``: the same over polls.
        uuid: ``participant_uuid``, which ``user.remove`` needs.
        name: As shown in the session.
        device: Zoom's word, like ``H.323/SIP`` or ``Windows``.
        ip_address: As Zoom saw it.
        sip_uri: Contact URI; meetings only, SIP only.
        join_time: When it joined.
        leave_time: When it left, if it has.
        is_waiting: Whether it is in the waiting room, which is not yet in the meeting.
        other_ids: What else Zoom calls it; a row may lack one id and have another.
    """

    id: str
    uuid: str | None = None
    name: str = ""
    device: str = ""
    ip_address: str | None = None
    sip_uri: str | None = None
    join_time: datetime | None = None
    leave_time: datetime | None = None
    is_waiting: bool = False
    other_ids: frozenset[str] = frozenset()

    @property
    def is_room_system(self) -> bool:
        """Whether it is an H.323 or SIP device."""
        return self.device == ROOM_DEVICE

    @property
    def is_present(self) -> bool:
        """Whether it is in, and has not left."""
        return self.leave_time is None and not self.is_waiting

    @property
    def ids(self) -> frozenset[str]:
        """Everything that Zoom calls it."""
        return self.other_ids | {self.id}

    def is_same(self, other: Participant) -> bool:
        """Say whether two looks saw the same participant; ``participant_uuid`` decides where both have it."""
        if self.uuid is not None and other.uuid is not None:
            return self.uuid == other.uuid
        return not self.ids.isdisjoint(other.ids)


class Dial(Struct, frozen=True, kw_only=True):
    """What is known of one dial for telling whose newcomer it is.

    Attributes:
        call_id: Its id in the journal.
        address: The room rung.
        to_name: The name sent for it, if any.
    """

    call_id: int
    address: RoomAddress
    to_name: str | None = None


class Credit(Struct, frozen=True):
    """A newcomer credited to a call."""

    participant: Participant
    match: Match


def is_exact(participant: Participant, dial: Dial) -> bool:
    """Say whether a participant's address, SIP URI or name ties it to a dial.

    A literal address counts for a room dialled by that bare address only: behind ``user@address``
    there may be many rooms.
    """
    address = dial.address
    if dial.to_name is not None and participant.name == dial.to_name:
        return True
    if participant.sip_uri and address.protocol is Protocol.SIP and _same_sip_uri(participant.sip_uri, address):
        return True
    ip = address.ip
    return ip is not None and address.user is None and _as_ip(participant.ip_address) == ip


def newcomers_of(
    present: Iterable[Participant],
    *,
    known: Collection[Participant],
    before_patch: tuple[datetime, datetime] | None = None,
) -> tuple[Participant, ...]:
    """Give the room systems that a call may have brought.

    Args:
        present: The roster now.
        known: The roster before the PATCH.
        before_patch: From that look to the PATCH, by Zoom's clock; who joined in between was not brought by it.
    """

    def was_there(participant: Participant) -> bool:
        if any(participant.is_same(other) for other in known):
            return True
        joined = participant.join_time
        return joined is not None and before_patch is not None and before_patch[0] <= joined < before_patch[1]

    return tuple(
        participant
        for participant in present
        if participant.is_room_system and participant.is_present and not was_there(participant)
    )


def credit(
    own: Dial,
    *,
    newcomers: Collection[Participant],
    credited: Collection[str],
    rivals: Collection[Dial],
    has_had_rival: bool,
) -> Credit | None:
    """Find the newcomer that proves that ``own`` joined, or None.

    Args:
        own: The call to settle.
        newcomers: The room systems that came since the PATCH.
        credited: Ids of participants credited to other calls.
        rivals: This machine's other unresolved dials into the same target.
        has_had_rival: Whether there was such a dial at any time since the PATCH. A newcomer may then be
            a room of theirs, or a stranger's, though they are settled by now.
    """
    free = [participant for participant in newcomers if participant.ids.isdisjoint(credited)]
    exact = [participant for participant in free if is_exact(participant, own)]
    if len(exact) == 1 and not any(_is_elsewhere(own, rival) and _may_be(exact[0], rival) for rival in rivals):
        return Credit(exact[0], Match.EXACT)
    if exact or rivals or has_had_rival or len(free) != 1:
        return None
    return Credit(free[0], Match.ONLY_CANDIDATE)


def _may_be(participant: Participant, dial: Dial) -> bool:
    """Say whether a participant may have come by a dial: it may be the very room behind ``user@address``."""
    ip = dial.address.ip
    return is_exact(participant, dial) or (ip is not None and _as_ip(participant.ip_address) == ip)


def _is_elsewhere(own: Dial, rival: Dial) -> bool:
    """Whether a rival rings another room: a second dial to the same one is no doubt about who came."""
    return own.address.normalised != rival.address.normalised or own.address.protocol != rival.address.protocol


def _as_ip(text: str | None) -> IpAddress | None:
    try:
        return ipaddress.ip_address((text or "").strip())
    except ValueError:
        return None


def _same_sip_uri(uri: str, address: RoomAddress) -> bool:
    try:
        seen = RoomAddress.parse(Protocol.SIP, uri.strip().strip("<>"))
    except UsageError:  # what cannot be read proves nothing
        return False
    if seen.user is None or address.user is None:
        return False
    return seen.user.casefold() == address.user.casefold() and seen.host == address.host
