import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import keyring.core
import pytest
from keyring_backends import Remembering
from keyring_session import KeyringSession, keyring_session
from shell import SENTINEL

from zoomcall.adapters.keyring_store import KeyringStore
from zoomcall.domain.secret import Secret
from zoomcall.errors import NotConfigured

SECRET = Secret(SENTINEL)
SECRET_SERVICE = "keyring.backends.SecretService.Keyring"


@pytest.fixture(autouse=True)
def fresh_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    monkeypatch.setattr(Remembering, "secrets", {})
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)


def store_of(seconds: float = 5.0) -> KeyringStore:
    return KeyringStore(limit=timedelta(seconds=seconds))


def refusal_of(backend: str, seconds: float = 5.0) -> NotConfigured:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHON_KEYRING_BACKEND", backend)
        with pytest.raises(NotConfigured) as caught:
            store_of(seconds).read("prod")
    return caught.value


def test_a_secret_is_stored_read_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring_backends.Remembering")
    store = store_of()
    assert store.read("prod") is None
    assert store.write("prod", SECRET) == "keyring_backends.Remembering"
    assert Remembering.secrets == {("zoomcall", "prod"): SENTINEL}
    assert store.read("prod") == store.previous("prod") == SECRET
    assert store.remove("prod")
    assert not store.remove("prod")
    assert Remembering.secrets == {}


def test_the_newest_reading_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring_backends.Slow")
    store = store_of()
    assert store.last_read is None
    store.read("prod")
    assert store.last_read is not None
    assert store.last_read.backend == "keyring_backends.Slow"
    assert store.last_read.taken > timedelta(seconds=1)
    assert store.last_read.error is None


@pytest.mark.parametrize(
    ("name", "backend"), [("keyring_backends.Locked", "keyring_backends.Locked"), ("no.such.Backend", None)]
)
def test_a_reading_that_failed_is_remembered_with_its_error(
    monkeypatch: pytest.MonkeyPatch, name: str, backend: str | None
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    store = store_of()
    with pytest.raises(NotConfigured) as caught:
        store.read("prod")
    assert store.last_read is not None
    assert (store.last_read.backend, store.last_read.error) == (backend, caught.value)


def test_of_a_chain_the_backend_that_took_the_secret_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring_backends.Chain")
    assert store_of().write("prod", SECRET) == "keyring_backends.Remembering"


def test_a_secret_is_replaced_where_it_was_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setattr(keyring.core, "get_keyring", lambda: pytest.fail("every backend was looked at"))
    store = store_of()
    assert store.write("prod", SECRET, "keyring_backends.Remembering") == "keyring_backends.Remembering"
    assert store.read("prod", "keyring_backends.Remembering") == SECRET


def test_the_users_own_choice_wins_over_the_remembered_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    Remembering.secrets["zoomcall", "prod"] = SENTINEL
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring_backends.Remembering")
    assert store_of().read("prod", "keyring_backends.Locked") == SECRET


def test_keyrings_own_file_wins_over_the_remembered_backend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Remembering.secrets["zoomcall", "prod"] = SENTINEL
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    folder = tmp_path / "python_keyring"
    folder.mkdir()
    (folder / "keyringrc.cfg").write_text("[backend]\ndefault-keyring=keyring_backends.Remembering\n")
    assert store_of().read("prod", "keyring_backends.Locked") == SECRET


def test_the_remembered_backend_is_loaded_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setattr(keyring.core, "get_keyring", lambda: pytest.fail("every backend was looked at"))
    Remembering.secrets["zoomcall", "prod"] = SENTINEL
    assert store_of().read("prod", "keyring_backends.Remembering") == SECRET


def test_a_remembered_backend_that_is_gone_gives_way_to_the_best_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    Remembering.secrets["zoomcall", "prod"] = SENTINEL
    monkeypatch.setattr(keyring.core, "get_keyring", Remembering)
    assert store_of().read("prod", "no.such.Backend") == SECRET


@pytest.mark.parametrize(
    ("backend", "cause"),
    [
        ("keyring.backends.fail.Keyring", "there is none on this machine"),
        ("keyring.backends.null.Keyring", "it is switched off"),
        ("keyring_backends.Locked", "it is locked"),
        ("keyring_backends.Dismissed", "it is locked"),
        ("keyring_backends.Uninitialised", "it failed (InitError: no bus[31m here)"),
        ("keyring_backends.Wordless", "it failed (KeyringError: what it returned is not text)"),
        ("no_such_module.Keyring", "PYTHON_KEYRING_BACKEND=no_such_module.Keyring names a backend that cannot be"),
        ("keyring_backends.NoSuchClass", "PYTHON_KEYRING_BACKEND=keyring_backends.NoSuchClass names a backend"),
    ],
)
def test_what_keeps_the_keyring_from_working_is_named_with_the_ways_out(backend: str, cause: str) -> None:
    error = refusal_of(backend)
    assert error.message.startswith(f"the keyring cannot be used: {cause}")
    assert error.message.endswith("; use --store file, the environment or a secret file instead")
    assert error.fix is not None
    for way_out in ("--store file", "ZOOMCALL_API_SECRET", "ZOOMCALL_API_SECRET_FILE"):
        assert way_out in error.fix


@pytest.mark.parametrize(
    ("backend", "cause"),
    [
        ("keyring.backends.null.Keyring", "it is switched off"),
        ("keyring_backends.Forgetting", "it did not keep the secret"),
        ("keyring_backends.NothingTakes", "none of its backends stores anything"),
        ("keyring_backends.Telltale", r"it failed \(RuntimeError: cannot store '\*\*\*'\)"),
    ],
)
def test_a_keyring_that_does_not_keep_the_secret_is_found_out(
    monkeypatch: pytest.MonkeyPatch, backend: str, cause: str
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    with pytest.raises(NotConfigured, match=cause) as caught:
        store_of().write("prod", SECRET)
    error = caught.value
    assert SENTINEL not in f"{error} {error.fix}"
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_a_secret_is_struck_out_before_an_errors_words_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring_backends.Rambling")
    with pytest.raises(NotConfigured) as caught:
        store_of().write("prod", SECRET)
    assert SENTINEL[:5] not in caught.value.message


def test_what_a_backend_prints_stays_out_of_the_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring_backends.Chatting")
    store_of().read("prod")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("backend", ["keyring_backends.Sleeping", "keyring_backends.SleepingWhenLoaded"])
def test_a_keyring_that_sleeps_is_left_behind_in_time(backend: str) -> None:
    started = time.monotonic()
    error = refusal_of(backend, seconds=0.3)
    assert 0.3 <= time.monotonic() - started < 20
    assert "did not answer within 0.3 s" in error.message


def test_the_user_is_told_once_that_the_keyring_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring_backends.Sleeping")
    told: list[float] = []
    started = time.monotonic()
    store = KeyringStore(limit=timedelta(seconds=2.5), on_wait=lambda: told.append(time.monotonic() - started))
    with pytest.raises(NotConfigured):
        store.read("prod")
    assert len(told) == 1
    assert 0.9 < told[0] < 2


def test_a_keyring_that_is_only_slow_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring_backends.Slow")
    Remembering.secrets["zoomcall", "prod"] = SENTINEL
    assert store_of(20).read("prod") == SECRET


def test_a_quick_keyring_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring_backends.Remembering")
    store = KeyringStore(limit=timedelta(seconds=30), on_wait=lambda: pytest.fail("there was nothing to wait for"))
    assert store.read("prod") is None


def test_an_abandoned_call_does_not_hold_up_the_end_of_the_process() -> None:
    code = """
from datetime import timedelta
from zoomcall.adapters.keyring_store import KeyringStore
from zoomcall.errors import NotConfigured
try:
    KeyringStore(limit=timedelta(seconds=0.5)).read("prod")
except NotConfigured:
    print("left behind")
"""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "PYTHON_KEYRING_BACKEND": "keyring_backends.Sleeping"},
        capture_output=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"left behind\n", b"")
    assert time.monotonic() - started < 15


