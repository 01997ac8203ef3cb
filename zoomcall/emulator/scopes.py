"""Which OAuth scopes give access to which endpoint, classic and granular (zoom-api 3 and 4)."""

from __future__ import annotations

from collections.abc import Sequence

from zoomcall.emulator.messages import refusal

Scopes = tuple[str, ...]
"""Any one of these gives access to an endpoint; if there are none, it is open."""

NONE: Scopes = ()
READ_USER = ("user:read", "user:read:admin", "user:read:user", "user:read:user:admin")
READ_MEETING = ("meeting:read", "meeting:read:admin", "meeting:read:meeting", "meeting:read:meeting:admin")
CONTROL_MEETING = (
    *("meeting:write", "meeting:write:admin", "meeting:master"),
    "meeting:update:in_meeting_controls",
    "meeting:update:in_meeting_controls:admin",
    "meeting:update:in_meeting_controls:master",
)
DIAL_IN = ("meeting:write:sip_dialing", "meeting:write:admin:sip_dialing")
READ_PARTICIPANTS = (
    *("dashboard_meetings:read:admin", "dashboard:read:admin", "dashboard:master"),
    "dashboard:read:list_meeting_participants:admin",
    "dashboard:read:list_meeting_participants:master",
)
READ_CRC_USAGE = (
    *("dashboard_crc:read:admin", "dashboard:read:admin", "dashboard:master"),
    *("dashboard:read:crc_port_usage:admin", "dashboard:read:crc_port_usage:master"),
)
READ_DEVICES = ("h323:read:admin", "h323:master", "h323_device:read:list_devices:admin")
READ_MANAGED_ROOMS = ("crc_rooms:read:admin", "crc:read:list_rooms:admin")
READ_MANAGED_ROOM = ("crc:read:room:admin",)
READ_CRC_CODE = (
    *("crc:read:admin", "crc:master"),
    *("crc:read:participant_identifier_code:admin", "crc:read:participant_identifier_code:master"),
)

ALL_ADMIN = (
    "crc:read:list_rooms:admin",
    "crc:read:participant_identifier_code:admin",
    "crc:read:room:admin",
    "dashboard:read:crc_port_usage:admin",
    "dashboard:read:list_meeting_participants:admin",
    "h323_device:read:list_devices:admin",
    "meeting:read:meeting:admin",
    "meeting:update:in_meeting_controls:admin",
    "meeting:write:admin:sip_dialing",
    "user:read:user:admin",
)
"""The scopes of a server-to-server app that may do everything needed here."""


def check_scopes(needed: Scopes, held: Sequence[str]) -> None:
    """Check that a token with the scopes ``held`` has one that is ``needed``.

    Raises:
        Refusal: 400/4711, naming the scopes that would have done.
    """
    if needed and not set(needed) & set(held):
        raise refusal(400, 4711, f"Invalid access token, does not contain scopes:[{', '.join(needed)}].")
