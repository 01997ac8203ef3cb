"""Windows and macOS faked at the edge: what system calls and libraries answer, never what the product does."""

import importlib.util
import os
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pytest

POSIX_ONLY = (
    *("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_DIRECTORY", "O_CLOEXEC", "geteuid", "getuid", "fchmod", "fchown"),
    *("mkfifo", "fork", "tcgetpgrp", "getpgrp", "ctermid", "set_blocking"),
)
"""What Windows' ``os`` has not, of the names that a program like this could use."""
_FOLDER_OPENS = "folders cannot be opened on Windows"


class Region:
    """``msvcrt``: a lock on a byte of a file, held by one descriptor, mandatory for the others."""

    LK_NBLCK = 2
    LK_UNLCK = 0

    def __init__(self) -> None:
        self.holders: dict[tuple[int, int], int] = {}

    def locking(self, descriptor: int, mode: int, count: int) -> None:
        assert (mode, count) == (self.LK_NBLCK, 1)
        key = _identity(descriptor)
        holder = self.holders.get(key)
        if holder is not None and holder != descriptor and _is_open(holder, key):
            raise PermissionError(13, "Permission denied")
        self.holders[key] = descriptor


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def _is_open(descriptor: int, key: tuple[int, int]) -> bool:
    try:
        return _identity(descriptor) == key
    except OSError:
        return False


def on_windows(patch: pytest.MonkeyPatch, name: str, **modules: Any) -> ModuleType:
    """Return a module of the product as Windows imports it: without ``fcntl`` and the names of ``POSIX_ONLY``."""
    missing = dict.fromkeys(("fcntl", "termios", "tty", "pwd", "grp", "resource"))
    return _imported(patch, name, "win32", {"msvcrt": Region(), **modules, **missing}, POSIX_ONLY)


def on_macos(patch: pytest.MonkeyPatch, name: str, **modules: Any) -> ModuleType:
    """Return a module of the product as macOS imports it."""
    return _imported(patch, name, "darwin", modules, ())


def _imported(
    patch: pytest.MonkeyPatch, name: str, platform: str, modules: dict[str, Any], without: Iterable[str]
) -> ModuleType:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    for each in without:
        patch.delattr(os, each, raising=False)
    for each, fake in modules.items():
        patch.setitem(sys.modules, each, fake)
    patch.setattr(sys, "platform", platform)
    spec.loader.exec_module(module)
    return module


def refuse_folders(patch: pytest.MonkeyPatch) -> None:
    """Let ``os.open`` refuse folders, as Windows' does."""
    real = os.open

    def opened(path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        if isinstance(path, str | os.PathLike) and os.path.isdir(path):  # noqa: PTH112 - it must not use pathlib
            raise PermissionError(13, _FOLDER_OPENS, str(path))
        return real(path, flags, mode, **more)

    patch.setattr(os, "open", opened)


class CredentialManager:
    """``win32cred``: the targets of the Credential Manager in any case, each with at most 2,560 bytes of UTF-16."""

    CRED_TYPE_GENERIC = 1
    CRED_PERSIST_ENTERPRISE = 3
    MOST_BYTES = 2560

    class Error(Exception):
        """``pywintypes.error``."""

        def __init__(self, winerror: int, funcname: str, strerror: str) -> None:
            super().__init__(winerror, funcname, strerror)
            self.winerror, self.funcname, self.strerror = winerror, funcname, strerror

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.writes_left: int | None = None

    def CredRead(self, *, Type: int, TargetName: str) -> dict[str, Any]:  # noqa: N802, N803 - Windows' names
        try:
            return dict(self.items[TargetName.lower()])
        except KeyError:
            raise self.Error(1168, "CredRead", "Element not found.") from None

    def CredWrite(self, credential: dict[str, Any], flags: int) -> None:  # noqa: N802 - Windows' name
        blob = credential["CredentialBlob"].encode("utf-16-le")
        if len(blob) > self.MOST_BYTES:
            raise self.Error(1783, "CredWrite", "The stub received bad data.")
        self._use_up()
        self.items[credential["TargetName"].lower()] = {**credential, "CredentialBlob": blob}

    def CredDelete(self, *, Type: int, TargetName: str) -> None:  # noqa: N802, N803 - Windows' names
        self._use_up()
        if self.items.pop(TargetName.lower(), None) is None:
            raise self.Error(1168, "CredDelete", "Element not found.")

    def _use_up(self) -> None:
        if self.writes_left == 0:
            raise KeyboardInterrupt  # the process is killed here
        if self.writes_left is not None:
            self.writes_left -= 1

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Let keyring's own backend for Windows use this one, and nothing else."""
        from keyring.backend import KeyringBackend

        fakes = {name: ModuleType(name) for name in ("win32ctypes", "win32ctypes.pywin32", "pywintypes")}
        vars(fakes["pywintypes"])["error"] = self.Error
        vars(self)["__name__"] = "win32cred"
        vars(fakes["win32ctypes.pywin32"]).update(pywintypes=fakes["pywintypes"], win32cred=self)
        for name, fake in fakes.items():
            patch.setitem(sys.modules, name, fake)
        patch.setattr(KeyringBackend, "_classes", set(KeyringBackend._classes))
        patch.delitem(sys.modules, "keyring.backends.Windows", raising=False)
        importlib.import_module("keyring.backends.Windows")
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.Windows.WinVaultKeyring")
