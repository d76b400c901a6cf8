"""How a column of a table in use is added, retyped or made NOT NULL: what reads or rewrites rows is a step apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from neon_migrate.column import Column
from neon_migrate.inheritance import inheriting, only
from neon_migrate.kind import Alteration, OnlineStep, Rewrite, Run
from neon_migrate.not_null import SINCE, not_null_change, not_null_steps, put_aside
from neon_migrate.numbering import renamed_sequence, succession
from neon_migrate.sql import identifier, qualified
from neon_migrate.type_change import are_comparable, casts_by_itself, conversion, keeps_file, keeps_values, what_goes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from neon_migrate.catalog import Catalog, DatabaseObject, Key

_REBUILT_BY_POSTGRES = frozenset(
    {"index", "unique", "primary_key", "exclusion", "check", "comment", "sequence_owner", "sequence", "grant"}
)

FILLED = "May write a value into every row while nobody can use the table: by itself, so nothing else waits for it."
"""Why a step that fills a column is apart."""


def may_differ(default: str | None) -> bool:
    """Whether it may have another value for each row, so that adding it writes them: what calls no function has not,
    nor has the time. Where this errs, a column is added by itself that need not be.
    """
    return default is not None and "(" in default.replace("now()", "")


def added(column: Key, statements: Sequence[str]) -> tuple[OnlineStep, ...]:
    """The step that adds a column which is not the same for all rows."""
    return (OnlineStep(tuple(statements), Run.LONG, FILLED, f"add {column.part} to {column.name}"),)


def change(old: Column, new: Column, before: Catalog, after: Catalog, *, retyped_by_parent: bool = False) -> Alteration:
    """SQL that makes `old` into `new` where the column needs not be made anew.

    retyped_by_parent  whether its parent's change gives it another type, which its own default must not meet
    """
    table, name = f"ALTER TABLE {qualified(new.schema, new.table)}", identifier(new.name)
    column = f"{table} ALTER COLUMN {name}"
    retyped = (old.type, old.collation) != (new.type, new.collation)
    rewrites = retyped and not _keeps_file(old, new, before)
    numbers = succession(old, new, before, after)
    releases, actions = [], []
    default = old.default
    of_default = f"ALTER TABLE {only(new, before, after)}{qualified(new.schema, new.table)} ALTER COLUMN {name}"
    if default is not None and not new.generated and (new.default is None or retyped or retyped_by_parent):
        releases.append(f"{of_default} DROP DEFAULT")
        default = None
    if retyped:
        actions.append(type_clause(name, old.type, new.type, new.collation))
    set_default = new.default is not None and not new.generated and new.default != default
    if set_default and rewrites and not numbers and of_default == column:
        actions.append(f"SET DEFAULT {new.default}")
        set_default = False
    first = [] if rewrites else [f"{column} {action}" for action in actions]
    first += numbers.before
    if set_default:
        first.append(f"{of_default} SET DEFAULT {new.default}")
    # Before anybody else can insert a row: the change of the column locks the table until both are committed.
    let_go, named = renamed_sequence(old, new, before, after)
    rest = [*named, *_identity_statements(column, old, new), *numbers.after] if new.identity else []
    first += () if new.identity else numbers.after
    alone, native = _can_be_renamed(old, new, before), before.major >= SINCE
    takes_parent = new.of_parent not in (None, old.of_parent)
    was, aside = put_aside(old.required, before, after) if old.required and alone and native else (old.required, ())
    becoming_not_null = not_null_steps(was, new.required, before, after, alone=alone, takes_parent=takes_parent)
    return Alteration(
        (*first, *not_null_change(was, new.required, native=native, alone=alone), *rest),
        what_goes(new.key.qualified_name, old.type, new.type) if old.type != new.type else "",
        disturbed(old.type, new.type) if retyped else lambda dependent: False,
        (*releases, *numbers.releases, *let_go, *aside),
        _online(first, becoming_not_null, rest),
        rewrite=Rewrite(
            table, tuple(f"ALTER COLUMN {name} {action}" for action in actions), settles=not (numbers or set_default)
        )
        if rewrites
        else None,
        drops=numbers.drops,
    )


def made_plain(old: Column, new: Column, before: Catalog, after: Catalog, stored: Sequence[str]) -> Alteration:
    """A computed column keeps its values; a virtual one, which has none, gets them as a stored one first.

    stored  SQL that makes it one
    """
    dropped = f"ALTER TABLE {qualified(new.schema, new.table)} ALTER COLUMN {identifier(new.name)} DROP EXPRESSION"
    plain = change(replace(old, generated="", default=None), new, before, after)
    if old.generated == "stored":
        return replace(plain, releases=(dropped, *plain.releases))
    statements = (*stored, dropped, *([str(plain.rewrite)] if plain.rewrite else ()), *plain.statements)
    filled = OnlineStep(statements, Run.LONG, FILLED, f"fill {new.name} of {new.table}")
    return replace(plain, statements=statements, disturbs=lambda dependent: True, online=(filled,), rewrite=None)


def computed_anew(old: Column, new: Column, before: Catalog, after: Catalog) -> Alteration | None:
    """Another expression, where Postgres can give a column one (stored since 17, virtual since 18, unless a check might
    read it or a publication names its table) and nothing else changes.
    """
    virtual = new.generated == "virtual"
    if before.major < (18 if virtual else 17) or replace(old, default=new.default) != new:
        return None
    tables = {key[1:3] for side in (before, after) for key in (old.key, *inheriting(side, old.key))}
    if virtual and any(key[1:3] in tables for side in (before, after) for key in _hindering(side)):
        return None
    table = f"ALTER TABLE {only(new, before, after)}{qualified(new.schema, new.table)}"
    statements = (f"{table} ALTER COLUMN {identifier(new.name)} SET EXPRESSION AS ({new.default})",)
    if virtual and not new.not_null:  # else it reads the rows
        return Alteration(statements)
    return Alteration(statements, online=(OnlineStep(statements, Run.LONG, FILLED, f"compute {new.name} anew"),))


def _hindering(catalog: Catalog) -> Iterator[Key]:
    """What lets no virtual column of its table have another expression."""
    return (key for key in catalog.objects if key.kind in ("check", "publication_table"))


def _online(
    first: Sequence[str], becoming_not_null: Sequence[OnlineStep], rest: Sequence[str]
) -> tuple[OnlineStep, ...]:
    """The steps of a change; none where all of it is done in a moment.

    first  SQL that needs what the change lets go of out of the way: in one step with what also does, or before what may
           come later
    rest   SQL that the rest is needed for, such as ADD GENERATED, which wants NOT NULL
    """
    if all(step.run == Run.SHARED for step in becoming_not_null):
        return ()
    head, *others = becoming_not_null
    if head.run == Run.VALIDATING:
        steps = [*([OnlineStep(tuple(first))] if first else []), head]
    else:
        steps = [replace(head, statements=(*first, *head.statements))]
    return (*steps, *others, *([OnlineStep(tuple(rest))] if rest else []))


def _keeps_file(old: Column, new: Column, before: Catalog) -> bool:
    checks = (key for key in before.dependents.get(old.key, ()) if key.kind == "check")
    return keeps_file(old.type, new.type) and old.collation == new.collation and not any(checks)


def _identity_statements(column: str, old: Column, new: Column) -> list[str]:
    if not old.identity:
        return [f"{column} ADD {new.identity_clause()}"]
    clauses = [f"SET GENERATED {new.identity.upper()}"] if old.identity != new.identity else []
    moved: tuple[str, ...] = ()
    if old.identity_options and new.identity_options:
        moved = old.identity_options.moved(new.identity_options, qualified(new.schema, new.identity_sequence))
        clauses.extend(old.identity_options.changes_to(new.identity_options, "SET "))
    return [*moved, f"{column} {' '.join(clauses)}"] if clauses else []


def _can_be_renamed(old: Column, new: Column, before: Catalog) -> bool:
    """Whether Postgres can rename NOT NULL, or make it NO INHERIT: it renames it in all tables that inherit it, looking
    for the one name, and NO INHERIT leaves it to them as their own.
    """
    if not old.required or not new.required or old.no_inherit:
        return True
    if new.no_inherit and any(inheriting(before, old.key)):
        return False
    if old.required.given == new.required.given:
        return True
    columns = (before.objects[key] for key in (old.key, *inheriting(before, old.key)))
    names = {column.required and column.required.name for column in columns if isinstance(column, Column)}
    return len(names) == 1


def type_clause(name: str, old: str, new: str, collation: str) -> str:
    """What ALTER COLUMN makes a column of type `old` one of type `new` with; `name` and `collation` are quoted."""
    collated = f" COLLATE {collation}" if collation else ""
    using = "" if casts_by_itself(old, new) else f" USING {conversion(name, old, new)}"
    return f"TYPE {new}{collated}{using}"


def disturbed(old: str, new: str) -> Callable[[DatabaseObject], bool]:
    """Which dependents of a column Postgres does not bring along from type `old` to `new`."""
    keeps = keeps_values(old, new) and are_comparable(old, new)

    def is_disturbed(dependent: DatabaseObject) -> bool:
        kind = dependent.key.kind
        return kind not in _REBUILT_BY_POSTGRES and not (kind == "foreign_key" and keeps)

    return is_disturbed
