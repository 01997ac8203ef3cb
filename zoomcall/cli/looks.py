"""How outcomes look: a word for their colour and pattern, and a symbol for those who see neither."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from zoomcall.domain.call import State


class Look(Struct, frozen=True):
    """How an outcome is shown: a word for its colour and pattern, and a symbol."""

    tone: str
    symbol: str


_GOOD, _BAD, _WAIT, _NONE = Look("good", "✓"), Look("bad", "✗"), Look("wait", "…"), Look("none", "○")

LOOKS: Mapping[State, Look] = {
    state: _GOOD
    if state is State.JOINED
    else _WAIT
    if state.is_open
    else _NONE
    if state in {State.PLANNED, State.NOT_SENT}
    else _BAD
    for state in State
}
"""How each state is shown."""


def look_of(state: State) -> Look:
    """Return how a state is shown."""
    return LOOKS[state]
