"""Reports that a user asks for as files."""

from __future__ import annotations

import os
from pathlib import Path

from zoomcall.errors import UsageError


def write_report(path: Path, text: str) -> None:
    """Put a report at ``path``: a regular file whole or not at all, anything else (a pipe, a device) as it comes.

    Unlike the program's own files it is as readable as the umask lets it be: other jobs collect it.

    Raises:
        UsageError: It cannot be written.
    """
    data = text.encode()
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            target.write_bytes(data)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}.{os.urandom(6).hex()}")
        try:
            fresh.write_bytes(data)
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"the report {str(path)!r} cannot be written: {why}", fix="Name another file.") from error
