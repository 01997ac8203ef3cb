"""Change the rules a little, one change at a time, and count the changes that the tests notice (`make mutants`).

cosmic-ray makes the mutants. Each runs in a fork and meets only the tests that reach the changed statement, the
quickest first. A change inside a function needs no import: the fork has the tests already, and the function gets
other code. What runs at import is imported anew, which takes ten times as long. No file is changed. Each verdict is
kept in ``.mutants``, so that a run that was ended goes on from there; a survivor meets the tests again if they
change.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import functools
import gc
import hashlib
import importlib
import importlib.util
import inspect
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import unified_diff
from importlib.machinery import ModuleSpec, SourceFileLoader
from itertools import accumulate
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import coverage
import hypothesis
import msgspec
import pytest
from cosmic_ray import plugins  # type: ignore[import-not-found] # in .venv-mutants alone
from cosmic_ray.ast import ast_nodes, get_ast  # type: ignore[import-not-found]
from cosmic_ray.mutating import MutationVisitor  # type: ignore[import-not-found]

ROOT = Path(__file__).parent.parent
KEPT = ROOT / ".mutants"
PACKAGES = {
    "domain": ("zoomcall/domain", ("tests/domain", "tests/test_vocabulary.py")),
    "knowledge": ("zoomcall/knowledge", ("tests/knowledge", "tests/diagnose")),
    "dialing": ("zoomcall/usecases/dialing", ("tests/usecases",)),
    "pasted": ("zoomcall/usecases/pasted", ("tests/diagnose",)),
}
PRELOADED = (
    "aiohttp",
    "aiosipua",
    "httpx",
    "jsonschema",
    "jwt",
    "keyring",
    "rich",
    "tomlkit",
    "typer",
    "truststore",
)
PYTEST = ("-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
SAME = ("Is_Eq", "Eq_Is", "IsNot_NotEq", "NotEq_IsNot")
"""Replacements that change nothing where enum members and None are compared."""
PATIENCE = 20
"""Seconds of processor time that a mutant's tests take at most, without it: the slowest are left out."""
CACHES = {"cache", "lru_cache"}
SAME_OF_FLAGS = ("BitOr_Add", "BitOr_BitXor")
"""Replacements that change nothing between different flags of a regular expression."""
STILLBORN, BROKEN, AT_IMPORT = 99, 98, 97
"""Exit statuses of a mutant that cannot be imported, of an error in this script, and of a change to what runs at
import; pytest has none of these."""


class Mutant(msgspec.Struct, frozen=True):
    """One change that cosmic-ray can make to a module."""

    path: str
    operator: str
    occurrence: int
    line: int

    def source(self, tree: Any = None) -> str:
        """Return the module with the change made; ``tree``, if given, is the module, and is changed."""
        visitor = MutationVisitor(self.occurrence, plugins.get_operator(self.operator)())
        return str(visitor.walk(tree or get_ast(_text_of(self.path))).get_code())

    def diff(self) -> str:
        """Return the changed lines."""
        old = _text_of(self.path).splitlines()
        lines = list(unified_diff(old, self.source().splitlines(), lineterm="", n=0))[2:]
        return "\n".join(lines)


class Verdict(msgspec.Struct, frozen=True):
    """What became of a mutant: killed, survived or stillborn, and by which code and tests."""

    mutant: Mutant
    ending: str
    code: str
    tests: str
    diff: str = ""


class Reach(msgspec.Struct):
    """Which tests reach which line of which file, how long each takes, and which fail without any mutant."""

    seconds: dict[str, float]
    lines: dict[str, dict[int, list[str]]]
    failed: list[str] = []

    def is_at_import(self, mutant: Mutant) -> bool:
        """Return whether the statement runs before any test does."""
        lines = self.lines.get(mutant.path, {})
        return any("" in lines.get(line, ()) for line in _statement(mutant))

    def tests_for(self, mutant: Mutant) -> list[str]:
        """Return the quickest tests that reach the statement, or are beside some that reach its module."""
        lines = self.lines.get(mutant.path, {})
        found = {test for line in _statement(mutant) for test in lines.get(line, ()) if test in self.seconds}
        if self.is_at_import(mutant) and not found:
            files = {test.partition("::")[0] for tests in lines.values() for test in tests}
            found = {test for test in self.seconds if test.partition("::")[0] in files}
        quickest = sorted(found, key=self.seconds.__getitem__)
        ends = accumulate(self.seconds[test] for test in quickest)
        return [test for test, end in zip(quickest, ends, strict=True) if end < PATIENCE]


