"""What Zoom's lists of rooms change in the address book."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.room import Book, BookEntry, Change
from zoomcall.domain.zoom_list import ListedRoom, ZoomList
from zoomcall.usecases.syncing import ListReading, SyncPlan, plan_sync, read_lists

LATER = datetime(2026, 12, 1, tzinfo=UTC)


def listed(number: int, name: str, address: str, *, protocol: str = "SIP", account: str = "A") -> ListedRoom:
    return ListedRoom(
        list=ZoomList.DEVICES, id=str(number), name=name, protocol=protocol, address=address, account=account
    )


def synced(*rooms: ListedRoom, book: Book | None = None, account: str = "A") -> SyncPlan:
    reading = ListReading(list=ZoomList.DEVICES, rooms=rooms)
    return plan_sync([reading], book or book_of(), account=account)


def book_of(*entries: BookEntry, broken: Mapping[str, str] | None = None) -> Book:
    return Book(entries, broken or {}, "book.toml")


def entry(name: str, address: str, **fields: object) -> BookEntry:
    return BookEntry.parse(name, {"protocol": "sip", "address": address, **fields})


def after(plan: SyncPlan, book: Book | None = None) -> Book:
    return (book or book_of()).after(plan.changes)


def shown(changes: tuple[Change, ...]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(change.word, change.entry.name, change.fields) for change in changes]


BOARD, LAB = listed(1, "Board", "a@example.com"), listed(2, "Lab", "203.0.113.9", protocol="H.323")


def test_new_rooms_are_added_with_their_origin_and_a_second_sync_changes_nothing() -> None:
    book = after(synced(BOARD, LAB))
    assert [(each.name, each.protocol, each.address.text) for each in book.entries] == [
        ("Board", "sip", "a@example.com"),
        ("Lab", "h323", "203.0.113.9"),
    ]
    assert [each.origin for each in book.entries] == [BOARD, LAB]
    again = synced(BOARD, LAB, book=book)
    assert (again.changes, again.unchanged) == ((), 2)


def test_a_room_of_the_users_own_is_never_changed_nor_removed() -> None:
    own = entry("Board", "mine@example.com")
    book = book_of(own, entry("Lab at home", "b@example.com"))
    plan = synced(BOARD, book=book)
    assert shown(plan.changes) == [("add", "Board (Zoom)", ())]
    assert after(plan, book).find("Board") == own
    assert synced(book=book).changes == ()


def test_a_room_that_the_user_added_by_the_same_address_is_left_alone() -> None:
    plan = synced(listed(1, "Board", "SIP:A@EXAMPLE.com"), book=book_of(entry("My board", "a@example.com")))
    assert (plan.changes, plan.unchanged) == ((), 1)


def test_what_changes_at_zoom_changes_here() -> None:
    book = after(synced(BOARD, LAB))
    plan = synced(listed(1, "Board room", "b@example.com"), LAB, book=book)
    assert shown(plan.changes) == [("change", "Board room", ("name", "address", "origin"))]
    assert plan.unchanged == 1


def test_what_the_user_changed_stays_whatever_zoom_says_and_that_is_told_once() -> None:
    book = after(synced(BOARD))
    edited = book.entries[0].edited({"address": "public@example.com", "note": "n"}, name="Mine")
    book = book_of(edited)
    assert synced(BOARD, book=book).changes == ()
    moved = listed(1, "Renamed", "moved@example.com")
    plan = synced(moved, book=book)
    assert shown(plan.changes) == [("change", "Mine", ("origin",))]
    assert "keeps your address public@example.com" in plan.notices[0].message
    book = after(plan, book)
    assert (book.entries[0].name, book.entries[0].address.text) == ("Mine", "public@example.com")
    assert synced(moved, book=book) == SyncPlan(changes=(), notices=(), unchanged=1)


def test_a_user_who_was_ahead_of_zoom_is_not_warned_and_headers_go_with_sip() -> None:
    book = book_of(after(synced(BOARD)).entries[0].edited({"address": "new@example.com"}))
    assert synced(listed(1, "Board", "new@example.com"), book=book).notices == ()
    book = book_of(after(synced(BOARD)).entries[0].edited({"header": "X-A=1"}))
    moved = after(synced(listed(1, "Board", "203.0.113.4", protocol="H.323"), book=book), book).entries[0]
    assert (moved.protocol, moved.headers) == ("h323", ())


def test_of_two_rows_with_one_id_the_first_counts() -> None:
    assert [each.name for each in after(synced(BOARD, listed(1, "Other", "b@example.com"))).entries] == ["Board"]


def test_a_room_that_is_gone_is_removed_unless_the_user_added_something_to_it() -> None:
    book = after(synced(BOARD, LAB))
    assert shown(synced(LAB, book=book).changes) == [("remove", "Board", ())]
    for kept in ({"note": "n"}, {"tag": "t"}, {"to_name": "n"}, {"from_name": "n"}, {"header": "X-A=1"}):
        mine = book_of(book.entries[0].edited(kept), book.entries[1])
        plan = synced(LAB, book=mine)
        assert shown(plan.changes) == [("change", "Board", ("origin",))]
        assert plan.notices[0].id == "room-kept"
        assert after(plan, mine).entries[0].origin is None
    for mine in (
        book.entries[0].edited({}, name="Other"),
        book.entries[0].edited({"address": "b@example.com"}),
    ):
        assert synced(book=book_of(mine)).changes[0].word == "change"


def test_a_room_that_was_registered_anew_keeps_its_name() -> None:
    book = after(synced(BOARD))
    plan = synced(listed(9, "Board", "a@example.com"), book=book)
    assert shown(plan.changes) == [("remove", "Board", ()), ("add", "Board", ())]
    assert [each.origin and each.origin.id for each in after(plan, book).entries] == ["9"]


def test_another_accounts_rooms_and_another_list_are_left_alone() -> None:
    book = after(synced(BOARD))
    other = synced(account="B", book=book)
    managed = plan_sync([ListReading(list=ZoomList.MANAGED)], book, account="A")
    assert other.changes == managed.changes == ()


def test_a_list_that_zoom_does_not_show_removes_nothing() -> None:
    book = after(synced(BOARD))
    reading = ListReading(list=ZoomList.DEVICES, refusal=refusal(200, 200, "No permission."))
    assert plan_sync([reading], book, account="A").changes == ()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("@-Board", "Board"),
        ("Bo\x1b[31mard\n", "Bo[31mard"),
        ("  ", "room 1"),
        ("x" * 150, "x" * 87 + "..."),
    ],
)
def test_a_hostile_name_is_made_one_that_the_book_can_hold(name: str, kept: str) -> None:
    book = after(synced(listed(1, name, "a@example.com")))
    assert book.entries[0].name == kept
    assert synced(listed(1, name, "a@example.com"), book=book).changes == ()
    assert synced(book=book).changes[0].word == "remove"


def test_names_that_are_taken_get_an_ending() -> None:
    rooms = [listed(number, "Board", f"a{number}@example.com") for number in range(1, 5)]
    book = after(synced(*rooms, book=book_of(broken={"board": "why"})))
    assert [each.name for each in book.entries] == [
        "Board (Zoom)",
        "Board (Zoom 2)",
        "Board (Zoom 3)",
        "Board (Zoom 4)",
    ]
    assert synced(*rooms, book=book).changes == ()


@pytest.mark.parametrize(
    ("protocol", "address", "words"),
    [
        ("Skype", "a@example.com", "'Skype' is neither SIP nor H.323"),
        ("SIP", "", "has no address"),
        ("SIP", "no room", "address-invalid"),
        ("H.323", "203.0.113.10##84098077904#***", "is masked"),
    ],
)
def test_a_room_that_cannot_be_used_is_told_and_hinders_no_other(protocol: str, address: str, words: str) -> None:
    book = after(synced(BOARD, LAB))
    plan = synced(listed(1, "Board", address, protocol=protocol), LAB, listed(3, "C", "c@example.com"), book=book)
    assert shown(plan.changes) == [("add", "C", ())]
    assert words in plan.notices[0].message


class Zoom:
    """Answers with rooms, or refuses."""

    def __init__(self, devices: object, managed: object) -> None:
        self._answers = {"devices": devices, "managed": managed}

    def _answer(self, name: str) -> tuple[ListedRoom, ...]:
        answer = self._answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value] # rooms

    def h323_devices(self, *, deadline: datetime | None = None) -> tuple[ListedRoom, ...]:
        return self._answer("devices")

    def managed_rooms(self, *, deadline: datetime | None = None) -> tuple[ListedRoom, ...]:
        return self._answer("managed")


def refusal(status: int, code: int, message: str) -> ZoomRefused:
    answer = ZoomAnswer(method="GET", path="/", status=status, code=code, message=message, is_zooms=True)
    return ZoomRefused(answer)


def test_one_list_that_may_not_be_read_hinders_not_the_other() -> None:
    for told in (refusal(200, 200, "No permission."), refusal(400, 4711, "does not contain scopes:[x]")):
        devices, managed = read_lists(Zoom(told, (BOARD,)), account="B", deadline=LATER)
        assert (devices.refusal, [room.account for room in managed.rooms]) == (told, ["B"])


def test_neither_list_or_a_fault_of_zooms_is_an_error() -> None:
    forbidden, broken = refusal(400, 4711, "does not contain scopes:[x]"), refusal(500, 5000, "oops")
    for zoom in (Zoom(forbidden, forbidden), Zoom((), broken)):
        with pytest.raises(ZoomRefused):
            read_lists(zoom, account=None, deadline=LATER)
