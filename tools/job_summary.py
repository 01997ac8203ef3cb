"""Tell a GitHub Actions job what became of a call: job_summary.py RESULT, which is what `invite --json` printed.

Writes outputs to $GITHUB_OUTPUT and a table to $GITHUB_STEP_SUMMARY, and prints one annotation if the call failed.
`action.yml` runs it with a bare Python, so it needs nothing but the standard library.
"""

from __future__ import annotations

import html
import json
import os
import sys
from pathlib import Path
from typing import Any


def outputs(document: dict[str, Any], result: Path) -> dict[str, str]:
    """Return the outputs of the step; what the result does not have is empty."""
    call = document["result"] or {}
    values = {
        "state": call.get("state"),
        "exit-code": document["exit_code"],
        "exit-name": document["exit_name"],
        "call-id": call.get("call_id"),
        "result": result,
    }
    return {name: "" if value is None else str(value) for name, value in values.items()}


def summary(document: dict[str, Any]) -> str:
    """Draw the call as a Markdown table; text from Zoom and from users is escaped."""
    call, error = document["result"] or {}, document["error"] or {}
    evidence, room = call.get("evidence") or {}, call.get("room") or {}
    rows = [
        ("Room", room.get("name") or room.get("address")),
        ("State", call.get("state")),
        ("Proven by", evidence.get("source")),
        ("Exit code", f"{document['exit_code']} ({document['exit_name']})"),
        ("Error", error.get("title")),
        *(("Cause", f"{cause['certainty']}: {cause['evidence']}") for cause in error.get("causes", ())),
        *(("Fix", fix) for fix in _fixes(error)),
    ]
    mark = "✅" if document["ok"] else "❌"
    table = [f"| {name} | {_cell(str(value))} |" for name, value in rows if value]
    return "\n".join([f"### {mark} zoomcall", "", "| | |", "| --- | --- |", *table, ""])


def annotation(document: dict[str, Any]) -> str:
    """Return the workflow command that shows why the call failed; empty if it did not."""
    error = document["error"]
    if not error:
        return ""
    text = " ".join([error["title"] + ".", *_fixes(error)[:1]])
    # https://docs.github.com/actions/reference/workflow-commands-for-github-actions: % and line breaks are encoded
    encoded = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::error title=zoomcall exit {document['exit_code']}::{encoded}"


def _fixes(error: dict[str, Any]) -> list[str]:
    fixes = [*(cause["fix"] for cause in error.get("causes", ())), error.get("fix")]
    return [fix for fix in fixes if fix]


def _cell(text: str) -> str:
    return html.escape(" ".join(text.split()), quote=False).replace("|", "\\|").replace("`", "\\`")


def main() -> None:
    """Write what the job shows."""
    result = Path(sys.argv[1])
    document = json.loads(result.read_text(encoding="utf-8"))
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in outputs(document, result).items())
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as file:
        file.write(summary(document))
    if line := annotation(document):
        print(line)


if __name__ == "__main__":
    main()
