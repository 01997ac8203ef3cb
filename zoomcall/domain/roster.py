"""Who is in a session or meeting, and which newcomer is the room that was rung (contract 6.5)."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from zoomcall.domain.address import IpAddress, Protocol, RoomAddress
from zoomcall.domain.call import Match
from zoomcall.errors import UsageError

ROOM_DEVICE = "H.323/SIP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One row of Zoom's live roster (FACTS 4).

    Attributes:
        id: ``participant_uuid`` where Zoom gives it, else its ``id``: the same over polls.
        uuid: ``participant_uuid``, which ``user.remove`` needs.
        name: As shown in the session.
        device: Zoom's word, like ``H.323/SIP`` or ``Windows``.
        ip_address: As Zoom saw it.
        sip_uri: Contact URI; meetings only, SIP only.
        join_time: When it joined.
        leave_time: When it left, if it has.
    """

    id: str
    uuid: str | None = None
    name: str = ""
    device: str = ""
    ip_address: str | None = None
    sip_uri: str | None = None
    join_time: datetime | None = None
    leave_time: datetime | None = None

    @property
    def is_room_system(self) -> bool:
        """Whether it is an H.323 or SIP device."""
        return self.device == ROOM_DEVICE

    @property
    def is_present(self) -> bool:
        """Whether it has not left."""
        return self.leave_time is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """What is known of one dial for telling whose newcomer it is.

    Attributes:
        call_id: Its id in the journal.
        address: The room rung.
        to_name: The name sent for it, if any.
    """

    call_id: int
    address: RoomAddress
    to_name: str | None = None


@dataclass(frozen=True, slots=True)
class Credit:
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


def credit(
    own: Dial,
    *,
    present: Iterable[Participant],
    known: Collection[str],
    credited: Collection[str],
    rivals: Collection[Dial],
    has_had_rival: bool,
) -> Credit | None:
    """Find the newcomer that proves that ``own`` joined, or None.

    Args:
        own: The call to settle.
        present: The roster now.
        known: Ids of participants that were there before the PATCH.
        credited: Ids of participants credited to other calls.
        rivals: This machine's other unresolved dials into the same target.
        has_had_rival: Whether there was such a dial at any time since the PATCH. A newcomer may then be
            a room of theirs, or a stranger's, though they are settled by now.
    """
    newcomers = [
        participant
        for participant in present
        if participant.is_room_system
        and participant.is_present
        and participant.id not in known
        and participant.id not in credited
    ]
    exact = [participant for participant in newcomers if is_exact(participant, own)]
    if len(exact) == 1 and not any(_is_elsewhere(own, rival) and is_exact(exact[0], rival) for rival in rivals):
        return Credit(exact[0], Match.EXACT)
    if exact or rivals or has_had_rival or len(newcomers) != 1:
        return None
    return Credit(newcomers[0], Match.ONLY_CANDIDATE)


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
