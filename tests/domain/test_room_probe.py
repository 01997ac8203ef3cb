from __future__ import annotations

from zoomcall.domain.room_probe import Carrier


def test_a_room_is_asked_at_the_ports_that_were_assigned_to_its_protocol() -> None:
    ports = {carrier.name: (carrier.port, carrier.service, carrier.naptr) for carrier in Carrier}
    assert ports == {
        "TLS": (5061, "_sips._tcp", "SIPS+D2T"),
        "TCP": (5060, "_sip._tcp", "SIP+D2T"),
        "UDP": (5060, "_sip._udp", "SIP+D2U"),
        "H323": (1720, "_h323cs._tcp", ""),
    }
