"""`neon-migrate diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from neon_migrate.cli.command import command
from neon_migrate.cli.invocation import Outcome
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from neon_migrate.cli.invocation import Invocation


@command(
    {
        ExitCode.OK: "the two are equal",
        ExitCode.DIFFERENT: "there are differences",
        ExitCode.FAILED: "it failed; with --sql also: the SQL was run on a scratch and fails, so none is printed",
        ExitCode.REFUSED: "with --sql: the SQL would lose data; --allow-data-loss prints it",
    },
    database="optional",
)
@click.argument("before", metavar="FROM", type=click.Path())
@click.argument("after", metavar="TO", type=click.Path())
@click.option("--sql", is_flag=True, help="Print the SQL that makes FROM into TO, and nothing else.")
@click.option("--offline", is_flag=True, help="The SQL in one transaction, for a database that nobody uses meanwhile.")
@click.option("--allow-data-loss", is_flag=True, help="Give the SQL even if tables, columns or values would go.")
def diff(invocation: Invocation, before: str, after: str, sql: bool, offline: bool, allow_data_loss: bool) -> Outcome:
    """Show what separates two schemas, and the SQL from one to the other.

    The SQL (--sql, --format json) was run before it is shown, on a scratch that is as FROM is and has rows in its
    tables; what that showed is warned of. Neither side is written to. What is text is run on a scratch Postgres, of the
    other side's major version where that is a database. What a schema.json has no word for is left as the other side
    has it, and named. Each side is one of:

    \b
    postgresql://...   a database
    live               the project's database, from --database-url, --local or the environment
    schema.json        a schema.json
    migrations         a migrations folder
    migrations@7       the same up to version 7
    dump.sql           a file of SQL, such as one of pg_dump --schema-only
    """
    from neon_migrate import api
    from neon_migrate.render.diff import diff_page, diff_sql
    from neon_migrate.side import LIVE

    invocation.conninfos += [before, after]
    invocation.need = "required" if LIVE in (before, after) else "none"
    project, base = invocation.project(), invocation.root.resolve()
    report = api.diff(
        project,
        before,
        after,
        allow_data_loss=allow_data_loss,
        offline=offline,
        tried=sql or invocation.options.format == "json",
        base=base,
    )
    code = ExitCode.DIFFERENT if report.different else ExitCode.OK
    return Outcome(report, (diff_sql if sql else diff_page)(report), code)
