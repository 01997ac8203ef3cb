"""The commands of the recipes ring a room, and fail as their pages say, against the local Zoom."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from recipes.pages import MEETING, PAGES, ROOM, files, machine, put, said, settings, shell

from zoomcall.domain.exit_status import ExitStatus
from zoomcall.emulator.running import Emulator

Run = subprocess.CompletedProcess[str]

OUTCOMES = pytest.mark.parametrize(
    ("room", "code"),
    [("answer@room.example.com", ExitStatus.OK), ("decline@room.example.com", ExitStatus.DECLINED)],
    ids=["joins", "declines"],
)


def secret_file(zoom: Emulator, folder: Path) -> Path:
    path = folder / "client-secret"
    path.write_text(zoom.ready["client_secret"] + "\n")
    path.chmod(0o400)
    return path


@OUTCOMES
def test_gitlab(emulator: Emulator, tmp_path: Path, room: str, code: int) -> None:
    job = yaml.safe_load(files("gitlab")[".gitlab-ci.yml"])["ring-board-room"]
    assert job["variables"]["ROOM"] == ROOM
    environ = machine(tmp_path) | job["variables"] | settings(emulator)
    environ |= {"ROOM": room, "ZOOMCALL_CLIENT_SECRET": emulator.ready["client_secret"]}
    done = shell("\n".join(job["script"]), environ, tmp_path, "bash", "-eo", "pipefail", "-c")
    assert done.returncode == code, said(done)
    assert json.loads((tmp_path / "call.json").read_text())["exit_code"] == code
    assert (tmp_path / job["artifacts"]["reports"]["junit"]).read_text().startswith("<?xml")


@OUTCOMES
def test_jenkins(emulator: Emulator, tmp_path: Path, room: str, code: int) -> None:
    pipeline = files("jenkins")["Jenkinsfile"]
    given = dict(re.findall(r"^        (\w+) = '(.*)'$", pipeline, re.MULTILINE))
    assert (given["ROOM"], given["ZOOMCALL_MEETING"]) == (ROOM, MEETING)
    (variable,) = re.findall(r"variable: '(\w+)'", pipeline)
    environ = machine(tmp_path) | given | settings(emulator)
    environ |= {"ROOM": room, variable: emulator.ready["client_secret"]}
    check, ring = re.findall(r"(?:sh |script: )'(zoomcall .*?)'", pipeline)
    assert shell(check, environ, tmp_path).returncode == 0
    done = shell(ring, environ, tmp_path)
    assert done.returncode == code, said(done)
    for name in re.findall(r"(?:testResults|artifacts): '(.*?)'", pipeline):
        assert (tmp_path / name).stat().st_size, name


@OUTCOMES
def test_cron(emulator: Emulator, tmp_path: Path, room: str, code: int) -> None:
    crontab = files("cron")["crontab"]
    assignments = dict(re.findall(r"^(\w+)=(.*)$", crontab, re.MULTILINE))
    (line,) = re.findall(r"^[\d*][^a-z]*?  (\S.*)$", crontab, re.MULTILINE)
    environ = machine(tmp_path) | settings(emulator)
    assert {*environ, "MAILTO", "ZOOMCALL_CLIENT_SECRET_FILE"} >= assignments.keys()
    environ["ZOOMCALL_CLIENT_SECRET_FILE"] = str(secret_file(emulator, tmp_path))
    assert "%" not in line
    mailed = said(shell(line.replace(ROOM, room), environ, tmp_path, "/bin/sh", "-c"))
    assert mailed == "" if code == 0 else f"{room} declined" in mailed and mailed.endswith(f"exit {code}\n")


def test_cron_rings_no_room_twice(emulator: Emulator, tmp_path: Path) -> None:
    environ = machine(tmp_path) | settings(emulator)
    environ["ZOOMCALL_CLIENT_SECRET_FILE"] = str(secret_file(emulator, tmp_path))
    line = "zoomcall invite sip answer@room.example.com --quiet >/dev/null"
    codes = [shell(line, environ, tmp_path).returncode for _ in range(2)]
    assert codes == [ExitStatus.OK, ExitStatus.DUPLICATE]


@OUTCOMES
def test_systemd(emulator: Emulator, tmp_path: Path, room: str, code: int) -> None:
    put(tmp_path, "systemd")
    unit = (tmp_path / "zoomcall.service").read_text()
    credential, source = re.findall(r"^LoadCredential=(.*?):(.*)$", unit, re.MULTILINE)[0]
    assert source == "/etc/zoomcall/client-secret"
    secret_file(emulator, tmp_path).rename(tmp_path / credential)
    places = {"%d": str(tmp_path), "%S": str(tmp_path)}
    environ = machine(tmp_path)
    for words in re.findall(r"^Environment=(.*)$", unit, re.MULTILINE):
        for word in shlex.split(words):
            name, _, value = word.partition("=")
            environ[name] = re.sub("%[dS]", lambda place: places[place[0]], value)
    environ["ZOOMCALL_CONFIG_DIR"] = str(tmp_path)
    shared = dict(re.findall(r"^(\w+)=(.*)$", (tmp_path / "zoomcall.env").read_text(), re.MULTILINE))
    assert shared["ROOM"] == ROOM
    environ |= shared | settings(emulator) | {"ROOM": room}
    (command,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    # systemd puts the value of ${ROOM} in as one word, as a shell does between quotation marks
    line = " ".join(f'"{word}"' for word in command.replace("/usr/local/bin/", "").split())
    done = shell(line, environ, tmp_path)
    assert done.returncode == code, said(done)
    assert (tmp_path / "zoomcall/calls.sqlite3").exists() or list((tmp_path / "zoomcall").iterdir())


@OUTCOMES
def test_kubernetes(emulator: Emulator, tmp_path: Path, room: str, code: int) -> None:
    pod = yaml.safe_load(files("kubernetes")["cronjob.yaml"])["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    secret_file(emulator, tmp_path).chmod(0o440)
    places = {mounts["secret"]: str(tmp_path), mounts["state"]: str(tmp_path / "state")}
    environ = machine(tmp_path) | settings(emulator)
    for each in container["env"]:
        folder = next(folder for folder in places if each["value"].startswith(folder))
        environ[each["name"]] = each["value"].replace(folder, places[folder], 1)
    words = [room if word == ROOM else word for word in container["command"]]
    done = shell(shlex.join(words), environ, tmp_path)
    assert done.returncode == code, said(done)
    assert json.loads(done.stdout)["exit_code"] == code


@OUTCOMES
def test_windows(emulator: Emulator, tmp_path: Path, room: str, code: int) -> None:
    (sign_in,) = re.findall(r"^(zoomcall auth login .*)$", (PAGES / "windows.md").read_text(), re.MULTILINE)
    given = settings(emulator)
    names = ("ZOOMCALL_API_BASE", "ZOOMCALL_OAUTH_BASE", "ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID")
    environ = machine(tmp_path) | {name: given[name] for name in names}
    environ["SECRET"] = emulator.ready["client_secret"]
    line = sign_in.replace(" ACCOUNT ", f" {given['ZOOMCALL_ACCOUNT_ID']} ")
    line = line.replace(" CLIENT ", f" {given['ZOOMCALL_CLIENT_ID']} ")
    # a pipe in place of the hidden prompt, a file in place of the Credential Manager
    stored = shell(f"printenv SECRET | {line} --secret-stdin --store file", environ, tmp_path)
    assert stored.returncode == 0, said(stored)
    task = ET.fromstring(files("windows")["zoomcall.xml"])  # noqa: S314 - a file of this repository
    values = {element.tag.rpartition("}")[2]: element.text or "" for element in task.iter()}
    assert values["Command"].endswith(r"\zoomcall.exe")
    assert ROOM in values["Arguments"]
    arguments = values["Arguments"].replace(ROOM, room).replace(MEETING, given["ZOOMCALL_MEETING"])
    done = shell(f"zoomcall {arguments}", environ, tmp_path)
    assert done.returncode == code, said(done)


@pytest.fixture
def play(emulator: Emulator, tmp_path: Path) -> Callable[..., Run]:
    """Return what runs the playbook, with the vault's secret and the user's variables from a file."""
    program = Path(__file__).parents[2] / ".venv-recipes/bin/ansible-playbook"
    if not program.exists():
        pytest.skip("make .venv-recipes/.ready installs Ansible")
    given, path = settings(emulator), put(tmp_path, "ansible") / "ring.yml"

    def run(*rooms: str) -> Run:
        variables = {
            "zoom_meeting": given["ZOOMCALL_MEETING"],
            "zoom_account_id": given["ZOOMCALL_ACCOUNT_ID"],
            "zoom_client_id": given["ZOOMCALL_CLIENT_ID"],
            "zoom_client_secret": emulator.ready["client_secret"],
            "rooms": rooms,
        }
        (tmp_path / "vault.yml").write_text(json.dumps(variables))
        taken = {f"ZOOMCALL_{each}" for each in ("MEETING", "ACCOUNT_ID", "CLIENT_ID")}
        others = {name: value for name, value in given.items() if name not in taken}
        environ = machine(tmp_path) | others | {"LC_ALL": "C.UTF-8", "ANSIBLE_HOME": str(tmp_path / "ansible")}
        return shell(shlex.join([str(program), "-vvv", "-e", "@vault.yml", str(path)]), environ, tmp_path)

    return run


def test_ansible(play: Callable[..., Run], emulator: Emulator, tmp_path: Path) -> None:
    done = play("answer@room.example.com", "decline@room.example.com")
    assert done.returncode != 0, said(done)
    assert re.search(r"ok=2 +changed=1 +unreachable=0 +failed=1", done.stdout), done.stdout
    assert "changed: [localhost] => (item=answer@room.example.com)" in said(done)
    assert "failed: [localhost] (item=decline@room.example.com)" in said(done)
    assert (tmp_path / ".zoomcall-client-secret").stat().st_mode & 0o777 == 0o400
    # -vvv shows the command lines, with every variable that was set
    assert "ZOOMCALL_CLIENT_SECRET_FILE=" in said(done)
    assert emulator.ready["client_secret"] not in said(done)


def test_the_programs_of_the_recipes_are_this_one(tmp_path: Path) -> None:
    where = shell("command -v zoomcall", machine(tmp_path), tmp_path)
    assert Path(where.stdout.strip()).parent == Path(sys.executable).parent
