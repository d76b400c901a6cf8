"""Which database was named, the URLs that sqlx and libpq read differently, and passwords that must not be seen."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from neon_migrate.errors import ExitCode, NeonMigrateError, UsageError
from neon_migrate.postgres.session import connect
from neon_migrate.postgres.target import Target, resolve_target
from neon_migrate.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from secure_server import SecureServer


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of an empty project."""
    return Settings(root=tmp_path, migrations=tmp_path / "migrations", schema=tmp_path / "schema.json")


def url(name: str) -> str:
    """A URL that tells by its database which place it came from."""
    return f"postgresql://me@localhost/{name}"


def resolved(settings: Settings, text: str) -> dict[str, str]:
    """The parameters of a URL on the command line."""
    target = resolve_target(settings, text, {})
    assert target is not None
    return target.parameters()


def test_the_places_are_looked_at_in_order(settings: Settings) -> None:
    """The option goes before the environment, that before .env, and NEON_DATABASE_URL before DATABASE_URL."""
    (settings.root / ".env").write_text(f"DATABASE_URL={url('file')}\nNEON_DATABASE_URL={url('neon-file')}\n")
    environment = {"NEON_DATABASE_URL": url("neon"), "DATABASE_URL": url("plain")}
    found = [resolve_target(settings, option, environment) for option in (url("option"), None)]
    del environment["NEON_DATABASE_URL"]
    found.append(resolve_target(settings, None, environment))
    found.append(resolve_target(settings, None, {}))
    assert [(each.parameters()["dbname"], each.source) for each in found if each] == [
        ("option", "--database-url"),
        ("neon", "NEON_DATABASE_URL"),
        ("plain", "DATABASE_URL"),
        ("neon-file", "NEON_DATABASE_URL in .env"),
    ]


def test_the_variable_that_sqlx_toml_names_takes_the_place_of_database_url(settings: Settings) -> None:
    """As with sqlx-cli; NEON_DATABASE_URL still goes first."""
    named = replace(settings, database_url_var="ORDERS_DATABASE_URL")
    environment = {"DATABASE_URL": url("other"), "ORDERS_DATABASE_URL": url("orders")}
    target = resolve_target(named, None, environment)
    assert target is not None
    assert (target.parameters()["dbname"], target.source) == ("orders", "ORDERS_DATABASE_URL")
    assert resolve_target(named, None, {"DATABASE_URL": url("other")}) is None
    target = resolve_target(named, None, environment | {"NEON_DATABASE_URL": url("neon")})
    assert target is not None
    assert target.source == "NEON_DATABASE_URL"


def test_nothing_named_is_nothing(settings: Settings) -> None:
    """Without any of them there is no database, whatever libpq's own variables say."""
    assert resolve_target(settings, None, {"PGHOST": "localhost", "PGDATABASE": "app"}) is None


@pytest.mark.parametrize("value", ["", " \n"])
def test_an_empty_variable_does_not_fall_through(settings: Settings, value: str) -> None:
    """A secret that did not arrive leads to an error, and not to the next database."""
    with pytest.raises(UsageError) as raised:
        resolve_target(settings, None, {"NEON_DATABASE_URL": value, "DATABASE_URL": url("other")})
    assert "NEON_DATABASE_URL is empty" in raised.value.what
    assert raised.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mysql://me:s3cret@h/d", "mysql://"),
        ("s3cret", "does not begin with postgresql://"),
        ("psql 'postgresql://me:s3cret@h/d'", "psql command"),
        ('"postgresql://me:s3cret@h/d"', "quotation mark"),
        ("postgresql://me:s3cret@/d", "no host"),
        ("postgresql:///d", "no host"),
        ("postgresql://me:s3cret@h", "no database"),
        ("postgresql://me:s3cret@h/", "no database"),
        ("postgresql://me:s3cret@h:70000/d", "port"),
        ("postgresql://me:s3cret@h:x/d", "port"),
        ("postgresql://me:s3cret/x@h/d", "has to be encoded"),
        ("postgresql://me:s3cret?x@h/d", "has to be encoded"),
        ("postgresql://me:s3cret@h/d?conect_timeout=3", "conect_timeout"),
        ("postgresql://me:s3cret@h/d?schema=app", "Prisma"),
        ("postgresql://me:s3cret%00@h/d", "can't be read"),
        ("postgresql://me:s3cret@[::1/d", "can't be read"),
    ],
)
def test_a_url_that_is_none_is_refused_without_being_shown(settings: Settings, text: str, why: str) -> None:
    """Each fault is named in words; no piece of the URL that may be secret is."""
    with pytest.raises(UsageError) as raised:
        resolve_target(settings, text, {})
    assert why in str(raised.value)
    assert "s3cret" not in str(raised.value)
    assert raised.value.remedy


def test_what_sqlx_reads_is_read(settings: Settings) -> None:
    """sqlx's spellings of parameters become libpq's, its own ones go, and options[name] joins options."""
    told = resolved(
        settings,
        "postgres://me@h/d?ssl-mode=REQUIRE&ssl-root-cert=/ca&statement-cache-capacity=0"
        "&options[search_path]=app&options=-c%20work_mem%3D1MB",
    )
    assert told == {
        "user": "me",
        "host": "h",
        "dbname": "d",
        "sslmode": "require",
        "sslrootcert": "/ca",
        "options": "-c search_path=app -c work_mem=1MB",
    }


