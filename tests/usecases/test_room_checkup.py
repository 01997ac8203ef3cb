"""What is said of a room, and how many are checked at a time."""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.network_path import Certificate
from zoomcall.domain.phone import PhoneNumber
from zoomcall.domain.room_probe import Carrier, Naptr, Probed, SipReply, Spot, Srv, TlsSight
from zoomcall.domain.zoom_list import RoomState
from zoomcall.errors import NetworkFault, NetworkWord, Shortage
from zoomcall.usecases.checking.verdicts import CheckStatus
from zoomcall.usecases.room_checking.checkup import Checker, check_rooms
from zoomcall.usecases.room_checking.verdicts import RoomCheckId, RoomReport, Subject, of_probe, of_state

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def spot(carrier: Carrier = Carrier.TCP, *, is_required: bool = False) -> Spot:
    return Spot(carrier=carrier, ip="192.0.2.1", port=carrier.port, host="b.org", is_required=is_required)


def reply(status: int) -> SipReply:
    return SipReply(status=status, reason="Reason", server=None)


class FakeProber:
    """Answers by carrier; what is not listed fails."""

    def __init__(self, answers: dict[Carrier, SipReply | None], *, is_unroutable: bool = False) -> None:
        self._answers = answers
        self._is_unroutable = is_unroutable
        self.seconds: list[float] = []

    def probe(self, spot: Spot, address: RoomAddress, *, seconds: float) -> Probed:
        self.seconds.append(seconds)
        if spot.carrier in self._answers:
            return Probed(spot=spot, seconds=0.1, reply=self._answers[spot.carrier])
        return Probed(spot=spot, seconds=0.1, failure="no answer", is_unroutable=self._is_unroutable)


class FakeNames:
    """Knows one SRV record, or none, or does not answer."""

    def __init__(self, carrier: Carrier | None = None, *, is_broken: bool = False) -> None:
        self._carrier = carrier
        self._is_broken = is_broken
        self.seconds: list[float] = []

    def naptr(self, name: str, *, seconds: float) -> tuple[Naptr, ...]:
        self.seconds.append(seconds)
        if self._is_broken:
            raise NetworkFault("no DNS server answered", word=NetworkWord.DNS, may_have_arrived=False)
        return ()

    def srv(self, name: str, *, seconds: float) -> tuple[Srv, ...]:
        if self._carrier is None or not name.startswith(f"{self._carrier.service}."):
            return ()
        return (Srv(priority=1, weight=1, port=5060, target="h.b.org", text="1 1 5060 h.b.org"),)

    def addresses(self, name: str, kind: str, *, seconds: float) -> tuple[str, ...]:
        return ("198.51.100.7",) if kind == "A" and not self._is_broken else ()


def report(address: str, prober: FakeProber, names: FakeNames | None = None) -> RoomReport:
    checker = Checker(names=names, prober=prober, ask_zoom=None, now=lambda: NOW, limit=timedelta(seconds=10))
    return checker.check(Subject(address=RoomAddress.parse(Protocol.SIP, address), protocols=(Protocol.SIP,)))


def outcome(report: RoomReport) -> tuple[ExitStatus, CheckStatus]:
    return report.exit_status, report.status


OK = {Carrier.TCP: reply(200)}


def test_one_place_that_answers_is_enough_where_several_may_serve() -> None:
    assert outcome(report("198.51.100.7", FakeProber(OK))) == (ExitStatus.OK, CheckStatus.OK)
    assert outcome(report("198.51.100.7", FakeProber({}))) == (ExitStatus.UNREACHABLE, CheckStatus.FAILED)


def test_a_place_that_dns_names_has_to_answer() -> None:
    both = report("a@b.org", FakeProber(OK), FakeNames(Carrier.TCP))
    assert outcome(both) == (ExitStatus.OK, CheckStatus.OK)
    assert outcome(report("a@b.org", FakeProber(OK), FakeNames(Carrier.UDP)))[0] is ExitStatus.UNREACHABLE


