"""A new type of the same name in the place of an old one, for changes that ALTER TYPE refuses while columns have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from neon_migrate.catalog import Catalog, DatabaseObject, Key


def swap(key: Key, create: Sequence[str], before: Catalog, after: Catalog) -> tuple[str, ...]:
    """SQL that makes the new type and turns every column that stays into it, by way of the values' text.

    key     the type's, which both sides have
    create  SQL that makes the new type
    """
    name, aside = qualified(key.schema, key.name), before.free_name(key.schema, key.name, "_replaced", after)
    statements = [f"ALTER TYPE {name} RENAME TO {identifier(aside)}", *create]
    for user in columns_of(key, before):
        column, wanted = before.objects[user], after.objects.get(user)
        if wanted is None or column.generated:  # type: ignore[attr-defined]
            continue
        alter = f"ALTER TABLE {qualified(user.schema, user.name)} ALTER COLUMN {identifier(user.part)}"
        array = "[]" if column.type.endswith("[]") else ""  # type: ignore[attr-defined]
        if column.default is not None:  # type: ignore[attr-defined]
            statements.append(f"{alter} DROP DEFAULT")
        statements.append(f"{alter} TYPE {name}{array} USING {identifier(user.part)}::text{array}::{name}{array}")
        if column.default is not None and wanted.default == column.default:  # type: ignore[attr-defined]
            statements.append(f"{alter} SET DEFAULT {wanted.default}")  # type: ignore[attr-defined]
    statements.append(f"DROP TYPE {qualified(key.schema, aside)}")
    return tuple(statements)


def columns_of(key: Key, catalog: Catalog) -> tuple[Key, ...]:
    """The columns of tables that are of this type, or of arrays of it; ordered by key."""
    return tuple(user for user in sorted(catalog.dependents.get(key, ())) if user.kind == "column")


def disturbed_by_swap(key: Key, before: Catalog) -> Callable[[DatabaseObject], bool]:
    """Which dependents are taken down before the type is swapped, and put back afterwards.

    Expressions over the old type would not accept the new one. The type's own comment goes with the old type. An index
    that names nothing of the type (it depends on the column alone) is built again by ALTER TYPE itself.
    """
    names_it = before.dependents.get(key, frozenset())

    def disturbed(dependent: DatabaseObject) -> bool:
        return (
            dependent.owner == key
            or bool(getattr(dependent, "generated", ""))
            or dependent.key.kind not in {"column", "comment", "primary_key", "unique", "index"}
            or (dependent.key.kind == "index" and dependent.key in names_it)
        )

    return disturbed
