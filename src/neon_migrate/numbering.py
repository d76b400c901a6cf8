"""What numbers a column's rows, an identity or a sequence in its default: one goes on where that before it was.

A number that was given never comes again, also where its row is deleted: so a new sequence starts from the old one's
`last_value` and `is_called` (https://www.postgresql.org/docs/current/functions-sequence.html). Nor is one given that is
there, as rows may have been inserted with numbers of their own: it is taken further where they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neon_migrate.catalog import Catalog, Key
from neon_migrate.inheritance import inheriting, passes_default_on
from neon_migrate.sql import identifier, literal, qualified

if TYPE_CHECKING:
    from neon_migrate.column import Column
    from neon_migrate.sequence_options import SequenceOptions

_INTEGERS = frozenset({"smallint", "integer", "bigint"})


@dataclass(frozen=True, slots=True)
class Succession:
    """How what numbers a column gives way to what does from now on; empty where nothing changes.

    releases  SQL that goes first: lets go of the old one, or of its name
    before    SQL that goes before the column has its new default: it reads how far the old one was
    after     SQL that goes after the column has its new default or identity
    drops     the sequence that `after` drops
    """

    releases: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    drops: frozenset[Key] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.releases or self.before or self.after)


@dataclass(frozen=True, slots=True)
class _Numbering:
    """A sequence, and whether it is the one behind an identity."""

    key: Key
    options: SequenceOptions
    identity: bool

    @property
    def name(self) -> str:
        return qualified(self.key.schema, self.key.name)

    @property
    def upwards(self) -> bool:
        return self.options.increment > 0


def succession(old: Column, new: Column, before: Catalog, after: Catalog) -> Succession:
    """How `old`, a column of `before`, comes to be numbered as `new` is."""
    column = f"ALTER TABLE {qualified(new.schema, new.table)} ALTER COLUMN {identifier(new.name)}"
    dropped = (f"{column} DROP IDENTITY",) if old.identity and not new.identity else ()
    was, now = _numbering(old, before), _numbering(new, after)
    there = now is not None and not now.identity and now.key in before.objects
    if now is None or (now.identity and old.identity) or (there and was is not None and was.key == now.key):
        return Succession(dropped)
    shared = there or sum(user.kind == "column" for user in after.dependents.get(now.key, ())) > 1
    if was is None or was.upwards != now.upwards:
        return Succession(dropped, after=(_after_the_rows(now, new, shared=shared),))
    # One that begins again at its end comes to numbers that are there by what it is: then only its place counts.
    further = () if was.options.cycle else (_after_the_rows(now, new, shared=True),)
    if was.identity:
        if new.type not in _INTEGERS:  # which an identity column can't be, not even for a moment
            return Succession(dropped, after=(_after_the_rows(now, new, shared=shared),))
        aside = _aside(was, before, after)
        # First the table, as whoever inserts a row locks it before the sequence: else both could wait for each other.
        locked = f"LOCK TABLE {qualified(new.schema, new.table)} IN ACCESS EXCLUSIVE MODE"
        renamed = f"ALTER SEQUENCE {was.name} RENAME TO {identifier(aside.name)}"
        goes_on = _goes_on(now, was, qualified(aside.schema, aside.name), shared=shared)
        return Succession((locked, renamed), before=(goes_on, *dropped), after=further)
    if was.key != now.key:
        return Succession(after=(_goes_on(now, was, was.name, shared=shared), *further))
    own = {old.key, *(inheriting(before, old.key) if passes_default_on(new, before, after) else ())}
    if any(user.kind == "column" and user not in own for user in before.dependents.get(was.key, ())):
        return Succession(after=(_after_the_rows(now, new, shared=shared),))
    aside = _aside(was, before, after)
    goes_on = _goes_on(now, was, qualified(aside.schema, aside.name), shared=shared)
    return Succession(
        (f"ALTER SEQUENCE {was.name} RENAME TO {identifier(aside.name)}",),
        after=(goes_on, f"DROP SEQUENCE {qualified(aside.schema, aside.name)}", *further),
        drops=frozenset({was.key}),
    )


def renamed_sequence(old: Column, new: Column, before: Catalog, after: Catalog) -> tuple[tuple[str, ...], ...]:
    """SQL that gives the sequence behind an identity its other name: what goes first, and what goes then.

    Where the name is another's as yet, or the old one is to be another's, it lets go of its own first.
    """
    was, now = old.identity_sequence, new.identity_sequence
    if not was or not now or was == now:
        return (), ()
    to_now = f"RENAME TO {identifier(now)}"
    if not _is_taken(now, new, before) and not _is_taken(was, old, after):
        return (), (f"ALTER SEQUENCE {qualified(old.schema, was)} {to_now}",)
    aside = before.free_name(old.schema, was, "_replaced", after)
    first = f"ALTER SEQUENCE {qualified(old.schema, was)} RENAME TO {identifier(aside)}"
    return (first,), (f"ALTER SEQUENCE {qualified(old.schema, aside)} {to_now}",)


def _is_taken(name: str, column: Column, catalog: Catalog) -> bool:
    others = (obj for obj in catalog.of_kind("column") if obj.key.schema == column.schema)
    behind = (getattr(other, "identity_sequence", "") for other in others)
    return name in catalog.names.get(column.schema, ()) or name in behind


def _numbering(column: Column, catalog: Catalog) -> _Numbering | None:
    if column.identity and column.identity_options and column.identity_sequence:
        return _Numbering(Key("sequence", column.schema, column.identity_sequence), column.identity_options, True)
    used = [key for key in catalog.depends.get(column.key, ()) if key.kind == "sequence"]
    if column.identity or column.default is None or len(used) != 1:
        return None
    sequence: Any = catalog.objects[used[0]]
    return _Numbering(used[0], sequence.options, False)


def _aside(numbering: _Numbering, before: Catalog, after: Catalog) -> Key:
    name = before.free_name(numbering.key.schema, numbering.key.name, "_replaced", after)
    return numbering.key._replace(name=name)


def _goes_on(now: _Numbering, was: _Numbering, source: str, *, shared: bool) -> str:
    """SQL by which a sequence goes on where another, now called `source`, is."""
    conditions = [_further("last_value", now)] if shared else []
    if was.options.start != now.options.start:
        conditions.append(f"(is_called OR last_value <> {was.options.start})")
    # Past its end is an error as it is for the old one; before its beginning it just begins.
    if now.upwards and now.options.minimum > was.options.minimum:
        conditions.append(f"last_value >= {now.options.minimum}")
    if not now.upwards and now.options.maximum < was.options.maximum:
        conditions.append(f"last_value <= {now.options.maximum}")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT setval({literal(now.name).strip()}, last_value, is_called) FROM {source}{where}"


def _further(position: str, now: _Numbering) -> str:
    """For a sequence that numbers something else too: it is only taken further."""
    return f"{position} {'>=' if now.upwards else '<='} (SELECT last_value FROM {now.name})"


def _after_the_rows(now: _Numbering, column: Column, *, shared: bool) -> str:
    """SQL by which a sequence goes on after the values that a column has, be they numbers or written as such."""
    name = identifier(column.name)
    written = "" if column.type in _INTEGERS else f"::text::bigint) FILTER (WHERE {name}::text ~ '^-?[0-9]{{1,18}}$'"
    latest = f"{'max' if now.upwards else 'min'}({name}{written})"
    table = qualified(column.schema, column.table)
    conditions = " AND ".join((now.options.range_condition(latest), *([_further(latest, now)] if shared else [])))
    return f"SELECT setval({literal(now.name).strip()}, {latest}) FROM {table} HAVING {conditions}"
