"""One reader under libFuzzer: ``target.py READER CORPUS FLAG…``; started by ``run.py``."""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped] # in .venv-fuzz alone

with atheris.instrument_imports(include=["zoomcall"]):
    from readers import READERS

name = sys.argv.pop(1)
reader = next(each for each in READERS if each.name == name)
atheris.Setup(sys.argv, reader.try_on)
atheris.Fuzz()
