"""The steps of the GitHub action, run as its runner does, against the local Zoom."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from recipes.pages import ROOT, files, machine, said, settings

from zoomcall.domain.exit_status import ExitStatus
from zoomcall.emulator.running import Emulator

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step.get("name", step.get("id")): step for step in ACTION["runs"]["steps"]}


class Runner:
    """Runs steps of the action with the variables and files that GitHub gives them."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        for name in ("temp", "work"):
            (folder / name).mkdir()
        self.files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH")}
        self.environ = machine(folder) | environ
        self.environ |= {name: str(path) for name, path in self.files.items()}
        self.environ |= {"RUNNER_TEMP": str(folder / "temp"), "GITHUB_ACTION_PATH": str(ROOT), "CI": "true"}
        self.python = sys.executable

    def run(self, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run one step; inputs have underscores for dashes."""
        given = {each: row.get("default", "") for each, row in ACTION["inputs"].items()}
        given |= {each.replace("_", "-"): value for each, value in inputs.items()}

        def value_of(expression: re.Match[str]) -> str:
            kind, _, rest = expression[1].partition(".")
            return given[rest] if kind == "inputs" else {"python.outputs.python-path": self.python}[rest]

        step = STEPS[name]
        environ = {each: re.sub(r"\$\{\{ (\S+) \}\}", value_of, text) for each, text in step["env"].items()}
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder / "work",
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    @property
    def outputs(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.files["GITHUB_OUTPUT"].read_text().splitlines())


@pytest.fixture
def runner(emulator: Emulator, tmp_path: Path) -> Runner:
    environ = settings(emulator) | {"ZOOMCALL_CLIENT_SECRET": emulator.ready["client_secret"]}
    del environ["ZOOMCALL_MEETING"]
    return Runner(tmp_path, **environ)


def test_a_room_that_joins(runner: Runner, emulator: Emulator) -> None:
    done = runner.run(
        "Ring the room",
        address="answer@room.example.com",
        meeting=emulator.ready["meeting_id"],
        when_live="10s",
        if_absent="true",
    )
    assert (done.returncode, done.stdout) == (0, ""), said(done)
    outputs = runner.outputs
    assert outputs.keys() == ACTION["outputs"].keys()
    assert (outputs["state"], outputs["exit-code"], outputs["exit-name"]) == ("joined", "0", "ok")
    document = json.loads(Path(outputs["result"]).read_text())
    assert outputs["call-id"] == str(document["result"]["call_id"])
    assert "| State | joined |" in runner.files["GITHUB_STEP_SUMMARY"].read_text()


def test_a_room_that_declines_fails_the_step_and_says_why(runner: Runner, emulator: Emulator) -> None:
    done = runner.run("Ring the room", address="decline@room.example.com", meeting=emulator.ready["meeting_id"])
    assert done.returncode == ExitStatus.DECLINED
    assert re.fullmatch(
        r"::error title=zoomcall exit 20::decline@room\.example\.com declined the call\. .+\n", done.stdout
    )
    assert runner.outputs["exit-name"] == "declined"
    assert "| Fix | Check the room's screen" in runner.files["GITHUB_STEP_SUMMARY"].read_text()


def test_an_input_is_never_a_command_or_a_flag(runner: Runner, tmp_path: Path) -> None:
    for address in ("$(touch caught)", "--dry-run", "a b; touch caught"):
        done = runner.run("Ring the room", address=address, meeting="84098077904")
        assert done.returncode == ExitStatus.USAGE, address
    assert list((tmp_path / "work").iterdir()) == []


def test_doctor_writes_its_report_and_stops_a_wrong_secret(
    runner: Runner, emulator: Emulator, tmp_path: Path
) -> None:
    assert runner.run("Check the account", meeting=emulator.ready["meeting_id"]).returncode == 0
    report = tmp_path / "work" / ACTION["inputs"]["junit"]["default"]
    assert "<testsuite" in report.read_text()
    assert report.name in files("github-actions")["ring.yml"]
    runner.environ["ZOOMCALL_CLIENT_SECRET"] = "another"
    assert runner.run("Check the account").returncode == ExitStatus.AUTH


_PYTHON = """#!/bin/sh
echo "$@" >> "$RUNNER_TEMP/said"
[ "$2" != venv ] || { mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; touch "$3/bin/zoomcall"; }
"""
"""Makes a virtual environment without a network."""


def test_the_program_is_installed_apart_from_what_is_locked(runner: Runner, tmp_path: Path) -> None:
    stand_in = tmp_path / "python"
    stand_in.write_text(_PYTHON)
    stand_in.chmod(0o755)
    runner.python = str(stand_in)
    done = runner.run("Install zoomcall")
    assert done.returncode == 0, said(done)
    temp = tmp_path / "temp"
    venv, locked, program = (temp / "said").read_text().splitlines()
    assert venv == f"-m venv {temp}/zoomcall-venv"
    assert locked.endswith(f"--require-hashes --requirement {ROOT}/requirements-runtime.lock")
    assert program.endswith(f"--no-deps {ROOT}")
    (folder,) = runner.files["GITHUB_PATH"].read_text().splitlines()
    assert [path.name for path in Path(folder).iterdir()] == ["zoomcall"]


def test_the_recipe_uses_what_the_action_has() -> None:
    (job,) = yaml.safe_load(files("github-actions")["ring.yml"])["jobs"].values()
    ring, *others = job["steps"]
    assert ring["with"].keys() <= ACTION["inputs"].keys()
    used = set(re.findall(r"steps\.ring\.outputs\.([\w-]+)", json.dumps(others)))
    assert used
    assert used <= ACTION["outputs"].keys()


def summary_of(tmp_path: Path, **error: Any) -> tuple[str, str]:
    failed = {"title": "t", "causes": [], "fix": None} | error
    document = {"ok": False, "exit_code": 13, "exit_name": "rejected", "result": None, "error": failed}
    result, outputs, summary = (tmp_path / name for name in ("result", "outputs", "summary"))
    result.write_text(json.dumps(document))
    environ = machine(tmp_path) | {"GITHUB_OUTPUT": str(outputs), "GITHUB_STEP_SUMMARY": str(summary)}
    script = [sys.executable, ROOT / "tools/job_summary.py", result]
    done = subprocess.run(script, env=environ, capture_output=True, text=True, check=True)
    return done.stdout, summary.read_text()


def test_foreign_text_breaks_out_of_neither_table_nor_annotation(tmp_path: Path) -> None:
    printed, table = summary_of(tmp_path, title="a|b\n<img src=x> `c` 100%\n::warning::d", fix="f\ng")
    assert r"| Error | a\|b &lt;img src=x&gt; \`c\` 100% ::warning::d |" in table.splitlines()
    assert printed == "::error title=zoomcall exit 13::a|b%0A<img src=x> `c` 100%25%0A::warning::d. f%0Ag\n"
