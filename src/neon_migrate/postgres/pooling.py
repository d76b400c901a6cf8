"""Whether a connection goes through a pooler in transaction mode, told by how it behaves.

Behind such a pooler a session is not one server process: its advisory lock stays with whichever process took it, and
blocks every later run. A pooler that keeps one process a session (PgBouncer's session mode) does no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from neon_migrate.postgres.session import Session

_PID = "SELECT pg_catalog.pg_backend_pid()"


def require_unpooled(session: Session, pid: int, connect: Callable[[], Session]) -> None:
    """Raises RefusedError when the session's server process is shared with other sessions.

    pid      what the server said `session`'s process is
    connect  opens another connection the same way; used only when the pid is not the one of the connection's start,
             which a pooler can't pass on (Neon's own proxy doesn't either)
    """
    if pid == session.backend_pid:
        return
    with connect() as other:
        other.script("BEGIN")
        ((other_pid,),) = other.query(_PID)
        ((now,),) = session.query(_PID)
        other.script("ROLLBACK")
    if other_pid in (pid, now) or now != pid:
        raise pooled()


def pooled() -> RefusedError:
    """The error of a connection that turned out to be pooled."""
    return RefusedError(
        "This connection goes through a pooler in transaction mode",
        why="Two sessions were given one server process, so the migration lock would protect nothing, stay behind, and "
        "block later runs.",
        remedy="Name the database's own host and port, not the pooler's (PgBouncer: mostly port 5432 instead of 6432).",
    )
