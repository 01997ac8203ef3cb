"""Who is in a session or meeting, and which new participant is the room that was rung (contract 6.5)."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from zoomcall.domain.address import IpAddress, Protocol, RoomAddress
from zoomcall.domain.call import Match
from zoomcall.domain.destination import Destination
from zoomcall.domain.phone import PhoneNumber
from zoomcall.errors import UsageError

ROOM_DEVICE = Protocol.SIP.device


class Participant(Struct, frozen=True, kw_only=True):
    """One row of Zoom's live roster (zoom-api 4).

    Attributes:
        id: ``participant_uuid`` where Zoom sends it, else its ``id``; the same in every poll.
        uuid: ``participant_uuid``, which ``user.remove`` needs.
        name: The name displayed in the session.
        device: Zoom's word, like ``H.323/SIP`` or ``Windows``.
        ip_address: The address that Zoom saw.
        from_sip_uri: From URI, likewise.
        sip_uri: Contact URI; meetings only, SIP only.
        join_time: When it joined.
        leave_time: When it left, if it has.
        is_waiting: Whether it is in the waiting room, and so not yet in the meeting.
        other_ids: Its other ids; a row may have only some of them.
    """

    id: str
    uuid: str | None = None
    name: str = ""
    device: str = ""
    ip_address: str | None = None
    sip_uri: str | None = None
    from_sip_uri: str | None = None
    join_time: datetime | None = None
    leave_time: datetime | None = None
    is_waiting: bool = False
    other_ids: frozenset[str] = frozenset()

    @property
    def is_room_system(self) -> bool:
        """Whether it is an H.323 or SIP device."""
        return self.device == ROOM_DEVICE

    def may_be_rung(self, protocol: Protocol) -> bool:
        """Return whether its device is of the kind that a call of this protocol brings in."""
        return self.device == protocol.device

    @property
    def is_present(self) -> bool:
        """Whether it is in the session or meeting now."""
        return self.leave_time is None and not self.is_waiting

    @property
    def ids(self) -> frozenset[str]:
        """All of its ids."""
        return self.other_ids | {self.id}

    def is_same(self, other: Participant) -> bool:
        """Return whether two rows are the same participant; ``participant_uuid`` decides if both have it."""
        if self.uuid is not None and other.uuid is not None:
            return self.uuid == other.uuid
        return not self.ids.isdisjoint(other.ids)


class Dial(Struct, frozen=True, kw_only=True):
    """What identifies the room of one dial in a roster.

    Attributes:
        address: The room that was rung.
        to_name: The name that was sent for it, if any.
    """

    address: Destination
    to_name: str | None = None


class Credit(Struct, frozen=True):
    """A new participant credited to a call."""

    participant: Participant
    match: Match


def is_exact(participant: Participant, dial: Dial) -> bool:
    """Return whether a participant's address, SIP URI or name ties it to a dial.

    An IP address counts only for a room that was dialled by that address alone: ``user@address`` may lead
    to any of many rooms.
    """
    address = dial.address
    if dial.to_name is not None and participant.name == dial.to_name:
        return True
    if isinstance(address, PhoneNumber):
        return False
    uris = (participant.sip_uri, participant.from_sip_uri) if address.protocol is Protocol.SIP else ()
    if any(uri and _same_sip_uri(uri, address) for uri in uris):
        return True
    ip = _as_ip(address.host)
    return ip is not None and address.user is None and _as_ip(participant.ip_address) == ip


def newcomers_of(
    present: Iterable[Participant],
    *,
    protocol: Protocol,
    known: Collection[Participant],
    before_patch: tuple[datetime, datetime] | None = None,
) -> tuple[Participant, ...]:
    """Return the participants that a call may have brought in.

    Args:
        present: The roster now.
        protocol: What the call rings with.
        known: The roster before the PATCH.
        before_patch: When that roster was read and when the PATCH was sent, by Zoom's clock; the PATCH did not
            bring in anyone who joined between the two.
    """
    uuids = {other.uuid for other in known if other.uuid is not None}
    ids, ids_without_uuid = _ids_of(known), _ids_of(other for other in known if other.uuid is None)

    def was_there(participant: Participant) -> bool:  # as ``is_same`` says, without a comparison with each
        if participant.uuid in uuids:
            return True
        if not participant.ids.isdisjoint(ids if participant.uuid is None else ids_without_uuid):
            return True
        joined = participant.join_time
        return joined is not None and before_patch is not None and before_patch[0] <= joined < before_patch[1]

    return tuple(
        participant
        for participant in present
        if participant.may_be_rung(protocol) and participant.leave_time is None and not was_there(participant)
    )


def _ids_of(participants: Iterable[Participant]) -> frozenset[str]:
    return frozenset(each for participant in participants for each in participant.ids)


def credit(
    own: Dial,
    *,
    newcomers: Collection[Participant],
    credited: Collection[str],
    rivals: Collection[Dial],
    has_had_rival: bool,
    doubtful: Collection[Dial] = (),
) -> Credit | None:
    """Return the new participant that proves that ``own`` joined, or None.

    Args:
        own: The call to settle.
        newcomers: The room systems that joined since the PATCH.
        credited: Ids of participants credited to other calls.
        rivals: This machine's other unresolved dials into the same target.
        has_had_rival: Whether there was such a dial at any time since the PATCH. Even if it is settled by now,
            the new participant may be its room, or a stranger.
        doubtful: Dials that joined so uncertainly that their own rooms may still come. Who may be one of those
            rooms proves nothing for ``own``.
    """
    free = [participant for participant in newcomers if participant.ids.isdisjoint(credited)]
    exact = [participant for participant in free if is_exact(participant, own)]
    others = [rival for rival in (*rivals, *doubtful) if _is_elsewhere(own, rival)]
    if len(exact) == 1 and not any(_may_be(exact[0], other) for other in others):
        return Credit(exact[0], Match.EXACT)
    if exact or rivals or has_had_rival or len(free) != 1:
        return None
    only = free[0]
    if is_another(only, own) or any(_may_be(only, other) for other in others):
        return None
    return Credit(only, Match.ONLY_CANDIDATE)


def is_another(participant: Participant, dial: Dial) -> bool:
    """Return whether what Zoom shows of a participant contradicts that it is the room of a dial.

    Zoom shows a room under the name that was sent for it (zoom-api 3.1), and SIP URIs only of those who joined by
    SIP (zoom-api 4). A contact at an IP address, or of the same user at another host, may well be the room's.
    """
    if dial.to_name is not None and participant.name and participant.name != dial.to_name:
        return True
    uris = [uri for uri in (participant.sip_uri, participant.from_sip_uri) if uri]
    address = dial.address
    if isinstance(address, PhoneNumber) or address.protocol is not Protocol.SIP:
        return bool(uris)
    return bool(uris) and all(_is_other_sip_uri(uri, address) for uri in uris)


def _may_be(participant: Participant, dial: Dial) -> bool:
    """Return whether a dial may have brought a participant in, perhaps as the room of ``user@address``."""
    ip = None if isinstance(dial.address, PhoneNumber) else _as_ip(dial.address.host)
    return is_exact(participant, dial) or (ip is not None and _as_ip(participant.ip_address) == ip)


def _is_elsewhere(own: Dial, rival: Dial) -> bool:
    """Return whether a rival rings another room; a second dial to the same room raises no doubt."""
    return own.address.normalised != rival.address.normalised or own.address.protocol != rival.address.protocol


@lru_cache(maxsize=4096)
def _as_ip(text: str | None) -> IpAddress | None:
    try:
        return ipaddress.ip_address((text or "").strip())
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _read_sip_uri(uri: str) -> RoomAddress | None:
    try:
        return RoomAddress.parse(Protocol.SIP, uri.strip().strip("<>"))
    except UsageError:  # an unreadable URI proves nothing
        return None


def _is_other_sip_uri(uri: str, address: RoomAddress) -> bool:
    seen = _read_sip_uri(uri)
    if seen is None or seen.user is None or address.user is None or seen.ip is not None or address.ip is not None:
        return False
    return seen.user.casefold() != address.user.casefold()


def _same_sip_uri(uri: str, address: RoomAddress) -> bool:
    seen = _read_sip_uri(uri)
    if seen is None or seen.user is None or address.user is None:
        return False
    return seen.user.casefold() == address.user.casefold() and seen.host == address.host
