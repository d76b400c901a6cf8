"""What goes over the wire to Neon's API and back, as values of ours."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from neon_migrate.neon.errors import STATUS_PAGE, NeonApiError, NeonOperationError
from neon_migrate.neon.model import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

T = TypeVar("T")


def json_object(response: httpx.Response) -> dict[str, Any] | None:
    """The body as a JSON object; None when it is none, as of a proxy that answers in HTML."""
    try:
        content = response.json()
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def part(answer: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """A part of an answer as one of our values. Raises NeonApiError where it is not what the API's document says."""
    import msgspec

    try:
        return msgspec.convert(answer[name], kind)
    except (KeyError, msgspec.ValidationError) as error:
        raise NeonApiError(
            "Neon's answer can't be read",
            why=f"{name}: {error}",
            remedy="This version of neon-migrate may be too old for Neon's API.",
        ) from None


def operations_in(answer: Mapping[str, Any]) -> tuple[Operation, ...]:
    """The operations that an answer says to wait for."""
    return part(answer, "operations", tuple[Operation, ...]) if "operations" in answer else ()


def annotation_in(data: Mapping[str, Any] | None) -> dict[str, str]:
    """What was written on a branch."""
    return dict(data.get("value") or {}) if data else {}


def rfc3339(moment: datetime) -> str:
    """RFC 3339 to the second, in UTC: Neon takes no fractions."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def restore_sent(preserved: str) -> Iterator[None]:
    """Errors from when a restore was sent to Neon: the same command again might restore again, so they don't say it.

    preserved  the name of the branch that keeps the state before; that it is there tells that the restore was done
    """
    try:
        yield
    except NeonApiError as error:
        error.remedy = (
            "The restore was sent to Neon and may be done. Look in Neon's console whether there is a branch "
            f"{preserved}, which keeps the state before. If so, do not restore again: neon-migrate status shows where "
            "the database stands. If there is none after some minutes, nothing was restored. "
            f"{STATUS_PAGE} tells of incidents."
        )
        raise


def operation_error(operation: Operation, how: str) -> NeonOperationError:
    """The error for an operation that did not succeed; `how` it is, or ended."""
    return NeonOperationError(
        f"Neon's operation {operation.action or operation.id} {how}",
        why=operation.error,
        remedy=f"Look at the project's operations in Neon's console, and run the same command again. {STATUS_PAGE} "
        "tells of incidents.",
    )


def why_unanswered(error: httpx.HTTPError) -> str:
    """What httpx says of a failed request; of a header that it can't send it quotes the text, and one is the key."""
    import httpx

    return type(error).__name__ if isinstance(error, httpx.LocalProtocolError) else str(error) or type(error).__name__
