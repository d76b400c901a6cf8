"""What holds rows of a table as values: Postgres writes no such table anew, nor changes the type of its columns.

"cannot alter table because column uses its row type" (find_composite_type_dependencies).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neon_migrate.kind import Refusal
from neon_migrate.sql import qualified
from neon_migrate.swapped_types import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.catalog import Catalog, Key


def holding_rows(catalog: Catalog, table: Key) -> Iterator[Key]:
    """The columns whose values are rows of a table, be it within an array or by way of other types."""
    waiting, seen = [table], {table}
    while waiting:
        type_ = waiting.pop()
        for user in sorted(catalog.dependents.get(type_, ())):
            obj: Any = catalog.objects[user]
            if user.kind == "column" and obj.type.removesuffix("[]") == qualified(type_.schema, type_.name):
                yield user
            elif user.kind in TYPES and user not in seen:
                seen.add(user)
                waiting.append(user)


def refusal(table: Key, change: str, column: Key) -> Refusal:
    """Why a table can't be changed while `column` holds rows of it.

    change  what it can't, such as `column public.t.a can't become bigint`
    """
    return Refusal(
        f"{change}: {column} holds rows of {table}",
        "Postgres writes no table anew, and changes no column's type, while values of its row type are stored.",
        f"In a change before, give {column.qualified_name} a composite type of its own (CREATE TYPE … AS).",
    )
