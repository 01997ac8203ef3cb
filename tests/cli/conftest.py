"""Fixtures for the tests of commands."""

import pytest
from shell import Shell


@pytest.fixture
def shell(zoomcall: Shell, emulator_environ: dict[str, str]) -> Shell:
    """Call the program with the emulator's bases, credentials and session in its environment."""
    zoomcall.set(**emulator_environ)
    return zoomcall
