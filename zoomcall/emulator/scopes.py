"""Which scopes open which endpoint, classic and granular (zoom-api 3 and 4)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from zoomcall.emulator.messages import refusal


class Scopes(Struct, frozen=True):
    """Any one of these opens an endpoint; with none it is open."""

    classic: tuple[str, ...] = ()
    granular: tuple[str, ...] = ()

    def check(self, held: Sequence[str]) -> None:
        """Let a token with the scopes ``held`` in.

        Raises:
            Refusal: 400/4711, naming what would have opened it.
        """
        wanted = (*self.classic, *self.granular)
        if wanted and not set(wanted) & set(held):
            raise refusal(400, 4711, f"Invalid access token, does not contain scopes:[{', '.join(wanted)}].")


NONE = Scopes()
READ_USER = Scopes(("user:read", "user:read:admin"), ("user:read:user", "user:read:user:admin"))
READ_MEETING = Scopes(
    ("meeting:read", "meeting:read:admin"), ("meeting:read:meeting", "meeting:read:meeting:admin")
)
CONTROL_MEETING = Scopes(
    ("meeting:write", "meeting:write:admin", "meeting:master"),
    (
        "meeting:update:in_meeting_controls",
        "meeting:update:in_meeting_controls:admin",
        "meeting:update:in_meeting_controls:master",
    ),
)
DIAL_IN = Scopes(("meeting:write:sip_dialing", "meeting:write:admin:sip_dialing"))
READ_PARTICIPANTS = Scopes(
    ("dashboard_meetings:read:admin", "dashboard:read:admin", "dashboard:master"),
    ("dashboard:read:list_meeting_participants:admin", "dashboard:read:list_meeting_participants:master"),
)
READ_CRC_USAGE = Scopes(
    ("dashboard_crc:read:admin", "dashboard:read:admin", "dashboard:master"),
    ("dashboard:read:crc_port_usage:admin", "dashboard:read:crc_port_usage:master"),
)
READ_DEVICES = Scopes(("h323:read:admin", "h323:master"), ("h323_device:read:list_devices:admin",))
READ_CRC_CODE = Scopes(
    ("crc:read:admin", "crc:master"),
    ("crc:read:participant_identifier_code:admin", "crc:read:participant_identifier_code:master"),
)

ALL_ADMIN = (
    "crc:read:participant_identifier_code:admin",
    "dashboard:read:crc_port_usage:admin",
    "dashboard:read:list_meeting_participants:admin",
    "h323_device:read:list_devices:admin",
    "meeting:read:meeting:admin",
    "meeting:update:in_meeting_controls:admin",
    "meeting:write:admin:sip_dialing",
    "user:read:user:admin",
)
"""What a server-to-server app with every scope that is needed here holds."""
