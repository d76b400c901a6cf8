"""A new type of the same name in the place of an old one, for changes that ALTER TYPE refuses while columns have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    users = columns_of(key, before)
    without_default, of_new_type, with_default = [], [], []
    for user in users:
        column: Any = before.objects[user]
        wanted: Any = after.objects.get(user)
        if wanted is None or column.generated:
            continue
        alter = f"ALTER TABLE {qualified(user.schema, user.name)} ALTER COLUMN {identifier(user.part)}"
        inherited = column.of_parent in users  # it is altered with its parent's
        array = "[]" if column.type.endswith("[]") else ""
        converted = f"{alter} TYPE {name}{array} USING {identifier(user.part)}::text{array}::{name}{array}"
        dropped = [f"{alter} DROP DEFAULT"] if column.default is not None else []
        default = f"SET DEFAULT {wanted.default}" if wanted.default is not None else "DROP DEFAULT"
        if inherited:
            without_default += dropped
            if wanted.default == column.default != before.objects[column.of_parent].default:  # type: ignore[attr-defined]
                with_default.append(f"{alter} {default}")
        else:
            of_new_type += [*dropped, converted]
            if dropped and wanted.default == column.default:
                of_new_type.append(f"{alter} {default}")
    renamed = f"ALTER TYPE {name} RENAME TO {identifier(aside)}"
    columns = (*without_default, *of_new_type, *with_default)
    return renamed, *create, *columns, f"DROP TYPE {qualified(key.schema, aside)}"


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
