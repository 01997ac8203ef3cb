"""One of the frames that Zoom sends through a websocket."""

from __future__ import annotations

import json
from typing import Self

from msgspec import Struct

from zoomcall.domain.event import Event, read_any_event, read_any_event_text


class Frame(Struct, frozen=True):
    """A frame; in a message, ``content`` is JSON as text."""

    module: str = ""
    is_success: bool = False
    content: object = None
    is_end: bool = False

    @classmethod
    def of(cls, data: str | bytes) -> Self:
        """Read a frame, whatever it holds."""
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            return cls(module="(not understood)")
        return cls(str(document.get("module")), document.get("success") is True, document.get("content"))

    @property
    def event(self) -> Event | None:
        """The callout event in it, if there is one."""
        return read_any_event_text(self.content) if isinstance(self.content, str) else read_any_event(self.content)
