"""The journal of calls, in SQLite: safe across processes, without secrets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from zoomcall.adapters.clock import Uptime
from zoomcall.adapters.journal_file import JournalFile, from_ms, to_ms
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

if TYPE_CHECKING:
    from zoomcall.adapters.batch_runs import BatchRuns

FILE_NAME = "journal.sqlite3"
_FUTURE = timedelta(minutes=1)
"""How far a call may lie in the future before it counts as made now: processes that wait are apart by seconds."""

_SHIFT = "CASE WHEN boot = :boot THEN (:at - :up) - (at_ms - up_ms) ELSE 0 END"
"""What to add to a row's times to have them by the wall clock of the process that asks.

A clock that was set between two calls does not matter within one boot of the machine.
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
        name: The file's name in the folder.
        is_hurried: Whether to wait no longer for other processes than a moment.
        uptime: A clock that nobody can set; None where there is none.

    Raises:
        FolderUnusable: The folder cannot be created or written.
        NotConfigured: The file is locked, cannot be written, or is not a journal.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        name: str = FILE_NAME,
        is_hurried: Callable[[], bool] = lambda: False,
        uptime: Callable[[], Uptime | None] = lambda: None,
    ) -> None:
        self._file = JournalFile(None if folder is None else folder / name, is_hurried=is_hurried)
        self._uptime = uptime

    @property
    def runs(self) -> BatchRuns:
        """The runs of batches that are kept in the same file."""
        from zoomcall.adapters.batch_runs import BatchRuns

        return BatchRuns(self._file)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def claim(self, call: NewCall, *, is_forced: bool, present: Presence | None = None) -> CallId:
        """Record a dial about to be made, unless an earlier one may still ring the same room.

        Checking and recording are one transaction, so only one of two processes succeeds. Afterwards the dial is
        on disk.

        Raises:
            Duplicate: An earlier dial has joined, or is unresolved and recent enough (contract 2, exit 12).
            NotConfigured: The dial could not be recorded.
        """
        moment = self._moment(call.at)
        with self._file.transaction():
            self._bring_back(call.target, moment)
            found = None if is_forced else self._duplicate(call, present, moment)
            outcome = found or self._insert(call, moment)
        if isinstance(outcome, Duplicate):
            raise outcome
        try:
            self._file.flush()
        except NotConfigured:
            self._take_back(outcome)
            raise
        return outcome

    def _moment(self, at: datetime) -> dict[str, object]:
        up = self._uptime()
        return {"at": to_ms(at), "boot": None if up is None else up.boot, "up": None if up is None else up.ms}

    def _insert(self, call: NewCall, moment: dict[str, object]) -> CallId:
        cursor = self._file.execute(
            "INSERT INTO call (api_base, api, target_id, target_name, protocol, address, shown, to_name, profile,"
            " timeout_ms, state, sent, at_ms, boot, up_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *_key(call.target),
                call.target_name,
                call.address.protocol.value,
                call.address.normalised,
                call.address.shown,
                call.to_name,
                call.profile,
                call.timeout // timedelta(milliseconds=1),
                State.PENDING.value,
                Sent.UNKNOWN.value,
                *moment.values(),
            ),
        )
        return CallId(cursor.lastrowid or 0)

    def _take_back(self, call_id: CallId) -> None:
        """Let a dial that is not made, because the disk failed, block no other."""
        with suppress(NotConfigured), self._file.transaction():
            self._file.execute(
                "UPDATE call SET state = ?, sent = ? WHERE id = ?", (State.NOT_SENT.value, Sent.NO.value, call_id)
            )

    def _bring_back(self, target: TargetKey, moment: dict[str, object]) -> None:
        """Count calls of the future as made now, so that a clock that was fast does not block until then."""
        self._file.execute(
            "UPDATE call SET at_ms = :at, boot = :boot, up_ms = :up"
            " WHERE api_base = :base AND api = :api AND target_id = :target AND at_ms > :at + :future"
            " AND (:boot IS NULL OR boot IS NOT :boot)",  # within a boot, uptime tells a call's age
            {**moment, **_names(target), "future": _FUTURE // timedelta(milliseconds=1)},
        )

    def settle(self, call_id: CallId, standing: Standing) -> None:
        """Record what is known of a call now, and when it ended, once its state is no longer open."""
        settled = None if standing.state.is_open else to_ms(standing.at)
        with self._file.transaction():
            self._file.execute(
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
        self._file.flush()

    def mark_removed(self, call_id: CallId, at: datetime) -> None:
        """Record that the room was hung up."""
        with self._file.transaction():
            self._file.execute("UPDATE call SET removed_ms = ? WHERE id = ?", (to_ms(at), call_id))
        self._file.flush()

    def take_message(self, call_id: CallId, message_id: str) -> bool:
        """Tie Zoom's id of a call to one of ours, and to no other; return False if that one has another id."""
        names = {"id": call_id, "message": message_id}
        with self._file.transaction():
            self._file.execute(
                "UPDATE call SET message_id = NULL WHERE message_id = :message AND id <> :id"
                " AND api_base = (SELECT api_base FROM call WHERE id = :id"
                " AND (message_id IS NULL OR message_id = :message))",
                names,
            )
            cursor = self._file.execute(
                "UPDATE call SET message_id = :message"
                " WHERE id = :id AND (message_id IS NULL OR message_id = :message)",
                names,
            )
            return cursor.rowcount == 1

    def take_credit(self, call_id: CallId, participant_id: str) -> bool:
        """Tie a participant to a call; return False if it is already tied to another."""
        with self._file.transaction():
            self._file.execute(
                "INSERT OR IGNORE INTO credit SELECT api_base, api, target_id, ?, id FROM call WHERE id = ?",
                (participant_id, call_id),
            )
            row = self._file.execute(
                "SELECT credit.call_id FROM credit JOIN call USING (api_base, api, target_id)"
                " WHERE call.id = ? AND credit.participant_id = ?",
                (call_id, participant_id),
            ).fetchone()
        return row is not None and row[0] == call_id

    def credited_to_others(self, call_id: CallId) -> frozenset[str]:
        """Return the participants in the call's target that are tied to other calls."""
        rows = self._file.rows(
            "SELECT credit.participant_id FROM credit JOIN call USING (api_base, api, target_id)"
            " WHERE call.id = ? AND credit.call_id <> ?",
            (call_id, call_id),
        )
        return frozenset(str(row[0]) for row in rows)

    def rivals(self, call_id: CallId, *, since: datetime) -> tuple[CallRecord, ...]:
        """Return other dials into the call's target that were unresolved at ``since`` or later.

        A dial whose outcome never became known counts for as long as any call can ring. So does one that was taken
        to have joined because its room was the only newcomer: that may have been a stranger. Times are by the clock
        of the process that made the call.
        """
        own = self._file.rows(
            "SELECT at_ms, boot, up_ms, api_base, api, target_id FROM call WHERE id = ?", (call_id,)
        )
        if not own:
            return ()
        rows = self._file.rows(
            f"SELECT {_SHIFT} AS shift, {_COLUMNS} FROM call"  # noqa: S608 - this module's own
            " WHERE api_base = :base AND api = :api AND target_id = :target AND id <> :id"
            " AND (settled_ms IS NULL OR settled_ms + shift >= :since"
            " OR (state = :joined AND match = :only AND participant_id IS NOT NULL))"
            " AND at_ms + shift + MAX(timeout_ms, :longest) >= :since"
            " AND state NOT IN ('not-sent', 'refused', 'noop')",
            {
                **dict(zip(("at", "boot", "up", "base", "api", "target"), own[0], strict=True)),
                "id": call_id,
                "since": to_ms(since),
                "joined": State.JOINED.value,
                "only": Match.ONLY_CANDIDATE.value,
                "longest": LONGEST_RINGING // timedelta(milliseconds=1),
            },
        )
        return tuple(map(_shifted_record, rows))

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
        rows = self._file.rows(
            f"SELECT {_COLUMNS} FROM call{where} ORDER BY id DESC LIMIT ?",  # noqa: S608 - columns and terms are this module's own
            (*values, -1 if limit is None else limit),
        )
        return tuple(map(_record, rows))

    def call(self, call_id: CallId) -> CallRecord | None:
        """Return one call; None if there is none with that id."""
        rows = self._file.rows(f"SELECT {_COLUMNS} FROM call WHERE id = ?", (call_id,))  # noqa: S608 - the columns are this module's own
        return _record(rows[0]) if rows else None

    def _duplicate(self, call: NewCall, present: Presence | None, moment: dict[str, object]) -> Duplicate | None:
        rows = self._file.rows(
            f"SELECT {_SHIFT} AS shift, {_COLUMNS} FROM call"  # noqa: S608 - this module's own
            " WHERE api_base = :base AND api = :api AND target_id = :target AND protocol = :protocol"
            " AND address = :address AND at_ms + shift + MAX(timeout_ms, :shortest) > :at ORDER BY id DESC",
            {
                **moment,
                **_names(call.target),
                "protocol": call.address.protocol.value,
                "address": call.address.normalised,
                "shortest": SHORTEST_GUARD // timedelta(milliseconds=1),
            },
        )
        for earlier in map(_shifted_record, rows):
            if earlier.state is State.JOINED and present is not None and present.lacks(earlier):
                continue  # it was seen there, and is there no more
            if earlier.state.blocks_redial and earlier.removed_at is None:
                until = earlier.at + max(SHORTEST_GUARD, earlier.timeout)
                age = max(0, round((call.at - earlier.at).total_seconds()))
                return Duplicate(
                    f"{earlier.shown} was dialled into this {earlier.target.api} {age} s ago"
                    f" and {_last_seen(earlier.state)}"
                    f" (call {earlier.id})",
                    call_id=earlier.id,
                    until=until,
                )
        return None


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


def _names(target: TargetKey) -> dict[str, str]:
    return dict(zip(("base", "api", "target"), _key(target), strict=True))


def _shifted_record(row: tuple[object, ...]) -> CallRecord:
    """Return a call with its times by the clock of the process that asks."""
    shift, *rest = row
    record = _record(tuple(rest))
    by = timedelta(milliseconds=int(str(shift)))
    return replace(
        record,
        at=record.at + by,
        settled_at=None if record.settled_at is None else record.settled_at + by,
        removed_at=None if record.removed_at is None else record.removed_at + by,
    )


@lru_cache(maxsize=4096)  # a crowd's calls ask for the same rivals, which seldom change
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
        at=from_ms(int(str(at_ms))),
        timeout=timedelta(milliseconds=int(str(timeout_ms))),
        state=State(str(state)),
        sent=Sent(str(sent)),
        http_status=None if http_status is None else int(str(http_status)),
        reason=None if reason is None else Reason(int(str(reason))),
        participant_id=_text(participant_id),
        participant_uuid=_text(participant_uuid),
        message_id=_text(message_id),
        evidence=None if evidence is None else Evidence(EvidenceSource(str(evidence)), Match(str(match))),
        settled_at=None if settled_ms is None else from_ms(int(str(settled_ms))),
        removed_at=None if removed_ms is None else from_ms(int(str(removed_ms))),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
