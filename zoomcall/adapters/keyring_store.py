"""Secrets in the system's keyring; a keyring that hangs is abandoned in time."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

import keyring
import keyring.core
import keyring.errors
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from msgspec import Struct

from zoomcall.adapters import keyring_parts
from zoomcall.domain.profile import KeyringRead
from zoomcall.domain.secret import Secret
from zoomcall.domain.shown_text import one_line
from zoomcall.errors import NotConfigured

SERVICE = "zoomcall"
_PATIENCE = 1.0
"""Seconds without an answer after which a person is told that the keyring may be locked."""
_VOID = {"keyring.backends.fail": "there is none on this machine", "keyring.backends.null": "it is switched off"}
_LOCKED = {"LockedException", "PromptDismissedException"}  # SecretStorage's own, which keyring lets through
_WAYS_OUT = (
    "Start or unlock the keyring. Or store the secret in zoomcall's own file "
    "(`zoomcall auth login --store file`), or pass it in the environment (ZOOMCALL_API_SECRET, "
    "ZOOMCALL_CLIENT_SECRET or ZOOMCALL_TOKEN) or in a file of your own (ZOOMCALL_API_SECRET_FILE, "
    "ZOOMCALL_CLIENT_SECRET_FILE or ZOOMCALL_TOKEN_FILE)."
)

T = TypeVar("T")


class KeyringStore:
    """The keyring, service ``zoomcall``.

    Every call runs in a thread that is abandoned after ``limit``: it may hang in D-Bus or wait at a prompt
    without keeping the process from ending.

    Args:
        limit: How long one call may take.
        on_wait: Called once when a call takes longer than a second.

    Attributes:
        last_read: How the latest read went.
    """

    def __init__(self, *, limit: timedelta, on_wait: Callable[[], None] | None = None) -> None:
        self._limit = limit
        self._on_wait = on_wait
        self.last_read: KeyringRead | None = None

    def read(self, account: str, backend: str | None = None) -> Secret | None:
        """Return an account's secret; None if the keyring has none.

        Args:
            account: A profile's name, or ``NAME/webhook``.
            backend: The dotted name of the keyring backend that stored it, if known.

        Raises:
            NotConfigured: There is no usable keyring, or it is locked or too slow.
        """
        asked: list[str] = []

        def work() -> Secret | None:
            usable = _usable(backend)
            asked.append(f"{type(usable).__module__}.{type(usable).__qualname__}")
            text = keyring_parts.get(usable, account)
            return None if text is None else Secret(text)

        begun = time.monotonic()
        error: NotConfigured | None = None
        try:
            return self._within_limit(work)
        except NotConfigured as unusable:
            error = unusable
            raise
        finally:
            taken = timedelta(seconds=time.monotonic() - begun)
            self.last_read = KeyringRead(backend=asked[0] if asked else None, taken=taken, error=error)

    def previous(self, account: str, backend: str | None = None) -> Secret | None:
        """Return the present secret, so that it can be restored; arguments and errors as in ``read``."""
        return self.read(account, backend)

    def write(self, account: str, secret: Secret, backend: str | None = None) -> str | None:
        """Store a secret, replacing an older one, and check that it was kept; ``backend`` as in ``read``.

        Returns:
            The dotted name of the keyring backend that stored it.

        Raises:
            NotConfigured: There is no usable keyring, or it is locked, too slow, or did not keep the secret.
        """

        def work() -> str:
            taker = _write(_usable(backend), account, secret)
            if keyring_parts.get(taker, account) != secret.reveal():
                raise keyring.errors.PasswordSetError("it did not keep the secret")
            return f"{type(taker).__module__}.{type(taker).__qualname__}"

        return self._within_limit(work, secret)

    def remove(self, account: str, backend: str | None = None) -> bool:
        """Remove a secret and return whether there was one.

        Raises:
            NotConfigured: There is no usable keyring, or it is locked or too slow.
        """
        return self._within_limit(lambda: keyring_parts.delete(_usable(backend), account))

    @property
    def is_empty(self) -> bool:
        """Whether it has no account: a keyring does not tell which it has."""
        return True

    def clear(self) -> None:
        """Do nothing, as there is nothing that it tells of."""

    def removal(self, account: str, backend: str | None = None) -> str:
        """Return a command line that removes an account's secret, also where this program cannot."""
        chosen = f" -b {backend}" if backend else ""
        program = f'"{sys.executable}"' if sys.platform == "win32" else shlex.quote(sys.executable)
        return f"{program} -m keyring{chosen} del {SERVICE} {account}"

    def _within_limit(self, work: Callable[[], T], secret: Secret | None = None) -> T:
        outcomes: SimpleQueue[_Done[T] | _Failed] = SimpleQueue()
        with contextlib.redirect_stdout(io.StringIO()):  # a backend may print; stdout is for the answer
            try:
                threading.Thread(target=_run, args=(work, outcomes), name="keyring", daemon=True).start()
            except RuntimeError as error:  # the system has no thread left
                raise _unusable(_words(error)) from error
            outcome = self._wait(outcomes)
        if isinstance(outcome, _Failed):
            raise _unusable(_cause(outcome.error, secret)) from None
        return outcome.value

    def _wait(self, outcomes: SimpleQueue[T]) -> T:
        deadline = time.monotonic() + self._limit.total_seconds()
        has_said = False
        while (remaining := deadline - time.monotonic()) > 0:
            try:
                return outcomes.get(timeout=min(remaining, _PATIENCE))
            except Empty:
                if self._on_wait is not None and not has_said:
                    has_said = True
                    self._on_wait()
        seconds = self._limit.total_seconds()
        raise _unusable(f"it did not answer within {seconds:g} s; it may be waiting to be unlocked")