class _Selection:
    """A pytest plugin: short properties, and only some of the tests, in the order given."""

    def __init__(self, chosen: Sequence[str] | None = None, around: Callable[[str], object] | None = None) -> None:
        self.chosen = chosen
        self.around = around
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    def pytest_collection(self) -> None:
        hypothesis.settings.register_profile(
            "mutants",
            max_examples=25,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        hypothesis.settings.load_profile("mutants")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.chosen is not None:
            place = {test: number for number, test in enumerate(self.chosen)}
            items[:] = sorted((item for item in items if item.nodeid in place), key=lambda item: place[item.nodeid])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        begun = time.process_time()
        if self.around is not None:
            self.around(item.nodeid)
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.process_time() - begun

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)


class _Trial(_Selection):
    """A pytest plugin: with all tests collected, mutants meet theirs, each in a fork; none runs otherwise."""

    def __init__(self, mutants: Sequence[Mutant], reach: Reach, take: Callable[[Mutant, str], None]) -> None:
        super().__init__()
        self.mutants = mutants
        self.reach = reach
        self.take = take

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        self.functions = [each for each in gc.get_objects() if isinstance(each, FunctionType)]
        gc.freeze()
        for mutant in self.mutants:
            tests = self.reach.tests_for(mutant)
            _tree_of(mutant.path)  # so that no fork has to
            ending = _try(lambda: self._meet(mutant, tests), tests, self.reach)  # noqa: B023 # called at once
            if ending is not None and not (ending == "survived" and self.reach.is_at_import(mutant)):
                self.take(mutant, ending)
        return True

    def _meet(self, mutant: Mutant, tests: Sequence[str]) -> int:
        """Run the tests on a mutant; in a process of its own."""
        try:
            if not self._swap(mutant):
                return AT_IMPORT
        except Exception:  # noqa: BLE001 # such as a constant that cannot be computed
            return AT_IMPORT
        items = [self.items[test] for test in tests]
        for item, following in zip(items, [*items[1:], None], strict=False):  # no tests, no item
            signal.setitimer(
                signal.ITIMER_REAL, 20 + 60 * self.reach.seconds[item.nodeid]
            )  # whoever waits is killed
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return 1
        return 0

    def _swap(self, mutant: Mutant) -> bool:
        """Give what a mutant changes, a function or constants of a module, its new code; False if it is neither."""
        file = str(ROOT / mutant.path)
        old, new = (
            compile(text, file, "exec") for text in (_text_of(mutant.path), mutant.source(_tree_of(mutant.path)))
        )
        swapped = 0
        for before, after in _changed(old, new):
            if before is old:
                swapped += _swap_constants(mutant.path, after)
            elif before.co_flags & inspect.CO_OPTIMIZED == 0:
                return False
            for each in self.functions:
                if each.__code__ == before and each.__code__.co_filename == file:
                    each.__code__ = after
                    swapped += 1
        return swapped > 0


def _swap_constants(path: str, code: CodeType) -> int:
    """Put a module's other constants in the place of those that it and others have; say how many there were."""
    name = path.removesuffix(".py").replace("/", ".")
    old, new = dict(vars(sys.modules[name])), {"__name__": name}
    exec(code, new)  # noqa: S102 # our own code, but for one change
    swapped = 0
    for key in old.keys() & new.keys():
        if _is_plain(old[key]) and _is_plain(new[key]) and old[key] != new[key]:
            for module in tuple(sys.modules.values()):
                if getattr(module, "__dict__", {}).get(key) is old[key]:
                    setattr(module, key, new[key])
                    swapped += 1
    return swapped


