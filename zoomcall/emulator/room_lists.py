"""Rows of the account's two lists of room systems (zoom-api 4)."""

from __future__ import annotations

from msgspec import Struct


class Device(Struct, frozen=True, kw_only=True):
    """A row of ``GET /h323/devices``."""

    id: str
    name: str
    protocol: str
    address: str

    @property
    def row(self) -> dict[str, str]:
        """The row as Zoom sends it."""
        return {
            "id": self.id,
            "name": self.name,
            "protocol": self.protocol,
            "ip": self.address,
            "encryption": "auto",
        }


class ManagedRoom(Struct, frozen=True, kw_only=True):
    """A row of ``GET /crc/managed_rooms``, and the state that ``GET /crc/managed_rooms/{id}`` tells."""

    device_id: str
    name: str
    maker: str
    device: str
    serial_number: str
    address: str
    connection_status: str = "connected"
    sip_status: str = "registered"
    call_status: str = "Idle"

    @property
    def row(self) -> dict[str, str]:
        """The row as Zoom sends it."""
        return {
            "device_id": self.device_id,
            "name": self.name,
            "manage_type": self.maker,
            "device_type": self.device,
            "serial_number": self.serial_number,
            "ip_address": self.address,
        }

    @property
    def state(self) -> dict[str, str]:
        """What it adds for a single room."""
        return {
            "connection_status": self.connection_status,
            "sip_status": self.sip_status,
            "call_status": self.call_status,
        }


DEVICES = (
    Device(id="1", name="Boardroom", protocol="SIP", address="answer@boardroom.example.com"),
    Device(id="2", name="Huddle space", protocol="H.323", address="203.0.113.20"),
    Device(id="3", name="Auditorium", protocol="SIP", address="decline@auditorium.example.com"),
)
MANAGED_ROOMS = (
    ManagedRoom(
        device_id="cisco-01",
        name="Executive suite",
        maker="Cisco",
        device="Room Kit",
        serial_number="FOC0000X001",
        address="10.20.30.40",
        call_status="InMeeting",
    ),
    ManagedRoom(
        device_id="poly-02",
        name="Training room",
        maker="Poly",
        device="G7500",
        serial_number="8G00000002",
        address="192.168.10.21",
        connection_status="disconnected",
        sip_status="unregistered",
        call_status="Unknown",
    ),
)
