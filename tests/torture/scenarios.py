"""The commands that are put through faults, and what must hold after each."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import jwt
from shell import environ_of

from torture.faults import Fault, Mode
from torture.lab import Lab, Outcome, Place
from zoomcall.domain.target import Api

SENTINELS = ("sentinel0OLD0Zq8Wx7Lp5RtYh3Nc6Vb1Ae2Sd4", "sentinel0NEW0Kj4Ds9Mg2Xe7Tq5Pw8Hu6Rf3Bn")
OLD = {"key": "key-old", "secret": SENTINELS[0]}
NEW = {"key": "key-new", "secret": SENTINELS[1]}
_NOTHING_RINGS = frozenset({2, 3, 4, 5, 6, 9, 10, 12, 13})
_KNOWN = frozenset({0, 1, *_NOTHING_RINGS, 7, 8, 11, *range(20, 32), 130, 141, 143})


@dataclass(frozen=True, slots=True)
class Scenario:
    """One command to torture.

    Attributes:
        name: As the table in docs/reliability.md calls it.
        arguments: The command line; ``{room}`` and ``{key}`` are filled in.
        stdin: What the command reads.
        prepare: Puts the place into the state that the command expects.
        check: Yields what is wrong after a run, given the place, the fault and the outcome.
        has_environment: Whether credentials and target come from the environment.
    """

    name: str
    arguments: tuple[str, ...]
    check: Callable[[Place, Fault, Outcome], Iterator[str]]
    prepare: Callable[[Place], None] = lambda _: None
    stdin: bytes = b""
    has_environment: bool = True

    def environ(self, lab: Lab) -> dict[str, str]:
        """Return the environment of the command."""
        everything = environ_of(lab.emulator)
        if self.has_environment:
            return everything | {"ZOOMCALL_SESSION": lab.emulator.ready["session_id"]}
        return {name: value for name, value in everything.items() if name.endswith("_BASE")}

    def try_in(self, lab: Lab, fault: Fault) -> tuple[Mapping[str, int], int, list[str]]:
        """Run the command under a fault, in a place of its own; return its calls, exit code and what is wrong."""
        place = lab.place()
        self.prepare(place)
        words = [word.format(room=place.room, folder=place.folder) for word in self.arguments]
        outcome = place.run(words, self.environ(lab), stdin=self.stdin, fault=fault)
        wrong = [*_general(self, place, fault, outcome), *self.check(place, fault, outcome)]
        place.remove()
        return outcome.counts, outcome.code, wrong


def _general(scenario: Scenario, place: Place, fault: Fault, outcome: Outcome) -> Iterator[str]:
    """Yield what may never happen to any command."""
    yield from _ending(fault, outcome)
    secrets = [*SENTINELS, *(place.lab.emulator.ready[name] for name in ("api_secret", "client_secret"))]
    if any(secret in outcome.stdout + outcome.stderr for secret in secrets):
        yield "a secret in the output"
    for path in place.folder.rglob("*"):
        if not path.is_file() or path.name == "stdin":
            continue
        if not any(secret.encode() in path.read_bytes() for secret in secrets):
            continue
        if scenario.has_environment or place.config not in path.parents:
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


def _journal(place: Place) -> Iterator[str]:
    path = place.state / "journal.sqlite3"
    if not path.exists() or path.stat().st_size == 0:
        return
    with sqlite3.connect(path) as database:
        verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
    database.close()
    if verdict != "ok":
        yield f"the journal is damaged: {verdict}"


def check_invite(place: Place, fault: Fault, outcome: Outcome) -> Iterator[str]:
    """At most one ring a claim, and the truth about it; a second try never rings again."""
    rings = place.rings
    document = outcome.document
    sent = None if document is None else (document.get("result") or {}).get("sent")
    if rings > 1:
        yield f"rang {rings} times"
    if outcome.code in _NOTHING_RINGS and rings:
        yield f"exit {outcome.code}, but the room rang"
    if outcome.code == 0 and not rings:
        yield "exit 0, but the room did not ring"
    if sent == "no" and rings:
        yield "sent is no, but the room rang"
    if sent == "yes" and not rings:
        yield "sent is yes, but the room did not ring"
    if rings and document is None and not outcome.is_killed and place.room not in outcome.stderr:
        yield "the room rang, and nothing says so"
    yield from _journal(place)
    is_guarded = "journal-off" not in outcome.stdout
    again = place.run(
        ["invite", "sip", place.room, "--no-wait", "--json"],
        environ_of(place.lab.emulator) | {"ZOOMCALL_SESSION": place.lab.emulator.ready["session_id"]},
    )
    if again.code not in {0, 12, 3} or (again.code == 3 and is_guarded):
        yield f"the next invite ends in {again.code}: {again.stderr or again.stdout}"
    if rings and place.rings > rings and is_guarded:
        yield "a second try rang the room again"
    if not rings and again.code == 0 and place.rings != 1:
        yield "a second try did not ring"
    yield from _journal(place)


def mint_of(place: Place) -> str | None:
    """Return which pair a token is minted with: old, new, mixed, or None if none is."""
    minted = place.run(["token", "mint", "-p", "prod"], {})
    if minted.code != 0:
        return None
    token = minted.stdout.strip()
    issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
    pair = next(pair for pair in (OLD, NEW) if pair["key"] == issuer)
    try:
        jwt.decode(token, pair["secret"], algorithms=["HS256"], options={"verify_exp": False})
    except jwt.InvalidSignatureError:
        return "mixed"
    return "old" if pair is OLD else "new"


def _log_in(place: Place, pair: Mapping[str, str]) -> None:
    words = ["auth", "login", "--kind", "videosdk", "--api-key", pair["key"], "--store", "file", "-p", "prod"]
    done = place.run([*words, "--secret-stdin", "--no-verify"], {}, stdin=pair["secret"].encode())
    assert done.code == 0, done.stderr


def with_old(place: Place) -> None:
    """Store the old pair."""
    _log_in(place, OLD)


def _pair(allowed: Mapping[str, frozenset[str | None]], place: Place, outcome: Outcome) -> Iterator[str]:
    which = mint_of(place)
    case = "killed" if outcome.is_killed else "ok" if outcome.code == 0 else "failed"
    if which not in allowed[case]:
        yield f"exit {outcome.code}, and then the token is of {which}: {outcome.stderr}"
    left = [path.name for path in place.config.rglob("*") if path.suffix == ".tmp" or path.name.startswith(".tmp")]
    if left:
        yield f"temporary files are left after the next start: {left}"


def check_login(place: Place, _fault: Fault, outcome: Outcome) -> Iterator[str]:
    """Old or new, never one's key with the other's secret."""
    allowed = {
        "ok": frozenset({"new"}),
        "failed": frozenset({"old", "new"} | ({None} if "auth login" in outcome.stderr else set())),
        "killed": frozenset({"old", "new", None}),
    }
    yield from _pair(allowed, place, outcome)
    _log_in(place, NEW)
    if mint_of(place) != "new":
        yield "the next login does not help"


def check_logout(place: Place, _fault: Fault, outcome: Outcome) -> Iterator[str]:
    """Gone, or still whole; what is left is said."""
    allowed = {
        "ok": frozenset({None}),
        "failed": frozenset({"old", None}),
        "killed": frozenset({"old", None}),
    }
    yield from _pair(allowed, place, outcome)
    again = place.run(["auth", "logout", "-p", "prod"], {})
    stored = [path for path in place.config.rglob("*") if path.is_file() and OLD["secret"] in path.read_text()]
    if again.code not in {0, 3} or stored:
        yield f"the next logout ends in {again.code} and leaves {stored}"


def check_mint(_place: Place, _fault: Fault, outcome: Outcome) -> Iterator[str]:
    """A token, or none."""
    if outcome.code == 0 and outcome.stdout.count(".") != 2:
        yield f"no token: {outcome.stdout!r}"
    if outcome.code not in {0, 1} and outcome.stdout:
        yield "a token beside a failure"


def rung(place: Place) -> None:
    """Ring the room, so that there is a call to look at."""
    environ = environ_of(place.lab.emulator) | {"ZOOMCALL_SESSION": place.lab.emulator.ready["session_id"]}
    done = place.run(["invite", "sip", place.room, "--json"], environ)
    assert done.code == 0, done.stdout + done.stderr


def check_look_back(place: Place, _fault: Fault, outcome: Outcome) -> Iterator[str]:
    """The journal stays whole, and nothing rings again."""
    yield from _journal(place)
    if place.rings != 1:
        yield f"rang {place.rings} times"
    del outcome


def check_hangup(place: Place, fault: Fault, outcome: Outcome) -> Iterator[str]:
    """Exit 0 means that the room is gone."""
    yield from check_look_back(place, fault, outcome)
    emulator = place.lab.emulator
    venue = next(v for v in emulator.world.venues(Api.SESSION) if v.key.identifier == emulator.ready["session_id"])
    is_in = any(place.room in (attendee.sip_uri or "") for attendee in venue.present)
    if outcome.code == 0 and is_in:
        yield "exit 0, but the room is still in"


_ROWS = 3
_BATCH = ("invite", "batch", "{folder}/rooms.csv", "--no-wait", "--json", "--rate", "500/s")
_JOURNAL = ("--journal", "{folder}/run.sqlite3")


def with_rooms(place: Place) -> None:
    """Write the input of a batch."""
    rows = "".join(f"sip,{room}\n" for room in _rooms(place))
    (place.folder / "rooms.csv").write_text(f"protocol,address\n{rows}")


def _rooms(place: Place) -> list[str]:
    return [place.room.replace("@", f"@row{number}-") for number in range(_ROWS)]


def check_batch(place: Place, _fault: Fault, outcome: Outcome) -> Iterator[str]:
    """No room rings twice, whatever happened, and resuming rings what is left."""
    rings = {room: place.lab.rings[room] for room in _rooms(place)}
    if any(count > 1 for count in rings.values()):
        yield f"rang {rings}"
    if outcome.code in _NOTHING_RINGS and any(rings.values()):
        yield f"exit {outcome.code}, but a room rang"
    if outcome.code == 0 and not all(rings.values()):
        yield f"exit 0, but rang {rings}"
    words = [word.format(folder=place.folder) for word in (*_BATCH, *_JOURNAL)]
    environ = environ_of(place.lab.emulator) | {"ZOOMCALL_SESSION": place.lab.emulator.ready["session_id"]}
    resumed = place.run([*words, "--resume"], environ)
    if resumed.code == 2 and "no run to resume" in resumed.stdout:  # it ended before the run began
        resumed = place.run(words, environ)
    document = resumed.document
    if document is None or document["result"] is None:
        yield f"the resumption ends in {resumed.code}: {resumed.stdout}{resumed.stderr}"
        return
    for room, row in zip(_rooms(place), document["result"]["rows"], strict=True):
        count = place.lab.rings[room]
        if count > 1 or (count == 0 and row["exit_code"] == 0):
            yield f"after the resumption {room} ends in {row['exit_code']} and rang {count} times"


OWN_ROOM = ("My own room", "mine@example.com")


def with_own_room(place: Place) -> None:
    """Put a room into the address book."""
    done = place.run(["room", "add", OWN_ROOM[0], "sip", OWN_ROOM[1]], {})
    assert done.code == 0, done.stderr


def check_sync(place: Place, _fault: Fault, outcome: Outcome) -> Iterator[str]:
    """The book is the old one or the new one, the user's own room is in it, and the next sync brings the rest."""
    names = _book(place)
    if names is None:
        yield "the address book is damaged"
        return
    if names[:1] != [OWN_ROOM[0]]:
        yield f"the user's own room is gone: {names}"
    if len(names) not in ({6} if outcome.code == 0 else {1, 6}):
        yield f"exit {outcome.code}, but the book has {names}"
    again = place.run(["room", "sync", "--yes"], environ_of(place.lab.emulator))
    if again.code != 0 or len(_book(place) or ()) != 6:
        yield f"the next sync ends in {again.code}: {again.stderr}"


