"""The table of ``doctor``'s checks: what each waits for, how long it may take, and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.errors import NetworkFault, NetworkWord, ZoomcallError
from zoomcall.knowledge.facts import Facts
from zoomcall.knowledge.redaction import clean
from zoomcall.usecases.checking.account_checks import (
    check_account,
    check_plan,
    check_scopes,
    check_session,
    check_token,
    check_webhook,
)
from zoomcall.usecases.checking.case import Case, CheckupOrder, Tools
from zoomcall.usecases.checking.local_checks import check_credential, check_keyring, check_versions
from zoomcall.usecases.checking.network_checks import (
    check_answer,
    check_certificates,
    check_clock,
    check_names,
    check_proxies,
)
from zoomcall.usecases.checking.task_graph import Late, Step, run_steps
from zoomcall.usecases.checking.verdicts import (
    Blocked,
    CheckId,
    CheckResult,
    CheckStatus,
    CheckVerdict,
    broken,
    failed,
    not_asked,
    skipped,
)

LIMIT = timedelta(seconds=10)
"""How long one check may take, not counting a person at a keyring's prompt."""

_PATIENCE = timedelta(seconds=8)
"""How long Zoom may take: less than the check, so that Zoom's fault is reported rather than the check's limit."""

_LONGEST = 1500


class _Row(Struct, frozen=True):
    """How a check is made.

    Attributes:
        check: Makes it.
        after: Checks that it waits for, whatever they report.
        needs: Checks that it waits for, and cannot be made without.
        asks_zoom: It is skipped with ``--offline``.
        reads_keyring: It may take longer, by as long as the keyring may.
    """

    check: Callable[[Case], CheckVerdict]
    after: tuple[CheckId, ...] = ()
    needs: tuple[CheckId, ...] = ()
    asks_zoom: bool = False
    reads_keyring: bool = False


_CHECKS: Mapping[CheckId, _Row] = {
    CheckId.CREDENTIAL: _Row(check_credential, reads_keyring=True),
    CheckId.KEYRING: _Row(check_keyring, after=(CheckId.CREDENTIAL,)),
    CheckId.CLOCK: _Row(check_clock, after=(CheckId.CREDENTIAL, CheckId.API), asks_zoom=True),
    CheckId.DNS: _Row(check_names, after=(CheckId.PROXY,), asks_zoom=True),
    CheckId.TLS: _Row(check_certificates, after=(CheckId.DNS, CheckId.PROXY), asks_zoom=True),
    CheckId.PROXY: _Row(check_proxies, after=(CheckId.CREDENTIAL,)),
    CheckId.API: _Row(check_answer, after=(CheckId.DNS, CheckId.TLS, CheckId.PROXY), asks_zoom=True),
    CheckId.TOKEN: _Row(check_token, after=(CheckId.CREDENTIAL, CheckId.API)),
    CheckId.ACCOUNT: _Row(check_account, needs=(CheckId.TOKEN,), asks_zoom=True),
    CheckId.SCOPES: _Row(check_scopes, needs=(CheckId.TOKEN,), asks_zoom=True),
    CheckId.CRC: _Row(check_plan, after=(CheckId.SESSION,), needs=(CheckId.TOKEN,), asks_zoom=True),
    CheckId.SESSION: _Row(check_session, needs=(CheckId.TOKEN,), asks_zoom=True),
    CheckId.WEBHOOK: _Row(check_webhook, after=(CheckId.TOKEN, CheckId.KEYRING), reads_keyring=True),
    CheckId.VERSIONS: _Row(check_versions),
}


def check_up(
    order: CheckupOrder,
    tools: Tools,
    *,
    now: Callable[[], datetime],
    on_bug: Callable[[Exception], None] | None = None,
) -> tuple[CheckResult, ...]:
    """Make the checks, at the same time where none waits for another.

    Args:
        order: What to check.
        tools: What to ask.
        now: This machine's clock.
        on_bug: Is shown what a check should not have raised.

    Returns:
        The wanted checks, in the order of ``CheckId``.
    """
    case = Case(order=order, tools=tools, now=now, limit=LIMIT, patience=_PATIENCE)
    outcomes = run_steps(
        [_step(each, case) for each in _with_awaited(order.only)],
        settle=partial(_settle, case, on_bug),
        tell=case.verdicts.__setitem__,
    )
    return tuple(
        CheckResult(id=each, verdict=_cleaned(outcomes[each].value, case.facts), taken=outcomes[each].taken)
        for each in CheckId
        if each in order.only
    )


def _with_awaited(only: frozenset[CheckId]) -> set[CheckId]:
    """Return these checks and all that they wait for."""
    wanted: set[CheckId] = set()
    left = list(only)
    while left:
        each = left.pop()
        if each not in wanted:
            wanted.add(each)
            left += [*_CHECKS[each].after, *_CHECKS[each].needs]
    return wanted


def _step(each: CheckId, case: Case) -> Step[CheckVerdict]:
    row = _CHECKS[each]
    more = case.tools.keyring_limit if row.reads_keyring else timedelta()
    return Step(name=each, work=partial(_make, row, case), after=(*row.after, *row.needs), limit=case.limit + more)


def _make(row: _Row, case: Case) -> CheckVerdict:
    if row.asks_zoom and case.order.is_offline:
        return not_asked()
    for other in row.needs:
        case.need(other)
    return row.check(case)


def _settle(case: Case, on_bug: Callable[[Exception], None] | None, error: Exception) -> CheckVerdict:
    """Turn what a check raised into what it reports."""
    match error:
        case Blocked(by=by, error=reason):
            return _blocked(case, by, reason)
        case Late(limit=limit):
            late = f"the check was given up after {limit.total_seconds():g} s"
            return failed(NetworkFault(late, word=NetworkWord.TIMEOUT, may_have_arrived=False), case.facts)
        case ZoomcallError():
            return failed(error, case.facts)
        case _:
            if on_bug is not None:
                on_bug(error)
            return broken(error)


def _blocked(case: Case, by: CheckId, error: ZoomcallError | None) -> CheckVerdict:
    """Point to the check that failed, or report the failure here if that check is not wanted or saw nothing."""
    verdict = case.verdicts.get(by)
    is_known_to_fail = error is not None
    while verdict is not None and verdict.because is not None:
        by = verdict.because
        verdict = case.verdicts.get(by)
        is_known_to_fail = True
    has_failed = verdict is not None and verdict.status is CheckStatus.FAILED
    will_fail = verdict is None and is_known_to_fail  # it is yet to be made, and finds this
    if (has_failed or will_fail) and by in case.order.only:
        return skipped(f"not checked because {by} failed", f"Fix {by} first.", because=by)
    if error is not None:
        return failed(error, case.facts)
    if verdict is not None and has_failed:
        return replace(verdict, detail=f"{by}: {verdict.detail}")
    seen = verdict.detail if verdict is not None else f"{by} is not known"
    return skipped(f"not checked: {seen}", f"See {by} first.")


def _cleaned(verdict: CheckVerdict, facts: Facts) -> CheckVerdict:
    fix = None if verdict.fix is None else clean(verdict.fix, facts, longest=_LONGEST)
    return replace(verdict, detail=clean(verdict.detail, facts, longest=_LONGEST), fix=fix)
