"""A small client of GitHub's REST API: one policy for pages, retries and rate limits.

Source: docs.github.com, "Best practices for using the REST API" and "Rate limits for the REST API".
"""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from neon_migrate.errors import UsageError
from neon_migrate.github.errors import GitHubError, UnclearError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType
    from typing import Self

    from httpx import Response

    from neon_migrate.github.event import Event

API_VERSION = "2022-11-28"
TOKEN_VARIABLE = "GITHUB_TOKEN"
_GIVE_TOKEN = f"Give the step `env: {TOKEN_VARIABLE}: ${{{{ github.token }}}}`."
_TIMEOUT_S = 30.0
_ATTEMPTS = 5
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 120.0
"""A rate limit that is lifted later than this fails the request: a runner is paid by the minute."""

_BROKEN = frozenset({500, 502, 503, 504})
_REPEATABLE = frozenset({"GET", "PATCH", "DELETE"})
"""Sent twice, they leave what they leave sent once; of the PATCHes only those that set values, as all of ours do."""


class GitHubClient:
    """Requests to one repository; a context manager, since it keeps connections open.

    token       GITHUB_TOKEN or another; it never appears in an error
    repository  `owner/name`
    api_url     of GitHub Enterprise Server another than GitHub's own
    sleep       waits that many seconds
    """

    def __init__(
        self,
        token: str,
        repository: str,
        *,
        api_url: str = "https://api.github.com",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        from httpx import Client

        if not re.fullmatch(r"[!-~]+", token):
            raise UsageError(
                f"{TOKEN_VARIABLE} is not a token",
                why="It has a blank, a line break or another character that no token has.",
                remedy=_GIVE_TOKEN,
            )
        self._http = Client(
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": API_VERSION,
                "User-Agent": "neon-migrate",
            },
            timeout=_TIMEOUT_S,
        )
        self._api_url = api_url.rstrip("/")
        self._sleep = sleep
        self._login: str | None = None
        self.repository = repository

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, /, **query: str | int) -> Any:
        """The JSON at `path`, below the repository. Raises GitHubError."""
        return self._send("GET", self._url(path), query=query).json()

    def login(self) -> str:
        """The user whose token this is; empty for an app's token, such as a run's, and where GitHub does not say.

        It only tells a user's texts from others' with the same marker, and must not keep ours from being written.
        """
        if self._login is None:
            try:
                self._login = str(self._send("GET", f"{self._api_url}/user").json()["login"])
            except (GitHubError, KeyError, TypeError, ValueError):  # refused, or no such answer as is documented
                self._login = ""
        return self._login

    def pages(self, path: str, /, **query: str | int) -> Iterator[Any]:
        """Every item of a list, all pages of it. Raises GitHubError."""
        url, asked = self._url(path), {"per_page": 100, **query}
        while url:
            answer = self._send("GET", url, query=asked)
            yield from answer.json()
            url, asked = self._next(answer), {}

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Make something. Raises GitHubError, and UnclearError where it may have been made though no answer came."""
        return self._send("POST", self._url(path), body=body).json()

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Set some values of something. Raises GitHubError."""
        return self._send("PATCH", self._url(path), body=body).json()

    def delete(self, path: str) -> None:
        """Remove something; that it is gone already is no error. Raises GitHubError."""
        try:
            self._send("DELETE", self._url(path))
        except GitHubError as error:
            if error.status != 404:
                raise

    def _url(self, path: str) -> str:
        return f"{self._api_url}/repos/{self.repository}/{path}".rstrip("/")

    def _next(self, answer: Response) -> str:
        """The next page's URL; empty at the end. The token goes nowhere but to the API."""
        url = answer.links.get("next", {}).get("url", "")
        if url and urlsplit(url)[:2] != urlsplit(self._api_url)[:2]:
            raise GitHubError("GitHub names a next page on another host", why=f"{urlsplit(url).hostname}")
        return url

    def _send(
        self, method: str, url: str, *, query: Mapping[str, str | int] | None = None, body: Any = None
    ) -> Response:
        from httpx import HTTPError

        pause = _FIRST_PAUSE_S
        for attempt in range(1, _ATTEMPTS + 1):
            last = attempt == _ATTEMPTS
            try:
                answer = self._http.request(method, url, params=query or None, json=body)
            except HTTPError as error:
                if last or method not in _REPEATABLE:
                    raise _no_answer(method, url, error) from None
            else:
                if answer.is_success:
                    return answer
                asked = _asked_to_wait(answer)
                again = asked is not None or (answer.status_code in _BROKEN and method in _REPEATABLE)
                if last or not again or (asked or 0) > _LONGEST_PAUSE_S:
                    raise _refused(method, url, answer)
                pause = max(pause, asked or 0)
            self._sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        raise AssertionError("the last attempt returns or raises")


def client_of(event: Event, token: str) -> GitHubClient:
    """The client of a run's repository. Raises UsageError without a token, and for what can't be one."""
    token = token.strip()
    if not token:
        raise UsageError(f"There is no {TOKEN_VARIABLE}", remedy=_GIVE_TOKEN)
    return GitHubClient(token, event.repository, api_url=event.api_url)


def _asked_to_wait(answer: Response) -> float | None:
    """After how many seconds a request that met a rate limit may be sent again; None where it met none."""
    if answer.status_code not in (403, 429):
        return None
    headers = answer.headers
    if (asked := headers.get("retry-after")) is not None:
        return float(asked) if asked.isdigit() else max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    if headers.get("x-ratelimit-remaining") == "0":
        return max(0.0, float(headers.get("x-ratelimit-reset", "0")) - time.time())
    return 60.0 if answer.status_code == 429 or "secondary rate limit" in answer.text else None


def _no_answer(method: str, url: str, error: Exception) -> GitHubError:
    from httpx import LocalProtocolError

    what = f"No answer from GitHub to {method} {urlsplit(url).path}"
    sort = GitHubError if method in _REPEATABLE else UnclearError
    # Of a header that can't be sent httpx quotes the text, and one of them is the token.
    said = "" if isinstance(error, LocalProtocolError) else f": {error}"
    return sort(what, why=f"{type(error).__name__}{said}", remedy="githubstatus.com tells of outages; run it again.")


def _refused(method: str, url: str, answer: Response) -> GitHubError:
    try:
        message = str(answer.json().get("message", ""))
    except (ValueError, AttributeError):
        message = answer.text[:200]
    what = f"GitHub answers {answer.status_code} to {method} {urlsplit(url).path}"
    if method not in _REPEATABLE and answer.status_code in _BROKEN:
        return UnclearError(what, status=answer.status_code, why=message)
    return GitHubError(what, status=answer.status_code, why=message, remedy=_REMEDIES.get(answer.status_code, ""))


_REMEDIES = {
    401: "The token is not valid (any more): give the step `env: GITHUB_TOKEN: ${{ github.token }}`.",
    403: "The job lacks a permission: `permissions:` has to grant `pull-requests: write` for the comment, "
    "`issues: write` for the drift issue, `actions: read` for the environment and `contents: write` for the export.",
    404: "There is none, or the job's `permissions:` do not let it be seen.",
    410: "Issues are turned off in this repository.",
    429: "Run it again when the rate limit is lifted.",
}
"""What to do, by status."""
