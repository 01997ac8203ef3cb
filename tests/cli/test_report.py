from __future__ import annotations

import json
import shlex
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from reported import START, missed, not_rung, outcome, row
from shell import Result, Shell

from zoomcall.cli.reports.merging import merge
from zoomcall.domain.call import State, TimelineEntry
from zoomcall.emulator.running import Emulator


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    file = tmp_path / "rooms.csv"
    lines = [f"sip,answer@a{number}.example,Hall {number}\n" for number in range(4)]
    file.write_text("protocol,address,name\n" + "".join(lines) + "sip,decline@b.example,Lab\n")
    return file


@pytest.fixture
def journal(shell: Shell, rooms: Path, tmp_path: Path) -> Path:
    path = tmp_path / "run.sqlite3"
    assert shell("invite", "batch", str(rooms), "--journal", str(path), "--rate=500/s").code == 30
    return path


def rows_of(result: Result) -> list[Any]:
    assert result.code == 0
    found: list[Any] = result.json()["result"]["rows"]
    return found


def test_a_journal_is_drawn_again(shell: Shell, journal: Path, tmp_path: Path) -> None:
    result = shell("report", str(journal), "--json", f"--report=html={tmp_path / 'run.html'}")
    assert [each["row"] for each in rows_of(result)] == [1, 2, 3, 4, 5]
    assert result.json()["result"]["totals"] == {"declined": 1, "joined": 4}
    assert "<h1>Zoom room calls</h1>" in (tmp_path / "run.html").read_text()
    text = shell("report", str(journal)).stdout.splitlines()
    assert text[0] == "5 rooms: 4 joined, 1 declined"
    assert text[1].startswith("row 5: declined: Lab: ")


def test_calls_that_a_killed_run_left_open_are_pending(shell: Shell, journal: Path) -> None:
    with sqlite3.connect(journal) as database:
        database.execute("DELETE FROM batch_row WHERE row IN (2, 3)")
        database.execute("UPDATE call SET state = 'pending' WHERE address LIKE '%a1.example%'")
        database.execute("DELETE FROM call WHERE address LIKE '%a2.example%'")
        database.execute("UPDATE batch SET ended_ms = NULL")
    result = shell("report", str(journal), "--json")
    states = {each["room"]["address"]: (each["row"], each["state"], each["exit_code"]) for each in rows_of(result)}
    assert states["answer@a1.example"] == (None, "pending", 8)
    assert "answer@a2.example" not in states
    assert (result.json()["result"]["total"], len(states)) == (5, 4)
    assert result.json()["result"]["ended_at"] is None
    assert "1 rows have no outcome" in shell("report", str(journal)).stdout


def test_a_call_that_is_newer_than_its_rows_result_counts(shell: Shell, journal: Path) -> None:
    with sqlite3.connect(journal) as database:
        database.execute("UPDATE batch_row SET document = json_set(document, '$.call_id', 0) WHERE row = 5")
        database.execute("UPDATE call SET state = 'pending' WHERE address LIKE '%b.example%'")
    found = rows_of(shell("report", str(journal), "--json"))[4]
    assert (found["row"], found["name"], found["state"]) == (5, "Lab", "pending")


def test_the_json_and_the_lines_of_a_batch_are_drawn_too(shell: Shell, rooms: Path, tmp_path: Path) -> None:
    whole = shell("invite", "batch", str(rooms), "--json", "--rate=500/s")
    (tmp_path / "run.json").write_text(whole.stdout)
    assert len(rows_of(shell("report", str(tmp_path / "run.json"), "--json"))) == 5
    rows = whole.json()["result"]["rows"]
    flat = "\n".join(json.dumps({"schema": "zoomcall.invite.batch.row/1"} | each) for each in rows)
    piped = shell("report", "-", "--json", stdin=(flat + '\n{"schema": "zoom').encode())
    assert [each["state"] for each in rows_of(piped)].count("joined") == 4
    again = shell("report", str(tmp_path / "run.json"), str(tmp_path / "run.json"), "--json")
    assert len(rows_of(again)) == 5


@pytest.mark.parametrize("damage", ["document = '{'", "document = '{}'", "state = 'odd'"])
def test_a_journal_with_a_damaged_row_is_neither_drawn_nor_resumed(
    shell: Shell, emulator: Emulator, rooms: Path, journal: Path, damage: str
) -> None:
    with sqlite3.connect(journal) as database:
        database.execute(f"UPDATE batch_row SET {damage} WHERE row = 1")  # noqa: S608 - of this test
    asked = len(emulator.requests)
    resume = ("invite", "batch", str(rooms), "--journal", str(journal), "--resume")
    for command in (("report", str(journal)), resume):
        result = shell(*command, "--json")
        assert result.code == 3
        assert "cannot be read" in result.json()["error"]["title"]
    assert all(request.method == "GET" for request in emulator.requests[asked:])


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", "hello", "[" * 9999, '{"schema": {}}', '{"schema": "zoomcall.invite.batch.row/1"}']
)
def test_anything_else_is_refused(shell: Shell, tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    assert shell("report", str(tmp_path / "x.json"), "--json").code == 2
    assert shell("report", str(tmp_path / "nothing"), "--json").code == 2


def test_four_shards_make_one_report_and_nobody_is_rung_twice(
    shell: Shell, emulator: Emulator, rooms: Path, tmp_path: Path
) -> None:
    files = []
    for part in range(1, 5):
        result = shell("invite", "batch", str(rooms), f"--shard={part}/4", "--rate=500/s", "--json")
        files.append(tmp_path / f"{part}.json")
        files[-1].write_text(result.stdout)
    assert [each["row"] for each in rows_of(shell("report", *map(str, files), "--json"))] == [1, 2, 3, 4, 5]
    assert len([request for request in emulator.requests if request.method == "PATCH"]) == 5


def test_gnu_parallel_rings_four_shards_and_nobody_twice(
    shell: Shell, emulator: Emulator, rooms: Path, tmp_path: Path
) -> None:
    program = f"{sys.executable} -m zoomcall"
    line = f"parallel -j4 {program} invite batch {rooms} --shard {{}}/4 --journal shard-{{}}.sqlite3 ::: 1 2 3 4"
    ended = subprocess.run(
        shlex.split(line), cwd=tmp_path, env=shell.environ, capture_output=True, timeout=120, check=False
    )
    assert ended.returncode == 1, ended.stderr  # a room of one shard declines
    files = sorted(map(str, tmp_path.glob("shard-*.sqlite3")))
    assert [each["row"] for each in rows_of(shell("report", *files, "--json"))] == [1, 2, 3, 4, 5]
    assert len([request for request in emulator.requests if request.method == "PATCH"]) == 5


def test_the_newest_outcome_of_a_row_counts() -> None:
    later = (TimelineEntry(State.JOINED, START + timedelta(hours=1), "roster"),)
    first, second = outcome(missed(1), row(2)), outcome(row(1, timeline=later), not_rung(2))
    for order in ([first, second], [second, first]):
        assert [each.state for each in merge(order).rows] == [State.JOINED, State.JOINED]


def test_rows_that_one_run_lacks_may_be_in_another() -> None:
    cut = outcome(row(1), total=3, ended_at=None)
    assert merge([cut]).total == 3
    assert merge([cut, outcome(row(1), row(2), row(3))]).total == 3
    assert merge([cut, outcome(row(7))]).total == 4
    assert merge([cut, outcome(row(7))]).ended_at is None
