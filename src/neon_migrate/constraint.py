"""What the constraints of tables have in common (pg_constraint); `objects/` has one file for each sort of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import PG_CLASS, PG_CONSTRAINT, Alteration, Found, Kind, OnlineStep, ReadSoFar, Row, Run
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOT_VALID = " NOT VALID"
_ENFORCED = "Reads all rows to see that the foreign key holds, while they can't be changed: by itself."

_ADDED = "A constraint is added NOT VALID, for new rows only: those that are there are checked by a later migration."
_VALIDATED = "Checks the rows that are there; others go on, as the lock that adding the constraint took is released."
_BUILT = "Reads and writes go on while the index is built. CONCURRENTLY can't be in a transaction, so it is alone."
_USES_INDEX = "The key takes over the index that was built before."
_NO_NOT_VALID = "Reads both tables while writes to them wait: before 18, NOT VALID is not for partitioned tables."
_PARTITIONED = (
    "Builds an index on every partition while nobody can use the table: there is no other way for its parent."
)
_TAKES_OVER = "Takes over what each partition was given before, so that none is read or indexed under a lock."
_BUILT_UNDER_LOCK = "Builds an index while nobody can use the table: there is no other way for a constraint like this."


@dataclass(frozen=True, slots=True)
class Constraint:
    """A table constraint.

    kind        primary_key, unique, foreign_key, check or exclusion
    definition  as `pg_get_constraintdef` writes it, without NOT VALID
    validated   whether it is known to hold for all rows
    of_parent   whether its table's parent gets one that makes it, or takes it over where it is there already
    takes_over  whether all partitions have one of their own by the time that it is made
    """

    kind: str
    schema: str
    table: str
    name: str
    definition: str
    validated: bool = True
    of_parent: bool = field(default=False, compare=False, repr=False)
    takes_over: bool = field(default=False, compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key(self.kind, self.schema, self.table, self.name)

    @property
    def owner(self) -> Key | None:
        return Key("table", self.schema, self.table)

    @property
    def merges_as(self) -> tuple[str, ...] | None:
        """Keys that agree in this are made one, with one name, where a single CREATE TABLE has them."""
        for keyword in ("PRIMARY KEY", "UNIQUE"):
            if self.definition.startswith(keyword):
                return self.schema, self.table, self.definition[len(keyword) :]
        return None

    @property
    def place_in_table(self) -> tuple[int, int, str]:
        order = ("primary_key", "unique", "exclusion", "foreign_key", "check")
        return 1, order.index(self.kind), self.name

    def line_in_table(self, after: Catalog) -> str:
        return f"CONSTRAINT {identifier(self.name)} {self.definition}"


class ConstraintKind(Kind[Constraint]):
    """One sort of constraint, told by pg_constraint.contype."""

    inline = True

    def __init__(self, name: str, contype: str, rank: int) -> None:
        self.name = name
        self.contype = contype
        self.stored_in = (f"pg_constraint.{contype}",)
        self.rank = rank

    def query(self, major: int) -> str:
        return f"""SELECT oid, conindid, conrelid, conname, pg_get_constraintdef(oid, true), convalidated
