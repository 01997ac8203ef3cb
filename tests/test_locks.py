"""Every lock file holds what the program depends on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DEPENDENCIES = PROJECT["project"]["dependencies"]
EXTRAS = [each for extra in PROJECT["project"]["optional-dependencies"].values() for each in extra]


def _names(requirements: list[str]) -> set[str]:
    return {match[0].lower() for each in requirements if (match := re.match(r"[\w-]+", each))} - {"zoomcall"}


@pytest.mark.parametrize(
    ("lock", "needed"),
    [
        ("requirements.lock", DEPENDENCIES + EXTRAS),
        ("requirements-mutants.lock", DEPENDENCIES + EXTRAS),
        ("requirements-runtime.lock", DEPENDENCIES + EXTRAS),
        ("requirements-fuzz.lock", DEPENDENCIES),
    ],
)
def test_a_lock_has_every_dependency_of_the_program(lock: str, needed: list[str]) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    assert _names(needed) - _names(lines) == set()
