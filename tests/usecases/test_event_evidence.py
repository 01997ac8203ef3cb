"""Events of several calls, in any order, late, repeated and strange: never a false outcome."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from zoomcall.adapters.journal import Journal
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.call import Evidence, EvidenceSource, Match, Reason, Sent, State
from zoomcall.domain.event import CalloutEvent, read_event_text
from zoomcall.domain.journal import NewCall, Standing, TargetKey
from zoomcall.domain.roster import ROOM_DEVICE, Dial, Participant
from zoomcall.domain.target import Api
from zoomcall.usecases.dialing.evidence import Judge, OpenCall

START = datetime(2026, 11, 21, 8, 59, tzinfo=UTC)
TARGET = TargetKey(api_base="http://127.0.0.1/v2", api=Api.SESSION, id="abc/def+g==")
OTHER_TARGET = replace(TARGET, id="other==")
ROOMS = ("a@room.example", "b@room.example", "203.0.113.9")
FINAL = (State.JOINED, State.DECLINED, State.MISSED, State.FAILED)


def event(
    room: str, state: State, at: datetime, *, message: str | None = "m", target: TargetKey = TARGET
) -> CalloutEvent:
    return CalloutEvent(
        state=state,
        api=target.api,
        target_id=target.id,
        protocol=Protocol.SIP,
        device=room,
        at=at,
        reason=Reason(9) if state is State.FAILED else None,
        message_id=message,
    )


def claim(
    journal: Journal,
    room: str,
    at: datetime,
    *,
    is_forced: bool = True,
    protocol: Protocol = Protocol.SIP,
    baseline: tuple[Participant, ...] | None = (),
) -> Judge:
    address = RoomAddress.parse(protocol, room)
    call_id = journal.claim(
        NewCall(
            target=TARGET,
            target_name=None,
            address=address,
            to_name=None,
            profile=None,
            timeout=timedelta(seconds=90),
            at=at,
        ),
        is_forced=is_forced,
    )
    case = OpenCall(
        call_id=call_id,
        dial=Dial(address=address),
        target=TARGET,
        dialled_at=at,
        dialled_at_zoom=at,
        baseline=baseline,
    )
    return Judge(case, journal)


def outcome(judge: Judge, *events: CalloutEvent) -> list[State]:
    return [seen.state for seen in judge.of_events(events, EvidenceSource.WEBHOOK)]


@pytest.fixture
def journal() -> Iterator[Journal]:
    with closing(Journal(None)) as journal:
        yield journal


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize("state", FINAL)
def test_an_event_of_the_call_settles_it(journal: Journal, state: State) -> None:
    judge = claim(journal, "a@room.example", START)
    assert outcome(judge, event("a@room.example", state, later(1))) == [state]


@pytest.mark.parametrize("spelling", ["A@Room.Example", "sip:a@room.example", "a@room.example:5060;transport=tls"])
def test_the_address_need_not_come_back_byte_for_byte(journal: Journal, spelling: str) -> None:
    judge = claim(journal, "a@room.example", START)
    assert outcome(judge, event(spelling, State.DECLINED, later(1))) == [State.DECLINED]


@pytest.mark.parametrize(
    "strange",
    [
        event("b@room.example", State.JOINED, later(1)),
        event("a@room.example", State.JOINED, later(1), target=OTHER_TARGET),
        event("a@room.example", State.JOINED, later(-0.001)),
        replace(event("a@room.example", State.JOINED, later(1)), protocol=Protocol.H323),
        replace(event("a@room.example", State.JOINED, later(1)), api=Api.MEETING),
        replace(event("a@room.example", State.JOINED, later(1)), device="not an address at all"),
    ],
    ids=[
        "another room",
        "another session",
        "older than the request",
        "another protocol",
        "another api",
        "nonsense",
    ],
)
def test_what_is_not_of_the_call_is_no_evidence(journal: Journal, strange: CalloutEvent) -> None:
    judge = claim(journal, "a@room.example", START)
    assert outcome(judge, strange) == []


def test_an_event_of_the_very_moment_of_the_request_is_of_the_call(journal: Journal) -> None:
    judge = claim(journal, "a@room.example", START)
    assert outcome(judge, event("a@room.example", State.JOINED, START)) == [State.JOINED]


def test_a_repeated_event_is_told_once(journal: Journal) -> None:
    judge = claim(journal, "a@room.example", START)
    ringing = event("a@room.example", State.RINGING, later(1))
    assert outcome(judge, ringing, ringing) == [State.RINGING]
    assert outcome(judge, ringing) == []


def test_events_in_the_wrong_order_tell_the_story_in_the_right_one(journal: Journal) -> None:
    judge = claim(journal, "a@room.example", START)
    ringing, joined = (
        event("a@room.example", State.RINGING, later(1)),
        event("a@room.example", State.JOINED, later(2)),
    )
    assert outcome(judge, joined, ringing) == [State.RINGING, State.JOINED]


def test_what_settles_the_call_comes_last_though_zooms_clock_says_otherwise(journal: Journal) -> None:
    judge = claim(journal, "a@room.example", START)
    declined = event("a@room.example", State.DECLINED, later(1))
    ringing = event("a@room.example", State.RINGING, later(2))
    assert outcome(judge, declined, ringing) == [State.RINGING, State.DECLINED]


def test_events_that_settle_nothing_come_in_the_order_of_zooms_clock(journal: Journal) -> None:
    judge = claim(journal, "a@room.example", START)
    rings = [event("a@room.example", State.RINGING, later(seconds)) for seconds in (3, 1, 2)]
    seen = judge.of_events(rings, EvidenceSource.WEBHOOK)
    assert [observation.at for observation in seen] == [later(1), later(2), later(3)]


def test_two_calls_to_one_room_make_an_event_worthless(journal: Journal) -> None:
    first, second = claim(journal, "a@room.example", START), claim(journal, "a@room.example", later(1))
    joined = event("a@room.example", State.JOINED, later(2))
    assert outcome(first, joined) == []
    assert outcome(second, joined) == []


def test_an_event_before_the_second_dial_is_the_first_ones(journal: Journal) -> None:
    first = claim(journal, "a@room.example", START)
    ringing = event("a@room.example", State.RINGING, later(1), message="one")
    assert outcome(first, ringing) == [State.RINGING]
    second = claim(journal, "a@room.example", later(5))
    joined = event("a@room.example", State.JOINED, later(6), message="one")
    assert outcome(second, joined) == []
    assert outcome(first, joined) == [State.JOINED]


def test_an_id_that_another_rooms_call_had_does_not_hide_an_event(journal: Journal) -> None:
    before = claim(journal, "b@room.example", START)
    assert outcome(before, event("b@room.example", State.DECLINED, later(1))) == [State.DECLINED]
    own = claim(journal, ROOMS[0], later(2))
    assert outcome(own, event(ROOMS[0], State.MISSED, later(3))) == [State.MISSED]


def test_an_id_that_a_call_long_over_had_does_not_hide_an_event(journal: Journal) -> None:
    before = claim(journal, ROOMS[0], START)
    assert outcome(before, event(ROOMS[0], State.DECLINED, later(1))) == [State.DECLINED]
    journal.settle(before._call.call_id, Standing(state=State.DECLINED, sent=Sent.YES, at=later(1)))
    own = claim(journal, ROOMS[0], later(20))
    assert outcome(own, event(ROOMS[0], State.MISSED, later(21))) == [State.MISSED]


def test_a_call_whose_events_share_an_id_has_no_other_events(journal: Journal) -> None:
    judge = claim(journal, "a@room.example", START)
    assert outcome(judge, event("a@room.example", State.RINGING, later(1), message="ours")) == [State.RINGING]
    theirs = [event("a@room.example", state, later(2), message="theirs") for state in (State.RINGING, State.MISSED)]
    assert outcome(judge, *theirs) == []
    assert outcome(judge, event("a@room.example", State.JOINED, later(3), message="ours")) == [State.JOINED]


@pytest.mark.parametrize("final", FINAL)
def test_where_each_event_has_its_own_id_a_ringing_and_an_end_are_one_call(journal: Journal, final: State) -> None:
    judge = claim(journal, "a@room.example", START)
    ringing = event("a@room.example", State.RINGING, later(1), message="1")
    [first] = judge.of_events([ringing], EvidenceSource.WEBHOOK)
    assert first.match is Match.EXACT
    end = event("a@room.example", final, later(2), message="2")
    [last] = judge.of_events([ringing, end], EvidenceSource.WEBHOOK)
    assert (last.state, last.match) == (final, Match.ONLY_CANDIDATE)


def test_one_event_alone_is_exact_whatever_its_id(journal: Journal) -> None:
    judge = claim(journal, "a@room.example", START)
    [only] = judge.of_events([event("a@room.example", State.JOINED, later(1), message="1")], EvidenceSource.WEBHOOK)
    assert (only.state, only.match) == (State.JOINED, Match.EXACT)


@pytest.mark.parametrize(
    "states",
    [
        (State.RINGING, State.RINGING, State.JOINED),
        (State.JOINED, State.JOINED),
        (State.RINGING, State.DECLINED, State.JOINED),
    ],
    ids=" ".join,
)
def test_where_each_event_has_its_own_id_more_than_one_story_is_no_evidence(
    journal: Journal, states: tuple[State, ...]
) -> None:
    judge = claim(journal, "a@room.example", START)
    events = [
        event("a@room.example", state, later(number), message=str(number))
        for number, state in enumerate(states, start=1)
    ]
    assert outcome(judge, *events) == []


def test_where_each_event_has_its_own_id_an_open_twin_may_have_caused_it(journal: Journal) -> None:
    first = claim(journal, "a@room.example", START)
    assert outcome(first, event("a@room.example", State.RINGING, later(1), message="1")) == [State.RINGING]
    second = claim(journal, "a@room.example", later(2))
    assert outcome(second, event("a@room.example", State.JOINED, later(3), message="2")) == []


def test_the_same_event_delivered_again_counts_once(journal: Journal) -> None:
    judge = claim(journal, "a@room.example", START)
    ringing = event("a@room.example", State.RINGING, later(1), message="1")
    joined = event("a@room.example", State.JOINED, later(2), message="2")
    assert outcome(judge, ringing, ringing) == [State.RINGING]
    assert outcome(judge, ringing) == []
    assert outcome(judge, joined, ringing, joined) == [State.JOINED]


def test_a_late_event_of_a_settled_call_is_not_the_next_calls(journal: Journal) -> None:
    first = claim(journal, "a@room.example", START)
    assert outcome(first, event("a@room.example", State.DECLINED, later(1), message="one")) == [State.DECLINED]
    journal.settle(first._call.call_id, Standing(state=State.DECLINED, sent=Sent.YES, at=later(1)))
    again = claim(journal, "a@room.example", later(2), is_forced=False)
    stale = event("a@room.example", State.DECLINED, later(2.5), message="one")
    assert outcome(again, stale) == []
    assert outcome(again, event("a@room.example", State.JOINED, later(3), message="two")) == [State.JOINED]


def test_events_of_an_earlier_call_to_the_room_are_no_doubt_about_ours(journal: Journal) -> None:
    first = claim(journal, "a@room.example", START)
    ringing = event("a@room.example", State.RINGING, later(1), message="one")
    assert outcome(first, ringing) == [State.RINGING]
    second = claim(journal, "a@room.example", later(2))
    declined = event("a@room.example", State.DECLINED, later(3), message="one")
    joined = event("a@room.example", State.JOINED, later(3), message="two")
    assert outcome(second, declined, joined) == [State.JOINED]


def test_a_call_to_the_same_address_by_the_other_protocol_is_no_doubt(journal: Journal) -> None:
    judge = claim(journal, "203.0.113.9", START)
    claim(journal, "203.0.113.9", START, protocol=Protocol.H323)
    assert outcome(judge, event("203.0.113.9", State.JOINED, later(1))) == [State.JOINED]


def test_an_event_with_the_known_id_is_surer_than_one_with_its_own(journal: Journal) -> None:
    call = claim(journal, "a@room.example", START)._call
    assert journal.take_message(call.call_id, "ours")
    own = event("a@room.example", State.JOINED, later(1), message="ours")
    other = event("a@room.example", State.DECLINED, later(1), message="theirs")
    judge = Judge(replace(call, message_id="ours"), journal)
    assert outcome(judge, other, own) == [State.JOINED]
    [alone] = Judge(replace(call, message_id="ours"), journal).of_events([other], EvidenceSource.WEBHOOK)
    assert alone.match is Match.ONLY_CANDIDATE


# The roster

ROOM = Participant(
    id="r1", name="Board room", device=ROOM_DEVICE, ip_address="203.0.113.9", sip_uri="sip:a@room.example"
)


def test_without_a_look_before_the_request_nobody_is_a_newcomer(journal: Journal) -> None:
    assert claim(journal, "a@room.example", START, baseline=None).of_roster([ROOM], later(1)) is None
    assert claim(journal, "a@room.example", START).of_roster([ROOM], later(1)) is not None


def test_a_room_that_another_process_has_credited_meanwhile_is_not_ours(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = claim(journal, "a@room.example", START)
    monkeypatch.setattr(journal, "take_credit", lambda *_: False)
    assert judge.of_roster([ROOM], later(1)) is None


@pytest.mark.parametrize(("settled", "is_ours"), [(None, False), (State.DECLINED, True)])
def test_a_room_that_fits_two_calls_is_ours_once_the_other_is_settled(
    journal: Journal, settled: State | None, *, is_ours: bool
) -> None:
    judge = claim(journal, "a@room.example", START)
    other = claim(journal, "203.0.113.9", START, protocol=Protocol.H323)
    if settled is not None:
        journal.settle(other._call.call_id, Standing(state=settled, sent=Sent.YES, at=later(1)))
    found = judge.of_roster([ROOM], later(2))
    assert (found is not None) is is_ours
    assert found is None or found.match is Match.EXACT


@dataclass(frozen=True)
class Truth:
    room: str
    dialled: int
    fate: State
    after: int


calls = st.lists(
    st.builds(
        Truth,
        room=st.sampled_from(ROOMS),
        dialled=st.integers(0, 20),
        fate=st.sampled_from(FINAL),
        after=st.integers(1, 10),
    ),
    min_size=1,
    max_size=4,
)
strangers = st.lists(
    st.builds(
        event,
        room=st.sampled_from(("x@room.example", "c@room.example")),
        state=st.sampled_from((*FINAL, State.RINGING)),
        at=st.integers(-20, 40).map(later),
        message=st.sampled_from(("s1", "s2", None)),
        target=st.sampled_from((TARGET, OTHER_TARGET)),
    ),
    max_size=4,
)


@given(calls, strangers, st.booleans(), st.data())
def test_no_interleaving_yields_a_false_outcome(
    truths: list[Truth], noise: list[CalloutEvent], has_ids: bool, data: st.DataObject
) -> None:
    with closing(Journal(None)) as journal:
        truths = sorted(truths, key=lambda truth: truth.dialled)
        judges = [claim(journal, truth.room, later(truth.dialled)) for truth in truths]
        story = list(noise)
        for number, truth in enumerate(truths):
            message = f"call-{number}" if has_ids else None
            story.append(event(truth.room, State.RINGING, later(truth.dialled + 0.5), message=message))
            story.append(event(truth.room, truth.fate, later(truth.dialled + truth.after), message=message))
        story = data.draw(st.permutations(story + data.draw(st.lists(st.sampled_from(story), max_size=3))))
        while story:
            size = data.draw(st.integers(1, len(story)))
            batch, story = story[:size], story[size:]
            for judge, truth in zip(judges, truths, strict=True):
                for seen in judge.of_events(batch, EvidenceSource.WEBHOOK):
                    if seen.state.is_final:
                        assert seen.state is truth.fate
                        assert seen.at == later(truth.dialled + truth.after)


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_text_is_an_event_or_none(text: str) -> None:
    read = read_event_text(text)
    assert read is None or isinstance(read, CalloutEvent)


def test_two_calls_by_somebody_unknown_are_no_evidence(journal: Journal) -> None:
    judge = claim(journal, "a@room.example", START)
    joined = event("a@room.example", State.JOINED, later(1), message="one")
    declined = event("a@room.example", State.DECLINED, later(1), message="two")
    assert outcome(judge, joined, declined) == []
    assert outcome(judge, declined, joined) == []


def test_a_second_call_by_somebody_else_does_not_matter_once_ours_is_known(journal: Journal) -> None:
    judge = claim(journal, "a@room.example", START)
    ringing = event("a@room.example", State.RINGING, later(1), message="ours")
    assert outcome(judge, ringing) == [State.RINGING]
    joined = event("a@room.example", State.JOINED, later(2), message="ours")
    declined = event("a@room.example", State.DECLINED, later(2), message="theirs")
    assert outcome(judge, ringing, declined, joined) == [State.JOINED]


def test_what_comes_after_the_room_was_seen_in_the_waiting_room_is_late_and_told_all_the_same(
    journal: Journal,
) -> None:
    judge = claim(journal, "a@room.example", START)
    waiting = Participant(id="P1", name="a", device=ROOM_DEVICE, is_waiting=True)
    seen = judge.of_roster([waiting], later(3))
    assert seen is not None
    assert (seen.state, seen.is_late) == (State.WAITING_ROOM, False)
    rings, answers = (
        event("a@room.example", State.RINGING, later(1)),
        event("a@room.example", State.ANSWERED, later(2)),
    )
    told = list(judge.of_events([rings, answers], EvidenceSource.WEBHOOK))
    assert [(each.state, each.is_late) for each in told] == [(State.RINGING, True), (State.ANSWERED, True)]
    [end] = judge.of_events([event("a@room.example", State.FAILED, later(9))], EvidenceSource.WEBHOOK)
    assert (end.state, end.is_late) == (State.FAILED, False)


def test_a_newcomer_does_not_count_while_events_say_that_the_room_still_rings(journal: Journal) -> None:
    judge = claim(journal, "a@room.example", START)
    stranger = Participant(id="P1", name="a", device=ROOM_DEVICE)
    assert outcome(judge, event("a@room.example", State.RINGING, later(1))) == [State.RINGING]
    assert judge.of_roster([stranger], later(2)) is None
    list(judge.of_events([event("a@room.example", State.ANSWERED, later(3))], EvidenceSource.WEBHOOK))
    seen = judge.of_roster([stranger], later(4))
    assert seen is not None
    assert (seen.state, seen.match) == (State.JOINED, Match.ONLY_CANDIDATE)


def test_the_room_itself_counts_though_events_say_that_it_still_rings(journal: Journal) -> None:
    judge = claim(journal, "a@room.example", START)
    assert outcome(judge, event("a@room.example", State.RINGING, later(1))) == [State.RINGING]
    room = Participant(id="P1", name="a", device=ROOM_DEVICE, sip_uri="sip:a@room.example")
    seen = judge.of_roster([room], later(2))
    assert seen is not None
    assert (seen.state, seen.match) == (State.JOINED, Match.EXACT)


def test_a_participant_that_was_credited_before_is_known_again(journal: Journal) -> None:
    judge = claim(journal, "a@room.example", START, baseline=None)
    judge = Judge(replace(judge._call, known=("P1", Match.ONLY_CANDIDATE), is_past=True), journal)
    seen = judge.of_roster([Participant(id="P1", device=ROOM_DEVICE)], later(2))
    assert seen is not None
    assert (seen.state, seen.match) == (State.JOINED, Match.ONLY_CANDIDATE)


def test_an_earlier_call_that_is_settled_takes_no_events_of_a_later_one_to_its_room(journal: Journal) -> None:
    claim(journal, "a@room.example", later(-60))
    [earlier] = journal.calls()
    evidence = Evidence(EvidenceSource.ROSTER, Match.ONLY_CANDIDATE)
    standing = Standing(state=State.JOINED, sent=Sent.YES, at=later(-50), evidence=evidence, participant_id="P0")
    journal.settle(earlier.id, standing)
    judge = claim(journal, "a@room.example", START)
    assert outcome(judge, event("a@room.example", State.DECLINED, later(5))) == [State.DECLINED]
