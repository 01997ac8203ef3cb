"""Ring SIP and H.323 room systems into Zoom sessions and know what became of the call."""

__version__ = "1.0.0"
