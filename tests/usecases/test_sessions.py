from datetime import UTC, date, datetime

import pytest

from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.live import LiveSession
from zoomcall.domain.roster import Participant
from zoomcall.domain.target import SessionId
from zoomcall.errors import ErrorKind, NoSession, UsageError
from zoomcall.usecases.sessions import find_live_session, live_sessions, look_into

TODAY = date(2026, 11, 21)
USUAL_ID = "KkMHZ4y8QhSUWAHi5sWvfg=="


def session(identifier: str, name: str = "", *, hour: int | None = None, users: int | None = None) -> LiveSession:
    start = None if hour is None else datetime(2026, 11, 21, hour, tzinfo=UTC)
    return LiveSession(id=SessionId(identifier), name=name, start_time=start, user_count=users)


def refusal(status: int, code: int) -> ZoomRefused:
    return ZoomRefused(ZoomAnswer(method="GET", path="/", status=status, code=code, is_zooms=True))


class FakeZoom:
    """Zoom with some live sessions; its filter by name finds more than was asked for."""

    def __init__(self, *sessions: LiveSession, users: tuple[Participant, ...] = ()) -> None:
        self.live = sessions
        self.users = users
        self.refusal = refusal(404, 3001)
        self.asked: list[str] = []

    def sessions(
        self,
        *,
        from_date: date,
        to_date: date,
        is_live: bool = True,
        name: str | None = None,
        deadline: datetime | None = None,
    ) -> tuple[LiveSession, ...]:
        assert is_live
        assert (from_date, to_date) == (date(2026, 11, 14), TODAY)
        self.asked.append(f"list {name}")
        return tuple(each for each in self.live if name is None or name in each.name)

    def session(self, session_id: str, *, is_live: bool = True, deadline: datetime | None = None) -> LiveSession:
        self.asked.append(f"show {session_id}")
        for each in self.live:
            if each.id == session_id:
                return each
        raise self.refusal

    def session_users(self, session_id: str, *, deadline: datetime | None = None) -> tuple[Participant, ...]:
        self.asked.append(f"users {session_id}")
        return self.users


def test_live_sessions_are_listed_the_newest_first() -> None:
    zoom = FakeZoom(session("a"), session("b", hour=8), session("c", hour=9))
    assert [each.id for each in live_sessions(zoom=zoom, today=TODAY)] == ["c", "b", "a"]


def test_a_session_is_found_by_its_exact_name() -> None:
    zoom = FakeZoom(session("a", "standup 2"), session("b", "standup"))
    assert find_live_session("standup", zoom=zoom, today=TODAY).id == "b"
    assert zoom.asked == ["list standup"]


def test_a_part_of_a_name_finds_nothing() -> None:
    zoom = FakeZoom(session("a", "standup 2"))
    with pytest.raises(NoSession, match="'standup'") as caught:
        find_live_session("standup", zoom=zoom, today=TODAY)
    assert caught.value.command == "zoomcall session list"


def test_a_name_is_also_looked_for_as_zoom_writes_it() -> None:
    zoom = FakeZoom(session("a", "standup"))
    assert find_live_session("Standup", zoom=zoom, today=TODAY).id == "a"
    assert zoom.asked == ["list Standup", "list standup"]


def test_an_exact_name_is_preferred_to_its_lower_case_form() -> None:
    zoom = FakeZoom(session("a", "standup"), session("b", "Standup"))
    assert find_live_session("Standup", zoom=zoom, today=TODAY).id == "b"


def test_two_live_sessions_of_a_name_are_an_error_that_lists_them() -> None:
    zoom = FakeZoom(session("a==", "standup", hour=8, users=1), session("b==", "standup", users=2))
    with pytest.raises(UsageError) as caught:
        find_live_session("standup", zoom=zoom, today=TODAY)
    assert "a==, 1 user, since 2026-11-21 08:00 UTC" in caught.value.message
    assert "b==, 2 users" in caught.value.message
    assert "--session ID" in (caught.value.fix or "")


def test_a_session_is_shown_by_id_with_those_who_are_in_it() -> None:
    here = Participant(id="1")
    gone = Participant(id="2", leave_time=datetime(2026, 11, 21, tzinfo=UTC))
    zoom = FakeZoom(session("a==", "standup"), users=(here, gone))
    gathering = look_into("a==", zoom=zoom, today=TODAY)
    assert (gathering.session.name, gathering.users) == ("standup", (here,))
    assert zoom.asked == ["show a==", "users a=="]


def test_a_session_is_shown_by_name_if_no_session_has_it_for_an_id() -> None:
    zoom = FakeZoom(session("a==", "standup"))
    assert look_into("standup", zoom=zoom, today=TODAY).session.id == "a=="
    assert zoom.asked == ["show standup", "list standup", "users a=="]


def test_a_name_that_can_be_no_id_is_looked_up_at_once() -> None:
    zoom = FakeZoom(session("a==", "morning standup"))
    assert look_into("morning standup", zoom=zoom, today=TODAY).session.id == "a=="
    assert zoom.asked == ["list morning standup", "users a=="]
    with pytest.raises(NoSession):
        look_into("evening standup", zoom=zoom, today=TODAY)


def test_what_is_neither_id_nor_name_is_refused_in_zooms_own_words() -> None:
    zoom = FakeZoom()
    with pytest.raises(ZoomRefused) as caught:
        look_into("nothing", zoom=zoom, today=TODAY)
    assert caught.value is zoom.refusal


def test_what_looks_like_an_id_is_not_looked_up_as_a_name() -> None:
    zoom = FakeZoom(session("a==", USUAL_ID))
    with pytest.raises(ZoomRefused):
        look_into(USUAL_ID, zoom=zoom, today=TODAY)
    assert zoom.asked == [f"show {USUAL_ID}"]


@pytest.mark.parametrize(("status", "code"), [(401, 124), (429, 429), (500, 500)])
def test_any_other_refusal_ends_the_search(status: int, code: int) -> None:
    zoom = FakeZoom(session("a==", "standup"))
    zoom.refusal = refusal(status, code)
    with pytest.raises(ZoomRefused) as caught:
        look_into("standup", zoom=zoom, today=TODAY)
    assert caught.value.kind is not ErrorKind.NO_SESSION
    assert zoom.asked == ["show standup"]
