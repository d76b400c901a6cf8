"""Roles that SQL text takes for granted: they belong to the server, and a scratch server has none of the target's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.errors import StatementError
from neon_migrate.script import roles_of
from neon_migrate.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session

UNDEFINED_OBJECT = "42704"
"""The SQLSTATE of a statement that names a role which is not there, among other things."""


def make_roles(server: ScratchServer, texts: Iterable[str]) -> bool:
    """Make the roles that `texts` name, none of them makes and the server lacks; False where there are none.

    They may not log in and have no rights; a text that our grammar can't read is passed over.
    """
    named: set[str] = set()
    made: set[str] = set()
    for text in texts:
        try:
            roles = roles_of(text)
        except StatementError:
            continue
        named |= roles.named
        made |= roles.made
    return add_roles(server, named - made)


def roles_in(session: Session) -> frozenset[str]:
    """The roles of a server that are not Postgres's own."""
    rows = session.query("SELECT rolname::text FROM pg_catalog.pg_roles WHERE NOT starts_with(rolname, 'pg_')")
    return frozenset(name for (name,) in rows)


def add_roles(server: ScratchServer, names: Collection[str]) -> bool:
    """Make those of these roles that the server lacks; False where it has them all."""
    database = server.create()
    try:
        with server.session(database) as session:
            missing = sorted(frozenset(names) - roles_in(session))
            for role in missing:
                session.query(f"CREATE ROLE {identifier(role)}")
    finally:
        server.drop(database)
    return bool(missing)
