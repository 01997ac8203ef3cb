"""``zoomcall doctor``: check everything that an invite needs."""

import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.command import command
from zoomcall.cli.failing import error_report
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Tone
from zoomcall.cli.render.failure import explanation_lines
from zoomcall.cli.render.junit import JUnitCase, junit
from zoomcall.cli.results.doctor import DoctorCheck, DoctorResult
from zoomcall.cli.run import Run
from zoomcall.cli.targets import target_of_flags, target_of_variables
from zoomcall.domain.cause import Explained
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.target import Api, Target
from zoomcall.errors import UsageError
from zoomcall.usecases.checking.case import CheckupOrder
from zoomcall.usecases.checking.checkup import check_up
from zoomcall.usecases.checking.verdicts import CheckId, CheckResult, CheckStatus

app = typer.Typer()

_SUITE = "zoomcall.doctor"
_TONES = {
    CheckStatus.OK: Tone.GOOD,
    CheckStatus.WARNING: Tone.WARNING,
    CheckStatus.FAILED: Tone.BAD,
    CheckStatus.SKIPPED: Tone.DIM,
}


class DoctorFlags(Struct, frozen=True, kw_only=True):
    """The session or meeting to check, if any."""

    session: Annotated[
        str | None, typer.Option(metavar="ID", help="Check this session, and the plan through it.")
    ] = None
    session_name: Annotated[str | None, typer.Option(metavar="NAME", help="The same, by name.")] = None
    meeting: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Check this meeting, by number or join link.")
    ] = None


@command(
    app,
    "doctor",
    CommandSpec(schema="zoomcall.doctor/1"),
    examples=(
        "zoomcall doctor",
        "zoomcall doctor --session ID",
        "zoomcall doctor --only credential,clock,token --json",
        "zoomcall doctor --junit doctor.xml",
    ),
)
def doctor(
    run: Run,
    flags: DoctorFlags,
    *,
    api: Annotated[
        Api | None, typer.Option("--for", help="Which credential to use if the environment has several.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="ID[,ID]", help="Make only these checks; repeatable.")
    ] = None,
    is_offline: Annotated[bool, typer.Option("--offline", help="Send nothing.")] = False,
    report: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Also write a JUnit XML report.")
    ] = None,
) -> Answer:
    """Check credential, clock, network, scopes, plan, session and webhooks; each check that is not ok has a fix.

    The exit code is that of the first failed check. With a session it takes a dial-in code valid for two hours,
    which shows the plan and rings nobody.
    """
    order = _order(run, flags, api, only, is_offline=is_offline)
    if report == Path("-"):
        raise UsageError("--junit - is not a file", fix="Name one; stdout has the answer.")
    if report is not None:
        run.wiring.check_report_place(report)
    on_bug = partial(traceback.print_exception, file=run.streams.stderr) if run.options.is_debug else None
    checks = check_up(order, run.wiring, now=run.wiring.now, on_bug=on_bug)
    if report is not None:
        run.wiring.write_report(report, junit(_SUITE, [_case(check) for check in checks], at=run.now()))
    failure = next((check for check in checks if check.verdict.status is CheckStatus.FAILED), None)
    return Answer(
        page=tuple(_lines(checks)),
        result=DoctorResult(checks=tuple(map(_result, checks))),
        status=ExitStatus.OK if failure is None else _status(failure),
        error=None if failure is None else _error(failure),
        gist=None if failure is None else _gist(checks, failure),
    )


def _order(
    run: Run, flags: DoctorFlags, api: Api | None, only: list[str] | None, *, is_offline: bool
) -> CheckupOrder:
    wanted = _wanted(only)
    target = _target(run, flags, api)
    return CheckupOrder(
        api=api if target is None else target.api, target=target, only=wanted, is_offline=is_offline
    )


def _wanted(only: list[str] | None) -> frozenset[CheckId]:
    if only is None:
        return frozenset(CheckId)
    named = [name.strip() for text in only for name in text.split(",")]
    known = {check.value for check in CheckId}
    unknown = [repr(name) for name in named if name not in known]
    if unknown:
        raise UsageError(
            f"--only: unknown check {' and '.join(dict.fromkeys(unknown))}",
            fix=f"The checks are {', '.join(CheckId)}.",
        )
    return frozenset(CheckId(name) for name in named)


def _target(run: Run, flags: DoctorFlags, api: Api | None) -> Target | None:
    """Return the target that flags name, or that variables name for the API that is asked for."""
    target = target_of_flags(flags)
    if target is None:
        target = target_of_variables(run)
        return target if api is None or target is None or target.api is api else None
    if api is not None and target.api is not api:
        raise UsageError(f"--for {api} contradicts a {target.api}", fix="Leave out --for.")
    return target


def _status(check: CheckResult) -> ExitStatus:
    kind = check.verdict.kind
    return ExitStatus.INTERNAL if kind is None else ExitStatus.of(kind)


def _error(check: CheckResult) -> ErrorReport:
    verdict = check.verdict
    explained = verdict.explained or Explained(title=verdict.detail, fix=verdict.fix)
    return error_report(explained, _status(check), subject=check.id)


def _gist(checks: Sequence[CheckResult], first: CheckResult) -> str:
    """Say which of the failed checks, which the page has told in full, decides the exit code."""
    failed = sum(check.verdict.status is CheckStatus.FAILED for check in checks)
    return f"{failed} of {len(checks)} checks failed; the first is {first.id} (exit {int(_status(first))})"


def _lines(checks: Sequence[CheckResult]) -> Iterator[Line]:
    for check in checks:
        verdict = check.verdict
        yield Line(f"{verdict.status}, {verdict.detail}", _TONES[verdict.status], label=check.id)
        if verdict.status is CheckStatus.FAILED and verdict.explained is not None:
            yield from explanation_lines(_error(check))
            continue
        if verdict.fix:
            yield Line(verdict.fix, indent=4, label="fix")
        if verdict.command:
            yield Line(verdict.command, Tone.COMMAND, indent=4, label="run")
    counts = Counter(check.verdict.status for check in checks)
    yield Line(", ".join(f"{counts[status]} {status}" for status in CheckStatus if counts[status]), Tone.TITLE)


def _result(check: CheckResult) -> DoctorCheck:
    verdict = check.verdict
    return DoctorCheck(
        id=check.id,
        status=verdict.status,
        seconds=round(check.taken.total_seconds(), 3),
        detail=verdict.detail,
        fix=verdict.fix,
        command=verdict.command,
        exit_code=int(_status(check)) if verdict.status is CheckStatus.FAILED else None,
        causes=() if verdict.explained is None else verdict.explained.causes,
    )


def _case(check: CheckResult) -> JUnitCase:
    verdict = check.verdict
    output = [verdict.detail]
    if verdict.fix:
        output.append(f"fix: {verdict.fix}")
    if verdict.command:
        output.append(f"run: {verdict.command}")
    return JUnitCase(
        name=check.id,
        seconds=check.taken.total_seconds(),
        failure=verdict.detail if verdict.status is CheckStatus.FAILED else None,
        failure_kind=_status(check).word if verdict.status is CheckStatus.FAILED else "",
        skipped=verdict.detail if verdict.status is CheckStatus.SKIPPED else None,
        output="\n".join(output),
    )
