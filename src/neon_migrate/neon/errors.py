"""What Neon's API can refuse or fail at, each with its exit code and a remedy."""

from __future__ import annotations

from neon_migrate.errors import ExitCode, NeonMigrateError, RefusedError

STATUS_PAGE = "https://neonstatus.com"


class NeonApiError(NeonMigrateError):
    """Neon's API did not do what was asked.

    status      the HTTP status; 0 where there was no answer at all
    code        Neon's own code, such as `BRANCHES_LIMIT_EXCEEDED`; often empty
    request_id  what Neon's support asks for; often empty
    """

    def __init__(
        self, what: str, *, status: int = 0, code: str = "", request_id: str = "", why: str = "", remedy: str = ""
    ) -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.status = status
        self.code = code
        self.request_id = request_id


class NeonUnreachableError(NeonApiError):
    """No answer: no network, no such host, a time-out before or while reading.

    sent  whether the request may have reached Neon
    """

    exit_code = ExitCode.UNREACHABLE
    sent = True


class NeonCredentialError(NeonApiError):
    """The API key is not valid (401), or may not do this (403)."""

    exit_code = ExitCode.UNREACHABLE


class NeonNotFoundError(NeonApiError):
    """There is no such project, branch, database or role, or the key may not see it (404)."""


class NeonConflictError(NeonApiError):
    """There is one of that name already (409)."""


class NeonBusyError(NeonApiError):
    """Other operations of the project are running (423), or Neon takes no more requests for now (429, 503).

    retry_after_s  how many seconds Neon asks to wait; None where it did not say
    """

    exit_code = ExitCode.BUSY
    retry_after_s: float | None = None


class NeonNotReadyError(NeonBusyError):
    """The branch is still being made (422 `branch not ready yet`)."""


class NeonServerError(NeonApiError):
    """Neon failed, or a proxy in front of it gave up waiting (500, 502, 504, 524): the request may have been done."""


class NeonCapacityError(NeonApiError):
    """The plan's limit of branches is reached. Nothing is wrong with the migrations."""


class NeonPasswordError(NeonApiError):
    """Neon keeps no passwords for this project, so it can't tell how to connect (412)."""


class NeonAmbiguousError(NeonApiError):
    """The answer to a change was lost, and looking did not tell whether it was made; it was not sent again."""


class NeonOperationError(NeonApiError):
    """An operation that Neon had accepted ended in failure, or did not end in time."""


class NotOurBranchError(RefusedError):
    """A branch of the wanted name is there and was not made by neon-migrate: it is never reset or deleted."""


class ProductionBranchError(RefusedError):
    """What should be a copy turns out to be production itself: nothing is run on it."""


class NotRestorableError(RefusedError):
    """The branch can't be taken back to that point: Neon restricts it, or its history does not reach that far."""
