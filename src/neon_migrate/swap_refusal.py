"""Where Postgres has no way to give columns another type of the same name: said before anything is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neon_migrate import row_types
from neon_migrate.catalog import Key
from neon_migrate.inheritance import of_several_parents, with_another_parent
from neon_migrate.kind import Refusal
from neon_migrate.row_types import holding_rows
from neon_migrate.swapped_types import TYPES, needs_any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from neon_migrate.catalog import Catalog
    from neon_migrate.swapped_types import SwappedTypes


def refusal(types: SwappedTypes) -> Refusal | None:
    """Why the types can't be swapped; None where they can."""
    return next((one for check in _CHECKS for one in check(types)), None)


def _partition_keys(types: SwappedTypes) -> Iterator[Refusal]:
    """ "cannot alter column because it is part of the partition key" (ATPrepAlterColumnType)."""
    or_keep = "; or keep the values that are to go, in the type, and forbid them by a CHECK"
    yield from partitioned_by(types.before, types.keys[0], types.converted, "type", or_keep)


def partitioned_by(
    before: Catalog, swapped: Key, columns: Iterable[Key], sort: str, otherwise: str = ""
) -> Iterator[Refusal]:
    """Why columns that a table is partitioned by can't get what is swapped.

    sort       what of a column that is: its type, its collation
    otherwise  what else may be done
    """
    for column in columns:
        table: Any = before.objects[Key("table", column.schema, column.name)]
        if column.part in getattr(table, "key_columns", ()):
            yield Refusal(
                f"{swapped} can't be replaced: {table.key} is partitioned by column {column.part}",
                f"The column would get another {sort}, which Postgres allows no column that a table is partitioned by.",
                f"Make a new partitioned table beside {table.key.qualified_name} with a {sort} of another name, move "
                f"the rows, and rename{otherwise}.",
            )


def _several_parents(types: SwappedTypes) -> Iterator[Refusal]:
    """Columns that are inherited from two tables, of which neither can change the type."""
    for column in types.converted:
        heir = with_another_parent(column, types.before, types.after)
        if heir and not types.parents(column):
            yield of_several_parents(f"{types.keys[0]} can't be replaced, as {column} is of it", heir)


def _row_types(types: SwappedTypes) -> Iterator[Refusal]:
    for table in dict.fromkeys(Key("table", *column[1:3]) for column in types.converted):
        holders = (column for column in holding_rows(types.before, table) if column not in types.away)
        yield from (row_types.refusal(table, f"{types.keys[0]} can't be replaced", column) for column in holders)


def _functions_between(types: SwappedTypes) -> Iterator[Refusal]:
    """What a type calls, and takes a type that is swapped: neither can go first."""
    for key in types.keys:
        for catalog in (types.before, types.after):
            for need in sorted(catalog.depends.get(key, frozenset()).difference(types.keys)):
                if need.kind not in TYPES and needs_any(need, types.keys, catalog):
                    yield Refusal(
                        f"{types.keys[0]} can't be replaced: {key} calls {need}, which takes or gives it",
                        "The function can't be made for the new type before that is there, nor go before the old one.",
                        f"In a change before, take the CHECK or the option that calls {need.qualified_name} from "
                        f"{key.qualified_name}, and put it back in a change after.",
                    )


def _functions_in_defaults(types: SwappedTypes) -> Iterator[Refusal]:
    """A function over an old type goes before that, and a default that calls it is in its way."""
    for column in types.altered:
        for called in types.called_by_default(column, types.before):
            yield Refusal(
                f"{types.keys[0]} can't be replaced: the default of {column} calls {called}, which takes or gives it",
                "The function has to go before the old type, and the default would be gone until it is there again.",
                f"In a change before, give {column.qualified_name} a default that calls no such function, and the one "
                "that it is to have in a change after.",
            )


def _ranges_of_reshaped(types: SwappedTypes) -> Iterator[Refusal]:
    """A range's bounds are cast by nothing but their text."""
    for key in types.keys:
        if key in types.reshaped and key.kind == "range_type" and not types.away.issuperset(types.users):
            yield Refusal(
                f"{key} can't be made of its subtype anew: the attributes of that have another order",
                "Nothing in Postgres casts a range from one subtype to another.",
                "Keep the order of the attributes, and put new ones last.",
            )


_CHECKS = (
    _partition_keys,
    _several_parents,
    _row_types,
    _functions_between,
    _functions_in_defaults,
    _ranges_of_reshaped,
)
