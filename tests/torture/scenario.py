"""What a command that is put through faults needs, and what must hold after each, whatever it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from torture.faults import Fault, Mode
from torture.lab import Lab, Outcome, Place

SENTINELS = ("sentinel0OLD0Zq8Wx7Lp5RtYh3Nc6Vb1Ae2Sd4", "sentinel0NEW0Kj4Ds9Mg2Xe7Tq5Pw8Hu6Rf3Bn")
NOTHING_RINGS = frozenset({2, 3, 4, 5, 6, 9, 10, 12, 13})
_KNOWN = frozenset({0, 1, *NOTHING_RINGS, 7, 8, 11, *range(20, 32), 130, 141, 143})


@dataclass(frozen=True, slots=True)
class Scenario:
    """One command to torture.

    Attributes:
        name: As the table in docs/reliability.md calls it.
        arguments: The command line; ``{room}``, ``{folder}``, ``{profile}``, ``{client_id}`` and ``{meeting}`` are
            filled in.
        check: Yields what is wrong after a run, given the place, the fault and the outcome.
        prepare: Puts the place into the state that the command expects.
        stdin: What the command reads.
        has_environment: Whether credentials and target come from the environment.
        has_keyring: Whether there is a keyring, so that no file may hold a secret.
        has_user: Whether the place has a local Zoom of its own, for a user who signs in.
        beside: What goes on while the command runs.
        prints_token: Whether the command's answer is an access token.
        awaits_user: Whether it waits for a user, who never comes through if the network fails for ever.
    """

    name: str
    arguments: tuple[str, ...]
    check: Callable[[Place, Fault, Outcome], Iterator[str]]
    prepare: Callable[[Place], None] = lambda _: None
    stdin: bytes = b""
    has_environment: bool = True
    has_keyring: bool = False
    has_user: bool = False
    beside: Callable[[Place], AbstractContextManager[None]] = lambda _: nullcontext()
    prints_token: bool = False
    awaits_user: bool = False

    def try_in(self, lab: Lab, fault: Fault) -> tuple[Mapping[str, int], int, list[str]]:
        """Run the command under a fault, in a place of its own; return its calls, exit code and what is wrong."""
        place = lab.place(has_keyring=self.has_keyring, has_user=self.has_user)
        self.prepare(place)
        environ = place.credentials if self.has_environment else place.bases
        with self.beside(place):
            outcome = place.run(filled(self.arguments, place), environ, stdin=self.stdin, fault=fault)
        wrong = [*_general(self, place, fault, outcome), *self.check(place, fault, outcome)]
        place.remove()
        return outcome.counts, outcome.code, wrong


def filled(words: tuple[str, ...], place: Place) -> list[str]:
    """Return a command line for a place."""
    blanks = {
        "room": place.room,
        "folder": place.folder,
        "profile": place.profile,
        "client_id": place.zoom.ready["public_client_id"],
        "meeting": place.zoom.ready["meeting_id"],
    }
    return [word.format_map(blanks) for word in words]


def _general(scenario: Scenario, place: Place, fault: Fault, outcome: Outcome) -> Iterator[str]:
    """Yield what may never happen to any command."""
    if not (outcome.is_late and scenario.awaits_user and (fault.kind, fault.mode) == ("receive", Mode.FOREVER)):
        yield from _ending(fault, outcome)
    secrets = [*SENTINELS, *(place.zoom.ready[name] for name in ("api_secret", "client_secret"))]
    if place.user_zoom is not None:
        secrets += place.user_zoom.refresh_tokens
        secrets += [] if scenario.prints_token else place.user_zoom.access_tokens
    if any(secret in outcome.stdout + outcome.stderr for secret in secrets):
        yield "a secret in the output"
    has_store = not scenario.has_environment and not scenario.has_keyring
    for path in place.folder.rglob("*"):
        if not path.is_file() or path.name == "stdin":
            continue
        if not any(secret.encode() in path.read_bytes() for secret in secrets):
            continue
        if not has_store or place.config not in path.parents:
            yield f"a secret in {path.relative_to(place.folder)}"
        elif path.stat().st_mode & 0o077:
            yield f"others can read the secret in {path.relative_to(place.folder)}"


def _ending(fault: Fault, outcome: Outcome) -> Iterator[str]:
    """Yield what is wrong with how a command ended."""
    if outcome.is_late:
        yield "did not end within its limit"
    elif fault.kind == "memory" and outcome.code in {-6, -11, 127}:
        return  # the interpreter itself, or a library below it, gave up
    elif outcome.code < 0 and not (outcome.is_killed and fault.mode is Mode.KILL):
        yield f"died of signal {-outcome.code}"
    elif outcome.code >= 0 and outcome.code not in _KNOWN:
        yield f"exit code {outcome.code} is not in the contract"
    if outcome.code == 1 and not _is_excused(fault):
        yield "exit code 1: a bug"
    if "Traceback" in outcome.stderr:
        yield "a traceback"


def _is_excused(fault: Fault) -> bool:
    """Return whether exit 1 is the honest answer: the answer could not be written, or memory ran out."""
    return fault.kind in {"output", "memory"}


def left_over(place: Place) -> Iterator[str]:
    """Yield the temporary files in the config folder, which the command after a kill removes."""
    left = [path.name for path in place.config.rglob("*") if path.suffix == ".tmp" or path.name.startswith(".")]
    if left:
        yield f"temporary files are left after the next start: {left}"
