"""What is read of each case, a block each in ``readings.txt``, which ``make readings`` writes.

A cause hangs on one detail of a paste, so that most details may be misread and no case fails. Here every one shows:
in a change of this file, which is to be looked at like code.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

from diagnose.cases import CASES, Case
from tokens import NOW

from zoomcall.domain.callout import CalloutRequest
from zoomcall.usecases.diagnosing import Diagnosis, diagnose

FILE = Path(__file__).with_name("readings.txt")


def reading_of(case: Case, diagnosis: Diagnosis) -> str:
    """Return a case's block: what was read (``+``) and what was not (``-``), its causes, and what is right."""
    return "\n".join((f"# {case.name}", *_lines(diagnosis)))


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    for line in diagnosis.understood:
        yield f"+ {line}"
    for line in diagnosis.not_understood:
        yield f"- {line}"
    for cause in diagnosis.judgement.causes:
        yield f"! {cause.id}: {cause.evidence}"
    correction = diagnosis.correction
    if correction is not None:
        yield f"$ {shlex.join(('zoomcall', *correction.words))}"
        if isinstance(correction.request, CalloutRequest):
            yield f"> {correction.base}{correction.request.path} {json.dumps(correction.request.shown_body)}"


def known_readings() -> dict[str, str]:
    """Return the blocks by the names of their cases."""
    blocks = FILE.read_text(encoding="utf-8").rstrip("\n").split("\n\n") if FILE.exists() else []
    return {block.partition("\n")[0].removeprefix("# "): block for block in blocks}


if __name__ == "__main__":
    READINGS = [reading_of(case, diagnose(case.text, now=NOW)) for case in CASES]
    FILE.write_text("\n\n".join(READINGS) + "\n", encoding="utf-8")
