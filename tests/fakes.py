"""Stand-ins that several tests share, each in its section."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from zoomcall.domain.profile import Config, Profile
from zoomcall.domain.secret import Secret

# Profiles and secrets


@dataclass
class FakeConfig:
    """Profiles in memory; ``error`` is raised by every edit."""

    config: Config = field(default_factory=Config)
    error: BaseException | None = None
    reads: int = 0

    def read(self) -> Config:
        self.reads += 1
        return self.config

    def put(self, profile: Profile) -> Config:
        current = self.config.current if self.config.current in self.config.names else profile.name
        broken = {name: why for name, why in self.config.broken.items() if name != profile.name}
        return self._become(
            replace(
                self.config,
                current=current,
                profiles={**self.config.profiles, profile.name: profile},
                broken=broken,
            )
        )

    def remove(self, name: str) -> Config:
        return self._become(
            replace(
                self.config,
                current=None if self.config.current == name else self.config.current,
                profiles={key: each for key, each in self.config.profiles.items() if key != name},
                broken={key: each for key, each in self.config.broken.items() if key != name},
            )
        )

    def switch(self, name: str) -> Config:
        self.config.profile(name)
        return self._become(replace(self.config, current=name))

    def _become(self, config: Config) -> Config:
        if self.error is not None:
            raise self.error
        self.config = config
        return config


@dataclass
class FakeStore:
    """Secrets in memory; an error is raised by the calls that it is named for."""

    secrets: dict[str, str] = field(default_factory=dict)
    backend: str | None = None
    errors: dict[str, BaseException] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def read(self, account: str, backend: str | None = None) -> Secret | None:
        self._note("read", account)
        text = self.secrets.get(account)
        return None if text is None else Secret(text)

    def previous(self, account: str, backend: str | None = None) -> Secret | None:
        self._note("previous", account)
        text = self.secrets.get(account)
        return None if text is None else Secret(text)

    def write(self, account: str, secret: Secret) -> str | None:
        self._note("write", account)
        self.secrets[account] = secret.reveal()
        return self.backend

    def remove(self, account: str, backend: str | None = None) -> bool:
        self._note("remove", account)
        return self.secrets.pop(account, None) is not None

    def _note(self, call: str, account: str) -> None:
        self.calls.append((call, account))
        if call in self.errors:
            raise self.errors[call]
