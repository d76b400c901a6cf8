"""Roles that SQL text takes for granted: they belong to the server, and a scratch server has none of the target's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.errors import StatementError
from neon_migrate.script import roles_of
from neon_migrate.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from neon_migrate.postgres.scratch import ScratchServer

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
    database = server.create()
    try:
        with server.session(database) as session:
            known = {role for (role,) in session.query("SELECT rolname::text FROM pg_catalog.pg_roles")}
            missing = sorted(named - made - known)
            for role in missing:
                session.query(f"CREATE ROLE {identifier(role)}")
    finally:
        server.drop(database)
    return bool(missing)
