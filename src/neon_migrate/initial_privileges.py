"""What roles may do with an object at the moment it is made, where default privileges stay in force meanwhile.

https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html. What a plan makes has to get its own grants and
no others, so what it was given unasked is taken back, and is not given twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from neon_migrate.catalog import Key
from neon_migrate.objects import kind_of
from neon_migrate.objects.grant import Grant
from neon_migrate.objects.owner import Owner, owner_key
from neon_migrate.privileges import Grantee, Privileges
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from neon_migrate.catalog import Catalog, DatabaseObject
    from neon_migrate.objects.default_privileges import DefaultPrivileges

_SORTS = {
    **dict.fromkeys(("table", "view", "materialized_view", "foreign_table"), "TABLES"),
    **dict.fromkeys(("sequence", "column"), "SEQUENCES"),
    **dict.fromkeys(("function", "aggregate"), "FUNCTIONS"),
    **dict.fromkeys(("enum", "domain", "composite_type", "range_type"), "TYPES"),
    "schema": "SCHEMAS",
}
_EVERYBODYS = {"FUNCTIONS": Privileges(("EXECUTE",)), "TYPES": Privileges(("USAGE",))}
"""What PUBLIC may do by itself (https://www.postgresql.org/docs/current/ddl-priv.html)."""


def initial_grants(before: Catalog, after: Catalog, made: Mapping[Key, DatabaseObject]) -> tuple[Grant, ...]:
    """The grants that making these objects needs: those they have in `after`, told what each role has already, and one
    for each role that has something already and is to have nothing.
    """
    in_force = _in_force(before, after)
    if not in_force:
        return ()
    return tuple(grant for obj in made.values() for grant in _of_one(obj, in_force, after))


def _in_force(before: Catalog, after: Catalog) -> tuple[DefaultPrivileges, ...]:
    """Those of the role that is connected; what is dropped goes first, and what is new or changed comes last."""
    found = cast("Iterable[DefaultPrivileges]", before.of_kind("default_privileges"))
    return tuple(one for one in found if not one.made_by and one.key in after.objects)


def _of_one(obj: DatabaseObject, in_force: Iterable[DefaultPrivileges], after: Catalog) -> Iterator[Grant]:
    key = obj.key
    sort, target = _SORTS.get(key.kind), _target(obj)
    if sort is None or not target:
        return
    mine = [one for one in in_force if one.sort == sort and one.within in ("", key.schema)]
    # What its owner was given becomes the owner's own when it gets it.
    mine = [one for one in mine if one.role != _owner_of(key, after)]
    for role in dict.fromkeys(one.role for one in mine):
        usual = _EVERYBODYS.get(sort, Privileges()) if role == "PUBLIC" else Privileges()
        given = next((one.privileges for one in mine if one.role == role and not one.within), usual)
        for one in mine:
            if one.role == role and one.within:
                given = given.joined(one.privileges)
        inside = "sequence" if key.kind == "column" else ""
        plain = Grant(key, inside, usual, Grantee(target, role), role, given, beneath=False)
        wanted = after.objects.get(plain.key)
        if isinstance(wanted, Grant):
            yield replace(wanted, usual=given)
        elif given != usual:
            yield plain


def _owner_of(key: Key, catalog: Catalog) -> str:
    """The role that is said to own it, or the table of a column; empty where none is."""
    on = Key("table", key.schema, key.name) if key.kind == "column" else key
    owner = catalog.objects.get(owner_key(on))
    return owner.role if isinstance(owner, Owner) else ""


def _target(obj: DatabaseObject) -> str:
    """What GRANT calls it, after ON; empty for a column without a sequence."""
    key = obj.key
    match _SORTS.get(key.kind):
        case "TABLES":
            return f"TABLE {qualified(key.schema, key.name)}"
        case "SEQUENCES":
            name = key.name if key.kind == "sequence" else getattr(obj, "identity_sequence", "")
            return f"SEQUENCE {qualified(key.schema, name)}" if name else ""
        case "TYPES":
            return f"TYPE {qualified(key.schema, key.name)}"
        case None:
            return ""
        case _:
            return kind_of(key).identity(obj).replace("AGGREGATE ", "FUNCTION ", 1)
