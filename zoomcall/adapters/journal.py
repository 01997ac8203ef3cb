"""The journal of calls, in SQLite: safe across processes, without secrets."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from zoomcall.domain.address import Protocol
from zoomcall.domain.call import Evidence, EvidenceSource, Match, Reason, Sent, State
from zoomcall.domain.journal import (
    LONGEST_RINGING,
    SHORTEST_GUARD,
    CallId,
    CallRecord,
    NewCall,
    Presence,
    Standing,
    TargetKey,
)
from zoomcall.domain.target import Api
from zoomcall.errors import Duplicate, NotConfigured
from zoomcall.own_files import open_own

FILE_NAME = "journal.sqlite3"
VERSION = 1
_BUSY_SECONDS = 5.0

_SCHEMA = """
CREATE TABLE call (
  id INTEGER PRIMARY KEY,
  api_base TEXT NOT NULL,
  api TEXT NOT NULL,
  target_id TEXT NOT NULL,
  target_name TEXT,
  protocol TEXT NOT NULL,
  address TEXT NOT NULL,
  shown TEXT NOT NULL,
  to_name TEXT,
  profile TEXT,
  at_ms INTEGER NOT NULL,
  timeout_ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  sent TEXT NOT NULL,
  http_status INTEGER,
  reason INTEGER,
  participant_id TEXT,
  participant_uuid TEXT,
  message_id TEXT,
  evidence TEXT,
  match TEXT,
  settled_ms INTEGER,
  removed_ms INTEGER
);
CREATE INDEX call_target ON call (api_base, api, target_id, at_ms);
CREATE TABLE credit (
  api_base TEXT NOT NULL,
  api TEXT NOT NULL,
  target_id TEXT NOT NULL,
  participant_id TEXT NOT NULL,
  call_id INTEGER NOT NULL REFERENCES call (id),
  PRIMARY KEY (api_base, api, target_id, participant_id)
);
CREATE UNIQUE INDEX call_message ON call (api_base, message_id) WHERE message_id IS NOT NULL;
"""

_COLUMNS = (
    "id, api_base, api, target_id, target_name, protocol, address, shown, to_name, profile, at_ms, timeout_ms,"
    " state, sent, http_status, reason, participant_id, participant_uuid, message_id, evidence, match,"
    " settled_ms, removed_ms"
)


class Journal:
    """Calls dialled from this machine. Threads may share it.

    Args:
        folder: The state folder, created if it does not exist. None keeps the journal in memory, for a folder
            that cannot be written; the guard then covers only this process.

    Raises:
        NotConfigured: The folder or file cannot be written, or the file is not a journal.
    """

    def __init__(self, folder: Path | None) -> None:
        self._lock = threading.RLock()
        self._name = ":memory:" if folder is None else str(folder / FILE_NAME)
        try:
            if folder is not None:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                os.close(open_own(folder / FILE_NAME, os.O_CREAT | os.O_RDWR))
            self._database = sqlite3.connect(
                self._name, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        try:
            with self._translated():
                self._prepare()
        except NotConfigured:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def claim(self, call: NewCall, *, is_forced: bool, present: Presence | None = None) -> CallId:
        """Record a dial about to be made, unless an earlier one may still ring the same room.

        Checking and recording are one transaction, so only one of two processes succeeds.

        Raises:
            Duplicate: An earlier dial has joined, or is unresolved and recent enough (contract 2, exit 12).
        """
        with self._transaction():
            if not is_forced:
                self._refuse_duplicate(call, present)
            cursor = self._database.execute(
                "INSERT INTO call (api_base, api, target_id, target_name, protocol, address, shown, to_name,"
                " profile, at_ms, timeout_ms, state, sent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *_key(call.target),
                    call.target_name,
                    call.address.protocol.value,
                    call.address.normalised,
                    call.address.shown,
                    call.to_name,
                    call.profile,
                    _to_ms(call.at),
                    call.timeout // timedelta(milliseconds=1),
                    State.PENDING.value,
                    Sent.UNKNOWN.value,
                ),
            )
            return CallId(cursor.lastrowid or 0)

    def settle(self, call_id: CallId, standing: Standing) -> None:
        """Record what is known of a call now, and when it ended, once its state is no longer open."""
        settled = None if standing.state.is_open else _to_ms(standing.at)
        with self._transaction():
            self._database.execute(
                "UPDATE call SET state = ?, sent = ?, settled_ms = ?, http_status = COALESCE(?, http_status),"
                " reason = COALESCE(?, reason), evidence = COALESCE(?, evidence), match = COALESCE(?, match),"
                " participant_id = COALESCE(?, participant_id),"
                " participant_uuid = COALESCE(?, participant_uuid) WHERE id = ?",
                (
                    standing.state.value,
                    standing.sent.value,
                    settled,
                    standing.http_status,
                    None if standing.reason is None else standing.reason.code,
                    None if standing.evidence is None else standing.evidence.source.value,
                    None if standing.evidence is None else standing.evidence.match.value,
                    standing.participant_id,
                    standing.participant_uuid,
                    call_id,
                ),
            )

    def mark_removed(self, call_id: CallId, at: datetime) -> None:
        """Record that the room was hung up."""
        with self._transaction():
            self._database.execute("UPDATE call SET removed_ms = ? WHERE id = ?", (_to_ms(at), call_id))

    def take_message(self, call_id: CallId, message_id: str) -> bool:
        """Tie Zoom's id of a call to one of ours, and to no other; return False if that one has another id."""
        names = {"id": call_id, "message": message_id}
        with self._transaction():
            self._database.execute(
                "UPDATE call SET message_id = NULL WHERE message_id = :message AND id <> :id"
                " AND api_base = (SELECT api_base FROM call WHERE id = :id"
                " AND (message_id IS NULL OR message_id = :message))",
                names,
            )
            cursor = self._database.execute(
                "UPDATE call SET message_id = :message"
                " WHERE id = :id AND (message_id IS NULL OR message_id = :message)",
                names,
            )
            return cursor.rowcount == 1

    def take_credit(self, call_id: CallId, participant_id: str) -> bool:
        """Tie a participant to a call; return False if it is already tied to another."""
        with self._transaction():
            self._database.execute(
                "INSERT OR IGNORE INTO credit SELECT api_base, api, target_id, ?, id FROM call WHERE id = ?",
                (participant_id, call_id),
            )
            row = self._database.execute(
                "SELECT credit.call_id FROM credit JOIN call USING (api_base, api, target_id)"
                " WHERE call.id = ? AND credit.participant_id = ?",
                (call_id, participant_id),
            ).fetchone()
        return row is not None and row[0] == call_id

    def credited_to_others(self, call_id: CallId) -> frozenset[str]:
        """Return the participants in the call's target that are tied to other calls."""
        with self._translated():
            rows = self._database.execute(
                "SELECT credit.participant_id FROM credit JOIN call USING (api_base, api, target_id)"
                " WHERE call.id = ? AND credit.call_id <> ?",
                (call_id, call_id),
            ).fetchall()
        return frozenset(row[0] for row in rows)

    def rivals(self, call_id: CallId, *, since: datetime) -> tuple[CallRecord, ...]:
        """Return other dials into the call's target that were unresolved at ``since`` or later.

        A dial whose outcome never became known counts for as long as any call can ring. So does one that was taken
        to have joined because its room was the only newcomer: that may have been a stranger.
        """
        with self._translated():
            rows = self._database.execute(
                f"SELECT {_COLUMNS} FROM call WHERE id <> :id"  # noqa: S608 - the columns are this module's own
                " AND (api_base, api, target_id) = (SELECT api_base, api, target_id FROM call WHERE id = :id)"
                " AND (settled_ms IS NULL OR settled_ms >= :since "
                " OR (state = :joined AND match = :only AND participant_id IS NOT NULL))"
                " AND at_ms + MAX(timeout_ms, :longest) >= :since AND state NOT IN ('not-sent', 'refused', 'noop')",
                {
                    "id": call_id,
                    "since": _to_ms(since),
                    "joined": State.JOINED.value,
                    "only": Match.ONLY_CANDIDATE.value,
                    "longest": LONGEST_RINGING // timedelta(milliseconds=1),
                },
            ).fetchall()
        return tuple(_record(row) for row in rows)

    def calls(
        self,
        *,
        target: TargetKey | None = None,
        room: tuple[Protocol, str] | None = None,
        limit: int | None = None,
    ) -> tuple[CallRecord, ...]:
        """Return the calls into a target, to a room, or both, newest first; without either, every call.

        Args:
            target: The session or meeting.
            room: A protocol and a normalised address.
            limit: How many to return at most.
        """
        terms: list[str] = []
        values: list[str | int] = []
        if target is not None:
            terms.append("api_base = ? AND api = ? AND target_id = ?")
            values += _key(target)
        if room is not None:
            terms.append("protocol = ? AND address = ?")
            values += (room[0].value, room[1])
        where = f" WHERE {' AND '.join(terms)}" if terms else ""
        with self._translated():
            rows = self._database.execute(
                f"SELECT {_COLUMNS} FROM call{where} ORDER BY id DESC LIMIT ?",  # noqa: S608 - columns and terms are this module's own
                (*values, -1 if limit is None else limit),
            ).fetchall()
        return tuple(_record(row) for row in rows)

    def call(self, call_id: CallId) -> CallRecord | None:
        """Return one call; None if there is none with that id."""
        with self._translated():
            row = self._database.execute(f"SELECT {_COLUMNS} FROM call WHERE id = ?", (call_id,)).fetchone()  # noqa: S608 - the columns are this module's own
        return None if row is None else _record(row)

    def _refuse_duplicate(self, call: NewCall, present: Presence | None) -> None:
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM call WHERE api_base = ? AND api = ? AND target_id = ?"  # noqa: S608 - the columns are this module's own
            " AND protocol = ? AND address = ? AND at_ms + MAX(timeout_ms, ?) > ? ORDER BY id DESC",
            (
                *_key(call.target),
                call.address.protocol.value,
                call.address.normalised,
                SHORTEST_GUARD // timedelta(milliseconds=1),
                _to_ms(call.at),
            ),
        ).fetchall()
        for earlier in map(_record, rows):
            if earlier.state is State.JOINED and present is not None and present.lacks(earlier):
                continue  # it was seen there, and is there no more
            if earlier.state.blocks_redial and earlier.removed_at is None:
                until = earlier.at + max(SHORTEST_GUARD, earlier.timeout)
                age = max(0, round((call.at - earlier.at).total_seconds()))
                raise Duplicate(
                    f"{earlier.shown} was dialled into this {earlier.target.api} {age} s ago"
                    f" and {_last_seen(earlier.state)}"
                    f" (call {earlier.id})",
                    call_id=earlier.id,
                    until=until,
                )

    def _prepare(self) -> None:
        self._database.execute("PRAGMA foreign_keys = ON")
        with self._transaction():
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    self._database.execute(statement)
                self._database.execute(f"PRAGMA user_version = {VERSION}")
            elif version > VERSION:
                raise NotConfigured(
                    f"the journal {self._name} was written by a newer zoomcall",
                    fix="Update zoomcall, or set ZOOMCALL_STATE_DIR to another folder.",
                )
        with suppress(sqlite3.OperationalError):  # another process is using it: the next one will do this
            self._database.execute("PRAGMA journal_mode = WAL")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._translated():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> NotConfigured:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return NotConfigured(
            f"the journal {self._name} cannot be used: {reason}",
            fix="Make the folder writable, move a damaged file away, or set ZOOMCALL_STATE_DIR to another folder.",
        )


