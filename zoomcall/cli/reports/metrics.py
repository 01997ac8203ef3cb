"""A batch as metrics, in the text format that Prometheus' node exporter collects from files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from zoomcall.cli.reports.outcome import Outcome, duration_of
from zoomcall.domain.call import State

_BUCKETS = (1.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 300.0)
_CALLS = "zoomcall_batch_calls"
_SECONDS = "zoomcall_batch_seconds_to_joined"


def metrics_report(outcome: Outcome) -> str:
    """Write the metrics; every state has a sample, so that an alert sees a zero."""
    return "\n".join(_lines(outcome)) + "\n"


def _lines(outcome: Outcome) -> Iterator[str]:
    labels = {} if outcome.tag is None else {"tag": outcome.tag}
    totals = outcome.totals
    yield from _head(_CALLS, "gauge", "Rooms of the batch by the state that their calls ended in.")
    for state in State:
        yield _sample(_CALLS, labels | {"state": state.value}, totals[state])
    yield from _head("zoomcall_batch_rows", "gauge", "Rows of the batch.")
    yield _sample("zoomcall_batch_rows", labels, outcome.total)
    yield from _histogram(outcome, labels)
    yield from _moment("start", "began", outcome.started_at, labels)
    yield from _moment("end", "ended", outcome.ended_at, labels)


def _histogram(outcome: Outcome, labels: Mapping[str, str]) -> Iterator[str]:
    seconds = [
        duration_of(row).total_seconds() for row in outcome.rows if row.state is State.JOINED and row.timeline
    ]
    yield from _head(_SECONDS, "histogram", "Seconds from Zoom's acceptance until the room joined.")
    for bound in _BUCKETS:
        count = sum(each <= bound for each in seconds)
        yield _sample(f"{_SECONDS}_bucket", {**labels, "le": f"{bound:g}"}, count)
    yield _sample(f"{_SECONDS}_bucket", {**labels, "le": "+Inf"}, len(seconds))
    yield _sample(f"{_SECONDS}_sum", labels, round(sum(seconds), 3))
    yield _sample(f"{_SECONDS}_count", labels, len(seconds))


def _moment(name: str, verb: str, moment: datetime | None, labels: Mapping[str, str]) -> Iterator[str]:
    if moment is not None:
        metric = f"zoomcall_batch_{name}_timestamp_seconds"
        yield from _head(metric, "gauge", f"When the batch {verb}, in seconds since 1970.")
        yield _sample(metric, labels, round(moment.timestamp(), 3))


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    pairs = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{pairs}}} {value}" if pairs else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
