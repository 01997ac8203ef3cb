"""Measure starts, tokens and calls beside what users would pick instead, and write docs/performance.md.

Whole processes, in turns, so that a slow moment of the machine meets all of them alike: the ratios mean something,
the milliseconds are of that machine. A server on loopback answers every request at once. ``make bench`` runs it
with ``--write``. What is not installed is left out, and named; ``bench/peers.sh`` installs what npm and PyPI have.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from bars import Bar, Group, picture
from batch import server
from msgspec import Struct
from starts import PASS, SCRIPT, STARTS, TYPER, Place, Site, site

from zoomcall import __version__

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "pictures" / "starts.svg"
BUDGETS = ROOT / "bench" / "budgets.json"
BUILT = ROOT / "build" / "peers"
"""Where ``bench/peers.sh`` puts HTTPie and jsonwebtoken."""

_BEGIN, _END = "<!-- measured by make bench -->\n", "<!-- end of what was measured -->\n"
_PAIR = {"ZOOMCALL_API_KEY": "bench-key", "ZOOMCALL_API_SECRET": "bench0secret1never2used3but4long5"}
_PATH = "/v2/videosdk/sessions/abc==/events"
_BODY = '{"method":"user.invite.room_system_callout","params":{"device_ip":"room@example.com"}}'
_OURS = "zoomcall"

_BASH = r"""
part() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
now=$(date +%s)
signed=$(printf '{"alg":"HS256","typ":"JWT"}' | part).$(
    printf '{"iss":"%s","iat":%d,"exp":%d}' "$ZOOMCALL_API_KEY" $((now - 30)) $((now + 600)) | part)
token=$signed.$(printf %s "$signed" | openssl dgst -sha256 -hmac "$ZOOMCALL_API_SECRET" -binary | part)
"""
_NODE = r"""
const key = process.env.ZOOMCALL_API_KEY, secret = process.env.ZOOMCALL_API_SECRET;
const now = Math.floor(Date.now() / 1000), claims = { iss: key, iat: now - 30, exp: now + 600 };
"""
_NODE_LIBRARY = "const token = require('jsonwebtoken').sign(claims, secret);\n"
_NODE_OWN = r"""
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const signed = part({ alg: 'HS256', typ: 'JWT' }) + '.' + part(claims);
const token = signed + '.' + require('node:crypto').createHmac('sha256', secret).update(signed).digest('base64url');
"""
_NODE_RING = """
fetch(process.env.URL, { method: 'PATCH', body: process.env.BODY,
  headers: { authorization: 'Bearer ' + token, 'content-type': 'application/json' } })
  .then((answer) => { if (answer.status !== 202) process.exit(1); });
