"""An answer of Neon's API that is no success, as the error it stands for; and which errors may be tried again."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from neon_migrate.neon.errors import (
    STATUS_PAGE,
    NeonApiError,
    NeonBusyError,
    NeonCapacityError,
    NeonConflictError,
    NeonCredentialError,
    NeonNotFoundError,
    NeonNotReadyError,
    NeonPasswordError,
    NeonServerError,
    NeonUnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

BACKOFF_BASE_S = 0.25
BACKOFF_CAP_S = 10.0
"""Full jitter between 0 and base · 2ⁿ, at most the cap: as Neon's own SDK does."""

ATTEMPTS = 4
"""How often a request that failed is sent in all, where it may be sent again."""

_CAPACITY = frozenset({"BRANCHES_LIMIT_EXCEEDED", "ROOT_BRANCHES_LIMIT_EXCEEDED"})

_KINDS: dict[int, tuple[type[NeonApiError], str, str]] = {
    401: (
        NeonCredentialError,
        "Neon does not accept the API key",
        "Make a new key in Neon's console (Account or organization settings, API keys) and set NEON_API_KEY.",
    ),
    403: (
        NeonCredentialError,
        "The API key may not do this",
        "Use a key that belongs to the project NEON_PROJECT_ID names; a project's own key is limited to it.",
    ),
    404: (
        NeonNotFoundError,
        "Neon knows no such project, branch or database",
        "Check NEON_PROJECT_ID, and that the API key belongs to that project.",
    ),
    409: (NeonConflictError, "Neon has one of that name already", "Choose another name, or remove the one there is."),
    412: (
        NeonPasswordError,
        "Neon keeps no passwords for this project",
        "A branch's credentials come from Neon: turn on the storage of passwords for the project (store_passwords), "
        "or rehearse without NEON_API_KEY, on a scratch.",
    ),
    423: (
        NeonBusyError,
        "Other operations of the Neon project are still running",
        "Wait until they have ended (Neon's console lists them under Operations) and run the same command again.",
    ),
    429: (
        NeonBusyError,
        "Neon takes no more requests from this account for now",
        "Run the same command again in a minute.",
    ),
    503: (
        NeonBusyError,
        "Neon's API is not available for now",
        f"Run the same command again in a minute; {STATUS_PAGE} tells of incidents.",
    ),
}
_SERVER_REMEDY = f"Run the same command again in a minute; {STATUS_PAGE} tells of incidents."


def refusal(
    request: str, status: int, code: str, message: str, request_id: str = "", retry_after: str | None = None
) -> NeonApiError:
    """The error for an answer: by its status first, then its code, then its message.

    request      such as `POST /projects/p/branches`, for people
    retry_after  the header, as it came
    """
    kind, what, remedy = _kind(status, code, message)
    why = [f"{request} was answered {status}" + (f" {code}" if code else "") + (f": {message}" if message else "")]
    if request_id:
        why.append(f"request id, for Neon's support: {request_id}")
    error = kind(what, status=status, code=code, request_id=request_id, why="\n".join(why), remedy=remedy)
    if isinstance(error, NeonBusyError):
        error.retry_after_s = _seconds(retry_after)
    return error


def _kind(status: int, code: str, message: str) -> tuple[type[NeonApiError], str, str]:
    if status == 422 and code in _CAPACITY:
        return (
            NeonCapacityError,
            "The Neon project has as many branches as its plan allows; this says nothing about the migrations",
            "Remove branches that are no longer needed (`neon-migrate ci maintenance` sweeps those that neon-migrate "
            "left behind), or change the plan.",
        )
    if status == 422 and ("not ready" in message or "not_ready" in code.lower()):
        return (
            NeonNotReadyError,
            "The Neon branch is not ready yet",
            "Run the same command again in a minute.",
        )
    if status in _KINDS:
        return _KINDS[status]
    if status >= 500:
        return (NeonServerError, "Neon's API failed", _SERVER_REMEDY)
    return (
        NeonApiError,
        "Neon refused the request",
        "The message says why; Neon's documentation of the API says more.",
    )


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds from now; it is a number of seconds or a date. None when it is neither."""
    if not retry_after:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def may_be_done(error: Exception) -> bool:
    """Whether the request that ended so may have been carried out all the same."""
    return isinstance(error, NeonServerError) or (isinstance(error, NeonUnreachableError) and error.sent)


class Backoff:
    """Decides for one request after each failure whether it is sent again, and after how many seconds.

    423, 429, 503 and `not ready`: always, until `patience_s` is up. No answer, and other failures of the server: a few
    times, and only what changes nothing (`safe`) or what never got as far as the server.
    """

    def __init__(self, *, safe: bool, patience_s: float, waiting: Callable[[NeonBusyError], None]) -> None:
        self._safe = safe
        self._patience_s = patience_s
        self._waiting = waiting
        self._failures = 0
        self._waits = 0

    def __call__(self, error: Exception) -> bool | float:
        """The hook for stamina: False, or the seconds to wait."""
        if isinstance(error, NeonBusyError):
            asked = error.retry_after_s
            if asked is not None and asked > self._patience_s:
                return False
            self._waits += 1
            self._waiting(error)
            return _jittered(self._waits) if asked is None else asked
        if not isinstance(error, NeonUnreachableError | NeonServerError) or (may_be_done(error) and not self._safe):
            return False
        self._failures += 1
        return _jittered(self._failures) if self._failures < ATTEMPTS else False


def _jittered(number: int) -> float:
    """Full jitter for the wait of that number, from 1."""
    return random.uniform(0, min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** (number - 1)))
