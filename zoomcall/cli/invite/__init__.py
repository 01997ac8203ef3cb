"""``zoomcall invite``: ring rooms and report what became of the calls."""

from zoomcall.cli.invite import batch
from zoomcall.cli.invite.one import app

__all__ = ["app", "batch"]
