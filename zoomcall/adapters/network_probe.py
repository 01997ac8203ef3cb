"""What can be found out about the path to a host, step by step: proxy, name, connection, certificate."""

from __future__ import annotations

import ipaddress
import socket
from datetime import datetime
from urllib.parse import urlsplit

from zoomcall.adapters.http import Http
from zoomcall.adapters.proxies import Proxies
from zoomcall.adapters.tls import trust_store
from zoomcall.domain.network_path import Knock, Place, Way
from zoomcall.errors import NetworkFault, NetworkWord

_PORTS = {"http": 80, "https": 443}


class NetworkProbe:
    """Examines the path that requests take.

    Args:
        http: The client that makes the requests.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    def way(self, base: str) -> Way:
        """Return how a parsed base is reached.

        Raises:
            UsageError: A proxy variable cannot be used.
        """
        parts = urlsplit(base)
        target = Place(parts.hostname or "", parts.port or _PORTS[parts.scheme])
        proxy = Proxies.of_system().to(parts.scheme, target.host, target.port)
        first = target if proxy is None else Place(proxy.host, proxy.port)
        return Way(
            target=target,
            is_https=parts.scheme == "https",
            first=first,
            proxy=None if proxy is None else str(proxy),
        )

    def addresses(self, place: Place) -> tuple[str, ...] | None:
        """Look up a host's addresses; None if it is an address itself.

        Raises:
            NetworkFault: It has none.
        """
        try:
            ipaddress.ip_address(place.host)
        except ValueError:
            pass
        else:
            return None
        try:
            found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or "it is not a valid host name"
            raise NetworkFault(
                f"the name {place.host} cannot be resolved: {why}", word=NetworkWord.DNS, may_have_arrived=False
            ) from error
        return tuple(dict.fromkeys(str(row[4][0]) for row in found))

    def knock(self, url: str, *, deadline: datetime) -> Knock:
        """Make one request without a credential; errors as of ``Http.knock``."""
        return self._http.knock(url, deadline=deadline)

    @property
    def trusted(self) -> str:
        """Where the trusted certificates are, in words."""
        return trust_store().name
