"""Passwords are kept out of whatever is printed."""

from __future__ import annotations

import pytest

from neon_migrate.errors import StatementError
from neon_migrate.masking import Secrets


@pytest.mark.parametrize(
    "conninfo",
    [
        "postgresql://me:p%40ss%3Aw0rd@db.example/app",
        "postgres://me:p%40ss%3Aw0rd@db.example:5432/app?sslmode=require",
        "host=db.example user=me password='p@ss:w0rd' dbname=app",
        "postgresql://db.example/app?user=me&password=p%40ss%3Aw0rd",
        "postgresql://me:p%40ss%3Aw0rd@[bad/app",
    ],
)
def test_a_password_is_hidden_as_written_and_as_sent(conninfo: str) -> None:
    """Both the URL's spelling and the decoded one, wherever they turn up."""
    secrets = Secrets({"DATABASE_URL": conninfo})
    shown = secrets.redact(f"could not open {conninfo}; sent p@ss:w0rd, or p%40ss%3Aw0rd")
    assert "p@ss:w0rd" not in shown
    assert "p%40ss%3Aw0rd" not in shown


def test_a_url_nobody_told_us_of_is_hidden_too() -> None:
    """A mistyped option may hold a URL: whatever stands in a password's place is left out."""
    shown = Secrets({}).redact("unexpected extra argument (postgresql://me:hunter2@host/db) and password=hunter2 x")
    assert "hunter2" not in shown
    assert "postgresql://me:***@host/db" in shown


def test_pgpassword_is_hidden() -> None:
    """libpq's own variable counts."""
    assert Secrets({"PGPASSWORD": "hunter2"}).redact("it is hunter2") == "it is ***"


def test_every_part_of_an_error_is_cleaned() -> None:
    """What, why, remedy and the statement."""
    error = StatementError("a hunter2", statement="b hunter2", why="c hunter2", remedy="d hunter2")
    clean = Secrets({"PGPASSWORD": "hunter2"}).clean(error)
    assert isinstance(clean, StatementError)
    assert (clean.what, clean.statement, clean.why, clean.remedy) == ("a ***", "b ***", "c ***", "d ***")


def test_a_secret_of_several_lines_is_hidden_by_the_line() -> None:
    """What was pasted with a line break turns up without it, or escaped."""
    secrets = Secrets({"NEON_API_KEY": "napi_one\nnapi_two\n", "GITHUB_TOKEN": "ghs_three\n"})
    assert secrets.redact(r"b'Bearer napi_one\nnapi_two' and ghs_three") == r"b'Bearer ***\n***' and ***"


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("p", "report what it prints", "report what it prints"),
        ("p", "sent p, 'p' and (p)", "sent ***, '***' and (***)"),
        ("p", "postgresql://me:p@pop.example/shop", "postgresql://me:***@pop.example/shop"),
        ("p", "host=pop password=p user=pip", "host=pop password=*** user=pip"),
        ("p", 'b"\\np"', 'b"\\n***"'),
        ("p", "%20p", "%20***"),
        (".", "it is . or '.', not a.b, nor c.", "it is *** or '***', not a.b, nor c."),
        ("it", "write it with git", "write *** with git"),
        ("postgres", "postgresql, and postgres, sent", "postgresql, and ***, sent"),
        ("n2p", "an2pt n2p", "an2pt ***"),
        ("n2pq", "an2pqt n2pq", "a***t ***"),
    ],
)
def test_a_short_secret_does_not_spoil_words(secret: str, text: str, shown: str) -> None:
    """It is left out where it stands by itself; one that no word has by chance, everywhere."""
    assert Secrets({"PGPASSWORD": secret}).redact(text) == shown


@pytest.mark.parametrize("password", ["p", "ab", "x1", ".", "$", "a b", "pw", "sql", "é"])
@pytest.mark.parametrize(
    "place",
    ["{}", "'{}'", '"{}"', "sent {} to it", "line\n{}\nline", "password={}", "postgresql://me:{}@host/db", "`{}`"],
)
def test_a_short_secret_stands_nowhere_by_itself(password: str, place: str) -> None:
    """Wherever something quotes it."""
    said = place.format(password)
    assert Secrets({"PGPASSWORD": password}).redact(said) == place.format("***")
