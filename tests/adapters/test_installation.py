import json
import platform
import tomllib
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from zoomcall import __version__
from zoomcall.adapters.installation import EXTRAS, install_line, installed_versions

ROOT = Path(__file__).parent.parent.parent


def test_program_python_and_libraries_are_named() -> None:
    found = dict(installed_versions())
    assert found["zoomcall"] == __version__
    assert found["Python"] == platform.python_version()
    assert found["httpx"].startswith("0.28.")
    assert found["OpenSSL"][0].isdigit()
    assert list(found)[:4] == ["zoomcall", "Python", "OpenSSL", "system"]


def test_a_library_that_is_not_there_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoomcall.adapters.installation._LIBRARIES", ("httpx", "no-such-library"))
    assert "no-such-library" not in dict(installed_versions())


class Record:
    """What pip notes of where it got the program from (PEP 610)."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self._text


Install = Callable[..., str]


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Install:
    def line(*, marker: str | None = None, origin: object = None, modules: Sequence[str] = ("pip",)) -> str:
        for name in ("pipx_metadata.json", "uv-receipt.toml"):
            (tmp_path / name).unlink(missing_ok=True)
        if marker is not None:
            (tmp_path / marker).touch()
        record = Record(None if origin is None else json.dumps(origin))
        monkeypatch.setattr("sys.prefix", str(tmp_path))
        monkeypatch.setattr("sys.executable", "/home/me/my env/bin/python")
        monkeypatch.setattr("zoomcall.adapters.installation.distribution", lambda _name: record)
        monkeypatch.setattr(
            "zoomcall.adapters.installation.find_spec", lambda name: name if name in modules else None
        )
        return install_line("sip")

    return line


def test_the_line_is_for_whoever_installed_it(line: Install) -> None:
    assert line(marker="pipx_metadata.json") == "pipx install --force 'zoomcall[sip]'"
    assert line(marker="uv-receipt.toml") == "uv tool install --force 'zoomcall[sip]'"
    assert line() == "'/home/me/my env/bin/python' -m pip install 'zoomcall[sip]'"
    assert line(modules=()) == "uv pip install --python '/home/me/my env/bin/python' 'zoomcall[sip]'"


def test_what_installs_anew_keeps_the_extras_that_are_there(line: Install) -> None:
    modules = ("pip", "aiohttp", "aiosipua")
    told = "pipx install --force 'zoomcall[emulator,sip,webhook]'"
    assert line(marker="pipx_metadata.json", modules=modules) == told
    assert "emulator" not in line(modules=modules)


def test_a_clone_an_archive_and_a_repository_are_installed_from_again(line: Install, tmp_path: Path) -> None:
    clone = {"url": tmp_path.as_uri(), "dir_info": {}}
    assert line(origin=clone).endswith(f" -m pip install '{tmp_path}[sip]'")
    assert line(origin=clone, marker="pipx_metadata.json") == f"pipx install --force '{tmp_path}[sip]'"
    editable = clone | {"dir_info": {"editable": True}}
    assert line(origin=editable).endswith(f" -m pip install --editable '{tmp_path}[sip]'")
    repository = {"url": "https://git.example.org/zoomcall", "vcs_info": {"vcs": "git", "commit_id": "1"}}
    told = " -m pip install 'zoomcall[sip] @ git+https://git.example.org/zoomcall'"
    assert line(origin=repository).endswith(told)


def test_a_clone_that_is_gone_is_not_installed_from(line: Install, tmp_path: Path) -> None:
    gone = {"url": (tmp_path / "gone").as_uri(), "dir_info": {}}
    assert line(origin=gone).endswith(" -m pip install 'zoomcall[sip]'")


def test_the_extras_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(EXTRAS) == set(project["optional-dependencies"])
    assert all(find_spec(module) is not None for module in EXTRAS.values())
