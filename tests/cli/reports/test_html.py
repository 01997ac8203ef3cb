from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from reported import HOSTILE, missed, not_rung, outcome, row
from shell import Shell

from zoomcall.adapters.installation import install_line
from zoomcall.cli.looks import LOOKS
from zoomcall.cli.reports.html import html_report
from zoomcall.cli.reports.picture import draw
from zoomcall.domain.call import State
from zoomcall.domain.shown_text import one_line
from zoomcall.emulator.running import Emulator

VOID = {"meta", "input", "rect", "path"}


class Reader(HTMLParser):
    """Collects the elements of a page, with the text of each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[int] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), []))
        if tag not in VOID:
            self._open.append(len(self.found) - 1)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        assert self.found[self._open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for index in self._open:
            self.found[index][2].append(data)

    def all(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attrs, "".join(text)) for name, attrs, text in self.found if name == tag]

    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(name, tuple(attrs)) for name, attrs, _ in self.found]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_adds_no_element_and_no_attribute(text: str) -> None:
    tame, wild = (
        Reader(html_report(outcome(missed(1, name=each, note=each), row(2, name=each), tag=each)))
        for each in ("tame", text)
    )
    assert wild.shape() == tame.shape()
    assert any(one_line(text) in shown for _, shown in wild.all("th"))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_data_beyond_the_markup(text: str) -> None:
    rows = [row(number) for number in range(1, 501)]
    page = Reader(html_report(outcome(*rows, row(501, name=text))))
    scripts = page.all("script")
    assert len(scripts) == 3
    assert json.loads(scripts[0][1])[0][1] == one_line(text)


def test_only_the_programs_own_script_may_run_and_nothing_is_loaded() -> None:
    text = html_report(outcome(missed(1), row(2)))
    page = Reader(text)
    policy = page.all("meta")[1][0]["content"] or ""
    code = page.all("script")[-1][1]
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'")
    assert not re.search(r"https?://|//[a-z]|@import", re.sub(r"<script>.*</script>", "", text, flags=re.DOTALL))
    assert not [attrs for _, attrs, _ in page.found if {"src", "href", "style"} & set(attrs)]
    assert not [key for _, attrs, _ in page.found for key in attrs if key.startswith("on")]


def test_a_screen_reader_finds_its_way() -> None:
    page = Reader(html_report(outcome(missed(1), row(2))))
    assert page.all("html")[0][0]["lang"] == "en"
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("caption")) == 1
    ids = {attrs["id"] for _, attrs, _ in page.found if "id" in attrs}
    named = {attrs["aria-labelledby"] for _, attrs, _ in page.found if "aria-labelledby" in attrs}
    assert named <= ids
    pictures = [attrs for attrs, _ in page.all("svg") if attrs.get("aria-hidden") != "true"]
    assert [bool(attrs.get("aria-label")) for attrs in pictures] == [True]
    assert {attrs["scope"] for attrs, _ in page.all("th")} == {"col", "row"}
    assert all(attrs.get("tabindex") == "0" for attrs, _ in page.all("div") if attrs.get("role") == "region")


def test_failures_come_first_with_cause_and_fix() -> None:
    page = Reader(html_report(outcome(row(1), missed(2), missed(3), not_rung(4))))
    first, second = page.all("section")
    assert "no-answer: 2 rooms" in first[1]
    assert "Cause: likely room-silent: nobody answered" in first[1]
    assert "Fix: Check that somebody can answer." in first[1]
    assert "Room 2, Room 3" in first[1]
    assert "not-sent: 1 room\n" in second[1].replace("</h3>", "\n")
    assert [text for attrs, text in page.all("th") if attrs["scope"] == "row"] == [
        "Room 2",
        "Room 3",
        "Room 4",
        "Room 1",
    ]


def test_a_bar_goes_from_accepted_over_ringing_to_the_end_and_has_a_word_and_a_symbol() -> None:
    picture = draw(outcome(row(0), missed(0)))
    waiting, joined, silent = picture.bars
    assert waiting.x + waiting.width == pytest.approx(joined.x, abs=0.02)
    assert joined.x + joined.width == pytest.approx(1 + 98 * 4 / 30, abs=0.02)
    assert silent.width == pytest.approx(98, abs=0.02)
    assert (joined.tone, silent.tone) == ("good", "bad")
    assert [label.text.split(",")[0] for label in picture.labels] == ["✓ joined", "✗ missed"]
    assert len({look.symbol for look in LOOKS.values()}) == len({look.tone for look in LOOKS.values()}) == 4
    assert LOOKS[State.PENDING].tone == "wait"


def test_the_picture_of_many_rooms_is_small() -> None:
    many = draw(outcome(*(row(number) for number in range(2000))))
    assert len(many.bars) <= 200
    assert max(bar.x + bar.width for bar in many.bars) <= 100


def test_a_run_that_was_cut_short_says_so() -> None:
    page = Reader(html_report(outcome(row(1), total=5, ended_at=None)))
    notes = [text for attrs, text in page.all("p") if attrs.get("role") == "note"]
    assert notes == ["… 4 of 5 rows have no outcome: the run was cut short."]


def test_without_its_extra_the_page_is_refused_before_the_first_ring(
    shell: Shell, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.delitem(sys.modules, "zoomcall.cli.reports.html", raising=False)
    monkeypatch.delattr("zoomcall.cli.reports.html", raising=False)
    rooms = tmp_path / "rooms.csv"
    rooms.write_text("protocol,address\nsip,answer@a.example\n")
    result = shell("invite", "batch", str(rooms), f"--report=html={tmp_path / 'run.html'}", "--json")
    assert result.code == 2
    error = result.json()["error"]
    assert error["title"] == "Jinja2 is not installed; the HTML report needs it (extra zoomcall[report])"
    assert error["command"] == install_line("report")
    assert not [request for request in emulator.requests if request.method == "PATCH"]
