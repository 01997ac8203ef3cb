import sys
from pathlib import Path

import pytest

from zoomcall.adapters import folders
from zoomcall.errors import NotConfigured


def test_the_folders_are_the_platforms_and_named_after_the_program() -> None:
    for folder in (folders.config_folder(), folders.state_folder()):
        assert folder.is_absolute()
        assert folder.name == "zoomcall"


def test_the_users_own_places_are_honoured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert sys.platform == "linux", "XDG is Linux's"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    assert folders.config_folder() == tmp_path / "c" / "zoomcall"
    assert folders.state_folder() == tmp_path / "s" / "zoomcall"


def test_a_user_without_a_home_is_told_which_variable_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    homeless = Path("~/.config/zoomcall")
    monkeypatch.setattr(folders.platformdirs, "user_config_path", lambda *_, **__: homeless)
    with pytest.raises(NotConfigured) as caught:
        folders.config_folder()
    assert caught.value.fix == "Set ZOOMCALL_CONFIG_DIR to a folder."
