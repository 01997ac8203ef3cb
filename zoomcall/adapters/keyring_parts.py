"""Secrets in a keyring whose items may be too small for them, as those of Windows are: in parts.

The account's own item then says which parts count. There are two sets of names for them, and a write uses the one
that does not count, so that a process killed at any moment leaves the old secret or the new one.
"""

from __future__ import annotations

from keyring.backend import KeyringBackend
from keyring.errors import KeyringError

_SERVICE = "zoomcall"
_HEAD = "zoomcall-parts"
_SETS = ("a", "b")
_LONGEST = {"keyring.backends.Windows": 1200}
"""How many characters fit into an item, by backend: Windows takes 2,560 bytes of UTF-16."""
_ATTEMPTS = 3


def get(backend: KeyringBackend, account: str) -> str | None:
    """Return an account's secret; None if there is none.

    Raises:
        KeyringError: A part is missing, or the keyring failed; other errors as the backend raises them.
    """
    for _ in range(_ATTEMPTS):
        text: object = backend.get_password(_SERVICE, account)
        if text is not None and not isinstance(text, str):
            raise KeyringError("what it returned is not text")
        head = None if text is None else _parse(text)
        if head is None:
            return text
        parts = [backend.get_password(_SERVICE, _name(account, head[0], each)) for each in range(head[1])]
        whole = "".join(part or "" for part in parts)
        if _head(head[0], len(parts), whole) == text:
            return whole
    raise KeyringError("a part of the secret is missing")


def put(backend: KeyringBackend, account: str, text: str) -> None:
    """Store a secret, replacing an older one; errors as the backend raises them."""
    longest = _LONGEST.get(type(backend).__module__)
    if longest is None:
        backend.set_password(_SERVICE, account, text)
        return
    old = _parse(backend.get_password(_SERVICE, account) or "")
    free = next(each for each in _SETS if old is None or each != old[0])
    parts = [text[start : start + longest] for start in range(0, len(text), longest)]
    if len(parts) > 1:
        for number, part in enumerate(parts):
            backend.set_password(_SERVICE, _name(account, free, number), part)
        backend.set_password(_SERVICE, account, _head(free, len(parts), text))
        _remove_parts(backend, account, free, since=len(parts))
    else:
        backend.set_password(_SERVICE, account, text)
        _remove_parts(backend, account, free)
    _remove_parts(backend, account, next(each for each in _SETS if each != free))


def delete(backend: KeyringBackend, account: str) -> bool:
    """Remove a secret and return whether there was one; errors as the backend raises them."""
    if backend.get_password(_SERVICE, account) is None:
        return False
    backend.delete_password(_SERVICE, account)
    for each in _SETS:
        _remove_parts(backend, account, each)
    return True


def _name(account: str, letter: str, number: int) -> str:
    return f"{account}/part-{letter}{number}"


def _head(letter: str, count: int, text: str) -> str:
    import hashlib

    return f"{_HEAD}:{letter}:{count}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _parse(text: str) -> tuple[str, int] | None:
    words = text.split(":") if text.startswith(f"{_HEAD}:") else []
    return (words[1], int(words[2])) if len(words) == 4 and words[2].isdecimal() else None


def _remove_parts(backend: KeyringBackend, account: str, letter: str, *, since: int = 0) -> None:
    number = since
    while backend.get_password(_SERVICE, _name(account, letter, number)) is not None:
        backend.delete_password(_SERVICE, _name(account, letter, number))
        number += 1
