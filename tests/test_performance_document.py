"""The page and the picture that ``make bench`` writes."""

from pathlib import Path
from xml.etree import ElementTree as ET

DOCS = Path(__file__).parent.parent / "docs"
SVG = "{http://www.w3.org/2000/svg}"


def test_the_page_has_a_place_for_what_is_measured_and_figures_in_it() -> None:
    text = (DOCS / "performance.md").read_text(encoding="utf-8")
    measured = text.partition("<!-- measured by make bench -->")[2].partition("<!-- end of what was measured -->")[
        0
    ]
    for name in ("`--version`", "`invite --no-wait`", "| a token | zoomcall |", "| a call, https | zoomcall |"):
        assert name in measured


def test_the_picture_is_told_to_those_who_cannot_see_it_and_reads_on_a_dark_page() -> None:
    picture = ET.parse(DOCS / "pictures" / "starts.svg").getroot()  # noqa: S314 - our own
    assert picture.get("role") == "img"
    told = {picture.find(f"{SVG}{name}").get("id"): picture.findtext(f"{SVG}{name}") for name in ("title", "desc")}
    assert picture.get("aria-labelledby") == " ".join(told)
    shown = {text.text for text in picture.iter(f"{SVG}text") if text.get("class") == "name"}
    assert "token mint" in shown
    assert all(name in (told["desc"] or "") for name in shown if name)
    assert "prefers-color-scheme: dark" in (picture.findtext(f"{SVG}style") or "")
