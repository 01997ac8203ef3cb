"""Ready files: how a server tells the program that started it where it listens."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from zoomcall.errors import UsageError


def write_ready_file(path: Path, ready: Mapping[str, str]) -> None:
    """Write one JSON object, whole or not at all, readable by its owner only.

    A pipe, a device, or whatever ``/dev/stdout`` and the like refer to is written to in place.

    Raises:
        UsageError: The file cannot be written.
    """
    text = json.dumps(ready, indent=2) + "\n"
    try:
        if _is_stream(path):
            _append(path, text)
        else:
            _replace(path.resolve(), text)
    except (OSError, RuntimeError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise UsageError(f"cannot write the ready file {path}: {reason}") from error


def _is_stream(path: Path) -> bool:
    is_special = path.exists() and not path.is_file() and not path.is_dir()
    return is_special or path.absolute().is_relative_to("/dev") or path.absolute().is_relative_to("/proc")


def _append(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND)
    with os.fdopen(handle, "wb", buffering=0) as stream:
        stream.write(text.encode())


def _replace(target: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:50]}.", dir=target.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