def test_a_thread_that_cannot_start_is_not_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring_backends.Remembering")
    monkeypatch.setattr(threading.Thread, "start", start)
    for attempt in (store_of().read, store_of().remove, lambda account: store_of().write(account, SECRET)):
        with pytest.raises(NotConfigured, match="can't start new thread"):
            attempt("prod")


def test_calls_run_in_threads_that_end_with_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: list[bool] = []
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring_backends.Remembering")
    monkeypatch.setattr(Remembering, "get_password", lambda *_: kinds.append(threading.current_thread().daemon))
    store_of().read("prod")
    assert kinds == [True]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyringSession]:
    with keyring_session(tmp_path_factory.mktemp("daemon")) as session:
        yield session


def call(session: KeyringSession, code: str) -> str:
    head = f"""
from datetime import timedelta
from zoomcall.adapters.keyring_store import KeyringStore
from zoomcall.domain.secret import Secret
from zoomcall.errors import NotConfigured
store = KeyringStore(limit=timedelta(seconds=3))
secret = Secret({SENTINEL!r})
backend = {SECRET_SERVICE!r}
try:
"""
    tail = "\nexcept NotConfigured as error:\n    print(error)\n"
    body = "".join(f"    {line}\n" for line in code.splitlines())
    done = subprocess.run(
        [sys.executable, "-c", head + body + tail],
        env=dict(session.environ),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_a_real_secret_service_holds_the_secret_under_service_and_profile(daemon: KeyringSession) -> None:
    assert call(daemon, "print(store.read('real'), store.write('real', secret))") == f"None {SECRET_SERVICE}"
    assert daemon.lookup(service="zoomcall", username="real") == SENTINEL
    assert (
        call(daemon, "print(store.read('real', backend) == secret, store.remove('real', backend))") == "True True"
    )
    assert daemon.lookup(service="zoomcall", username="real") is None


def test_a_secret_put_in_from_outside_is_read(daemon: KeyringSession) -> None:
    daemon.store(SENTINEL, service="zoomcall", username="outside")
    assert call(daemon, "print(store.read('outside') == secret)") == "True"


def test_with_the_backend_known_no_other_is_imported(daemon: KeyringSession) -> None:
    code = "store.read('x', backend)\nimport sys\nprint(*(name for name in sys.modules if 'backends.' in name))"
    backends = set(call(daemon, code).split())
    assert "keyring.backends.SecretService" in backends
    others = {"kwallet", "libsecret", "macOS", "Windows"}
    assert not {f"keyring.backends.{name}" for name in others} & backends


def test_a_real_secret_service_that_hangs_is_left_behind(daemon: KeyringSession) -> None:
    with daemon.frozen():
        started = time.monotonic()
        assert "did not answer within 3 s" in call(daemon, "print(store.read('real', backend))")
        assert time.monotonic() - started < 15


def test_a_real_secret_service_that_is_locked_is_told(tmp_path: Path) -> None:
    with keyring_session(tmp_path) as session:
        call(session, "store.write('real', secret)")
        session.lock()
        for known in ("None", "backend"):
            assert "cannot be used: it is locked;" in call(session, f"store.read('real', {known})")


def test_without_a_session_bus_there_is_no_keyring(tmp_path: Path) -> None:
    nowhere = KeyringSession({"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert "cannot be used: there is none on this machine;" in call(nowhere, "store.read('x')")
    assert "SecretService.Keyring is not available" in call(nowhere, "store.read('x', backend)")
