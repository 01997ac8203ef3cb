"""The checks of this machine: the credential, the keyring that holds it, and what is installed."""

from __future__ import annotations

from zoomcall.domain.credential import CredentialLabel, CredentialSource
from zoomcall.domain.shown_text import shown_key
from zoomcall.errors import NotConfigured
from zoomcall.usecases.checking.case import Case
from zoomcall.usecases.checking.verdicts import Blocked, CheckId, CheckVerdict, ok


def check_credential(case: Case) -> CheckVerdict:
    """Report the active credential, its source, and what it overrides.

    Raises:
        NotConfigured: There is none, or its secret cannot be read.
        UsageError: A variable or name cannot be used, or several credentials serve equally.
    """
    api, tools = case.order.api, case.tools
    chosen = case.chosen = tools.choice(api).label
    try:
        case.connection = tools.connect(api)
    except NotConfigured as error:
        read = tools.keyring_read if chosen.source is CredentialSource.KEYRING else None
        if read is None or read.error is not error or CheckId.KEYRING not in case.order.only:
            raise
        raise NotConfigured(
            f"{_named(chosen)} is active, but the keyring did not return its secret",
            fix=f"Fix {CheckId.KEYRING} first.",
        ) from None
    held = case.held
    key = held.credential.key_id
    told = [f"{held.credential.kind} from {held.label.source} ({_named(held.label)})"]
    if key:
        told.append(f"key {shown_key(key)}")
    told.extend(f"not used: {hidden}" for hidden in held.hidden)
    return ok("; ".join(told))


def check_keyring(case: Case) -> CheckVerdict:
    """Report how long the keyring took, if the credential is in one.

    Raises:
        NotConfigured: The keyring cannot be used.
        Blocked: The keyring was not asked.
    """
    chosen = case.chosen
    if chosen is None:
        raise Blocked(CheckId.CREDENTIAL)
    if chosen.source is not CredentialSource.KEYRING:
        return ok(f"not needed: the credential is from {chosen.source} ({chosen.name})")
    read = case.tools.keyring_read
    if read is None:
        raise Blocked(CheckId.CREDENTIAL)
    if read.error is not None:
        raise read.error
    return ok(f"{read.backend} answered in {read.taken.total_seconds():.2f} s")


def check_versions(case: Case) -> CheckVerdict:
    """Report what is installed."""
    return ok(", ".join(f"{name} {version}" for name, version in case.tools.versions()))


def _named(label: CredentialLabel) -> str:
    return label.variable or f"profile {label.name!r}"