"""


class Subject(Struct, frozen=True, kw_only=True):
    """What is measured: its group and name in the tables, and what runs it once."""

    group: str
    name: str
    run: Callable[[], object]


class Figure(Struct, frozen=True):
    """What a subject took, in milliseconds."""

    least: float
    median: float


def main() -> None:
    """Measure, and print it all or put it into the document."""
    parser = argparse.ArgumentParser(prog="bench/peers.py", description=__doc__)
    parser.add_argument("python", help="the interpreter of an environment with runtime dependencies alone")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and its picture")
    parser.add_argument("--no-batches", action="store_true", help="leave out batches, which take two minutes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="peers-") as folder, site(arguments.python) as here:
        with server() as plain, server(Path(folder)) as secure:
            certificate = Path(folder) / "certificate.pem"
            subjects = [*_starts(here), *_peers(here, {"http": plain, "https": secure}, certificate)]
            figures = _measure(subjects, arguments.rounds)
        parts = [_machine(arguments.python), _table_of_starts(figures, here), _table_of_peers(figures)]
    if Place.KEYRING not in here.environs:
        parts.append("Left out: a start with a keyring, as there is no keyring daemon.")
    parts += [f"Left out: {name}, which is not installed." for name in _missing()]
    if not arguments.no_batches:
        parts.append(_batches())
    if not arguments.write:
        print("\n\n".join(parts))
        return
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    measured = "\n\n".join(parts)
    DOCUMENT.write_text(f"{before}{_BEGIN}\n{measured}\n\n{_END}{after}", encoding="utf-8")
    PICTURE.write_text(_picture(figures), encoding="utf-8")
    print(f"wrote {DOCUMENT.relative_to(ROOT)} and {PICTURE.relative_to(ROOT)}")


def _measure(subjects: list[Subject], rounds: int) -> dict[tuple[str, str], Figure]:
    times: dict[tuple[str, str], list[float]] = {(each.group, each.name): [] for each in subjects}
    for subject in subjects:
        subject.run()  # whatever has to be compiled, or read from the disk
    for _ in range(rounds):
        for subject in subjects:
            began = time.perf_counter()
            subject.run()
            times[subject.group, subject.name].append(1000 * (time.perf_counter() - began))
    return {key: Figure(min(each), statistics.median(each)) for key, each in times.items()}


_START = "a start"


def _starts(here: Site) -> Iterator[Subject]:
    """Yield Python's own starts, and the program's."""
    environ = here.environs[Place.NOWHERE]
    for name, line in (("python -c pass", PASS), ("python -c 'import typer'", TYPER)):
        yield _process(_START, name, (here.python, *line), environ)
    for start in STARTS:
        if start.place in here.environs:
            yield Subject(group=_START, name=start.name, run=partial(here.run, start, here.line(start)))


def _peers(here: Site, bases: Mapping[str, str], certificate: Path) -> Iterator[Subject]:
    """Yield what mints a token, and what rings one room, over http and https."""
    own = here.environs[Place.ENVIRONMENT] | _PAIR
    library = BUILT / "node_modules"
    sign = _NODE + (_NODE_LIBRARY if library.is_dir() else _NODE_OWN)
    node = f"node, {'jsonwebtoken' if library.is_dir() else 'its own crypto'}"
    bare = {"PATH": os.environ["PATH"], "HOME": own["HOME"], "LANG": "C.UTF-8", "NODE_PATH": str(library)} | _PAIR
    naive = (sys.executable, str(Path(__file__).with_name("naive.py")))
    mint = "a token"
    yield _process(mint, _OURS, (here.python, "-c", SCRIPT, "token", "mint"), own)
    yield from _if_there(mint, "bash, openssl", ("bash", "-c", f'{_BASH}printf "%s\\n" "$token"'), bare, "openssl")
    yield from _if_there(mint, node, ("node", "-e", f"{sign}console.log(token);"), bare)
    yield _process(mint, "naive Typer program", (*naive, "mint"), bare)
    ring = (here.python, "-c", SCRIPT, "invite", "sip", "room@example.com", "--session", "abc==", "--force")
    curl = f'{_BASH}exec curl -sSf -o /dev/null -X PATCH -H "Authorization: Bearer $token" -d "$BODY" "$URL"'
    for scheme, base in bases.items():
        group, url = f"a call, {scheme}", f"{base}{_PATH}"
        trust = {"SSL_CERT_FILE": str(certificate), "CURL_CA_BUNDLE": str(certificate)}
        trust |= {"NODE_EXTRA_CA_CERTS": str(certificate)} if scheme == "https" else {}
        peer = bare | trust | {"URL": url, "BODY": _BODY}
        at = own | trust | {"ZOOMCALL_API_BASE": f"{base}/v2"}
        yield _process(group, _OURS, (*ring, "--no-wait", "--no-preflight"), at)
        yield from _if_there(group, "bash, openssl, curl", ("bash", "-c", curl), peer, "openssl", "curl")
        yield from _if_there(group, f"{node}, fetch", ("node", "-e", sign + _NODE_RING), peer)
        yield _process(group, "naive Typer program", (*naive, "ring", url), peer)
        if (httpie := _httpie()) is not None:
            words = ("--ignore-stdin", "--check-status", f"--verify={certificate}", "PATCH", url)
            yield _process(group, "HTTPie, token given", (httpie, *words, "Authorization:Bearer x", "a=b"), peer)


def _httpie() -> str | None:
    return shutil.which("http", path=f"{BUILT / 'httpie' / 'bin'}{os.pathsep}{os.environ['PATH']}")


def _missing() -> Iterator[str]:
    yield from (name for name in ("bash", "openssl", "curl", "node") if shutil.which(name) is None)
    if _httpie() is None:
        yield "HTTPie"
    if shutil.which("node") and not (BUILT / "node_modules").is_dir():
        yield "jsonwebtoken, in whose place node signs with its own crypto"


def _if_there(
    group: str, name: str, line: tuple[str, ...], environ: Mapping[str, str], *more: str
) -> Iterator[Subject]:
    if all(shutil.which(each) for each in (line[0], *more)):
        yield _process(group, name, line, environ)


def _process(group: str, name: str, line: tuple[str, ...], environ: Mapping[str, str]) -> Subject:
    def run() -> None:
        done = subprocess.run(line, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode:
            sys.exit(f"{group}, {name} failed: {done.stderr.decode(errors='replace')}")

    return Subject(group=group, name=name, run=run)


def _machine(python: str) -> str:
    """Say what was measured on, without the machine's name."""
    model = "unknown processor"
    if named := re.search(r"^model name\s*: (.+)$", _text_of(Path("/proc/cpuinfo")), re.MULTILINE):
        model = named[1].strip()
    asked = (
        (python, "-c", "import platform; print('CPython', platform.python_version())"),
        (python, "-c", "from importlib.metadata import version; print('Typer', version('typer'))"),
        (python, "-c", "from importlib.metadata import version; print('httpx', version('httpx'))"),
        ("bash", "-c", "echo bash $BASH_VERSION"),
        ("curl", "--version"),
        ("openssl", "version"),
        ("node", "-e", "console.log('node', process.version)"),
        (_httpie() or "", "--version"),
    )
    versions = [_first_line(line) for line in asked if shutil.which(line[0])]
    if _httpie() is not None:
        versions[-1] = f"HTTPie {versions[-1]}"
    machine = f"{os.cpu_count()} cores of {model}, {platform.system()} {platform.release().partition('-')[0]}"
    return f"Measured on {machine}: zoomcall {__version__}, {', '.join(versions)}."


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _first_line(line: tuple[str, ...]) -> str:
    said = subprocess.run(line, capture_output=True, check=True, text=True).stdout
    return re.sub(r" \(.*", "", said.partition("\n")[0])


