"""The folders of configuration and state, by the platform's custom (platformdirs)."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from zoomcall.errors import NotConfigured

_APP = "zoomcall"


def config_folder() -> Path:
    """Give the folder of ``config.toml`` where ``ZOOMCALL_CONFIG_DIR`` names none.

    Raises:
        NotConfigured: This user has no home.
    """
    return _at_home(platformdirs.user_config_path(_APP, appauthor=False), "ZOOMCALL_CONFIG_DIR")


def state_folder() -> Path:
    """Give the folder of the journal where ``ZOOMCALL_STATE_DIR`` names none.

    Raises:
        NotConfigured: This user has no home.
    """
    return _at_home(platformdirs.user_state_path(_APP, appauthor=False), "ZOOMCALL_STATE_DIR")


def _at_home(folder: Path, variable: str) -> Path:
    if not folder.is_absolute():
        raise NotConfigured(
            "this user has no home folder, so there is no place for zoomcall's files", fix=f"Set {variable}."
        )
    return folder
