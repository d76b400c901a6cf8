"""The one JSON envelope that every command prints with `--format json`; its members only ever grow in number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import msgspec

from neon_migrate.errors import ExitCode, NeonMigrateError, StatementError


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a command has to say to a program.

    ok         whether the exit code is 0
    report     the command's report, where it came to one
    error      what went wrong, where it did
    notices    what a person would have read on the way; `warnings` is to be acted on
    """

    command: str
    ok: bool
    exit_code: int
    report: Any = None
    error: dict[str, Any] | None = None
    notices: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def envelope(
    command: str,
    exit_code: ExitCode,
    *,
    report: object = None,
    error: NeonMigrateError | None = None,
    notices: Sequence[str] = (),
    warnings: Sequence[str] = (),
) -> str:
    """The envelope as indented JSON, ending in a newline."""
    value = Envelope(
        command,
        exit_code is ExitCode.OK,
        int(exit_code),
        report,
        None if error is None else fault(error),
        tuple(notices),
        tuple(warnings),
    )
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=_plain)).decode() + "\n"


def as_json(report: object) -> str:
    """A report alone as indented JSON, ending in a newline."""
    return msgspec.json.format(msgspec.json.encode(report, enc_hook=_plain)).decode() + "\n"


def fault(error: NeonMigrateError) -> dict[str, Any]:
    """An error's four answers, and for a refused statement its SQLSTATE and text."""
    found: dict[str, Any] = {
        "type": type(error).__name__,
        "what": error.what,
        "where": error.where,
        "why": error.why,
        "remedy": error.remedy,
    }
    if isinstance(error, StatementError):
        found |= {"sqlstate": error.sqlstate, "statement": error.statement}
    return found


def _plain(value: object) -> object:
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    raise NotImplementedError(f"no JSON for {type(value).__name__}")