def _table_of_starts(figures: Mapping[tuple[str, str], Figure], here: Site) -> str:
    budgets = json.loads(BUDGETS.read_text(encoding="utf-8"))
    counted = budgets.get(_first_line((here.python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")), {})
    bars = {start.name: f"{start.bar:.1f}" for start in STARTS}
    base = figures[_START, "python -c 'import typer'"]
    rows = ["| start | least ms | median ms | times `import typer` | instructions | bar | modules |"]
    rows.append("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for (group, name), figure in figures.items():
        if group == _START:
            budget = counted.get(name, {})
            rows.append(
                f"| `{name}` | {figure.least:.0f} | {figure.median:.0f} | {figure.least / base.least:.2f}"
                f" | {budget.get('ratio', '')} | {bars.get(name, '')} | {budget.get('modules', '')} |"
            )
    return "\n".join(rows)


def _table_of_peers(figures: Mapping[tuple[str, str], Figure]) -> str:
    rows = ["| one process that makes | with | least ms | median ms | times zoomcall's |"]
    rows.append("| --- | --- | ---: | ---: | ---: |")
    for (group, name), figure in figures.items():
        if group != _START:
            ratio = figure.least / figures[group, _OURS].least
            rows.append(f"| {group} | {name} | {figure.least:.0f} | {figure.median:.0f} | {ratio:.2f} |")
    return "\n".join(rows)


def _batches() -> str:
    """Run bench/batch.py, and return its lines as a list."""
    line = (sys.executable, str(Path(__file__).with_name("batch.py")))
    said = subprocess.run(line, capture_output=True, check=True, text=True).stdout
    return "\n".join(f"- {line}" for line in said.splitlines())


def _picture(figures: Mapping[tuple[str, str], Figure]) -> str:
    groups: dict[str, list[Bar]] = {}
    for (group, name), figure in figures.items():
        is_ours = name == _OURS or (group == _START and not name.startswith("python"))
        groups.setdefault(group, []).append(Bar(name, figure.least, is_ours=is_ours))
    title = "Milliseconds from start to end of a process, at best"
    return picture(title, [Group(name, tuple(bars)) for name, bars in groups.items()])


if __name__ == "__main__":
    main()
