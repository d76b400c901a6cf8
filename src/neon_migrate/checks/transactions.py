"""What a transaction means for each file: what ends it early, and what can't run in one."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, NotKnownError, Verdict, verdict
from neon_migrate.errors import Location, StatementError
from neon_migrate.script import transaction_control
from neon_migrate.walk import ACTIVE_TRANSACTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.inspection import Inspection, Run


def run(inspection: Inspection) -> Verdict:
    findings = [*_ended_early(inspection)]
    with suppress(NotKnownError):  # the check of the replay says why
        findings += _seen_when_run(inspection.run)
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


def _seen_when_run(run: Run) -> Iterator[Finding]:
    if run.failed is not None and run.failed[1].sqlstate == ACTIVE_TRANSACTION:
        migration, error = run.failed
        remedy = "Give it a migration of its own whose first line is `-- no-transaction`."
        if migration.up.no_transaction:
            remedy = "Take it out of the BEGIN … COMMIT around it."
        yield Finding(error.what, error.where, remedy)


CHECK = Check("transactions", 70, run)
