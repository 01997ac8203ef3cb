"""The tools that are to read the recipes and the workflows accept them, and notice a mistake."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from recipes.pages import PAGES, ROOT, checked, files, put, said

from zoomcall.domain.exit_status import ExitStatus

_WORKFLOWS = ROOT / ".github/workflows"
_SHORT = {ExitStatus.RATE_LIMITED, ExitStatus.NETWORK}
"""What passes by itself, and rings nobody (contract 2)."""


def repository(folder: Path, **replaced: str) -> Path:
    """Lay out what GitHub reads: the action, the workflows and the recipe's; then replace words in the recipe."""
    workflows = folder / ".github/workflows"
    workflows.mkdir(parents=True)
    (folder / ".git").mkdir()
    for source in (*_WORKFLOWS.iterdir(), ROOT / ".github/dependabot.yml", ROOT / "action.yml"):
        (folder / source.relative_to(ROOT)).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    # the page names a tag for readability, and says to use its commit
    recipe = files("github-actions")["ring.yml"].replace("@v1.0.0", f"@{'0' * 40} # v1.0.0")
    for old, new in replaced.values():
        assert old in recipe
        recipe = recipe.replace(old, new)
    (workflows / "ring.yml").write_text(recipe, encoding="utf-8")
    return folder


def test_github_takes_the_action_and_the_workflows(tmp_path: Path) -> None:
    folder = repository(tmp_path)
    for tool in (("jactionlint", "--no-color", "--strict-exit"), ("zizmor", "--offline", "--no-progress", ".")):
        done = checked(*tool, cwd=folder)
        assert done.returncode == 0, said(done)
    for schema, paths in (
        ("vendor.github-workflows", sorted((folder / ".github/workflows").iterdir())),
        ("vendor.github-actions", [folder / "action.yml"]),
        ("vendor.dependabot", [folder / ".github/dependabot.yml"]),
    ):
        done = checked("check-jsonschema", "--builtin-schema", schema, *paths)
        assert done.returncode == 0, said(done)


def test_what_reads_workflows_finds_a_wrong_output_a_bad_script_and_an_injection(tmp_path: Path) -> None:
    folder = repository(
        tmp_path,
        output=("steps.ring.outputs", "steps.rang.outputs"),
        script=('echo "The', 'echo $CODE ${{ github.event.head_commit.message }} "The'),
    )
    linted = said(checked("jactionlint", "--no-color", cwd=folder))
    assert "rang" in linted
    assert "SC2086" in linted
    audited = checked("zizmor", "--offline", "--no-progress", ".", cwd=folder)
    assert audited.returncode != 0
    assert "template-injection" in said(audited)


