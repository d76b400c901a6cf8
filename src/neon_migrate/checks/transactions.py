"""What a transaction means for each file: who ends it early, what can't run in one, what sqlx can't run without one."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, NotKnownError, Verdict, verdict
from neon_migrate.errors import Location, StatementError
from neon_migrate.script import transaction_control
from neon_migrate.sources.steps import ACTIVE_TRANSACTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.inspection import Inspection, Run


def run(inspection: Inspection) -> Verdict:
    findings = [*_ended_early(inspection)]
    with suppress(NotKnownError):  # the check of the replay says why
        findings += _seen_when_run(inspection, inspection.run)
    alone = sum(file.no_transaction for file in inspection.migration_files)
    return verdict(f"each file in one transaction, {alone} without" if alone else "each file in one", findings)


def _ended_early(inspection: Inspection) -> Iterator[Finding]:
    for file in inspection.migration_files:
        if file.no_transaction:
            continue
        try:
            controls = transaction_control(file.sql, inspection.shown(file))
        except StatementError:
            continue  # the check of the syntax says why
        for statement in controls:
            yield Finding(
                f"{statement.text.split()[0].upper()} in a file that runs in a transaction: "
                "it is run as sqlx runs it, and is not atomic",
                Location(inspection.shown(file), statement.line, statement.column, statement.text.split("\n")[0]),
                "Leave it out: every migration has a transaction of its own already.",
                "warned",
            )


def _seen_when_run(inspection: Inspection, run: Run) -> Iterator[Finding]:
    for one in inspection.migrations:
        proven = run.proven.get(one.version)
        if proven is not None and proven.as_message:
            yield Finding(
                f"sqlx can't run it: it sends the file as one message, and {proven.as_message}",
                Location(inspection.shown(one.up)),
                "Give each statement a `-- no-transaction` file of its own; this tool sends them one by one.",
                "warned",
            )
    if run.failed is not None and run.failed[1].sqlstate == ACTIVE_TRANSACTION:
        migration, error = run.failed
        remedy = "Give it a migration of its own whose first line is `-- no-transaction`."
        if migration.up.no_transaction:
            remedy = "Take it out of the BEGIN … COMMIT around it."
        yield Finding(error.what, error.where, remedy)


CHECK = Check("transactions", 70, run)
