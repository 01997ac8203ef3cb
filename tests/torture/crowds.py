"""Many processes at once on a slow disk: one room is rung once, and different rooms all ring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from shell import environ_of

from torture.faults import Fault, Mode
from torture.lab import Lab

_SIZE = 30
_SLOW_MS = (0, 100, 600)


def run_all(lab: Lab, size: int = _SIZE) -> Iterator[tuple[str, Counter[int], list[str]]]:
    """Yield each crowd's name, its exit codes and what is wrong."""
    for slow in _SLOW_MS:
        yield _same_room(lab, size, slow)
    yield _same_profile(lab, size)


def _same_room(lab: Lab, size: int, slow: int) -> tuple[str, Counter[int], list[str]]:
    place = lab.place()
    environ = environ_of(lab.emulator) | {"ZOOMCALL_SESSION": lab.emulator.ready["session_id"]}
    fault = Fault("none", 0, slow, Mode.SLOW)
    outcomes = place.crowd(["invite", "sip", place.room, "--no-wait", "--json"], environ, size, fault=fault)
    codes = Counter(outcome.code for outcome in outcomes)
    wrong = [f"ended in {code}" for code in codes if code not in {0, 3, 12}]
    if place.rings != 1:
        wrong.append(f"rang {place.rings} times")
    if codes[0] != 1:
        wrong.append(f"{codes[0]} processes say that they rang it")
    place.remove()
    return f"{size} processes ring one room, fsync takes {slow} ms", codes, wrong


def _same_profile(lab: Lab, size: int) -> tuple[str, Counter[int], list[str]]:
    from torture.scenarios import NEW, mint_of

    place = lab.place()
    words = ["auth", "login", "--kind", "videosdk", "--api-key", NEW["key"], "--store", "file", "-p", "prod"]
    stdin = NEW["secret"].encode()
    outcomes = place.crowd([*words, "--secret-stdin", "--no-verify"], {}, size, stdin=stdin)
    codes = Counter(outcome.code for outcome in outcomes)
    wrong = [f"ended in {code}" for code in codes if code not in {0, 3}]
    if mint_of(place) != "new":
        wrong.append("the profile does not work afterwards")
    place.remove()
    return f"{size} logins to one profile", codes, wrong
