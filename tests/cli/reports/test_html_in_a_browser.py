"""The HTML report as a browser shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from chromium import Chromium, chromium
from reported import HOSTILE, START, failure, missed, not_rung, outcome, row

from zoomcall.cli.reports.html import html_report
from zoomcall.cli.results.report import ReportRow
from zoomcall.domain.call import State, TimelineEntry

_LARGE = 10_000
_MOST_SECONDS = 2.0

_OUTSIDE = """[...document.querySelectorAll("body *")]
  .filter((each) => !each.closest(".scroll, svg, script"))
  .filter((each) => each.getBoundingClientRect().right > innerWidth || each.scrollWidth > each.clientWidth + 1)
  .filter((each) => each.clientWidth && !each.matches("input, select"))
  .map((each) => each.outerHTML.slice(0, 80))"""
_OVERLAPPING = """(() => {
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  const groups = ["header, h2, h3, p, .share, .totals li, .legend, .controls > *, .scroll", ".legend li, .failure",
    ".run text, .run rect", "thead th", "#rooms tr:nth-child(2) > *"];
  return groups.flatMap((group) => {
    const boxes = [...document.querySelectorAll(group)].filter((each) => !each.closest("[hidden]"));
    return boxes.flatMap((one, index) => boxes.slice(index + 1).filter((other) => !one.contains(other)
      && one.parentNode === other.parentNode && meet(one.getBoundingClientRect(), other.getBoundingClientRect()))
      .map((other) => `${one.outerHTML.slice(0, 60)} | ${other.outerHTML.slice(0, 60)}`));
  });
})()"""
_CONTRASTS = """(() => {
  const numbers = (text) => text.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((each) => each / 255)
    .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, index) => sum + each * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (each) => {
    const colour = numbers(getComputedStyle(each).backgroundColor);
    return colour.length === 4 && colour[3] === 0 ? behind(each.parentElement) : colour;
  };
  const texts = "h1, h2, h3, p, b, span, td, th, caption, label, .legend li";
  return [...document.querySelectorAll(texts)].map((each) => {
    const [high, low] = [light(numbers(getComputedStyle(each).color)), light(behind(each))].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  });
})()"""
_ROOMS = "[...document.querySelectorAll('#rooms tbody tr')].map((each) => each.cells[1].textContent)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with chromium() as running:
        yield running


def usual() -> tuple[ReportRow, ...]:
    """Return rows with every outcome, hostile names and long ones."""
    long = ({"name": "W" * 300, "note": "x" * 300}, {"name": "a word " * 40, "note": "a word " * 60})
    waiting = {
        "exit_code": 27,
        "state": State.WAITING_ROOM,
        "error": failure("waiting-room", "still in the waiting room", "Ask the host to admit it."),
    }
    return (
        *(row(number, name=text, note=text) for number, text in enumerate(HOSTILE, start=1)),
        *(missed(number, name=text, note=text) for number, text in enumerate(HOSTILE, start=30)),
        *(row(number, **each) for number, each in enumerate(long, start=60)),
        missed(70, **long[0]),
        not_rung(71),
        row(72, **waiting),
    )


def opened(browser: Chromium, folder: Path, *rows: ReportRow, **changes: Any) -> float:
    """Open the report of a run; return the seconds it took."""
    page = folder / "run.html"
    page.write_text(html_report(outcome(*rows, **changes)))
    browser.requested.clear()
    browser.complaints.clear()
    return browser.open(page)


@pytest.mark.parametrize("is_dark", [False, True])
@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_overlaps_or_leaves_the_window_and_all_text_can_be_read(
    browser: Chromium, tmp_path: Path, width: int, *, is_dark: bool
) -> None:
    browser.look(width=width, is_dark=is_dark)
    opened(browser, tmp_path, *usual(), tag=HOSTILE[0])
    assert browser.run("innerWidth") == width
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    assert browser.run(_OUTSIDE) == []
    assert browser.run(_OVERLAPPING) == []
    contrasts = browser.run(_CONTRASTS)
    assert len(contrasts) > 100
    assert min(contrasts) >= 4.5


def test_hostile_names_are_inert_and_nothing_is_loaded(browser: Chromium, tmp_path: Path) -> None:
    opened(
        browser, tmp_path, *usual(), *(row(number, name=HOSTILE[0]) for number in range(100, 700)), tag=HOSTILE[1]
    )
    for script in ("document.getElementById('more').click()", "document.querySelector('th button').click()"):
        browser.run(script)
    assert browser.run("document.querySelectorAll('img, iframe, a, link, object, embed').length") == 0
    assert browser.run("document.scripts.length") == 3
    assert browser.requested == [(tmp_path / "run.html").as_uri()]
    assert browser.complaints == []


def test_the_table_sorts_by_a_column_and_back(browser: Chromium, tmp_path: Path) -> None:
    slow = [(TimelineEntry(State.ACCEPTED, START, "zoom"), TimelineEntry(State.JOINED, START + wait, "roster"))
            for wait in (timedelta(seconds=9), timedelta(seconds=100), timedelta(seconds=20))]  # fmt: skip
    opened(browser, tmp_path, *(row(number, timeline=each) for number, each in enumerate(slow, start=1)))
    click = "[...document.querySelectorAll('th button')].find((each) => each.textContent === 'Seconds').click()"
    orders = []
    for _ in range(2):
        browser.run(click)
        orders.append((browser.run(_ROOMS), browser.run("document.querySelector('[aria-sort]').ariaSort")))
    assert orders == [
        (["Room 1", "Room 3", "Room 2"], "ascending"),
        (["Room 2", "Room 3", "Room 1"], "descending"),
    ]


def test_the_table_is_searched_and_filtered_by_state(browser: Chromium, tmp_path: Path) -> None:
    opened(browser, tmp_path, row(1), missed(2), row(3, note="Second FLOOR"), missed(4, note="second floor"))
    typed = "search.value = 'second floor'; search.dispatchEvent(new Event('input'))"
    chosen = "state.value = 'missed'; state.dispatchEvent(new Event('change'))"
    browser.run(typed)
    assert browser.run(_ROOMS) == ["Room 4", "Room 3"]
    browser.run(chosen)
    assert browser.run(_ROOMS) == ["Room 4"]
    assert browser.run("shown.textContent") == "1 of 1 matching rooms shown, 4 in all"


def test_ten_thousand_rooms_open_in_less_than_two_seconds_of_a_processor(tmp_path: Path) -> None:
    rows = [missed(number) if number % 9 == 0 else row(number) for number in range(_LARGE)]
    with chromium() as browser:
        browser.tell("Performance.enable", timeDomain="threadTicks")
        opened(browser, tmp_path, *rows)
        metrics = {each["name"]: each["value"] for each in browser.tell("Performance.getMetrics")["metrics"]}
        assert 0 < metrics["TaskDuration"] < _MOST_SECONDS, json.dumps(metrics)
        assert browser.run("shown.textContent || document.querySelectorAll('#rooms tbody tr').length") == 500
        browser.run("more.click()")
        assert browser.run("shown.textContent") == "1000 of 10000 matching rooms shown, 10000 in all"
