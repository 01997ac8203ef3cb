"""Media that is offered and never sent: real ports, and their SDP."""

from __future__ import annotations

import socket

from aiosipua import ConnectionData, MediaDescription, Origin, SdpMessage

_AUDIO = {"rtpmap": ["0 PCMU/8000", "8 PCMA/8000", "101 telephone-event/8000"], "fmtp": ["101 0-16"]}
_VIDEO = {"rtpmap": ["96 H264/90000"], "fmtp": ["96 profile-level-id=42801f;packetization-mode=1"]}


class MediaPorts:
    """Two open UDP ports, for audio and video. Whatever arrives there is never read.

    Args:
        host: An IP address of this machine.

    Raises:
        OSError: It is not an address of this machine.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._sockets = tuple(socket.socket(family, socket.SOCK_DGRAM) for _ in ("audio", "video"))
        try:
            for each in self._sockets:
                each.bind((host, 0))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Close the ports."""
        for each in self._sockets:
            each.close()

    @property
    def audio_port(self) -> int:
        """The port for audio."""
        return int(self._sockets[0].getsockname()[1])

    def offer(self) -> SdpMessage:
        """Return an offer that a video room understands: PCMU or PCMA, key tones, and H.264."""
        family = "IP6" if ":" in self._host else "IP4"
        audio, video = (each.getsockname()[1] for each in self._sockets)
        return SdpMessage(
            origin=Origin(addr_type=family, address=self._host),
            session_name="zoomcall emulator",
            connection=ConnectionData(addr_type=family, address=self._host),
            media=[
                MediaDescription("audio", audio, formats=["0", "8", "101"], attributes=_AUDIO | {"sendrecv": []}),
                MediaDescription("video", video, formats=["96"], attributes=_VIDEO | {"sendrecv": []}),
            ],
        )
