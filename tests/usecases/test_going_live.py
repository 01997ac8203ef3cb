"""How the wait of ``--when-live`` looks, how often, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fakes import FakeListener, FakeZoom

from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.call import State
from zoomcall.domain.journal import TargetKey
from zoomcall.domain.live import LiveSession, Meeting
from zoomcall.domain.roster import Participant
from zoomcall.domain.target import (
    MeetingTarget,
    ResolvedTarget,
    SessionNameTarget,
    SessionTarget,
    Target,
    parse_meeting_number,
    parse_session_id,
)
from zoomcall.errors import ErrorKind, NetworkFault, NetworkWord, NoSession, UsageError, ZoomcallError
from zoomcall.usecases.batching.live import Doors
from zoomcall.usecases.dialing import going_live
from zoomcall.usecases.dialing.going_live import LiveWait, wait_until_live
from zoomcall.usecases.dialing.polling import Sighting
from zoomcall.usecases.dialing.stop import Stop, Stopped

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BASE = "https://api.zoom.us/v2"
SESSION = SessionTarget(parse_session_id("4oV7FUGpQDWHuHz0B2gvXw=="))
MEETING = MeetingTarget(parse_meeting_number("84098077904"))
PERSON = Participant(id="u1", name="Ada", device="Mac")
WAITER = Participant(id="u2", name="Bob", device="Mac", is_waiting=True)


def refused(status: int, code: int, *, retry_at: datetime | None = None) -> ZoomRefused:
    return ZoomRefused(
        ZoomAnswer(method="GET", path="/v2/x", status=status, is_zooms=True, code=code, retry_at=retry_at)
    )


GONE, SCOPE, LIMIT = refused(404, 3001), refused(400, 104), refused(429, 429)
LOST = NetworkFault("reset", word=NetworkWord.RESET, may_have_arrived=True)


class Scene(FakeZoom):
    """A Zoom by a clock of its own; ``answers`` maps a request's name to what it gives at a second of the wait."""

    def __init__(self, **answers: Callable[[float], Any]) -> None:
        super().__init__()
        self.moment = NOW
        self.by_name = answers
        self.asked: list[tuple[str, float]] = []
        self.names: list[str | None] = []
        self.saw: list[Sighting] = []

    def now(self) -> datetime:
        return self.moment

    def _give(self, name: str) -> Any:
        second = (self.moment - NOW).total_seconds()
        self.asked.append((name, second))
        answer = self.by_name[name](second)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def session_users(self, session_id: str, *, deadline: datetime | None = None) -> tuple[Participant, ...]:
        found: tuple[Participant, ...] = self._give("roster")
        return found

    def meeting_participants(self, number: str, *, deadline: datetime | None = None) -> tuple[Participant, ...]:
        found: tuple[Participant, ...] = self._give("roster")
        return found

    def meeting(self, number: str, *, deadline: datetime | None = None) -> Meeting:
        return Meeting(status=self._give("meeting"))

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
        self.names.append(name)
        found: tuple[LiveSession, ...] = self._give("list")
        return found

    def session(self, session_id: str, *, is_live: bool = True, deadline: datetime | None = None) -> LiveSession:
        raise AssertionError

    def wait(self, target: Target, seconds: float) -> LiveWait:
        return LiveWait(
            target,
            api_base=BASE,
            zoom=self,
            saw=lambda _, sighting: self.saw.append(sighting),
            now=self.now,
            within=timedelta(seconds=seconds),
        )

    @property
    def seconds(self) -> list[float]:
        return [second for _, second in self.asked]

    @property
    def gaps(self) -> list[float]:
        return [later - earlier for earlier, later in zip(self.seconds, self.seconds[1:], strict=False)]


