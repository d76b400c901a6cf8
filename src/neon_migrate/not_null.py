"""NOT NULL of a column: since PostgreSQL 18 a constraint with a name, before that a property without one.

https://www.postgresql.org/docs/18/ddl-constraints.html#DDL-CONSTRAINTS-NOT-NULL
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from string import digits
from typing import TYPE_CHECKING

from neon_migrate.catalog import Key
from neon_migrate.kind import OnlineStep, Run
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from neon_migrate.catalog import Catalog, DatabaseObject

SINCE = 18
"""The first major version that has it as a constraint."""

_ENDING = "_not_null"

_CONSTRAINTS = frozenset({"check", "exclusion", "foreign_key", "primary_key", "unique"})
"""The kinds of what shares the names of its table with NOT NULL."""

_ADDED = (
    "A check for NOT NULL is added NOT VALID, for new rows only: those that are there are read by a later migration."
)
_NATIVE = "NOT NULL is added NOT VALID, for new rows only: those that are there are read by a later migration."
_CHECKED = "Checks the rows that are there; others go on, as the lock that adding NOT NULL took is released."
_SET = "The check was validated, so SET NOT NULL need not read the table; then the check has done its work."
_READ = "Reads the rows that are there, for NOT NULL."


def name_by_itself(*on: str) -> str:
    """What Postgres calls it where nobody says a name and this one is free; pg_dump leaves out just this one.

    on  table and column, or the domain
    """
    return "_".join(on) + _ENDING


def given_name(name: str) -> str:
    """`name` where somebody must have given it; empty where Postgres may have chosen it.

    It chooses one by what table and column are called then, and keeps it when these are renamed; a table made LIKE
    another has that one's names. A database that was moved to 18 has names by what they are called now. So nothing can
    be said of a name that ends as those do, with or without a number.
    """
    return "" if name.rstrip(digits).endswith(_ENDING) else name


@dataclass(frozen=True, slots=True)
class NotNull:
    """NOT NULL of one column.

    name        what the constraint is called
    given       the same, where it counts: see `given_name`; that of an inherited one is its parent's
    valid       whether it is known to hold for all rows
    no_inherit  whether it is not for children
    inherited   whether it is a parent's, which then gives it a name
    """

    schema: str
    table: str
    column: str
    name: str
    given: str = ""
    valid: bool = True
    no_inherit: bool = False
    inherited: bool = False

    @property
    def line(self) -> str:
        """As CREATE TABLE writes it behind a column."""
        named = "" if self._named_by_itself else f"CONSTRAINT {identifier(self.name)} "
        return f"{named}NOT NULL{' NO INHERIT' if self.no_inherit else ''}"

    @property
    def _table(self) -> str:
        return f"ALTER TABLE {qualified(self.schema, self.table)}"

    @property
    def _usual(self) -> bool:
        return self.name == name_by_itself(self.table, self.column)

    @property
    def _named_by_itself(self) -> bool:
        """Whether its name is left to Postgres: another column, which goes, may still have the one it had elsewhere."""
        return self.inherited or not self.given or self._usual

    def changed(self, old: NotNull) -> tuple[str, ...] | None:
        """SQL for what is not as it was, but for its name; None where it has to be added again."""
        if (old.valid, old.no_inherit) == (self.valid, self.no_inherit):
            return ()
        if not old.valid and self.valid and old.no_inherit == self.no_inherit:
            return (f"{self._table} VALIDATE CONSTRAINT {identifier(old.name)}",)
        if old.valid and self.valid:
            inherit = "NO INHERIT" if self.no_inherit else "INHERIT"
            return (f"{self._table} ALTER CONSTRAINT {identifier(old.name)} {inherit}",)
        return None

    def renamed(self, old: NotNull) -> tuple[str, ...]:
        """SQL that gives it its name, where somebody said that name or the one it had."""
        if old.given == self.given or old.name == self.name:
            return ()
        return (f"{self._table} RENAME CONSTRAINT {identifier(old.name)} TO {identifier(self.name)}",)

    def added(self, *, native: bool) -> str:
        """SQL for it where there is none; `native` tells whether the server has constraints for it."""
        if not native or (self._named_by_itself and self.valid and not self.no_inherit):
            return f"{self._table} ALTER COLUMN {identifier(self.column)} SET NOT NULL"
        clauses = f"{' NO INHERIT' if self.no_inherit else ''}{'' if self.valid else ' NOT VALID'}"
        named = f"CONSTRAINT {identifier(self.name)} " if self._usual or not self._named_by_itself else ""
        return f"{self._table} ADD {named}NOT NULL {identifier(self.column)}{clauses}"

    def added_online(self, before: Catalog, after: Catalog) -> tuple[OnlineStep, ...]:
        """For a column that may be null: since 18 its own constraint, before by way of a check.

        SET NOT NULL skips its scan where a valid check proves it: https://www.postgresql.org/docs/18/sql-altertable.html.
        """
        table, column, native = self._table, identifier(self.column), before.major >= SINCE
        taken = self._named_by_itself and self.name in before.names.get(self.schema, ())
        found = before.free_name(self.schema, f"{self.table}_{self.column}", _ENDING, after)
        name, called = identifier(found if taken or not native else self.name), f"{self.column} of {self.table}"
        what = f"NOT NULL {column}" if native else f"CHECK ({column} IS NOT NULL)"
        add = (f"{table} ADD CONSTRAINT {name} {what} NOT VALID",)
        added = OnlineStep(add, why=_NATIVE if native else _ADDED, name=f"require {called}")
        validate = (f"{table} VALIDATE CONSTRAINT {name}",)
        validated = OnlineStep(validate, Run.VALIDATING, _CHECKED, f"validate {called}")
        if native:
            return added, validated
        done = (f"{table} ALTER COLUMN {column} SET NOT NULL", f"{table} DROP CONSTRAINT {name}")
        return added, validated, OnlineStep(done, why=_SET, name=f"set not null {called}")


def dropped(old: NotNull) -> str:
    """SQL that lets the column be null."""
    return f"ALTER TABLE {qualified(old.schema, old.table)} ALTER COLUMN {identifier(old.column)} DROP NOT NULL"


def put_aside(old: NotNull, before: Catalog, after: Catalog) -> tuple[NotNull, tuple[str, ...]]:
    """NOT NULL under a name that is free, and SQL that gives it that; as it is where its own is to be nobody else's."""
    table = Key("table", old.schema, old.table)
    own = Key("column", old.schema, old.table, old.column)
    others = (after.objects[key] for key in after.owned.get(table, ()) if key != own)
    if old.inherited or not old.given or not any(_has_name(other, old.name) for other in others):
        return old, ()
    aside = replace(old, name=before.free_name(old.schema, old.name, "_replaced", after))
    return aside, (f"{old._table} RENAME CONSTRAINT {identifier(old.name)} TO {identifier(aside.name)}",)


