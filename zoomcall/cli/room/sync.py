"""``zoomcall room sync``: bring Zoom's own lists of rooms into the address book."""

from datetime import timedelta

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Tone
from zoomcall.cli.results.room import RoomListRead, RoomSyncResult
from zoomcall.cli.room.changes import BookFlags, Yes, written
from zoomcall.cli.run import Run
from zoomcall.domain.cause import Notice
from zoomcall.domain.credential import Bearer, HeldCredential, ServerToServerApp, SignedInUser, VideoSdkKey
from zoomcall.domain.room import Book, Change
from zoomcall.domain.secret import Secret
from zoomcall.domain.sign_in import tokens_of_item
from zoomcall.domain.target import Api
from zoomcall.usecases.syncing import ListReading, SyncPlan, plan_sync, private_rooms, read_lists

app = typer.Typer()

LIMIT = timedelta(seconds=60)
"""How long reading both lists may take."""


@command(
    app,
    "sync",
    CommandSpec(schema="zoomcall.room.sync/1"),
    examples=("zoomcall room sync", "zoomcall room sync --yes --json"),
)
def sync(run: Run, flags: BookFlags, *, is_confirmed: Yes = False) -> Answer:
    """Bring the rooms that Zoom lists into the address book, once you have seen what would change.

    Zoom has two lists: H.323/SIP devices, and rooms that an API connector manages. Rooms that you added are left
    alone, and so is what you changed of a room from a list; a room is removed only if it is gone at Zoom and you
    added nothing to it. Needs a credential for meetings.
    """
    connection = run.wiring.connect(Api.MEETING)
    connection.refuse_wrong_bearer(Api.MEETING)
    account = account_of(connection.held)
    readings = read_lists(connection.zoom, account=account, deadline=run.wiring.now() + LIMIT)
    plans: list[SyncPlan] = []

    def plan(book: Book) -> tuple[Change, ...]:
        plans.append(plan_sync(readings, book, account=account))
        return plans[-1].changes

    problems = {reading.list: _problem(run, reading) for reading in readings}
    run.notice(
        *(
            Notice("list-unreadable", f"Zoom does not show {each.label}, so its rooms stay as they are: {why}")
            for each, why in problems.items()
            if why is not None
        )
    )
    done = written(run, flags.book, plan, is_confirmed=is_confirmed)
    run.notice(*plans[-1].notices)
    private = private_rooms(done.changes)
    if private:
        run.notice(_of_private(private))
    lists = tuple(
        RoomListRead(
            list=reading.list,
            rooms=len(reading.rooms) if reading.refusal is None else None,
            problem=problems[reading.list],
        )
        for reading in readings
    )
    unchanged = plans[-1].unchanged
    result = RoomSyncResult(changes=done.shown, unchanged=unchanged, lists=lists, written=done.is_written)
    told = " and ".join(f"{len(each.rooms)} {each.list.rooms}" for each in readings if each.refusal is None)
    summary = Line(f"Zoom lists {told}; {unchanged} of them are in the book already", Tone.DIM)
    answer = done.answer(result)
    return Answer(page=(*answer.page, summary), result=result, status=answer.status, error=answer.error)


def account_of(held: HeldCredential) -> str | None:
    """Return the ID of the account that a credential belongs to; None if it does not tell."""
    match held.credential:
        case ServerToServerApp(account_id):
            return account_id
        case Bearer(text):
            return _account_in(text)
        case SignedInUser(client_id, item):
            tokens = tokens_of_item(item, client_id)
            return None if tokens is None else _account_in(tokens.access.text)
        case VideoSdkKey():
            return None


def _account_in(token: Secret) -> str | None:
    from zoomcall.domain.token import read_token

    claimed = (read_token(token.reveal()).claims or {}).get("aid")
    return claimed if isinstance(claimed, str) and claimed else None


def _problem(run: Run, reading: ListReading) -> str | None:
    """Return why Zoom does not show a list."""
    if reading.refusal is None:
        return None
    from zoomcall.usecases.explaining import explain_failure

    explained = explain_failure(reading.refusal, run.facts)
    causes = explained.causes[:1]
    return explained.title + "".join(f" ({each.certainty}: {each.id}: {each.evidence})" for each in causes)


def _of_private(names: tuple[str, ...]) -> Notice:
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    verb = "has" if len(names) == 1 else "have"
    return Notice(
        "private-address",
        f"{shown} {verb} only a private address, unreachable for Zoom's cloud without a Virtual Room Connector",
    )