def _is_plain(value: object) -> bool:
    """Return whether a value has nothing of a class of the program's own."""
    if isinstance(value, Mapping):
        return all(map(_is_plain, (*value, *value.values())))
    if isinstance(value, tuple | list | set | frozenset):
        return all(map(_is_plain, value))
    return type(value).__module__ in {"builtins", "datetime", "re"} and not callable(value)


def _changed(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Find the outermost functions that differ, and modules and classes that do so outside of functions."""
    if old == new:
        return
    inner = [[each for each in code.co_consts if isinstance(each, CodeType)] for code in (old, new)]
    bare = [
        code.replace(co_consts=tuple(each for each in code.co_consts if not isinstance(each, CodeType)))
        for code in (old, new)
    ]
    if old.co_flags & inspect.CO_OPTIMIZED or bare[0] != bare[1] or len(inner[0]) != len(inner[1]):
        yield old, new
        return
    for before, after in zip(*inner, strict=True):
        yield from _changed(before, after)


class _Replaced(SourceFileLoader):
    """Imports one module from the text of a mutant; it is its own finder."""

    def __init__(self, mutant: Mutant) -> None:
        self.module = mutant.path.removesuffix(".py").replace("/", ".")
        super().__init__(self.module, str(ROOT / mutant.path))
        self.text = mutant.source()

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self.module else None

    def get_code(self, _: str) -> CodeType:
        return compile(self.text, self.path, "exec")


def main() -> int:
    """Try a sample of each package's mutants, print the survivors, and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=80, help="mutants a package; 0 for all")
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument(
        "--only", metavar="FILE", action="append", help="mutants of this module alone, as in views.py"
    )
    parser.add_argument("--tests", metavar="FILE", action="append", help="tests of these files alone")
    parser.add_argument("packages", nargs="*", help=f"of {', '.join(PACKAGES)} (default: all)")
    arguments = parser.parse_args()
    if unknown := set(arguments.packages) - set(PACKAGES):
        parser.error(f"unknown: {', '.join(unknown)}")
    os.chdir(ROOT)
    KEPT.mkdir(exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the forks end as well
    for name in PRELOADED:
        importlib.import_module(name)
    counts = [_try_package(name, arguments) for name in arguments.packages or PACKAGES]
    _print_count("all", sum(killed for killed, _ in counts), sum(tried for _, tried in counts))
    return 0


def _try_package(name: str, arguments: argparse.Namespace) -> tuple[int, int]:
    """Return how many of a package's mutants were killed, and of how many."""
    folder, tests = PACKAGES[name]
    tests = arguments.tests or tests
    digest = _digest(tests)
    reach = _reach(name, folder, tests, f"{digest} {_digest([folder])} {tests}")
    mutants = list(_mutants(folder, arguments.only))
    mutants.sort(key=lambda mutant: hashlib.sha256(f"{arguments.seed} {mutant}".encode()).digest())
    del mutants[arguments.sample or len(mutants) :]
    codes = {path: _digest([path]) for path in {mutant.path for mutant in mutants}}
    kept = _Kept(KEPT / f"{name}.jsonl")

    def untried() -> list[Mutant]:
        return [mutant for mutant in mutants if kept.find(mutant, codes[mutant.path], digest) is None]

    def take(mutant: Mutant, ending: str) -> None:
        difference = mutant.diff() if ending == "survived" else ""
        kept.add(Verdict(mutant, ending, codes[mutant.path], digest, difference))

    if untried():
        temporary = f"--basetemp={KEPT / name}"
        status = _in_fork(
            lambda: int(pytest.main([*PYTEST, temporary, *tests], plugins=[_Trial(untried(), reach, take)])),
            wall=1_000_000,
            output_name="session",
        )
        if status != 0:
            sys.exit((KEPT / "session").read_text(encoding="utf-8", errors="replace"))
        kept = _Kept(kept.path)
    for mutant in untried():
        each = reach.tests_for(mutant)
        take(mutant, _try(lambda: _meet_anew(mutant, each), each, reach) or "")  # noqa: B023 # called at once
    endings = []
    for mutant in mutants:
        verdict = kept.verdicts[mutant]
        endings.append(verdict.ending)
        if verdict.ending == "survived":
            print(f"{mutant.path}:{mutant.line} survived ({mutant.operator.partition('/')[2]})\n{verdict.diff}\n")
    killed, tried = endings.count("killed"), len(endings) - endings.count("stillborn")
    _print_count(name, killed, tried)
    return killed, tried


class _Kept:
    """The verdicts of earlier runs, a line each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_bytes().splitlines() if path.exists() else []
        self.verdicts = {each.mutant: each for each in (msgspec.json.decode(line, type=Verdict) for line in lines)}

    def find(self, mutant: Mutant, code: str, tests: str) -> Verdict | None:
        """Return the verdict if it still holds: the same code, and for a survivor the same tests."""
        verdict = self.verdicts.get(mutant)
        if verdict is None or verdict.code != code or (verdict.ending == "survived" and verdict.tests != tests):
            return None
        return verdict

    def add(self, verdict: Verdict) -> None:
        self.verdicts[verdict.mutant] = verdict
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(verdict) + b"\n")


def _print_count(name: str, killed: int, tried: int) -> None:
    print(f"{name:10} {killed:>5} of {tried:>5} killed: {100 * killed / max(tried, 1):.1f} %", flush=True)


def _digest(names: Sequence[str]) -> str:
    """Digest the content of files and folders."""
    paths = [
        path for name in names for path in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.*"))
    ]
    digest = hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file() and path.suffix != ".pyc"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _mutants(folder: str, only: Sequence[str] | None) -> Iterator[Mutant]:
    """Find every change that cosmic-ray can make in a folder, but for those that change nothing that runs."""
    operators = [(name, plugins.get_operator(name)) for name in plugins.operator_names() if not name.endswith(SAME)]
    plain = [(name, operator()) for name, operator in operators if not operator.arguments()]
    for path in sorted(path for path in (ROOT / folder).glob("*.py") if not only or path.name in only):
        text = path.read_text(encoding="utf-8")
        rows = text.splitlines()
        tree = ast.parse(text)
        annotations, flags = set(_annotation_lines(tree)), set(_flag_lines(tree))
        nodes = list(ast_nodes(get_ast(text)))
        for name, operator in plain:
            starts = [start for node in nodes for start, _ in operator.mutation_positions(node)]
            for occurrence, (line, column) in enumerate(starts):
                is_marker = rows[line - 1][column:].startswith(("*,", "/,"))
                idle = annotations | flags if name.endswith(SAME_OF_FLAGS) else annotations
                if not is_marker and not any(begin <= (line, column) < end for begin, end in idle):
                    yield Mutant(str(path.relative_to(ROOT)), name, occurrence, line)


def _annotation_lines(tree: ast.Module) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Find what changes no result: types, which are mypy's to judge, whether values can change, and caches."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            yield (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)
        of: list[ast.expr | None] = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if isinstance(node, ast.ClassDef):
            of += [each.value for each in node.keywords if each.arg in {"frozen", "kw_only"}]
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "cast":
            of.append(node.args[0])
        if isinstance(node, ast.FunctionDef):
            of += [each for each in node.decorator_list if ast.unparse(each).partition("(")[0] in CACHES]
        for each in of:
            if each is not None:
                yield (each.lineno, each.col_offset - 1), (each.end_lineno or 0, each.end_col_offset or 0)


def _flag_lines(tree: ast.Module) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Find where flags of regular expressions are combined."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and ast.unparse(node.right).startswith("re."):
            yield (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)


def _statement(mutant: Mutant) -> range:
    """Return the lines of the innermost statement that the mutant changes, without the body below it."""
    found = range(mutant.line, mutant.line + 1)
    for node in ast.walk(_syntax_of(mutant.path)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            lines = range(node.lineno, max(body[0].lineno, node.lineno + 1) if body else (node.end_lineno or 0) + 1)
            if mutant.line in lines:
                found = lines  # walked from the outside in
    return found


@functools.cache
def _text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@functools.cache
def _syntax_of(path: str) -> ast.Module:
    return ast.parse(_text_of(path))


@functools.cache
def _tree_of(path: str) -> Any:
    return get_ast(_text_of(path))


def _reach(name: str, folder: str, tests: Sequence[str], digest: str) -> Reach:
    """Run a package's tests once under coverage, unless that was done for this code and these tests."""
    path = KEPT / f"{name}-{hashlib.sha256(digest.encode()).hexdigest()[:12]}.reach"
    if not path.exists():
        print(f"{name}: finding out which tests reach what", flush=True)
        if (status := _in_fork(lambda: _measure(path, folder, tests), wall=1800)) > 1:
            sys.exit(f"the tests of {name} cannot run (pytest's status {status}; {KEPT}/output)")
    reach = msgspec.json.decode(path.read_bytes(), type=Reach)
    if reach.failed:
        print(f"{name}: {len(reach.failed)} tests fail by themselves and are left out, such as {reach.failed[0]}")
    return reach


def _measure(path: Path, folder: str, tests: Sequence[str]) -> int:
    """Write what the tests reach, but for those that fail by themselves; in a process of its own."""
    tracer = coverage.Coverage(data_file=None, source=[folder], config_file=False)
    selection = _Selection(None, tracer.switch_context)
    tracer.start()
    status = pytest.main([*PYTEST, *tests], plugins=[selection])
    tracer.stop()
    data = tracer.get_data()
    lines = {str(Path(file).relative_to(ROOT)): data.contexts_by_lineno(file) for file in data.measured_files()}
    passed = {test: took for test, took in selection.seconds.items() if test not in selection.failed}
    path.write_bytes(msgspec.json.encode(Reach(passed, lines, sorted(selection.failed))))
    return int(status)


def _try(meet: Callable[[], int], tests: Sequence[str], reach: Reach) -> str | None:
    """Say what becomes of one mutant, None if it has to be imported; whoever waits for ever is killed as well."""
    seconds = sum(reach.seconds[test] for test in tests)
    status = _in_fork(meet, cpu=int(30 + 5 * seconds), wall=int(120 + 30 * seconds))
    if status == BROKEN:
        sys.exit((KEPT / "output").read_text(encoding="utf-8", errors="replace"))
    return {0: "survived", STILLBORN: "stillborn", AT_IMPORT: None}.get(status, "killed")


def _meet_anew(mutant: Mutant, tests: Sequence[str]) -> int:
    """Run the tests on a mutant that is imported; in a process of its own."""
    replaced = _Replaced(mutant)
    sys.meta_path.insert(0, replaced)
    try:
        importlib.import_module(replaced.module)
    except Exception:  # noqa: BLE001 # whatever it is, no test has to notice
        return STILLBORN
    if not tests:
        return 0
    files = sorted({test.partition("::")[0] for test in tests})
    return int(pytest.main(["-x", *PYTEST, f"--basetemp={KEPT / 'anew'}", *files], plugins=[_Selection(tests)]))


def _in_fork(work: Callable[[], int], *, cpu: int | None = None, wall: int, output_name: str = "output") -> int:
    """Return the exit status of a function in a fork, or a negative one if it was killed; its output is a file."""
    child = os.fork()
    if child == 0:
        status = BROKEN
        try:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            output = os.open(KEPT / output_name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(output, 1)
            os.dup2(output, 2)
            if cpu is not None:
                resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
            status = work()
        except BaseException:  # noqa: BLE001 # nothing may unwind into what the parent was doing
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    end = time.monotonic() + wall
    try:
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        return -signal.SIGKILL
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)


if __name__ == "__main__":
    sys.exit(main())
