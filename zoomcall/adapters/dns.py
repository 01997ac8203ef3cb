"""NAPTR, SRV and address records, asked of the system's DNS servers or of a given one (dnspython)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from zoomcall.domain.room_probe import Naptr, Srv
from zoomcall.domain.shown_text import one_line
from zoomcall.errors import NetworkFault, NetworkWord, shortage_of

_LONGEST = 200
_SHORTEST_SECONDS = 0.05


class Dns:
    """Looks up records; threads may share it.

    Args:
        server: The address and port of the server to ask; None for those of the system.
    """

    def __init__(self, server: tuple[str, int] | None = None) -> None:
        self._resolver = dns.resolver.Resolver(configure=False)
        self._resolver.cache = dns.resolver.LRUCache()
        if server is not None:
            self._resolver.nameservers = [server[0]]
            self._resolver.port = server[1]
            return
        try:
            self._resolver = dns.resolver.Resolver()
        except (dns.exception.DNSException, OSError) as error:
            raise _fault("this machine's DNS servers are not known", error) from error
        self._resolver.cache = dns.resolver.LRUCache()

    def naptr(self, name: str, *, seconds: float) -> tuple[Naptr, ...]:
        """Return a name's NAPTR records; none if it has none.

        Args:
            name: The name.
            seconds: How long the lookup may take.

        Raises:
            NetworkFault: No server gave an answer that can be used.
        """
        return tuple(
            Naptr(
                order=record.order,
                preference=record.preference,
                flags=_text(record.flags).lower(),
                service=_text(record.service).upper(),
                replacement=_host(record.replacement),
                text=one_line(record.to_text(), _LONGEST),
            )
            for record in self._records(name, "NAPTR", seconds)
        )

    def srv(self, name: str, *, seconds: float) -> tuple[Srv, ...]:
        """Return a name's SRV records; arguments and errors as of ``naptr``."""
        return tuple(
            Srv(
                priority=record.priority,
                weight=record.weight,
                port=record.port,
                target=_host(record.target),
                text=one_line(record.to_text(), _LONGEST),
            )
            for record in self._records(name, "SRV", seconds)
        )

    def addresses(self, name: str, kind: str, *, seconds: float) -> tuple[str, ...]:
        """Return a name's addresses of the kind ``A`` or ``AAAA``; otherwise as ``naptr``."""
        return tuple(str(record.address) for record in self._records(name, kind, seconds))

    def _records(self, name: str, kind: str, seconds: float) -> Iterator[Any]:
        try:
            yield from self._resolver.resolve(
                dns.name.from_text(name), kind, search=False, lifetime=max(seconds, _SHORTEST_SECONDS)
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.exception.SyntaxError, dns.name.NameTooLong):
            return
        except (dns.exception.DNSException, OSError, ValueError, RecursionError) as error:
            shortage = shortage_of(error)
            if shortage is not None:
                raise shortage from error
            raise _fault(f"looking up {kind} of {name} failed", error) from error


def _fault(what: str, error: Exception) -> NetworkFault:
    if isinstance(error, dns.exception.Timeout):
        why = "no DNS server answered in time"
    else:
        why = one_line(str(error) or type(error).__name__, _LONGEST)
    return NetworkFault(f"{what}: {why}", word=NetworkWord.DNS, may_have_arrived=False)


def _text(value: bytes) -> str:
    return one_line(value.decode("latin-1"), _LONGEST)


def _host(name: dns.name.Name) -> str:
    return one_line(name.to_text(omit_final_dot=True), 255) if name != dns.name.root else ""