@pytest.mark.parametrize("password", ["p@ss", "100%", "%zz", "a%40b@c", "a:b", "p#s", "ü"])
def test_a_password_that_only_sqlx_would_read_is_read(settings: Settings, password: str) -> None:
    """An @ or a % that nobody encoded is taken as it stands, as sqlx does; what is encoded is decoded."""
    told = resolved(settings, f"postgres://me:{password}@h/d")
    assert told["password"] == password.replace("%40", "@")
    assert told["host"] == "h"


@pytest.mark.parametrize("password", ["p@ss", "100%", "%zz", "a%40b@c", "a:b"])
def test_sqlx_logs_in_with_such_a_password_too(secure_server: SecureServer, settings: Settings, password: str) -> None:
    """The same URL lets sqlx-cli and this product in, with the same password."""
    meant = password.replace("%40", "@")
    with secure_server.admin() as admin:
        admin.script("DROP ROLE IF EXISTS typist")
        admin.script(f"CREATE ROLE typist LOGIN PASSWORD '{meant}' IN ROLE unguarded")
    text = f"postgres://typist:{password}@localhost:{secure_server.port}/app?sslmode=disable"
    settings.migrations.mkdir()
    target = resolve_target(settings, text, {})
    assert target is not None
    with connect(target) as session:
        assert session.query("SELECT current_user::text") == [("typist",)]
    sqlx = subprocess.run(
        ["sqlx", "migrate", "info", "--connect-timeout", "0", "--database-url", text],
        cwd=settings.root,
        capture_output=True,
        text=True,
        check=False,
    )
    # The role may not create the ledger there, which sqlx does first of all: so it was let in.
    assert "permission denied for schema public" in sqlx.stdout + sqlx.stderr


def test_a_database_in_the_query_is_one(settings: Settings) -> None:
    """Host and database may stand in the query: that is how a Unix socket is written."""
    told = resolved(settings, "postgresql:///?host=/var/run/postgresql&dbname=app")
    assert (told["host"], told["dbname"]) == ("/var/run/postgresql", "app")


@pytest.mark.parametrize(
    ("host", "direct"),
    [
        ("ep-cool-rain-123-pooler.eu-central-1.aws.neon.tech", "ep-cool-rain-123.eu-central-1.aws.neon.tech"),
        ("ep-cool-rain-123-pooler.c-2.us-east-1.aws.neon.tech", "ep-cool-rain-123.c-2.us-east-1.aws.neon.tech"),
        ("EP-COOL-POOLER.eu.aws.NEON.tech", "ep-cool.eu.aws.neon.tech"),
    ],
)
def test_a_pooled_neon_host_has_a_direct_one(settings: Settings, host: str, direct: str) -> None:
    """`-pooler` at the end of the first label goes; everything else stays."""
    text = f"postgresql://me:s3cret@{host}/app?sslmode=require&channel_binding=require"
    target = resolve_target(settings, text, {})
    assert target is not None and target.pooled
    found = target.direct()
    assert not found.pooled
    assert found.parameters() | {"host": found.parameters()["host"].lower()} == target.parameters() | {"host": direct}
    assert found.source == target.source


@pytest.mark.parametrize(
    "host",
    [
        "ep-cool-rain-123.eu-central-1.aws.neon.tech",
        "ep-cool.eu-pooler.aws.neon.tech",
        "db-pooler.example.com",
        "ep-pooler.neon.tech.example.com",
        "localhost",
        "127.0.0.1",
    ],
)
def test_any_other_host_is_direct(host: str) -> None:
    """Only Neon's own hosts, and only their first label, say that there is a pooler."""
    target = Target(f"postgresql://me@{host}/app")
    assert not target.pooled
    assert target.direct() is target


def test_a_url_that_cannot_be_read_can_still_be_shown() -> None:
    """Showing a Target never raises, and shows nothing of what can't be read."""
    target = Target("postgresql://me:s3cret%zz@h/d")
    assert "s3cret" not in f"{target} {target!r} {target.redact('s3cret%zz')}"
    with pytest.raises(UsageError) as raised:
        target.parameters()
    assert "s3cret" not in str(raised.value)


PASSWORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=6, max_size=30)
"""Any text; a shorter one would be found by chance in any message."""


@given(PASSWORDS.filter(lambda text: text not in repr(Target("postgresql://h/d"))), st.booleans())
def test_no_password_is_ever_shown(password: str, in_query: bool) -> None:
    """However it is written, in whatever message and however quoted there, the password is taken out."""
    encoded = quote(password, safe="")
    text = "postgresql://me@h/d?password=" + encoded if in_query else f"postgresql://me:{encoded}@h/d"
    target = Target(text)
    assert target.parameters()["password"] == password
    quoted = json.dumps(password)[1:-1]
    literal = password.replace("'", "''")
    for message in (password, encoded, encoded.lower(), quoted, literal, repr(password)[1:-1], text):
        assert message not in target.redact(f"before {message} after")
    assert password not in f"{target}{target!r}{target.direct()!r}"


@given(PASSWORDS)
@example("000%80")
def test_no_password_is_shown_by_a_url_as_somebody_typed_it(password: str) -> None:
    """A password that nobody encoded may make the URL unreadable, or another one: no error tells of it."""
    from pathlib import Path

    settings = Settings(root=Path("/nonexistent"), migrations=Path(), schema=Path())
    secret = f"s3cr3t{password}s3cr3t"
    try:
        target = resolve_target(settings, f"postgresql://me:{secret}@127.0.0.1:1/d", {})
        assert target is not None
        shown = f"{target} {target!r}"
        if "host" in target.parameters() and target.parameters()["host"] == "127.0.0.1":
            connect(target)
    except NeonMigrateError as error:
        shown = f"{error} {error!r}"
    assert "s3cr3t" not in shown
