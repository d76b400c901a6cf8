"""`.env` as sqlx reads it, with sqlx's own command line as the witness."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import UsageError
from neon_migrate.postgres.dotenv import read
from neon_migrate.postgres.target import Target, resolve_target
from neon_migrate.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

CASES = [
    ("V=plain", "plain"),
    ("V='single'", "single"),
    ('V="double"', "double"),
    ("export V=exported", "exported"),
    ("  export   V=exported  ", "exported"),
    ("# V=comment\nV=after", "after"),
    ("\n\nV=blank\n", "blank"),
    ("V=bare # comment", "bare"),
    ("V=bare#no-comment", "bare#no-comment"),
    ("V='quo#ted' # comment", "quo#ted"),
    ("V='pa$$word'", "pa$$word"),
    ("V=pa\\$word", "pa$word"),
    ('V="pa\\$word"', "pa$word"),
    ("A=x\nV=${A}y", "xy"),
    ("A=x\nV=$A-y", "x-y"),
    ("A=x\nV=$A$A", "xx"),
    ('A=x\nV="${A}"y', "xy"),
    ("A='$B'\nV=${A}z", "$Bz"),
    ("V=a\\ b", "a b"),
    ("V='it'\\''s'", "it's"),
    ("V=one\nV=two", "one"),
    ("V=crlf\r\n", "crlf"),
    ("OTHER='x\ny'\nV=after-lines", "after-lines"),
    ("FROM=no\nV=${FROM_ENVIRONMENT}!", "environment!"),
]
"""The text of a file, and the value that it gives V."""

FROM_ENVIRONMENT = {"FROM_ENVIRONMENT": "environment"}


@pytest.mark.parametrize(("text", "value"), CASES)
def test_values(tmp_path: Path, text: str, value: str) -> None:
    """Quotes, export, comments, escapes and references to other variables."""
    (tmp_path / ".env").write_text(text, newline="")
    assert read(tmp_path / ".env", FROM_ENVIRONMENT)["V"] == value


@pytest.mark.parametrize(("text", "value"), [case for case in CASES if not set(" #") & set(case[1])])
def test_sqlx_reads_the_same(tmp_path: Path, database: Target, text: str, value: str) -> None:
    """sqlx-cli, started where the file is, looks for the very database that is read here.

    (Values with a blank or a # are left out: no URL may have them.)
    """
    base = f"postgres://postgres@localhost/?host={database.parameters()['host']}&dbname"
    (tmp_path / ".env").write_text(f"{text}\nDATABASE_URL='{base}=no-'${{V}}\n", newline="")
    (tmp_path / "migrations").mkdir()
    settings = Settings(root=tmp_path, migrations=tmp_path / "migrations", schema=tmp_path / "schema.json")
    ours = resolve_target(settings, None, FROM_ENVIRONMENT)
    assert ours is not None
    assert ours.parameters()["dbname"] == f"no-{value}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DATABASE_URL"))}
    sqlx = subprocess.run(
        ["sqlx", "migrate", "info", "--connect-timeout", "0"],
        cwd=tmp_path,
        env=environment | FROM_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f'database "no-{value}" does not exist' in sqlx.stdout + sqlx.stderr


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("V='open s3cret", 1),
        ('A=1\nV="open s3cret', 2),
        ("A=1\n\nV=two words s3cret", 3),
        ("V=back\\slash-s3cret", 1),
        ("V=${OPEN-s3cret", 1),
        ("V=s3cret$UNSET", 1),
        ("V=s3cret${UNSET}", 1),
        ("s3cret", 1),
        ("V =s3cret", 1),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_not_shown(tmp_path: Path, text: str, line: int) -> None:
    """File and line, the reason, and what to write; never the line itself."""
    (tmp_path / ".env").write_text(text)
    with pytest.raises(UsageError) as raised:
        read(tmp_path / ".env", {})
    assert raised.value.where is not None
    assert (raised.value.where.file, raised.value.where.line) == (".env", line)
    assert "s3cret" not in str(raised.value)
    assert raised.value.why and raised.value.remedy


def test_no_file_has_no_variables(tmp_path: Path) -> None:
    """A project without .env is an ordinary one."""
    assert read(tmp_path / ".env", {}) == {}


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 text."""
    (tmp_path / ".env").write_bytes(b"V=\xff\n")
    with pytest.raises(UsageError, match="UTF-8"):
        read(tmp_path / ".env", {})