class _Done(Struct, Generic[T], frozen=True):
    value: T


class _Failed(Struct, frozen=True):
    error: BaseException


class _NoKeyring(Exception):
    """There is no usable keyring; the text says why."""


def _run(work: Callable[[], T], outcomes: SimpleQueue[_Done[T] | _Failed]) -> None:
    try:
        outcomes.put(_Done(work()))
    except BaseException as error:  # noqa: BLE001 - the waiting thread raises it again, translated
        outcomes.put(_Failed(error))


def _usable(backend: str | None) -> KeyringBackend:
    """Load the keyring: the user's choice, else the known backend, else the best available."""
    loaded, why_not = _load(backend)
    void = _VOID.get(type(loaded).__module__)
    if void is not None:
        raise _NoKeyring(why_not or void)
    return loaded


def _load(backend: str | None) -> tuple[KeyringBackend, str | None]:
    chosen = os.environ.get("PYTHON_KEYRING_BACKEND")
    if not chosen:
        os.environ.pop("PYTHON_KEYRING_BACKEND", None)  # keyring would try to load the backend of that name
    try:
        own = keyring.core.load_env() or keyring.core.load_config()
    except Exception as error:  # noqa: BLE001 - a foreign module may raise anything on import
        origin = f"PYTHON_KEYRING_BACKEND={chosen}" if chosen else "its own keyringrc.cfg"
        raise _NoKeyring(f"{origin} names a backend that cannot be loaded ({_words(error)})") from None
    if own is not None:
        return own, None
    if backend is None:
        return keyring.core.get_keyring(), None
    try:
        return keyring.core.load_keyring(backend), None
    except Exception as error:  # noqa: BLE001 - a backend may raise anything; the next best is tried
        return keyring.core.get_keyring(), f"{backend} is not available ({_words(error)})"


def _write(loaded: KeyringBackend, account: str, secret: Secret) -> KeyringBackend:
    """Store the secret and return the backend, of several in a chain, that stored it, to ask only it later."""
    chain = loaded.backends if isinstance(loaded, ChainerBackend) else [loaded]
    for backend in chain:
        try:
            keyring_parts.put(backend, account, secret.reveal())
        except NotImplementedError:
            continue
        return backend
    raise _NoKeyring("none of its backends stores anything")


def _cause(error: BaseException, secret: Secret | None) -> str:
    match error:
        case _NoKeyring():
            text = str(error)
        case keyring.errors.KeyringLocked():
            text = "it is locked"
        case keyring.errors.NoKeyringError():
            text = "there is none on this machine"
        case _ if type(error).__name__ in _LOCKED:
            text = "it is locked"
        case _:
            text = f"it failed ({_words(error, secret)})"
    return text.replace(secret.reveal(), "***") if secret else text


def _words(error: BaseException, secret: Secret | None = None) -> str:
    """Return a foreign error's type and first words on one printable line, with the secret masked."""
    text = str(error).replace(secret.reveal(), "***") if secret else str(error)
    said = one_line(text)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _unusable(cause: str) -> NotConfigured:
    ways_out = "use --store file, the environment or a secret file instead"
    return NotConfigured(f"the keyring cannot be used: {cause}; {ways_out}", fix=_WAYS_OUT)