def test_every_foreign_action_is_pinned_to_a_commit_with_its_version() -> None:
    sources = [ROOT / "action.yml", *_WORKFLOWS.iterdir()]
    used = [
        line for source in sources for line in re.findall(r"uses: (\S+@.*)", source.read_text(encoding="utf-8"))
    ]
    assert len(used) > 10
    assert [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


def test_only_jobs_that_sign_may_write() -> None:
    rights = {
        f"{path.stem}.{name}": {each for each, right in job["permissions"].items() if right == "write"}
        for path in _WORKFLOWS.iterdir()
        for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items()
    }
    assert {name: each for name, each in rights.items() if each} == {
        "release.attest": {"id-token", "attestations"},
        "release.publish": {"id-token"},
    }


def test_gitlab_takes_its_recipe_and_refuses_a_misspelt_key(tmp_path: Path) -> None:
    path = put(tmp_path, "gitlab") / ".gitlab-ci.yml"
    tool = ("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", path)
    done = checked(*tool)
    assert done.returncode == 0, said(done)
    path.write_text(path.read_text().replace("exit_codes: [9, 10]", "exit_code: [9, 10]"))
    assert checked(*tool).returncode != 0


def test_the_yaml_files_are_written_alike(tmp_path: Path) -> None:
    (tmp_path / ".yamllint").write_text(
        "extends: default\n"
        "rules:\n"
        "  document-start: disable\n"
        "  line-length: {max: 140}\n"
        "  truthy: {check-keys: false}\n"
        "  comments: {min-spaces-from-content: 1}\n"
    )
    for page in ("github-actions", "gitlab", "kubernetes", "ansible"):
        put(tmp_path, page)
    paths = [*tmp_path.glob("*.y*ml"), tmp_path / ".gitlab-ci.yml", ROOT / "action.yml", *_WORKFLOWS.iterdir()]
    done = checked("yamllint", "--strict", *paths, cwd=tmp_path)
    assert done.returncode == 0, said(done)


def test_jenkins_recipe_is_groovy(tmp_path: Path) -> None:
    path = put(tmp_path, "jenkins") / "Jenkinsfile"
    tool = ("python", Path(__file__).with_name("groovy.py"), path)
    assert said(checked(*tool)) == ""
    path.write_text(path.read_text().replace("error(", "error)(", 1))
    assert "error" in said(checked(*tool))


def test_systemd_takes_the_units_and_finds_them_hardened(tmp_path: Path) -> None:
    put(tmp_path, "systemd")
    service = tmp_path / "zoomcall.service"
    # systemd asks whether the program exists
    service.write_text(service.read_text().replace("/usr/local/bin/zoomcall", "/bin/true"))
    units = sorted(str(path) for path in tmp_path.iterdir() if path.suffix in {".service", ".timer"})
    assert len(units) == 3
    done = checked("systemd-analyze", "verify", "--man=no", *units)
    assert (done.returncode, said(done)) == (0, "")
    tool = ("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", str(service))
    done = checked(*tool)
    assert done.returncode == 0, said(done)
    softened = re.sub(
        r"^(ProtectSystem|DynamicUser|CapabilityBoundingSet)=.*\n", "", service.read_text(), flags=re.MULTILINE
    )
    service.write_text(softened)
    assert checked(*tool).returncode != 0


def test_systemd_refuses_a_unit_with_a_mistake(tmp_path: Path) -> None:
    put(tmp_path, "systemd")
    service = tmp_path / "zoomcall.service"
    service.write_text(service.read_text().replace("Type=exec", "Type=oneshot"))
    done = checked("systemd-analyze", "verify", "--man=no", str(service))
    assert "RestartForceExitStatus" in said(done)


def test_cron_takes_the_crontab_and_refuses_a_minute_that_there_is_not(tmp_path: Path) -> None:
    path = put(tmp_path, "cron") / "crontab"
    done = checked("crontab", "-n", str(path))
    assert done.returncode == 0, said(done)
    path.write_text(path.read_text().replace("55 8 ", "65 8 "))
    assert "bad minute" in said(checked("crontab", "-n", str(path)))


def cron_job() -> tuple[dict[str, Any], dict[str, Any]]:
    job, cron = (
        json.loads((ROOT / f"tests/kubernetes/{name}-batch-v1.json").read_text()) for name in ("job", "cronjob")
    )
    schema = {**cron, "definitions": job["definitions"] | cron["definitions"]}
    document: dict[str, Any] = yaml.safe_load(files("kubernetes")["cronjob.yaml"])
    return document, schema


def test_kubernetes_takes_the_cron_job() -> None:
    document, schema = cron_job()
    assert (document["apiVersion"], document["kind"]) == ("batch/v1", "CronJob")
    jsonschema.validate(document, schema)


@pytest.mark.parametrize("place", [("spec",), ("spec", "jobTemplate"), ("spec", "jobTemplate", "spec")])
def test_the_schema_of_cron_jobs_refuses_a_misspelt_key(place: tuple[str, ...]) -> None:
    document, schema = cron_job()
    part = document
    for step in place:
        part = part[step]
    part["concurencyPolicy"] = "Forbid"
    with pytest.raises(jsonschema.ValidationError, match="concurencyPolicy"):
        jsonschema.validate(document, schema)


_TASK = {
    "Task": {"RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"},
    "RegistrationInfo": {"Description", "Author", "Date", "URI"},
    "Triggers": {"CalendarTrigger"},
    "CalendarTrigger": {"StartBoundary", "EndBoundary", "Enabled", "ScheduleByDay", "ScheduleByWeek"},
    "ScheduleByWeek": {"DaysOfWeek", "WeeksInterval"},
    "DaysOfWeek": {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"},
    "Principals": {"Principal"},
    "Principal": {"UserId", "GroupId", "LogonType", "RunLevel"},
    "Settings": {
        "MultipleInstancesPolicy",
        "DisallowStartIfOnBatteries",
        "StopIfGoingOnBatteries",
        "StartWhenAvailable",
        "RunOnlyIfNetworkAvailable",
        "WakeToRun",
        "ExecutionTimeLimit",
    },
    "Actions": {"Exec"},
    "Exec": {"Command", "Arguments", "WorkingDirectory"},
}
"""What elements of a task hold, as far as a recipe may want them (https://learn.microsoft.com/windows/win32/taskschd)."""


def test_the_task_of_windows_has_elements_that_its_scheduler_documents() -> None:
    namespace = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    task = ET.fromstring(files("windows")["zoomcall.xml"])  # noqa: S314 - a file of this repository
    for element in task.iter():
        name = element.tag.removeprefix(namespace)
        held = {child.tag.removeprefix(namespace) for child in element}
        assert held <= _TASK.get(name, set()), name
    values = {element.tag.removeprefix(namespace): element.text or "" for element in task.iter()}
    assert values["LogonType"] in {"Password", "InteractiveToken", "S4U"}
    assert values["RunLevel"] in {"LeastPrivilege", "HighestAvailable"}
    assert values["MultipleInstancesPolicy"] in {"IgnoreNew", "Parallel", "Queue", "StopExisting"}
    assert re.fullmatch(r"PT\d+M", values["ExecutionTimeLimit"])


def test_schedulers_repeat_only_what_rings_nobody_and_passes() -> None:
    gitlab = yaml.safe_load(files("gitlab")[".gitlab-ci.yml"])["ring-board-room"]
    (rule,) = cron_job()[0]["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["operator"]) == ("FailJob", "NotIn")
    repeated = {
        "gitlab": gitlab["retry"]["exit_codes"],
        "kubernetes": rule["onExitCodes"]["values"],
        "systemd": re.search(r"RestartForceExitStatus=(.*)", files("systemd")["zoomcall.service"])[1].split(),  # type: ignore[index]
        "ansible": re.search(r"until: call.rc not in \[(.*)\]", files("ansible")["ring.yml"])[1].split(","),  # type: ignore[index]
    }
    for system, codes in repeated.items():
        assert {ExitStatus(int(code)) for code in codes} == _SHORT, system
    assert gitlab["allow_failure"]["exit_codes"] == ExitStatus.PENDING
    assert f"code == {int(ExitStatus.PENDING)}" in files("jenkins")["Jenkinsfile"]


def test_the_index_names_every_page_and_every_page_says_where_the_secret_is_and_what_a_failure_does() -> None:
    pages = {path.name for path in PAGES.iterdir()} - {"README.md"}
    assert set(re.findall(r"^\| \[[^\]]+\]\((\S+)\)", (PAGES / "README.md").read_text(), re.MULTILINE)) == pages
    for page in pages:
        text = (PAGES / page).read_text()
        assert "**The secret**" in text, page
        assert "**When it fails**" in text, page


@pytest.mark.parametrize("page", sorted(path.name for path in PAGES.iterdir()))
def test_the_links_of_a_page_lead_somewhere(page: str) -> None:
    for link in re.findall(r"\]\((?!https:)([^)]+)\)", (PAGES / page).read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        text = (PAGES / name).resolve().read_text(encoding="utf-8")
        headings = [re.sub(r"[^\w\- ]", "", each).lower() for each in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]
        assert not anchor or anchor in {heading.replace(" ", "-") for heading in headings}, link
