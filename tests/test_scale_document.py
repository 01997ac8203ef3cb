"""What docs/scale.md shows is accepted by what it is for."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

_ROOT = Path(__file__).parent.parent
_JOB = json.loads((_ROOT / "tests/kubernetes/job-batch-v1.json").read_text())


def block(language: str, words: str) -> str:
    """Return the block of the document that holds some words."""
    text = (_ROOT / "docs/scale.md").read_text()
    (found,) = (each for each in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL) if words in each)
    return found


def job() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(block("yaml", "kind: Job"))
    return document


def test_kubernetes_takes_the_job() -> None:
    document = job()
    assert (document["apiVersion"], document["kind"]) == ("batch/v1", "Job")
    jsonschema.validate(document, _JOB)


@pytest.mark.parametrize(
    "place", [("spec",), ("spec", "template", "spec"), ("spec", "template", "spec", "containers", 0)]
)
def test_the_schema_refuses_a_misspelt_key(place: tuple[str | int, ...]) -> None:
    document = job()
    part: Any = document
    for step in place:
        part = part[step]
    part["parallelisim"] = 4
    with pytest.raises(jsonschema.ValidationError, match="parallelisim"):
        jsonschema.validate(document, _JOB)


def test_every_pod_of_the_job_rings_a_shard_of_its_own() -> None:
    spec = job()["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    shards = {
        printed(container["args"][0], JOB_COMPLETION_INDEX=str(index)) for index in range(spec["completions"])
    }
    assert len(shards) == spec["completions"] == 4
    assert "invite batch /rooms/rooms.csv --shard 1/4 --journal /runs/shard-0.sqlite3" in shards


def test_slurm_resumes_a_shard_that_ran_before(tmp_path: Path) -> None:
    script = block("sh", "#SBATCH")
    variables = {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "4"}
    first = printed(script, folder=tmp_path, **variables)
    assert first == "invite batch rooms.csv --shard 2/4 --journal shard-2.sqlite3"
    (tmp_path / "shard-2.sqlite3").touch()
    assert printed(script, folder=tmp_path, **variables) == f"{first} --resume"


def printed(script: str, *, folder: Path | None = None, **variables: str) -> str:
    """Run a script with a program of zoomcall's name that prints its arguments."""
    stand_in = 'zoomcall() { echo "$@"; }\n'
    done = subprocess.run(
        ["bash", "-c", stand_in + script.replace("exec zoomcall", "zoomcall")],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