def test_a_name_that_fails_is_not_probed() -> None:
    prober = FakeProber(OK)
    failed = report("a@b.org", prober, FakeNames(is_broken=True))
    assert outcome(failed) == (ExitStatus.BAD_ADDRESS, CheckStatus.FAILED)
    assert prober.seconds == []


def test_names_and_probes_have_their_share_of_the_time() -> None:
    prober, names = FakeProber(OK), FakeNames(Carrier.TCP)
    report("a@b.org", prober, names)
    assert 1.5 < names.seconds[0] <= 2
    assert prober.seconds == [4]


def test_a_way_that_this_machine_lacks_says_nothing_of_the_room() -> None:
    lost = report("198.51.100.7", FakeProber(OK, is_unroutable=True))
    assert outcome(lost) == (ExitStatus.OK, CheckStatus.OK)
    assert {check.status for check in lost.checks} == {CheckStatus.OK, CheckStatus.SKIPPED}
    assert outcome(report("198.51.100.7", FakeProber({}, is_unroutable=True)))[0] is ExitStatus.UNREACHABLE


def test_a_private_address_and_a_name_that_leads_to_one_are_warnings() -> None:
    private = report("10.0.0.5", FakeProber(OK))
    assert (private.is_private, outcome(private)) == (True, (ExitStatus.OK, CheckStatus.WARNING))
    assert report("198.51.100.7", FakeProber(OK)).is_private is False


def test_a_room_with_one_public_address_is_not_private() -> None:
    class Mixed(FakeNames):
        def addresses(self, name: str, kind: str, *, seconds: float) -> tuple[str, ...]:
            return ("10.0.0.5", "198.51.100.7") if kind == "A" else ()

    mixed = report("a@b.org", FakeProber(OK), Mixed())
    assert (mixed.is_private, outcome(mixed)) == (False, (ExitStatus.OK, CheckStatus.OK))


def test_a_phone_and_an_alias_are_not_probed() -> None:
    prober = FakeProber({})
    phone = Subject(address=PhoneNumber.parse("+15555550100"), protocols=(Protocol.PHONE,))
    checker = Checker(names=None, prober=prober, ask_zoom=None, now=lambda: NOW, limit=timedelta(seconds=1))
    assert outcome(checker.check(phone)) == (ExitStatus.OK, CheckStatus.SKIPPED)
    assert outcome(report("4930123456", prober)) == (ExitStatus.OK, CheckStatus.SKIPPED)
    assert prober.seconds == []


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, CheckStatus.OK),
        (401, CheckStatus.OK),
        (405, CheckStatus.OK),
        (486, CheckStatus.OK),
        (404, CheckStatus.WARNING),
        (480, CheckStatus.WARNING),
        (503, CheckStatus.WARNING),
    ],
)
def test_any_answer_means_that_something_is_there(status: int, verdict: CheckStatus) -> None:
    told = of_probe(Probed(spot=spot(), seconds=0.1, reply=reply(status)), NOW)
    assert told.status is verdict
    assert f"answers {status} Reason" in told.detail
    assert (told.fix is None) == (verdict is CheckStatus.OK)


def test_a_connection_without_an_answer_is_a_warning_but_for_h323() -> None:
    silent = of_probe(Probed(spot=spot(), seconds=0.1, remark="no answer to OPTIONS"), NOW)
    assert (silent.status, silent.id) == (CheckStatus.WARNING, RoomCheckId.SIP_TCP)
    assert of_probe(Probed(spot=spot(Carrier.H323), seconds=0.1), NOW).status is CheckStatus.OK


