"""Results of ``room check``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from zoomcall.domain.address import Protocol
from zoomcall.usecases.checking.verdicts import CheckStatus
from zoomcall.usecases.room_checking.verdicts import RoomCheckId


class RoomSipAnswer(Struct, frozen=True, kw_only=True):
    """The answer to SIP OPTIONS."""

    status: Annotated[int, Meta(description="Its status, such as 200.")]
    reason: Annotated[str, Meta(description="Its reason phrase.")]
    server: Annotated[str | None, Meta(description="Its Server header, or else its User-Agent header.")]


class RoomCertificate(Struct, frozen=True, kw_only=True):
    """A certificate."""

    protocol: Annotated[str | None, Meta(description="The TLS version, such as TLSv1.3.")]
    issuer: Annotated[str | None, Meta(description="Who signed it.")]
    names: Annotated[tuple[str, ...], Meta(description="The host names and IP addresses that it is for.")]
    expires_at: Annotated[datetime | None, Meta(description="When it expires.")]
    flaws: Annotated[tuple[str, ...], Meta(description="What is wrong with it; empty if nothing is.")]


class RoomCheck(Struct, frozen=True, kw_only=True):
    """One check of a room."""

    id: Annotated[RoomCheckId, Meta(description="What was checked.")]
    place: Annotated[str | None, Meta(description="The IP address and port that were probed; else null.")]
    status: Annotated[CheckStatus, Meta(description="How the check ended.")]
    required: Annotated[
        bool, Meta(description="False if another place may serve as well, so that a failure alone is no fault.")
    ]
    seconds: Annotated[float, Meta(ge=0, description="How long it took.")]
    detail: Annotated[str, Meta(description="What was seen.")]
    fix: Annotated[str | None, Meta(description="What to do, if something is wrong.")]
    sip: Annotated[RoomSipAnswer | None, Meta(description="The answer to SIP OPTIONS; null if there was none.")]
    tls: Annotated[RoomCertificate | None, Meta(description="The certificate; null without TLS.")]


class RoomDnsRecord(Struct, frozen=True, kw_only=True):
    """A DNS record that leads to the room."""

    name: Annotated[str, Meta(description="Whose record it is.")]
    type: Annotated[str, Meta(description="NAPTR, SRV, A or AAAA.")]
    data: Annotated[str, Meta(description="What it says, as zone files have it.")]


class RoomZoomState(Struct, frozen=True, kw_only=True):
    """What Zoom knows of a managed room at the moment, in Zoom's words."""

    connection_status: Annotated[str | None, Meta(description="Whether its API connector reaches it.")]
    sip_status: Annotated[str | None, Meta(description="Whether it is registered by SIP.")]
    call_status: Annotated[str | None, Meta(description="Whether it is idle, in a call, or in a meeting.")]


class CheckedRoom(Struct, frozen=True, kw_only=True):
    """A room that was checked."""

    name: Annotated[str | None, Meta(description="Its name in the address book; null for an address.")]
    address: Annotated[
        str | None, Meta(description="Its address, a passcode masked; null if the book has none that can be used.")
    ]
    protocols: Annotated[
        tuple[Protocol, ...], Meta(description="The protocols that were checked: for a bare host, SIP and H.323.")
    ]
    is_private: Annotated[bool, Meta(description="Whether all its addresses are out of reach of Zoom's cloud.")]
    status: Annotated[
        CheckStatus, Meta(description="The worst of the required checks; skipped if nothing could be probed.")
    ]
    exit_code: Annotated[int, Meta(description="0; 2, 22 or 23 if it failed.")]
    seconds: Annotated[float, Meta(ge=0, description="How long all of it took.")]
    checks: Annotated[tuple[RoomCheck, ...], Meta(description="The checks.")]
    records: Annotated[tuple[RoomDnsRecord, ...], Meta(description="What DNS says of its name.")]
    state: Annotated[
        RoomZoomState | None, Meta(description="What Zoom knows of it; null if it is not managed, or not shown.")
    ]


class RoomCheckResult(Struct, frozen=True, kw_only=True):
    """Rooms that were checked without ringing them."""

    rooms: Annotated[tuple[CheckedRoom, ...], Meta(description="The rooms, in the order of the input or the book.")]
    note: Annotated[str, Meta(description="From where they were checked, and what that does not show.")]
