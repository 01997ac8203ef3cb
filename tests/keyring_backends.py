"""Keyring backends as ``PYTHON_KEYRING_BACKEND`` may name them: one for each way in which a keyring can fail."""

from __future__ import annotations

import sys
import time

from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.compat import properties
from keyring.errors import InitError, KeyringLocked


class Remembering(KeyringBackend):
    """Works, for as long as the process lives."""

    priority = 0.1
    secrets: dict[tuple[str, str], str] = {}  # noqa: RUF012 - one for all, as a keyring is

    def get_password(self, service: str, username: str) -> str | None:
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.secrets[service, username]


class Sleeping(Remembering):
    """Answers after a minute."""

    def get_password(self, service: str, username: str) -> str | None:
        time.sleep(60)
        return super().get_password(service, username)


class SleepingWhenLoaded(Remembering):
    """Takes a minute to say whether it is there."""

    @properties.classproperty
    def priority(cls) -> float:  # noqa: N805 - of the class
        time.sleep(60)
        return 1


class Slow(Remembering):
    """Answers after a second and a half."""

    def get_password(self, service: str, username: str) -> str | None:
        time.sleep(1.5)
        return super().get_password(service, username)


class Forgetting(Remembering):
    """Takes everything and keeps nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        return


class Locked(Remembering):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("Failed to unlock the collection!")


class PromptDismissedException(Exception):
    """SecretStorage's name."""


class Dismissed(Remembering):
    def get_password(self, service: str, username: str) -> str | None:
        raise PromptDismissedException("Prompt dismissed.")


class Uninitialised(Remembering):
    def get_password(self, service: str, username: str) -> str | None:
        raise InitError("no\nbus\x1b[31m here")


class Telltale(Remembering):
    """Fails at storing and says what it was to store."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"cannot store {password!r}")


class Rambling(Remembering):
    """Repeats the secret where the words of an error are cut off."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError("x" * 190 + password)


class Chatting(Remembering):
    def get_password(self, service: str, username: str) -> str | None:
        sys.stdout.write("the keyring says hello\n")
        return super().get_password(service, username)


class Wordless(Remembering):
    def get_password(self, service: str, username: str) -> str | None:
        return 5  # type: ignore[return-value]


class ReadOnly(Remembering):
    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


class Chain(ChainerBackend):
    priority = 0.1

    @properties.classproperty
    def backends(cls) -> list[KeyringBackend]:  # noqa: N805 - of the class
        return [ReadOnly(), Remembering()]


class NothingTakes(Chain):
    @properties.classproperty
    def backends(cls) -> list[KeyringBackend]:  # noqa: N805 - of the class
        return [ReadOnly()]


# They are loaded by their names alone: keyring's chain would ask every class it knows, in other tests too.
KeyringBackend._classes -= {each for each in KeyringBackend._classes if each.__module__ == __name__}
