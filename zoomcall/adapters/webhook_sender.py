"""Sends signed events to another endpoint."""

from __future__ import annotations

from collections.abc import Sequence

from zoomcall.adapters.http import Http, HttpRequest


class WebhookSender:
    """One endpoint.

    Args:
        http: The HTTP client.
        url: The endpoint's URL.
    """

    def __init__(self, http: Http, url: str) -> None:
        self._http = http
        self._url = url

    def send(self, body: bytes, headers: Sequence[tuple[str, str]], *, is_repeatable: bool) -> int:
        """POST a body and return the HTTP status of the answer.

        Args:
            body: The bytes that are signed.
            headers: The request's headers.
            is_repeatable: Whether to retry after any network fault and 5xx; if not, only if it cannot have arrived.

        Raises:
            NetworkFault: No answer came.
        """
        names = {name.lower() for name, _ in headers}
        answer = self._http.send(
            HttpRequest(
                method="POST",
                url=self._url,
                headers=tuple(headers),
                content_type=None if "content-type" in names else "application/json",
                body=body,
                is_repeatable=is_repeatable,
            )
        )
        return answer.status
