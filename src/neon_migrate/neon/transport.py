"""Requests to Neon's API as they travel: the key in one header, one policy of retries, answers as JSON objects.

httpx is imported when the first request is made.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from neon_migrate.errors import UsageError
from neon_migrate.events import Step
from neon_migrate.neon.answers import Backoff, refusal
from neon_migrate.neon.errors import STATUS_PAGE, NeonApiError, NeonUnreachableError
from neon_migrate.neon.messages import json_object, why_unanswered

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from neon_migrate.events import Observer
    from neon_migrate.neon.errors import NeonBusyError

BASE_URL = "https://console.neon.tech/api/v2"
KEY_VARIABLE, HOST_VARIABLE = "NEON_API_KEY", "NEON_API_HOST"

_TIMEOUT_S, _CONNECT_TIMEOUT_S = 60.0, 10.0

# A handler of its own, so that Python does not print stamina's notes where nobody has set up logging.
logging.getLogger("stamina").addHandler(logging.NullHandler())


class Transport:
    """The way to one API with one key; what comes back as no success is raised as the error it stands for.

    patience_s  how long a request may be waited with while the project is busy

    Raises UsageError for what can be no key, and for a URL that the key should not be sent to.
    """

    def __init__(self, api_key: str, base_url: str, *, observer: Observer, patience_s: float) -> None:
        parts = urlsplit(base_url)
        local = parts.hostname in ("127.0.0.1", "::1", "localhost")
        if parts.scheme not in ("https", "http") or not parts.hostname or (parts.scheme == "http" and not local):
            raise UsageError(
                f"{HOST_VARIABLE} is not the URL of an API",
                why="The key is sent there, so it has to begin with https://",
                remedy=f"Unset it, or write it like {BASE_URL}",
            )
        if not re.fullmatch(r"[!-~]+", api_key):
            raise UsageError(
                f"{KEY_VARIABLE} is not an API key",
                why="It has a blank, a line break or another character that no key has.",
                remedy="Copy the key again from Neon's console.",
            )
        self.base_url = base_url.rstrip("/")
        self._key = api_key
        self._observer = observer
        self._patience_s = patience_s
        self._http: httpx.Client | None = None
        self._told = False

    def __repr__(self) -> str:
        return f"Transport(base_url={self.base_url!r})"

    def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The answer to what only reads. Raises NeonApiError."""
        return self.send("GET", path, query=query)

    def send(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Send a request, as often as `Backoff` allows, and give its answer; an empty one for 204.

        Raises NeonApiError.
        """
        import stamina

        backoff = Backoff(safe=method == "GET", patience_s=self._patience_s, waiting=self._waiting)
        for attempt in stamina.retry_context(on=backoff, attempts=None, timeout=self._patience_s):
            with attempt:
                return self._once(method, path, query, body)
        raise AssertionError("stamina raises the last error")

    def _once(
        self, method: str, path: str, query: Mapping[str, str] | None, body: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        import httpx

        request = f"{method} {path}"
        try:
            response = self._client().request(method, self.base_url + path, params=query, json=body)
        except (httpx.TransportError, httpx.DecodingError) as error:
            unreachable = NeonUnreachableError(
                "Neon's API gave no answer",
                why=f"{request}: {why_unanswered(error)}",
                remedy=f"Check this machine's network; {STATUS_PAGE} tells of incidents.",
            )
            unreachable.sent = not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
            raise unreachable from None
        if response.status_code == 204:
            return {}
        answer = json_object(response)
        if response.is_success:
            if answer is None:
                raise NeonApiError(
                    "Neon's answer can't be read",
                    status=response.status_code,
                    why=f"{request} was answered with something else than a JSON object",
                    remedy=f"Check {HOST_VARIABLE}, and whether a proxy stands in between.",
                )
            return answer
        said = answer or {}
        code, message, request_id = (str(said.get(name) or "") for name in ("code", "message", "request_id"))
        raise refusal(request, response.status_code, code, message, request_id, response.headers.get("Retry-After"))

    def _client(self) -> httpx.Client:
        if self._http is None:
            import httpx

            headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
            self._http = httpx.Client(
                headers=headers, timeout=httpx.Timeout(_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S), follow_redirects=False
            )
        return self._http

    def _waiting(self, error: NeonBusyError) -> None:
        if not self._told:
            self._told = True
            self._observer(Step(f"waiting for Neon: {error.what}"))