class Ticking(FakeListener):
    """A listener under whose eyes the time passes, a quarter of a second a look."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self._scene = scene

    def progress(self, state: State, elapsed: timedelta) -> None:
        super().progress(state, elapsed)
        self._scene.moment += timedelta(seconds=0.25)


@pytest.fixture(autouse=True)
def _no_real_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(going_live, "LONGEST_SLEEP", 0.0)


def waited(scene: Scene, target: Target, seconds: float, told: list[str] | None = None) -> ResolvedTarget:
    tell = (told if told is not None else []).append
    wait = scene.wait(target, seconds)
    return wait_until_live(wait, listener=Ticking(scene), stop=Stop(), now=scene.now, tell=tell)


def test_the_target_comes_back_at_the_first_look_after_it_went_live_with_somebody_in_it() -> None:
    scene = Scene(roster=lambda second: GONE if second < 12 else () if second < 17 else (PERSON,))
    told: list[str] = []

    assert waited(scene, SESSION, 60, told) == SESSION
    assert scene.seconds == [0, 5, 10, 15, 20]
    assert told == ["is not live"]
    assert scene.saw[-1] == Sighting((PERSON,), NOW + timedelta(seconds=20))


def test_what_is_live_already_is_not_waited_for_and_nothing_is_said() -> None:
    scene, told = Scene(roster=lambda _: (PERSON,)), list[str]()

    assert waited(scene, SESSION, 60, told) == SESSION
    assert (scene.seconds, told) == ([0], [])


@pytest.mark.parametrize("target", [SESSION, MEETING])
@pytest.mark.parametrize("seconds", [3, 5, 7, 60, 61.5, 3600])
def test_a_wait_costs_a_request_in_five_seconds_with_the_last_one_at_its_end_and_none_later(
    target: Target, seconds: float
) -> None:
    scene = Scene(roster=lambda _: GONE)

    with pytest.raises(NoSession, match="was not live within"):
        waited(scene, target, seconds)
    assert min(scene.gaps, default=9) >= min(5, seconds) - 0.25
    assert len(scene.asked) <= 1 + seconds / 5
    assert scene.seconds[-1] <= seconds
    assert seconds < 5 or scene.seconds[-1] >= seconds - 0.5
    assert scene.moment <= NOW + timedelta(seconds=seconds + 0.25)


def test_who_is_in_the_waiting_room_is_not_in_the_meeting() -> None:
    scene = Scene(roster=lambda second: (WAITER,) if second < 8 else (WAITER, PERSON))

    assert waited(scene, MEETING, 60) == MEETING
    assert scene.seconds == [0, 5, 10]


def test_an_empty_session_is_told_apart_from_one_that_is_not_live() -> None:
    scene = Scene(roster=lambda _: ())
    wait = scene.wait(SESSION, 12)

    with pytest.raises(NoSession, match="nobody was in session"):
        wait_until_live(wait, listener=Ticking(scene), stop=Stop(), now=scene.now, tell=lambda _: None)
    assert wait.population == 0


# By name


def listed(name: str, users: int | None = 1) -> tuple[LiveSession, ...]:
    return (LiveSession(id=SESSION.id, name=name, user_count=users),)


@pytest.mark.parametrize(
    ("given", "live", "asked"),
    [("standup", "standup", "standup"), ("Standup", "standup", None), ("Sta", "Sta", None)],
)
def test_a_name_is_looked_for_once_in_seven_seconds_in_both_of_its_forms(
    given: str, live: str, asked: str | None
) -> None:
    scene = Scene(list=lambda second: listed(live) if second >= 15 else listed("another"))

    assert waited(scene, SessionNameTarget(given), 60) == SessionTarget(SESSION.id, live)
    assert scene.seconds == [0, 7, 14, 21]
    assert set(scene.names) == {asked}


def test_a_list_of_several_pages_is_asked_for_more_seldom() -> None:
    many = tuple(LiveSession(id=parse_session_id(f"id{number}"), name=f"{number}") for number in range(650))
    scene = Scene(list=lambda _: many)

    with pytest.raises(NoSession):
        waited(scene, SessionNameTarget("Standup"), 60)
    assert set(scene.gaps[:-1]) == {21.0}


def test_a_named_session_without_users_is_watched_by_its_id() -> None:
    scene = Scene(list=lambda _: listed("standup", 0), roster=lambda second: (PERSON,) if second >= 10 else ())

    assert waited(scene, SessionNameTarget("standup"), 60) == SessionTarget(SESSION.id, "standup")
    assert [name for name, _ in scene.asked] == ["list", "roster", "roster"]


def test_two_sessions_of_a_name_end_the_wait_at_once() -> None:
    two = (*listed("standup"), LiveSession(id=parse_session_id("other=="), name="standup"))
    scene = Scene(list=lambda _: two)

    with pytest.raises(UsageError, match="2 live sessions are named 'standup'"):
        waited(scene, SessionNameTarget("standup"), 60)
    assert len(scene.asked) == 1


# What cannot be read


def test_a_missing_scope_ends_the_wait_at_once() -> None:
    scene = Scene(roster=lambda _: SCOPE)

    with pytest.raises(ZoomRefused) as caught:
        waited(scene, SESSION, 60)
    assert caught.value.kind is ErrorKind.NOT_ENTITLED
    assert scene.seconds == [0]


def test_a_meeting_whose_roster_cannot_be_read_is_judged_by_its_status() -> None:
    scene = Scene(roster=lambda _: SCOPE, meeting=lambda second: "waiting" if second < 12 else "started")

    assert waited(scene, MEETING, 60) == MEETING
    assert scene.asked == [("roster", 0), ("meeting", 0), ("meeting", 10), ("meeting", 15)]


def test_a_meeting_of_which_nothing_can_be_read_ends_the_wait_at_once() -> None:
    scene = Scene(roster=lambda _: SCOPE, meeting=lambda _: SCOPE)

    with pytest.raises(ZoomRefused):
        waited(scene, MEETING, 60)
    assert scene.seconds == [0, 0]


@pytest.mark.parametrize("fault", [LOST, LIMIT, refused(500, 5000)])
def test_a_passing_fault_is_waited_out(fault: ZoomcallError) -> None:
    scene = Scene(roster=lambda second: fault if second < 8 else (PERSON,))

    assert waited(scene, SESSION, 60) == SESSION
    assert scene.seconds == [0, 5, 10]


def test_faults_to_the_end_are_told_as_such_and_not_as_a_session_that_was_not_live() -> None:
    scene = Scene(roster=lambda _: LOST)

    with pytest.raises(NetworkFault):
        waited(scene, SESSION, 12)
    scene = Scene(roster=lambda second: LOST if second else GONE)
    with pytest.raises(NoSession):
        waited(scene, SESSION, 12)


def test_a_429_is_heeded() -> None:
    limit = refused(429, 429, retry_at=NOW + timedelta(seconds=33))
    scene = Scene(roster=lambda second: limit if second < 33 else (PERSON,))

    waited(scene, SESSION, 60)
    assert scene.seconds == [0, 33]


def test_a_look_that_was_late_is_not_made_after_the_deadline() -> None:
    scene = Scene(roster=lambda _: GONE)
    wait = scene.wait(SESSION, 60)

    assert wait.look() is None
    assert not wait.is_over
    scene.moment += timedelta(seconds=61)  # the machine was asleep
    assert wait.is_over


def test_a_stop_ends_the_wait_at_once() -> None:
    scene, stop = Scene(roster=lambda _: GONE), Stop()
    listener = FakeListener(on_progress=stop.set)

    with pytest.raises(Stopped):
        wait_until_live(scene.wait(SESSION, 3600), listener=listener, stop=stop, now=scene.now, tell=lambda _: None)
    assert listener.states == [State.NOT_SENT]


# The doors of a batch


def test_a_batch_has_one_watch_for_each_target_and_each_ends_by_itself() -> None:
    scene = Scene(
        roster=lambda second: (PERSON,) if second >= 11 else GONE, list=lambda _: (), meeting=lambda _: "waiting"
    )
    waits = {"a": scene.wait(SESSION, 30), "b": scene.wait(SessionNameTarget("standup"), 20)}
    found: list[tuple[str, ResolvedTarget]] = []
    ends: list[tuple[str, type | None, float]] = []
    told: list[tuple[str, str]] = []
    ticks: list[int] = []

    def admit(key: str, failure: ZoomcallError | None) -> None:
        ends.append((key, None if failure is None else type(failure), (scene.moment - NOW).total_seconds()))

    def sleep(seconds: float) -> None:
        scene.moment += timedelta(seconds=seconds)

    doors = Doors(
        waits,
        found=lambda key, target: found.append((key, target)),
        tell=lambda key, why: told.append((key, why)),
        tick=ticks.append,
        sleep=sleep,
    )
    assert doors.keys == {"a", "b"}
    doors.watch(admit, lambda: False)

    assert ends == [("a", None, 15.0), ("b", NoSession, 20.0)]
    assert found == [("a", SESSION)]
    assert sorted(told) == [("a", "is not live"), ("b", "is not live")]
    assert [second for name, second in scene.asked if name == "roster"] == [0, 5, 10, 15]
    assert [second for name, second in scene.asked if name == "list"] == [0, 7, 19.75]
    assert (ticks[0], ticks[-1]) == (2, 0)


def test_the_doors_are_left_when_the_run_is_over() -> None:
    scene = Scene(roster=lambda _: GONE)
    over = threading.Event()
    doors = Doors(
        {"a": scene.wait(SESSION, 3600)},
        found=lambda *_: None,
        tell=lambda *_: None,
        tick=lambda _: over.set(),
        sleep=lambda _: None,
    )
    doors.watch(lambda *_: pytest.fail("nothing was settled"), over.is_set)

    assert scene.seconds == [0]


def test_a_key_says_where_the_roster_was_read() -> None:
    keys: list[TargetKey] = []
    scene = Scene(roster=lambda _: (PERSON,))
    wait = LiveWait(
        SESSION,
        api_base=BASE,
        zoom=scene,
        saw=lambda key, _: keys.append(key),
        now=scene.now,
        within=timedelta(seconds=9),
    )
    wait.look()
    assert keys == [TargetKey.of(SESSION, BASE)]
