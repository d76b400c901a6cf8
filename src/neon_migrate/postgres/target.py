"""Which database: a connection URL, its host with and without Neon's pooler, and how to show it without its password."""

from __future__ import annotations

from dataclasses import dataclass, field

from neon_migrate.errors import UsageError


@dataclass(frozen=True, slots=True)
class Target:
    """A database to connect to; printing it never shows the password.

    conninfo  libpq connection string or URL, with the secret
    source    where it came from: `--database-url`, `NEON_DATABASE_URL`, `.env`, `--local`, …
    """

    conninfo: str = field(repr=False)
    source: str = ""

    def parameters(self) -> dict[str, str]:
        """libpq's parameters by name. Raises UsageError when the URL can't be read."""
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict

        try:
            return {name: str(value) for name, value in conninfo_to_dict(self.conninfo).items() if value is not None}
        except ProgrammingError as error:
            raise UsageError(
                f"The database URL from {self.source or 'the command line'} can't be read",
                why=self.redact(str(error).strip()),
                remedy="Write it as postgresql://user:password@host/database",
            ) from None

    def redact(self, text: str) -> str:
        """`text` without the password and without the URL itself."""
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict

        text = text.replace(self.conninfo, "<database url>")
        try:
            password = conninfo_to_dict(self.conninfo).get("password")
        except ProgrammingError:
            return "(the message is left out, since it may hold the password)"
        return text.replace(str(password), "***") if password else text

    def __str__(self) -> str:
        parameters = self.parameters()
        host, port = parameters.get("host", "localhost"), parameters.get("port")
        return f"{parameters.get('dbname', '')} on {host}{':' + port if port else ''}"