def _book(place: Place) -> list[str] | None:
    listed = place.run(["room", "list", "--json"], {})
    document = listed.document
    if listed.code != 0 or document is None or document["result"]["problems"]:
        return None
    return [room["name"] for room in document["result"]["rooms"]]


_LOGIN = ("auth", "login", "--kind", "videosdk", "--api-key", NEW["key"], "--store", "file", "-p", "prod")
_NEW_SECRET = NEW["secret"].encode()

SCENARIOS = (
    Scenario(
        "auth login",
        (*_LOGIN, "--secret-stdin", "--no-verify"),
        check_login,
        with_old,
        stdin=_NEW_SECRET,
        has_environment=False,
    ),
    Scenario("auth logout", ("auth", "logout", "-p", "prod"), check_logout, with_old, has_environment=False),
    Scenario("token mint", ("token", "mint", "-p", "prod"), check_mint, with_old, has_environment=False),
    Scenario("invite --no-wait", ("invite", "sip", "{room}", "--no-wait", "--json"), check_invite),
    Scenario("invite --wait", ("invite", "sip", "{room}", "--timeout", "6", "--json"), check_invite),
    Scenario("invite batch", (*_BATCH, *_JOURNAL), check_batch, with_rooms),
    Scenario("room sync", ("room", "sync", "--yes", "--json"), check_sync, with_own_room),
    Scenario("call status", ("call", "status", "--json"), check_look_back, rung),
    Scenario("call hangup", ("call", "hangup", "{room}", "--json"), check_hangup, rung),
)
