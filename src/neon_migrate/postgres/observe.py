"""What a statement did to those beside it: locks, rewritten tables, scans, indexes built, rows, and the time it took.

It is seen from inside the transaction: between two statements Postgres is asked which locks are held, which files the
locked relations have and how often tables were scanned. All of it is Postgres's own account, and none of it a guess
from the text. What runs outside a transaction is looked at from a second connection while it runs.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from neon_migrate.errors import NeonMigrateError
from neon_migrate.postgres.message import Tick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from neon_migrate.postgres.message import TextRows
    from neon_migrate.postgres.session import Session

MODES = (
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)
"""Table lock modes, weakest first (https://www.postgresql.org/docs/current/explicit-locking.html)."""

_OF_PG_LOCKS = {mode.title().replace(" ", "") + "Lock": mode for mode in MODES}

_EVERY_S = 0.005
"""How often a statement outside a transaction is looked at: its locks are gone when it ends."""

_USER = "n.nspname <> 'information_schema' AND NOT pg_catalog.starts_with(n.nspname, 'pg_')"

_NAME = "n.nspname || '.' || c.relname"

_RELATIONS = f"""SELECT c.oid, {_NAME}, c.relkind::text, coalesce(i.indrelid, 0),
  coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'm', 'i', 'I', 'v', 'S', 'f') AND {_USER}"""

_CLOCK = "SELECT pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())"

_SCANS = "SELECT relid, seq_scan FROM pg_catalog.pg_stat_xact_user_tables WHERE seq_scan > 0"

_HELD = f"""SELECT l.relation, l.mode, {_NAME}, c.relkind::text, coalesce(i.indrelid, 0),
  coalesce(pg_catalog.pg_relation_filenode(l.relation), 0), coalesce(k.contype::text, '')
FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = l.relation
LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = l.relation AND k.contype IN ('p', 'u', 'x')
WHERE l.locktype = 'relation' AND l.granted AND l.mode <> 'SIReadLock' AND l.pid = pg_catalog.pg_backend_pid()
  AND (c.oid IS NULL OR {_USER})"""

_HELD_BY = """SELECT l.relation, l.mode FROM pg_catalog.pg_locks l
WHERE l.locktype = 'relation' AND l.granted AND l.mode <> 'SIReadLock' AND l.pid = %s"""

_TRUNCATE = "TRUNCATE TABLE"


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation as it was before a migration.

    name   `schema.name`
    kind   pg_class.relkind
    table  of an index: the OID of its table; else 0
    file   its file node; 0 where it has none
    """

    name: str
    kind: str
    table: int
    file: int

    @property
    def holds_rows(self) -> bool:
        """Whether it is a table or a materialized view."""
        return self.kind in "rpm"


@dataclass(frozen=True, slots=True)
class LockSeen:
    """A lock on a relation that was there before; `kind` is its pg_class.relkind, `table` the table it belongs to."""

    relation: str
    mode: str
    kind: str
    table: str

    def at_least(self, mode: str) -> bool:
        """Whether the lock is `mode` or a stronger one."""
        return MODES.index(self.mode) >= MODES.index(mode)


@dataclass(frozen=True, slots=True)
class IndexBuilt:
    """An index that was built on a table that was there before.

    constraint  `p`, `u` or `x` where it serves a primary key, a unique or an exclusion constraint
    again       whether it was there before, and was built anew
    """

    name: str
    table: str
    constraint: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class StatementSeen:
    """One statement, and what it did to relations that were there before its migration.

    offset       where it starts in its file, in characters
    command      its command tag without the count, such as `ALTER TABLE`; empty where several were sent together
    rows         the count in its command tag, 0 where it has none
    locks        the strongest of each relation, where it is stronger than what the transaction held already
    rewritten    tables and materialized views that have another file now, as `schema.name`
    scanned      tables that were read from one end to the other
    transaction  its number: statements of one transaction share it, and the locks of each until it ends
    whole        False where it ran outside a transaction: then locks are those that were seen in passing
    """

    offset: int
    command: str
    rows: int
    duration_ns: int
    locks: tuple[LockSeen, ...] = ()
    rewritten: tuple[str, ...] = ()
    truncated: tuple[str, ...] = ()
    scanned: tuple[str, ...] = ()
    built: tuple[IndexBuilt, ...] = ()
    transaction: int = 0
    whole: bool = True


@dataclass(frozen=True, slots=True)
class _Found:
    """A relation during a run; of one that is gone only the OID and the mode of the lock on it are known."""

    oid: int
    mode: str
    name: str = ""
    kind: str = ""
    table: int = 0
    file: int = 0
    constraint: str = ""


class StatementObserver:
    """Sees every statement of a run; `execute` asks it through `Conditions.probe`.

    connect  another connection to the same database, for what can't be asked from inside
    pid      the server process that runs the statements
    """

    head = (_SCANS, _CLOCK)
    tail = (_CLOCK, _HELD, _SCANS)

    def __init__(self, connect: Callable[[], Session], pid: int) -> None:
        self._session = connect()
        self._pid = pid
        self._before: Mapping[int, Relation] = {}
        self._files: dict[int, int] = {}
        self._committed_files: dict[int, int] = {}
        self._held: dict[int, str] = {}
        self._transaction = 0
        self._done: list[StatementSeen] = []
        self._current: list[StatementSeen] = []

    def close(self) -> None:
        """End the second connection."""
        self._session.close()

    def begin(self) -> None:
        """A migration begins: what is there now is what others use."""
        self._before = relations(self._session)
        self._committed_files = {oid: one.file for oid, one in self._before.items()}
        self._done, self._current = [], []

    def seen(self) -> tuple[StatementSeen, ...]:
        """The statements since `begin`, also those of a transaction that failed before its end."""
        return (*self._done, *self._current)

    def opened(self) -> None:
        """A transaction begins; what an attempt before it did, and rolled back, is void."""
        self._transaction += 1
        self._held, self._current = {}, []
        self._files = dict(self._committed_files)

    def committed(self) -> None:
        """The transaction is committed."""
        self._done += self._current
        self._held, self._current = {}, []
        self._committed_files = self._files

    def note(self, offset: int, before: Sequence[TextRows], tag: str, after: Sequence[TextRows]) -> None:
        """A statement was run; `before` and `after` are what `head` and `tail` gave around it."""
        scans, ((began,),) = before
        ((ended,),), held, scans_after = after
        command, rows = _of_tag(tag)
        found = [_found(row) for row in held]
        moved, built = self._moved(found), self._built(found)
        self._files |= {one.oid: one.file for one in found if one.file}
        self._current.append(
            StatementSeen(
                offset,
                command,
                rows,
                round((float(ended or 0) - float(began or 0)) * 1e9),
                self._locks(found),
                rewritten=() if command == _TRUNCATE else moved,
                truncated=moved if command == _TRUNCATE else (),
                scanned=self._scanned(scans, scans_after),
                built=built,
                transaction=self._transaction,
            )
        )

    def alone(self, offset: int, run: Callable[[Tick], None]) -> None:
        """Run what is no part of a transaction of ours, and look at it from outside as often as can be."""
        self.opened()
        locks: dict[tuple[int, str], _Found] = {}

        def look() -> None:
            with suppress(NeonMigrateError):  # looking is a courtesy, and must not end what it looks at
                for oid, mode in self._session.query(_HELD_BY, (self._pid,)):
                    locks[oid, mode] = _Found(oid, _OF_PG_LOCKS[mode])

        start = time.monotonic_ns()
        run(Tick(look, _EVERY_S))
        taken = time.monotonic_ns() - start
        now = [
            _Found(oid, "", one.name, one.kind, one.table, one.file) for oid, one in relations(self._session).items()
        ]
        moved, built = self._moved(now), self._built(now)
        self._files |= {one.oid: one.file for one in now}
        seen = StatementSeen(
            offset, "", 0, taken, self._locks(locks.values()), moved, built=built, transaction=self._transaction
        )
        self._current.append(replace(seen, whole=False))
        self.committed()

    def _locks(self, found: Iterable[_Found]) -> tuple[LockSeen, ...]:
        strongest: dict[int, str] = {}
        for one in found:
            strongest[one.oid] = _stronger(strongest.get(one.oid), one.mode)
        taken = []
        for oid, mode in strongest.items():
            relation = self._before.get(oid)
            if relation is not None and _stronger(self._held.get(oid), mode) != self._held.get(oid):
                table = self._before.get(relation.table, relation)
                taken.append(LockSeen(relation.name, mode, relation.kind, table.name))
        self._held |= strongest
        return tuple(sorted(taken, key=lambda lock: (-MODES.index(lock.mode), lock.relation)))

    def _moved(self, found: Iterable[_Found]) -> tuple[str, ...]:
        """The tables that have another file than they had."""
        return tuple(
            sorted(
                {
                    self._before[one.oid].name
                    for one in found
                    if one.oid in self._before
                    and self._before[one.oid].holds_rows
                    and one.file not in (0, self._files.get(one.oid))
                }
            )
        )

    def _built(self, found: Iterable[_Found]) -> tuple[IndexBuilt, ...]:
        """The indexes with a file that none had; ALTER TYPE gives an index another OID and may keep its file."""
        names = {one.name for one in self._before.values() if one.table}
        files = frozenset(self._files.values())
        built = {
            one.oid: IndexBuilt(
                one.name, self._before[one.table].name, one.constraint, one.oid in self._files or one.name in names
            )
            for one in found
            if one.kind == "i" and one.table in self._before and one.file and one.file not in files
        }
        return tuple(sorted(built.values(), key=lambda index: index.name))

    def _scanned(self, before: TextRows, after: TextRows) -> tuple[str, ...]:
        counts = {oid: int(count or 0) for oid, count in before}
        more = (int(oid or 0) for oid, count in after if int(count or 0) > counts.get(oid, 0))
        return tuple(sorted(self._before[oid].name for oid in more if oid in self._before))


def relations(session: Session) -> Mapping[int, Relation]:
    """Every relation of the users' schemas by its OID."""
    return {oid: Relation(*rest) for oid, *rest in session.query(_RELATIONS)}


def _found(row: Sequence[str | None]) -> _Found:
    oid, mode, name, kind, table, file, constraint = row
    return _Found(
        int(oid or 0),
        _OF_PG_LOCKS[mode or ""],
        name or "",
        kind or "",
        int(table or 0),
        int(file or 0),
        constraint or "",
    )


def _of_tag(tag: str) -> tuple[str, int]:
    """`INSERT 0 5` is INSERT and 5, `ALTER TABLE` is itself and 0."""
    words = tag.split()
    rows = int(words[-1]) if words and words[-1].isdecimal() else 0
    return " ".join(word for word in words if not word.isdecimal()), rows


def _stronger(one: str | None, other: str) -> str:
    return other if one is None else max(one, other, key=MODES.index)