def _has_name(part: DatabaseObject, name: str) -> bool:
    """Whether a part of a table is a constraint of this name, or has such a one."""
    if part.key.kind == "column":
        return name == getattr(part, "not_null_named", "")
    return part.key.kind in _CONSTRAINTS and part.key.part == name


def not_null_change(old: NotNull | None, new: NotNull | None, *, native: bool, alone: bool = True) -> tuple[str, ...]:
    """SQL that makes `new` of `old`; either may be none.

    native  whether the server has constraints for it
    alone   whether no child has it under another name than its parent, as Postgres can't rename it then, nor any child
            has it where it comes to be NO INHERIT, as that would be left it
    """
    if new is None:
        return (dropped(old),) if old else ()
    if old is None:
        return (new.added(native=native),)
    change, rename = new.changed(old), new.renamed(old) if native else ()
    if change is None or ((rename or new.no_inherit != old.no_inherit) and not alone):
        return dropped(old), new.added(native=native)
    return (*change, *rename)


def not_null_steps(
    old: NotNull | None,
    new: NotNull | None,
    before: Catalog,
    after: Catalog,
    *,
    alone: bool = True,
    takes_parent: bool = False,
) -> tuple[OnlineStep, ...]:
    """The same in steps that hold up nobody for long, as far as there are such.

    takes_parent  whether it comes to be inherited: a parent accepts no child whose NOT NULL is NOT VALID
    """
    statements = not_null_change(old, new, native=before.major >= SINCE, alone=alone)
    if not statements:
        return ()
    if new is None or not new.valid:
        return (OnlineStep(statements),)
    if old is None and not new.no_inherit and not takes_parent:
        return new.added_online(before, after)
    change = new.changed(old) if old else None
    if change is None or statements[: len(change)] != change:
        return (OnlineStep(statements, Run.LONG, _READ),)
    if old and change and old.valid:
        # What children come to have is read in them; where there are none, and where they are left it, nothing is.
        run = Run.SHARED if new.no_inherit or not _has_children(old, before) else Run.LONG
        steps = [OnlineStep(change, run, "" if run == Run.SHARED else _READ)]
    else:
        steps = [OnlineStep(change, Run.LONG if takes_parent else Run.VALIDATING, _READ)] if change else []
    rename = statements[len(change) :]
    return (*steps, *([OnlineStep(rename)] if rename else []))


def _has_children(old: NotNull, before: Catalog) -> bool:
    return Key("table", old.schema, old.table) in before.partitions
