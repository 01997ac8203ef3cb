import platform

import pytest

from zoomcall import __version__
from zoomcall.adapters.installation import installed_versions


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