FROM pg_constraint WHERE contype = '{self.contype}' AND conrelid >= 16384
  AND conparentid = 0 AND (conislocal OR coninhcount = 0)"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        oid, index, table_oid, name, definition, validated = row
        table = so_far.key((PG_CLASS, table_oid, 0))
        if table is None or table.kind != "table":  # a foreign table has its checks itself
            return None
        addresses = [(PG_CONSTRAINT, oid, 0)]
        if index and self.contype != "f":
            addresses.append((PG_CLASS, index, 0))
        definition = definition.removesuffix(_NOT_VALID)
        return tuple(addresses), Constraint(self.name, table.schema, table.name, name, definition, validated)

    def create(self, obj: Constraint, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        if obj.of_parent:
            return ()
        not_valid = "" if obj.validated or "NOT ENFORCED" in obj.definition else _NOT_VALID
        return (f"{_alter_table(obj)} ADD {obj.line_in_table(after)}{not_valid}",)

    def drop(self, obj: Constraint) -> Sequence[str]:
        return (f"{_alter_table(obj)} DROP CONSTRAINT {identifier(obj.name)}",)

    def alter(self, old: Constraint, new: Constraint, before: Catalog, after: Catalog) -> Alteration | None:
        if old.definition == new.definition and new.validated:
            step = validated(new.schema, new.table, new.name)
            return Alteration(step.statements, online=(step,))
        return _clauses_changed(old, new) if self.contype == "f" else None

    def create_online(self, obj: Constraint, before: Catalog, after: Catalog) -> tuple[OnlineStep, ...]:
        if not obj.validated:
            return ()
        obj = replace(obj, of_parent=False)
        table = after.objects.get(obj.owner) if obj.owner else None
        partitioned = bool(getattr(table, "divided_by", ""))
        name = f"add {obj.name} to {obj.table}"
        if obj.takes_over:
            return (OnlineStep(tuple(self.create(obj, after, frozenset())), why=_TAKES_OVER, name=name),)
        if self.contype == "c" or (self.contype == "f" and not (partitioned and before.major < 18)):
            added = tuple(self.create(replace(obj, validated=False), after, frozenset()))
            return OnlineStep(added, why=_ADDED, name=name), validated(obj.schema, obj.table, obj.name)
        if self.contype in ("p", "u") and not partitioned and (built := _built_before(obj, before, after)):
            return built
        why = _NO_NOT_VALID if self.contype == "f" else _PARTITIONED if partitioned else _BUILT_UNDER_LOCK
        return (OnlineStep(tuple(self.create(obj, after, frozenset())), Run.LONG, why, name),)

    def rename(self, old: Constraint, new: Constraint) -> Sequence[str]:
        return (f"{_alter_table(new)} RENAME CONSTRAINT {identifier(old.name)} TO {identifier(new.name)}",)

    def apart_from_name(self, obj: Constraint) -> object:
        return obj.schema, obj.table, obj.definition, obj.validated

    def identity(self, obj: Constraint) -> str:
        return f"CONSTRAINT {identifier(obj.name)} ON {qualified(obj.schema, obj.table)}"


def _clauses_changed(old: Constraint, new: Constraint) -> Alteration | None:
    """What ALTER CONSTRAINT changes of a foreign key: when it is checked, and since 18 whether it is at all."""
    (rest, deferrable, deferred, ignored), is_now = _clauses(old.definition), _clauses(new.definition)
    if rest != is_now[0] or (new.validated != old.validated and ignored == is_now[3]):
        return None
    if ignored and not is_now[3] and not new.validated:
        return None  # ENFORCED looks at all rows
    words = []
    if (deferrable, deferred) != is_now[1:3]:
        words.append(" ".join(word for word in is_now[1:3] if word) or "NOT DEFERRABLE")
    if ignored != is_now[3]:
        words.append(is_now[3] or "ENFORCED")
    sql = f"{_alter_table(new)} ALTER CONSTRAINT {identifier(new.name)} {' '.join(words)}"
    enforced = OnlineStep((sql,), Run.LONG, _ENFORCED, f"enforce {new.name}")
    return Alteration((sql,), online=(enforced,) if ignored and not is_now[3] else ())


def _clauses(definition: str) -> tuple[str, str, str, str]:
    """A foreign key as `pg_get_constraintdef` writes it: less its last clauses, and DEFERRABLE and the others."""
    found = []
    for clause in ("NOT ENFORCED", "INITIALLY DEFERRED", "DEFERRABLE"):
        found.append(clause if definition.endswith(f" {clause}") else "")
        definition = definition.removesuffix(f" {clause}")
    ignored, deferred, deferrable = found
    return definition, deferrable, deferred, ignored


def validated(schema: str, table: str, name: str) -> OnlineStep:
    """The step that checks the rows which were there when the constraint was added NOT VALID."""
    statement = f"ALTER TABLE {qualified(schema, table)} VALIDATE CONSTRAINT {identifier(name)}"
    return OnlineStep((statement,), Run.VALIDATING, _VALIDATED, f"validate {name}")


def _built_before(obj: Constraint, before: Catalog, after: Catalog) -> tuple[OnlineStep, ...]:
    """A key from an index that was built concurrently; nothing where ADD CONSTRAINT USING INDEX can't say it.

    The form is that of `pg_get_constraintdef` (src/backend/utils/adt/ruleutils.c): keyword, columns in parentheses,
    INCLUDE, WITH, USING INDEX TABLESPACE, DEFERRABLE. Keys WITHOUT OVERLAPS are made by an index of another sort.
    """
    keyword = "PRIMARY KEY" if obj.kind == "primary_key" else "UNIQUE"
    columns, deferred = obj.definition.removeprefix(keyword), ""
    for clause in (" INITIALLY DEFERRED", " DEFERRABLE"):
        if columns.endswith(clause):
            columns, deferred = columns.removesuffix(clause), clause + deferred
    nulls = " NULLS NOT DISTINCT" if columns.startswith(" NULLS NOT DISTINCT (") else ""
    columns = columns.removeprefix(nulls)
    if " WITHOUT OVERLAPS)" in columns or " USING INDEX TABLESPACE " in columns or (nulls and " WITH (" in columns):
        return ()
    free = obj.name not in before.names.get(obj.schema, frozenset())
    name = obj.name if free else before.free_name(obj.schema, obj.name, "_new", after)
    index = f"CREATE UNIQUE INDEX CONCURRENTLY {identifier(name)} ON {qualified(obj.schema, obj.table)}{columns}{nulls}"
    added = (
        f"{_alter_table(obj)} ADD CONSTRAINT {identifier(obj.name)} {keyword} USING INDEX {identifier(name)}{deferred}"
    )
    return (
        OnlineStep((index,), Run.CONCURRENTLY, _BUILT, f"create index {name}"),
        OnlineStep((added,), why=_USES_INDEX, name=f"add {obj.name} to {obj.table}"),
    )


def _alter_table(obj: Constraint) -> str:
    return f"ALTER TABLE {qualified(obj.schema, obj.table)}"
