"""The folders for configuration and state, where each platform expects them (platformdirs)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import platformdirs

from zoomcall.errors import FolderUnusable

_APP = "zoomcall"


def config_folder() -> Path:
    """Return the folder for ``config.toml``, for when ``ZOOMCALL_CONFIG_DIR`` is not set.

    Raises:
        FolderUnusable: This user has no home folder.
    """
    return _at_home(lambda: platformdirs.user_config_path(_APP, appauthor=False), "ZOOMCALL_CONFIG_DIR")


def state_folder() -> Path:
    """Return the folder for the journal, for when ``ZOOMCALL_STATE_DIR`` is not set.

    Raises:
        FolderUnusable: This user has no home folder.
    """
    return _at_home(lambda: platformdirs.user_state_path(_APP, appauthor=False), "ZOOMCALL_STATE_DIR")


def _at_home(find: Callable[[], Path], variable: str) -> Path:
    try:
        folder = find()
    except (RuntimeError, KeyError):  # neither HOME nor an entry in the system's list of users
        folder = Path()
    if not folder.is_absolute():
        raise FolderUnusable(
            "this user has no home folder for zoomcall's files", fix=f"Set {variable} to a folder."
        )
    return folder