@pytest.mark.parametrize(
    ("days", "names", "words", "status"),
    [
        (30, ("b.org",), "expires in 30 days", CheckStatus.OK),
        (30, ("*.org",), "expires in 30 days", CheckStatus.OK),
        (30, ("x.org", "B.ORG"), "expires in 30 days", CheckStatus.OK),
        (13, ("b.org",), "expires in 13 days", CheckStatus.WARNING),
        (-1, ("b.org",), "has expired on 2026-11-30", CheckStatus.WARNING),
        (30, ("x.org",), "is for x.org, not for b.org", CheckStatus.WARNING),
        (30, ("*.b.org",), "is for *.b.org, not for b.org", CheckStatus.WARNING),
        (30, ("*.rg",), "is for *.rg, not for b.org", CheckStatus.WARNING),
        (30, (), "expires in 30 days", CheckStatus.OK),
    ],
)
def test_a_certificate_is_judged_by_dates_and_names(
    days: int, names: tuple[str, ...], words: str, status: CheckStatus
) -> None:
    seen = Certificate(issuer="CA", expires_at=NOW + timedelta(days=days), protocol="TLSv1.3")
    sight = TlsSight(certificate=seen, names=names, flaws=()).with_flaws_of("b.org", NOW)
    told = of_probe(Probed(spot=spot(Carrier.TLS), seconds=0.1, reply=reply(200), tls=sight), NOW)
    assert told.status is status
    assert words in told.detail


@pytest.mark.parametrize(
    ("state", "words", "status"),
    [
        (
            RoomState(connection="connected", sip="registered", call="Idle"),
            "registered by SIP, idle",
            CheckStatus.OK,
        ),
        (RoomState(connection="disconnected", sip="none", call="None"), "not connected", CheckStatus.WARNING),
        (RoomState(connection="connected", sip="unregistered"), "not registered", CheckStatus.WARNING),
        (RoomState(connection="none", sip="none", call="Unknown"), "nothing about its state", CheckStatus.OK),
        (RoomState(connection="connected", call="New word"), "New word", CheckStatus.OK),
    ],
)
def test_a_rooms_state_is_told_in_words(state: RoomState, words: str, status: CheckStatus) -> None:
    told = of_state(state, 0.1)
    assert (words in told.detail, told.status) == (True, status)


# Many


def subjects(count: int) -> Sequence[Subject]:
    return [Subject(name=str(number)) for number in range(count)]


def test_reports_come_in_the_order_of_the_rooms_and_are_told_as_they_end() -> None:
    told: list[str | None] = []

    def check(subject: Subject) -> RoomReport:
        time.sleep(0.05 if subject.name == "0" else 0)
        return RoomReport(subject=subject, checks=())

    reports = check_rooms(subjects(5), check, parallel=5, tell=lambda each: told.append(each.subject.name))
    assert [each.subject.name for each in reports] == list("01234")
    assert told[-1] == "0"


def test_what_goes_wrong_in_a_check_is_raised() -> None:
    def check(subject: Subject) -> RoomReport:
        raise Shortage("no more files")

    with pytest.raises(Shortage):
        check_rooms(subjects(3), check, parallel=2, tell=lambda _: None)


def test_fewer_threads_than_wanted_check_every_room(monkeypatch: pytest.MonkeyPatch) -> None:
    start, count = threading.Thread.start, 0

    def scarce(self: threading.Thread) -> None:
        nonlocal count
        count += 1
        if count > 2:
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", scarce)
    prober = FakeProber(OK)
    checker = Checker(names=None, prober=prober, ask_zoom=None, now=lambda: NOW, limit=timedelta(seconds=1))
    rooms = [
        Subject(address=RoomAddress.parse(Protocol.SIP, f"198.51.100.{number}"), protocols=(Protocol.SIP,))
        for number in range(1, 9)
    ]
    reports = check_rooms(rooms, checker.check, parallel=5, tell=lambda _: None)
    assert [each.exit_status for each in reports] == [ExitStatus.OK] * 8
    with pytest.raises(Shortage):
        check_rooms(rooms, checker.check, parallel=5, tell=lambda _: None)
