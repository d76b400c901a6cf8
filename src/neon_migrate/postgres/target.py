"""Which database: a connection URL, its host with and without Neon's pooler, and showing it without its password."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from neon_migrate.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from neon_migrate.settings import Settings

NEON_VARIABLE = "NEON_DATABASE_URL"
"""The environment variable that names the database before sqlx's own (`Settings.database_url_var`) does."""

SCHEMES = ("postgresql://", "postgres://")
"""What a database URL begins with."""

_SECRETS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
_NEON = ".neon.tech"
_POOLER = "-pooler"

_SPELLINGS = {"ssl-mode": "sslmode", "ssl-root-cert": "sslrootcert", "ssl-ca": "sslrootcert", "ssl-cert": "sslcert"}
_SPELLINGS |= {"ssl-key": "sslkey"}
"""sqlx's other names of libpq's parameters (sqlx-postgres/src/options/parse.rs)."""

_CLIENT_ONLY = frozenset({"statement-cache-capacity", "pgbouncer", "connection_limit", "pool_timeout"})
"""Parameters of sqlx's and Prisma's own statement caches and pools: they say nothing about the connection itself."""

_EXAMPLE = "Write it as postgresql://user:password@host/database"


@dataclass(frozen=True, slots=True)
class Target:
    """A database to connect to; printing it never shows the password.

    conninfo  libpq connection string or URL, with the secret
    source    where it came from: `--database-url`, `NEON_DATABASE_URL`, `.env`, `--local`, …
    own       a server of ours, described in full: no PG* environment variable takes part in connecting
    """

    conninfo: str = field(repr=False)
    source: str = ""
    own: bool = False

    def parameters(self) -> dict[str, str]:
        """libpq's parameters by name. Raises UsageError when the URL can't be read."""
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict

        try:
            return {name: str(value) for name, value in conninfo_to_dict(self.conninfo).items() if value is not None}
        except ProgrammingError as error:
            raise UsageError(
                f"The database URL from {self.source or 'the command line'} can't be read",
                why=_reason(str(error)),
                remedy=_EXAMPLE,
            ) from None
        except UnicodeDecodeError:  # its text quotes the password
            source = self.source or "the command line"
            raise _unreadable(source, "A % in it begins the code of no character.", _ENCODE) from None

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that are tried, in order: names, addresses, or folders of Unix sockets."""
        return tuple(self.parameters().get("host", "").split(","))

    @property
    def neon(self) -> bool:
        """Whether a host is one of Neon's."""
        return any(host.lower().rstrip(".").endswith(_NEON) for host in self.hosts)

    @property
    def pooled(self) -> bool:
        """Whether a host goes through Neon's pooler (PgBouncer in transaction mode): `-pooler` ends its first label."""
        return any(host != _direct(host) for host in self.hosts)

    def direct(self) -> Target:
        """The same database without Neon's pooler; itself, when there is none."""
        if not self.pooled:
            return self
        from psycopg.conninfo import make_conninfo

        hosts = ",".join(_direct(host) for host in self.hosts)
        return replace(self, conninfo=make_conninfo("", **{**self.parameters(), "host": hosts}))

    def redact(self, text: str) -> str:
        """`text` without the URL itself and without its secrets, however they are encoded or quoted.

        A secret is replaced wherever it stands, so a very short one takes innocent characters with it.
        """
        for secret in sorted(self._secrets(), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def _secrets(self) -> frozenset[str]:
        """Every spelling of every secret, and the connection string."""
        found = set(_written_secrets(self.conninfo))
        try:
            parameters = self.parameters()
            found.update(parameters[name] for name in _SECRETS if name in parameters)
        except UsageError:
            pass
        spellings = {self.conninfo}
        for secret in found:
            spellings.update(_spellings(secret))
        return frozenset(spelling for spelling in spellings if spelling)

    def __str__(self) -> str:
        if self.source == "--local":
            return "the local database"
        try:
            parameters = self.parameters()
        except UsageError:
            return "a database URL that can't be read"
        host, port = parameters.get("host", "localhost"), parameters.get("port")
        return f"{parameters.get('dbname', '')} on {host}{':' + port if port else ''}"


def resolve_target(settings: Settings, database_url: str | None, environment: Mapping[str, str]) -> Target | None:
    """The database that was named, or None: never another one instead.

    Looked for in this order: `database_url` (--database-url); NEON_DATABASE_URL, then DATABASE_URL (or what sqlx.toml
    has as database-url-var) in `environment`; the same two in the `.env` of the project's root, read as sqlx reads it.
    A variable that is set and empty is an error, not a reason to look further: it is mostly a secret that did not
    arrive, and the next place may name another database.

    Host and database come from the URL alone; PGHOST, PGDATABASE, PGSERVICE and their like never fill a gap (see
    `postgres.environment`). The rest of libpq's environment, such as PGPASSWORD and PGSSLROOTCERT, works as in psql.

    Raises UsageError, without the URL's text: empty, another scheme, no host, no database, an unknown parameter, a
    character of the password that has to be encoded.
    """
    from neon_migrate.postgres.dotenv import read

    if database_url is not None:
        return read_target(database_url, "--database-url")
    dotenv = settings.root / ".env"
    in_workflow = environment.get("GITHUB_ACTIONS") == "true"
    for variables, origin in ((environment, ""), (None, " in .env")):
        if variables is None:
            variables = read(dotenv, environment)
        for name in (NEON_VARIABLE, settings.database_url_var):
            if name in variables:
                missing = f"Set the secret {name}, and hand it to this step." if in_workflow and not origin else ""
                return read_target(variables[name], f"{name}{origin}", missing)
    return None


def read_target(url: str, source: str, missing: str = "") -> Target:
    """A checked Target of what a person wrote.

    source   what to call the place it was written in
    missing  what to do where nothing is written there, if not what a person at a terminal would

    Raises UsageError as `resolve_target` does.
    """
    url = url.strip()
    if not url:
        raise UsageError(
            f"{source} is empty",
            why="It is set, so no other place is looked at.",
            remedy=missing or (f"{_EXAMPLE}, or unset {source}." if source.isidentifier() else _EXAMPLE),
        )
    if not url.startswith(SCHEMES):
        raise _unreadable(source, _about_scheme(url))
    target = Target(_libpq_url(url, source), source)
    parameters = target.parameters()
    if not parameters.get("host") and not parameters.get("hostaddr"):
        raise _unreadable(source, "It names no host; a local server is localhost, or ?host=/var/run/postgresql.")
    if not parameters.get("dbname"):
        raise _unreadable(source, "It names no database.")
    for port in parameters.get("port", "").split(","):
        if port and not (port.isdecimal() and 0 < int(port) < 65536):
            raise _unreadable(source, "Its port is not a number from 1 to 65535.", _ENCODE)
    return target


_ENCODE = "In a password write %40 for @, %2F for /, %3A for :, %3F for ?, %23 for # and %25 for %."


def _unreadable(source: str, why: str, remedy: str = _EXAMPLE) -> UsageError:
    return UsageError(f"The database URL from {source} can't be used", why=why, remedy=remedy)


def _about_scheme(url: str) -> str:
    """Why a text that does not begin with one of the schemes is no URL; quotes nothing but a scheme."""
    if url.startswith("psql"):
        return "It is a whole psql command: leave psql and the quotes out."
    if url[0] in "'\"":
        return "It begins with a quotation mark, which does not belong to it."
    scheme = re.match(r"[a-z][a-z+]{1,15}(?=://)", url)
    return f"It begins with {scheme[0]}://" if scheme else "It does not begin with postgresql://"


def _libpq_url(url: str, source: str) -> str:
    """`url` as sqlx understands it, written so that libpq does.

    A user or password with a bare `@` or a `%` that encodes nothing is encoded; sqlx's spellings of parameters become
    libpq's; parameters of a client's own pool or cache are left out; `options[name]=value` joins `options`.
    """
    scheme = next(scheme for scheme in SCHEMES if url.startswith(scheme))
    place, _, query = url[len(scheme) :].partition("?")
    authority, slash, path = place.partition("/")
    if "@" in path or ("@" in query and "@" not in authority and "=" not in query.partition("@")[0]):
        raise _unreadable(source, "A character of its user or password has to be encoded.", _ENCODE)
    user, at, host = authority.rpartition("@")
    place = _encoded(user) + at + host + slash + path
    parameters, options = [], []
    for part in query.split("&") if query else ():
        name, equals, value = part.partition("=")
        name = unquote(name)
        if name in _CLIENT_ONLY:
            continue
        if name == "schema":
            raise _unreadable(
                source, "Its parameter schema is Prisma's.", "Write options[search_path]=NAME instead of schema=NAME."
            )
        if name.startswith("options[") and name.endswith("]"):
            options.append(f"-c {name[8:-1]}={unquote(value)}")
        elif name == "options":
            options.append(unquote(value))
        else:
            name = _SPELLINGS.get(name, name)
            parameters.append(name + equals + (value.lower() if name == "sslmode" else value))
    if options:
        parameters.append("options=" + quote(" ".join(options), safe=""))
    return scheme + place + ("?" + "&".join(parameters) if parameters else "")


def _encoded(user: str) -> str:
    """The part before the host, with what libpq needs encoded: `@`, and `%` without two hexadecimal digits."""
    return re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", user).replace("@", "%40")


def _direct(host: str) -> str:
    """A Neon host without its pooler; any other host as it is."""
    label, dot, rest = host.partition(".")
    if f".{rest}".lower().rstrip(".").endswith(_NEON) and label.lower().endswith(_POOLER):
        return label[: -len(_POOLER)] + dot + rest
    return host


def _reason(message: str) -> str:
    """What libpq says of a URL, less anything it quotes that may be a piece of the password."""
    known = re.match(r'invalid URI query parameter: "([a-z_-]{1,40})"', message)
    if known:
        return f"It has a parameter that PostgreSQL does not know: {known[1]}"
    return re.sub(r'[:,]? *(?:after |in |")+.*', "", message.strip(), flags=re.DOTALL)


def _written_secrets(conninfo: str) -> Iterator[str]:
    """The secrets as they stand in a URL: encoded, and found even where the URL can't be read."""
    if not conninfo.startswith(SCHEMES):
        return
    rest = conninfo.partition("://")[2]
    user = rest.rpartition("@")[0] if "@" in rest.partition("?")[0] else rest.partition("@")[0] if "@" in rest else ""
    if ":" in user:
        yield user.partition(":")[2]
    for part in rest.partition("?")[2].split("&"):
        name, _, value = part.partition("=")
        if unquote(name) in _SECRETS:
            yield value


def _spellings(secret: str) -> Iterator[str]:
    """A secret decoded, encoded, and as quoted in SQL, JSON, Python and libpq connection strings."""
    for plain in {secret, unquote(secret), unquote_plus(secret)}:
        yield plain
        yield quote(plain, safe="")
        yield quote(plain)
        yield quote_plus(plain)
        yield quote(plain, safe="").lower()
        yield plain.replace("'", "''")
        yield plain.replace("\\", "\\\\").replace("'", "\\'")
        yield json.dumps(plain)[1:-1]
        yield json.dumps(plain, ensure_ascii=False)[1:-1]
        yield repr(plain)[1:-1]
