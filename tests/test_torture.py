"""A slice of the torture harness: some faults of every kind for every command; ``make torture`` tries them all."""

from __future__ import annotations

import ast
import errno
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from torture import crowds, kills, renewals
from torture.__main__ import trials
from torture.breaks import BREAKS, ROOT, Break, find
from torture.credentials import NEW, login_line, mint_of
from torture.faults import NO_FAULT, Fault, Mode, plan
from torture.lab import Lab
from torture.report import PLAN, others, table
from torture.sign_ins import SIGN_INS

_HANDS = 4
_SLICE = {"invite --no-wait": 14, "invite batch": 14, "auth login": 14, "webhook serve": 6}
_SLICE |= {scenario.name: 2 if scenario.has_keyring else 4 for scenario in SIGN_INS}
_USUAL_SLICE = 7
_ENDS = {
    "webhook serve": {143},
    "invite batch --resume": {30},
}  # of one row, which may have been rung, nothing is known


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("torture")) as running:
        yield running


@pytest.mark.parametrize("name", trials())
def test_survives_a_slice_of_the_faults(lab: Lab, name: str) -> None:
    trial = trials()[name]
    counts, code, wrong = trial(lab, NO_FAULT)
    assert wrong == []
    assert code in _ENDS.get(name, {0})
    faults = list(plan(counts))
    stride = max(1, len(faults) // _SLICE.get(name, _USUAL_SLICE))
    chosen = faults[stride // 2 :: stride]
    with ThreadPoolExecutor(_HANDS) as pool:
        outcomes = pool.map(lambda fault: trial(lab, fault)[2], chosen)
        found = {fault.name: wrong for fault, wrong in zip(chosen, outcomes, strict=True) if wrong}
    assert found == {}


def test_a_small_crowd_rings_a_room_once(lab: Lab) -> None:
    assert {name: wrong for name, _, wrong in crowds.run_all(lab, size=6) if wrong} == {}


def test_a_batch_that_is_killed_and_resumed_loses_no_row_and_rings_no_room_twice(tmp_path: Path) -> None:
    found = kills.hunt(tmp_path, rooms=300, kills=3, seed=1, flags=("--rate", "500/s", "--parallel", "100"))
    assert found.wrong == []
    assert found.states["joined"] > 150


def test_killed_renewals_happen_once_a_period_and_sign_nobody_out_untold(lab: Lab) -> None:
    found = renewals.hunt(lab, kills=5, seed=1)
    assert found.wrong == []
    assert (found.periods, found.renewals) == (6, 6)


def test_the_plan_has_every_call_of_a_kind_and_thins_out_long_ones() -> None:
    faults = list(plan({"fsync": 3, "memory": 6000, "all": 2, "send": 1}))
    assert sum(fault.kind == "fsync" for fault in faults) == 3 * 2 * 2
    assert sum(fault.kind == "memory" for fault in faults) == 60
    assert [fault.number for fault in faults if fault.mode is Mode.KILL] == [1, 2]
    assert [fault.error for fault in faults if fault.mode is Mode.CLOCK] == [-3600, 3600]


def test_the_harness_finds_a_room_that_is_rung_twice(lab: Lab) -> None:
    place = lab.place()
    words = ["invite", "sip", place.room, "--no-wait", "--json", "--force"]
    for _ in range(2):
        place.run(words, place.credentials)
    assert place.rings == 2


def test_the_harness_injects_what_it_is_told_to(lab: Lab) -> None:
    place = lab.place()
    fault = Fault("connect", 1, 111, Mode.FOREVER)
    outcome = place.run(["invite", "sip", place.room, "--no-wait", "--json"], place.credentials, fault=fault)
    assert (outcome.code, place.rings) == (10, 0)


def test_the_harness_reaches_the_bus_of_a_keyring(lab: Lab) -> None:
    place = lab.place(has_keyring=True)
    stored = place.run(login_line(NEW, place), {}, stdin=NEW["secret"].encode())
    unreachable = Fault("connect", 1, errno.ECONNREFUSED, Mode.FOREVER)
    minted = place.run(["token", "mint", "-p", place.profile], {}, fault=unreachable)
    assert (stored.code, minted.code, mint_of(place)) == (0, 3, "new")


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.guard)
def test_every_guard_can_be_broken(broken: Break) -> None:
    ast.parse(broken.broken((ROOT / "zoomcall" / broken.path).read_text()))


def test_the_harness_finds_a_broken_guard() -> None:
    guard = "a request that may have arrived is not sent again"
    found = find(next(broken for broken in BREAKS if broken.guard == guard))
    assert found is not None
    assert "rang 2 times" in found


def test_the_tables_count_by_command_and_crowd() -> None:
    rows = [
        {"name": "token mint", "fault": PLAN, "wrong": [], "planned": 4},
        {"name": "token mint", "fault": "once read 1 EIO", "wrong": []},
        {"name": "token mint", "fault": "kill none 3", "wrong": ["a traceback"]},
        {"name": "crowds", "fault": "2 processes ring", "code": {"12": 1, "0": 1}, "wrong": []},
    ]
    assert "| `token mint` | 1 | 0 | 0 | 1 | 0 | 50 % | 1 |" in table(rows)
    assert "| together | 1 | 0 | 0 | 1 | 0 | 50 % | 1 |" in table(rows)
    assert "| 2 processes ring | 1 x 0, 1 x 12 | 0 |" in others(rows)
