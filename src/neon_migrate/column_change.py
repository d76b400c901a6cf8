"""How a column of a table in use is added, retyped or made NOT NULL: what reads or rewrites rows is a step apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.kind import OnlineStep, Run
from neon_migrate.sql import identifier, qualified
from neon_migrate.type_change import casts_by_itself, conversion, keeps_values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from neon_migrate.catalog import Catalog, DatabaseObject, Key
    from neon_migrate.sequence_options import SequenceOptions

_REBUILT_BY_POSTGRES = frozenset(
    {"index", "unique", "primary_key", "exclusion", "check", "comment", "sequence_owner", "sequence", "grant"}
)

_REWRITTEN = "Rewrites the table, or reads all of it, while nobody can use it: by itself, so nothing else waits for it."
FILLED = "May write a value into every row while nobody can use the table: by itself, so nothing else waits for it."
"""Why a step that fills a column is apart."""
_ADDED = (
    "A check for NOT NULL is added NOT VALID, for new rows only: those that are there are read by a later migration."
)
_NATIVE = "NOT NULL is added NOT VALID, for new rows only: those that are there are read by a later migration."
_READ = "Checks the rows that are there; others go on, as the lock that adding NOT NULL took is released."
_SET = "The check was validated, so SET NOT NULL need not read the table; then the check has done its work."


def may_differ(default: str | None) -> bool:
    """Whether it may have another value for each row, so that adding it writes them: what calls no function has not,
    nor has the time. Where this errs, a column is added by itself that need not be.
    """
    return default is not None and "(" in default.replace("now()", "")


def added(column: Key, statements: Sequence[str]) -> tuple[OnlineStep, ...]:
    """The step that adds a column which is not the same for all rows."""
    return (OnlineStep(tuple(statements), Run.LONG, FILLED, f"add {column.part} to {column.name}"),)


def changed(
    column: Key,
    retyping: Sequence[str],
    becoming_not_null: Sequence[OnlineStep],
    rest: Sequence[str],
    *,
    rewrites: bool,
) -> tuple[OnlineStep, ...]:
    """The steps of a change; empty where all of it is done in a moment.

    retyping  SQL up to the new type and default; `rewrites` tells whether that takes as long as there are rows
    rest      SQL that the rest is needed for, such as ADD GENERATED, which wants NOT NULL
    """
    if not rewrites and not becoming_not_null:
        return ()
    name = f"change {column.part} of {column.name}"
    retyped = OnlineStep(tuple(retyping), *((Run.LONG, _REWRITTEN, name) if rewrites else ()))
    steps = [*([retyped] if retyping else []), *becoming_not_null]
    return (*steps, OnlineStep(tuple(rest))) if rest else tuple(steps)


def not_null_steps(column: Key, before: Catalog, after: Catalog) -> tuple[OnlineStep, ...]:
    """The steps from a nullable column to a NOT NULL one: since 18 its own constraint, before by way of a check.

    https://www.postgresql.org/docs/18/sql-altertable.html: SET NOT NULL skips its scan where a valid check proves it.
    """
    table, name = f"ALTER TABLE {qualified(column.schema, column.name)}", identifier(column.part)
    constraint = before.free_name(column.schema, f"{column.name}_{column.part}", "_not_null", after)
    quoted, called = identifier(constraint), f"{column.part} of {column.name}"
    native = before.major >= 18
    what = f"NOT NULL {name}" if native else f"CHECK ({name} IS NOT NULL)"
    added = OnlineStep(
        (f"{table} ADD CONSTRAINT {quoted} {what} NOT VALID",),
        why=_NATIVE if native else _ADDED,
        name=f"require {called}",
    )
    validated = OnlineStep((f"{table} VALIDATE CONSTRAINT {quoted}",), Run.VALIDATING, _READ, f"validate {called}")
    if native:
        return added, validated
    done = (f"{table} ALTER COLUMN {name} SET NOT NULL", f"{table} DROP CONSTRAINT {quoted}")
    return added, validated, OnlineStep(done, why=_SET, name=f"set not null {called}")


def type_clause(name: str, old: str, new: str, collation: str) -> str:
    """What ALTER COLUMN makes a column of type `old` one of type `new` with; `name` and `collation` are quoted."""
    collated = f" COLLATE {collation}" if collation else ""
    using = "" if casts_by_itself(old, new) else f" USING {conversion(name, old, new)}"
    return f"TYPE {new}{collated}{using}"


def disturbed(old: str, new: str) -> Callable[[DatabaseObject], bool]:
    """Which dependents of a column Postgres does not bring along from type `old` to `new`."""
    keeps = keeps_values(old, new)

    def is_disturbed(dependent: DatabaseObject) -> bool:
        kind = dependent.key.kind
        return kind not in _REBUILT_BY_POSTGRES and not (kind == "foreign_key" and keeps)

    return is_disturbed


def setval(sequence: str, options: SequenceOptions, table: str, column: str) -> str:
    """SQL by which a sequence goes on after the values that a column has; `sequence` is an expression."""
    latest = f"{'max' if options.increment > 0 else 'min'}({column})"
    return f"SELECT setval({sequence}, {latest}) FROM {table} HAVING {options.range_condition(latest)}"
