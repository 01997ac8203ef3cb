"""What a release says of itself agrees: the version, the change log, the classifiers, the policy."""

import re
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
