"""Regular expressions that are compiled on first use."""

import re

import pytest

from zoomcall.domain.pattern import Pattern


def test_nothing_is_compiled_before_the_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    real = re.compile
    monkeypatch.setattr(re, "compile", lambda *given: compiled.append(given) or real(*given))
    pattern = Pattern("a+(b)", re.IGNORECASE)
    assert compiled == []
    assert pattern.pattern == "a+(b)"
    assert compiled == []
    match = pattern.fullmatch("AAB")
    assert match is not None
    assert match[1] == "B"
    assert pattern.sub(r"<\1>", "xaby", count=1) == "x<b>y"
    assert pattern.findall("ab aab") == ["b", "b"]
    assert compiled == [("a+(b)", re.IGNORECASE)]


def test_an_unknown_method_is_an_error() -> None:
    with pytest.raises(AttributeError, match="scanner"):
        _ = Pattern("a").scanner
