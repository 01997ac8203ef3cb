"""What a release says of itself agrees: the version, the change log, the classifiers, the policy."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

from trove_classifiers import classifiers

from zoomcall import __version__

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_HEADING = re.compile(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", re.MULTILINE)


def test_the_newest_release_in_the_change_log_is_this_version() -> None:
    headings = [match.groups() for match in _HEADING.finditer((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))]
    released = [(version, day) for version, day in headings if version != "Unreleased"]

    assert released[0][0] == __version__
    assert all(day for _, day in released)


def test_the_classifiers_are_known_and_call_it_stable() -> None:
    named = PROJECT["classifiers"]

    assert set(named) <= classifiers
    assert ("Development Status :: 5 - Production/Stable" in named) == (int(__version__.partition(".")[0]) >= 1)


def test_the_classifiers_begin_with_the_oldest_python_that_is_required() -> None:
    minors = [int(match[1]) for each in PROJECT["classifiers"] if (match := re.search(r":: 3\.(\d+)$", each))]

    assert PROJECT["requires-python"] == f">=3.{minors[0]}"
    assert minors == list(range(minors[0], minors[-1] + 1))


def test_the_security_policy_covers_this_major_version() -> None:
    assert f"newest {__version__.partition('.')[0]}.x" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_supported_python_is_tested_or_named_as_missing(tmp_path: Path) -> None:
    for tool in ("sed", "dirname", "sh"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or tool)

    outside, in_ci = (_tested(tmp_path, {"HOME": str(tmp_path), **more}) for more in ({}, {"CI": "true"}))

    minors = [match[1] for each in PROJECT["classifiers"] if (match := re.search(r":: (3\.\d+)$", each))]
    assert outside.stdout.split("\n")[1:-1] == [f"  Python {minor}: not on this machine" for minor in minors]
    assert (outside.returncode, in_ci.returncode) == (0, 1)


def _tested(path: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ("sh", str(ROOT / "tools" / "test_all.sh"), "1", "tests")
    return subprocess.run(
        command, cwd=ROOT, env={"PATH": str(path), **environ}, capture_output=True, text=True, check=False
    )
