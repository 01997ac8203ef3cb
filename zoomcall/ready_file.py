"""Ready files: how a server tells the program that started it where it listens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from zoomcall.errors import UsageError
from zoomcall.named_files import write_named


def write_ready_file(path: Path, ready: Mapping[str, str]) -> None:
    """Write one JSON object, whole or not at all, readable by its owner only; a pipe or device is written in place.

    Raises:
        UsageError: The file cannot be written.
    """
    write_started(path, json.dumps(ready, indent=2) + "\n", what="ready file")


def write_started(path: Path, text: str, *, what: str) -> None:
    """Write what a server tells when it has started, as ``write_ready_file`` does.

    Raises:
        UsageError: The file cannot be written.
    """
    try:
        write_named(path, text.encode(), mode=0o600)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise UsageError(f"cannot write the {what} {path}: {reason}") from error
