"""What is installed: this program, its libraries, Python, the system; and the command that adds an extra to it."""

from __future__ import annotations

import json
import os
import platform
import shlex
import ssl
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from zoomcall import __version__

_LIBRARIES = (
    "httpx",
    "httpcore",
    "PyJWT",
    "keyring",
    "truststore",
    "typer",
    "rich",
    "tomlkit",
    "aiohttp",
    "socksio",
)

EXTRAS: Mapping[str, str] = {
    "emulator": "aiosipua",
    "report": "jinja2",
    "sip": "dns",
    "socks": "socksio",
    "webhook": "aiohttp",
}
"""The extras, each with a module that is there if it is installed."""


def installed_versions() -> tuple[tuple[str, str], ...]:
    """Return names and versions; libraries of extras only if they are installed."""
    return (
        ("zoomcall", __version__),
        ("Python", platform.python_version()),
        ("OpenSSL", ssl.OPENSSL_VERSION.removeprefix("OpenSSL ")),
        ("system", platform.platform()),
        *((name, found) for name in _LIBRARIES if (found := _version(name)) is not None),
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def install_line(extra: str) -> str:
    """Return the shell command that adds an extra to this very installation, and keeps the extras that it has."""
    prefix = Path(sys.prefix)
    has_pipx, has_uv_tool = (prefix / "pipx_metadata.json").is_file(), (prefix / "uv-receipt.toml").is_file()
    if has_pipx or has_uv_tool:
        extras = sorted({extra} | {name for name, module in EXTRAS.items() if find_spec(module) is not None})
        return _line("pipx" if has_pipx else "uv tool", "install", "--force", wanted=_requirement(extras))
    python = _quoted(sys.executable)
    installer = f"{python} -m pip install" if find_spec("pip") is not None else f"uv pip install --python {python}"
    return _line(installer, *(["--editable"] if _origin().get("is_editable") else []), wanted=_requirement([extra]))


def _line(*words: str, wanted: str) -> str:
    return " ".join((*words, _quoted(wanted)))


def _requirement(extras: list[str]) -> str:
    """Return this program with extras, from where it was installed: a folder or archive, a repository, an index."""
    origin, names = _origin(), ",".join(extras)
    if "path" in origin:
        return f"{origin['path']}[{names}]"
    return f"zoomcall[{names}] @ {origin['url']}" if "url" in origin else f"zoomcall[{names}]"


def _origin() -> Mapping[str, Any]:
    """Read where the program was installed from, if that was not an index (PEP 610)."""
    try:
        record = json.loads(distribution("zoomcall").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return {}
    url = urlsplit(record.get("url", ""))
    if url.scheme == "file":
        path = Path(url2pathname(url.path))
        is_editable = record.get("dir_info", {}).get("editable", False)
        return {"path": path, "is_editable": is_editable} if path.exists() else {}
    system = record.get("vcs_info", {}).get("vcs")
    return {"url": f"{system}+{record['url']}" if system else record["url"]} if url.scheme else {}


def _quoted(word: str) -> str:
    """Quote a word for this system's shell."""
    return subprocess.list2cmdline([word]) if os.name == "nt" else shlex.quote(word)
