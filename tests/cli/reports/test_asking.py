from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from shell import Shell

from zoomcall.emulator.running import Emulator


@pytest.fixture
def rooms(tmp_path: Path) -> str:
    file = tmp_path / "rooms.csv"
    file.write_text("protocol,address,name\nsip,answer@a.example,Hall\nsip,decline@b.example,=Lab\n")
    return str(file)


def rung(emulator: Emulator) -> int:
    return sum(request.method == "PATCH" for request in emulator.requests)


def test_a_batch_writes_every_report(shell: Shell, rooms: str, tmp_path: Path) -> None:
    files = {kind: tmp_path / "out" / f"run.{kind}" for kind in ("junit", "csv", "metrics")}
    flags = [f"--report={kind}={path}" for kind, path in files.items()]
    result = shell("invite", "batch", rooms, *flags, "--json")
    assert result.code == 30
    root = ET.fromstring(files["junit"].read_text())  # noqa: S314 - what the program wrote itself
    assert [case.find("failure") is None for case in root.iter("testcase")] == [True, False]
    with files["csv"].open(newline="") as stream:
        assert [(row["name"], row["state"]) for row in csv.DictReader(stream)] == [
            ("Hall", "joined"),
            ("'=Lab", "declined"),
        ]
    assert 'zoomcall_batch_calls{state="declined"} 1\n' in files["metrics"].read_text()


@pytest.mark.parametrize(
    ("value", "title"),
    [
        ("xml=run.xml", "--report 'xml=run.xml' is not KIND=FILE"),
        ("junit", "--report 'junit' is not KIND=FILE"),
        ("csv=", "--report 'csv=' does not name a file"),
        ("csv=-", "--report 'csv=-' does not name a file"),
    ],
)
def test_a_bad_report_is_refused_before_the_first_ring(
    shell: Shell, emulator: Emulator, rooms: str, value: str, title: str
) -> None:
    result = shell("invite", "batch", rooms, "--report", value, "--json")
    assert result.code == 2
    assert result.json()["error"]["title"] == title
    assert rung(emulator) == 0


def test_a_place_that_cannot_be_written_is_refused_before_the_first_ring(
    shell: Shell, emulator: Emulator, rooms: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    result = shell("invite", "batch", rooms, f"--report=csv={tmp_path / 'folder'}", "--json")
    assert result.code == 2
    assert rung(emulator) == 0


def test_two_reports_may_not_share_a_file(shell: Shell, emulator: Emulator, rooms: str, tmp_path: Path) -> None:
    place = tmp_path / "x"
    result = shell("invite", "batch", rooms, f"--report=csv={place}", f"--report=junit={place}", "--json")
    assert result.code == 2
    assert rung(emulator) == 0


def test_a_dry_run_writes_no_report(shell: Shell, rooms: str, tmp_path: Path) -> None:
    result = shell("invite", "batch", rooms, f"--report=csv={tmp_path / 'run.csv'}", "--dry-run")
    assert result.code == 0
    assert not (tmp_path / "run.csv").exists()


def test_a_report_that_fails_after_the_ringing_is_a_warning(
    shell: Shell, rooms: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        (tmp_path / "run.csv").mkdir()
        return "x"

    monkeypatch.setattr("zoomcall.cli.reports.csv.csv_report", fail)
    result = shell("invite", "batch", rooms, f"--report=csv={tmp_path / 'run.csv'}", "--json")
    assert result.code == 30
    assert [warning["id"] for warning in result.json()["warnings"]] == ["report-failed"]
