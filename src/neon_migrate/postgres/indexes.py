"""What an earlier, unfinished `CREATE INDEX CONCURRENTLY` left behind, and whether it is this very index.

The judge is Postgres: the statement is run, not concurrently, on an empty temporary copy of the table in a transaction
that is rolled back, and both definitions are read with pg_get_indexdef.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from neon_migrate.errors import BusyError, RefusedError
from neon_migrate.sql import identifier, literal, qualified

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

Found = Literal["nothing", "built", "rebuild"]

_LEFT_BEHIND = """
SELECT n.nspname::text, c.relname::text, i.indisvalid, pg_catalog.pg_get_indexdef(i.indexrelid),
       ARRAY(SELECT l.pid FROM pg_catalog.pg_locks l
             LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
             WHERE l.relation = i.indrelid AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
               AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
               AND l.pid <> pg_catalog.pg_backend_pid()
               AND coalesce(a.backend_type, '') NOT LIKE 'autovacuum%%'
             UNION SELECT b.pid FROM pg_catalog.pg_stat_progress_create_index b WHERE b.index_relid = i.indexrelid)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.indrelid = pg_catalog.to_regclass(%s) AND CASE WHEN %s = '' THEN NOT i.indisvalid ELSE c.relname = %s END
"""


@dataclass(frozen=True, slots=True)
class _Index:
    schema: str
    name: str
    valid: bool
    definition: str
    builders: list[int]

    def __str__(self) -> str:
        return qualified(self.schema, self.name)


def settle(session: Session, statement: str, node: Any, *, begun: bool) -> Found:
    """Make way for a `CREATE INDEX CONCURRENTLY`: drop the invalid index that it left when it last ran.

    node   the statement as parsed (`script.concurrent_index`)
    begun  whether an earlier run is known to have begun this statement

    `built` means that the earlier run finished the index, so there is nothing to do. Raises RefusedError for an
    invalid index of another definition, BusyError when somebody may be building it right now.
    """
    table = ".".join(identifier(part) for part in (node.relation.schemaname, node.relation.relname) if part)
    rows = session.query(_LEFT_BEHIND, (table, node.idxname, node.idxname))
    for index in (_Index(*row) for row in rows):
        own = _own(session, table, statement, index)
        if index.valid:
            if begun and own:
                return "built"
            continue
        if index.builders:
            raise _being_built(index)
        if own:
            session.script(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")
            return "rebuild"
        if node.idxname:
            raise _another(index)
    return "nothing"


def _own(session: Session, table: str, statement: str, index: _Index) -> bool:
    """Whether `statement` gives an index of the same definition."""
    import postgast

    parsed = postgast.parse(statement)
    node = parsed.stmts[0].stmt.index_stmt
    name = node.relation.relname
    node.concurrent = node.if_not_exists = False
    node.relation.schemaname = "pg_temp"
    copy = f"pg_temp.{identifier(name)}"
    outcome = session.message(
        f"BEGIN;\nCREATE TEMP TABLE {identifier(name)} (LIKE {table}) ON COMMIT DROP;\n{postgast.deparse(parsed)};\n"
        f"SELECT pg_catalog.pg_get_indexdef(indexrelid) FROM pg_catalog.pg_index"
        f" WHERE indrelid = {literal(copy)}::pg_catalog.regclass;\nROLLBACK"
    )
    if outcome.error is not None:
        session.script("ROLLBACK")
        return False
    ((definition,),) = outcome.results[3]
    return _nameless(str(definition)) == _nameless(index.definition)


def _nameless(definition: str) -> str:
    """An index's definition less the index's name and the table's schema."""
    import postgast

    parsed = postgast.parse(definition)
    node = parsed.stmts[0].stmt.index_stmt
    node.idxname = node.relation.schemaname = ""
    return str(postgast.deparse(parsed))


def _being_built(index: _Index) -> BusyError:
    pids = ", ".join(map(str, index.builders))
    return BusyError(
        f"The index {index} is not valid, and somebody may be building it right now",
        why=f"pid {pids} holds a lock on its table as an index build does.",
        remedy="Wait until that is over and run the same command again.",
    )


def _another(index: _Index) -> RefusedError:
    return RefusedError(
        f"An invalid index {index} is in the way, and it is not the one of this migration",
        why=f"It is: {index.definition}",
        remedy=f"When nobody needs it: DROP INDEX CONCURRENTLY {index}; then run the same command again.",
    )