def _last_seen(state: State) -> str:
    """Return what was last known of a room that blocks another dial."""
    words = {
        State.JOINED: "joined",
        State.WAITING_ROOM: "was last seen in the waiting room",
        State.ANSWERED: "answered",
    }
    return words.get(state, "may still ring")


def _key(target: TargetKey) -> tuple[str, str, str]:
    return target.api_base, target.api.value, target.id


def _to_ms(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def _from_ms(ms: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)


def _record(row: tuple[object, ...]) -> CallRecord:
    (
        identifier, api_base, api, target_id, target_name, protocol, address, shown, to_name, profile, at_ms,
        timeout_ms, state, sent, http_status, reason, participant_id, participant_uuid, message_id, evidence, match,
        settled_ms, removed_ms,
    ) = row  # fmt: skip
    return CallRecord(
        id=CallId(int(str(identifier))),
        target=TargetKey(api_base=str(api_base), api=Api(str(api)), id=str(target_id)),
        target_name=_text(target_name),
        protocol=Protocol(str(protocol)),
        address=str(address),
        shown=str(shown),
        to_name=_text(to_name),
        profile=_text(profile),
        at=_from_ms(int(str(at_ms))),
        timeout=timedelta(milliseconds=int(str(timeout_ms))),
        state=State(str(state)),
        sent=Sent(str(sent)),
        http_status=None if http_status is None else int(str(http_status)),
        reason=None if reason is None else Reason(int(str(reason))),
        participant_id=_text(participant_id),
        participant_uuid=_text(participant_uuid),
        message_id=_text(message_id),
        evidence=None if evidence is None else Evidence(EvidenceSource(str(evidence)), Match(str(match))),
        settled_at=None if settled_ms is None else _from_ms(int(str(settled_ms))),
        removed_at=None if removed_ms is None else _from_ms(int(str(removed_ms))),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
