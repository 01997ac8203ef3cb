"""Local Zooms with hand-made keys at a fixed hour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from emulator.hand_made import GOOD_TOKEN, HAND_MADE_KEYS, TEN_O_CLOCK, Caller, oauth_caller
from sip.ringing import RingingZoom

from zoomcall.emulator.running import Emulator


@pytest.fixture
def make_zoom() -> Iterator[Callable[..., Emulator]]:
    """Run local Zooms at ten o'clock with the hand-made keys."""
    running: list[Emulator] = []

    def make(**settings: Any) -> Emulator:
        zoom = Emulator(**({"keys": HAND_MADE_KEYS, "clock": lambda: TEN_O_CLOCK} | settings))
        running.append(zoom.__enter__())
        return zoom

    yield make
    for zoom in running:
        zoom.close()


@pytest.fixture
def zoom(make_zoom: Callable[..., Emulator]) -> Emulator:
    """Run a local Zoom at ten o'clock, ten times faster than the real one."""
    return make_zoom(time_scale=0.1)


@pytest.fixture
def videosdk(zoom: Emulator) -> Caller:
    """Call it with a Video SDK API JWT."""
    return Caller(zoom.base, {"Authorization": f"Bearer {GOOD_TOKEN}"})


@pytest.fixture
def meetings(zoom: Emulator) -> Caller:
    """Call it with a server-to-server token."""
    return oauth_caller(zoom)


@pytest.fixture
def make_ringing(make_zoom: Callable[..., Emulator]) -> Callable[[float], RingingZoom]:
    """Run local Zooms at ten o'clock, with a time scale, that trace the SIP messages."""

    def make(time_scale: float) -> RingingZoom:
        trace: list[str] = []
        return RingingZoom(make_zoom(time_scale=time_scale, trace=trace.append), trace)

    return make
