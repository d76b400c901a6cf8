"""Judges that are not ours: pg_dump's text of a schema, whatever the order of statements and columns."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from neon_migrate.postgres.binaries import find_build

if TYPE_CHECKING:
    from neon_migrate.postgres.target import Target

_OPTIONS = ("--schema-only", "--restrict-key=same", "--exclude-table=_sqlx_migrations")
_PLACE = {"host": "host", "port": "port", "user": "username"}
_NAMED_NOT_NULL = re.compile(r'CONSTRAINT (?:\w+|"(?:[^"]|"")+") NOT NULL')
_NAMED_BY_POSTGRES = re.compile(r'CONSTRAINT (?:\w+_not_null\d*|"(?:[^"]|"")+_not_null\d*") NOT NULL')


def dumped(target: Target, *, owners: bool = False, not_null_names: bool = True) -> tuple[str, ...]:
    """What pg_dump says of a database's schema, the ledger left out: its statements, sorted, and the lines of each.

    The order of columns is so no difference, and neither is that of statements. Nor is a name that Postgres may have
    given to NOT NULL (since 18), by what table and column were called then: see docs/coverage.md.

    owners          whether who owns what is a difference, or only what roles may do
    not_null_names  whether the names are that people gave to NOT NULL
    """
    options = (*_OPTIONS, *(() if owners else ("--no-owner",)), *connection_options(target))
    command = [find_build(major=None).program("pg_dump"), *options, target.parameters()["dbname"]]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    text = (_NAMED_BY_POSTGRES if not_null_names else _NAMED_NOT_NULL).sub("NOT NULL", done.stdout)
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith("--"):
            blocks.append([])
        elif line.strip():
            blocks[-1].append(line.strip().rstrip(","))
    return tuple(sorted("\n".join(sorted(block)) for block in blocks if block))


def run_by_psql(target: Target, sql: str) -> None:
    """Run a text as a person does who pipes it into psql; what psql complains of is the error."""
    command = [find_build(major=None).program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    options = [*connection_options(target), "--dbname", target.parameters()["dbname"]]
    done = subprocess.run([*command, *options], input=sql, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def connection_options(target: Target) -> list[str]:
    """Where the server is, for Postgres's own programs."""
    parameters = target.parameters()
    return [f"--{option}={parameters[name]}" for name, option in _PLACE.items() if name in parameters]


def difference(found: tuple[str, ...], wanted: tuple[str, ...]) -> str:
    """The statements that only one of two dumps has; empty when they are equal."""
    extra, missing = set(found) - set(wanted), set(wanted) - set(found)
    return "\n".join([*(f"+ {block}" for block in sorted(extra)), *(f"- {block}" for block in sorted(missing))])
