"""Runs a Plan batch by batch as production sees it: whatever both ends have has to be there between two batches too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.errors import StatementError
from neon_migrate.objects.table import Table
from neon_migrate.online import online
from neon_migrate.sources.database import catalog_of
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neon_migrate.catalog import Catalog, Key
    from neon_migrate.plan import Plan
    from neon_migrate.postgres.session import Session
    from neon_migrate.settings import Settings

_UNDER_ANOTHER_NAME = frozenset({"index"})
"""The kinds that stay in use while they are replaced, by one that gets their name only afterwards."""


@dataclass(frozen=True)
class _Seen:
    """catalog   what is there
    rows      for each table why it takes no row of defaults; empty where it does
    """

    catalog: Catalog
    rows: Mapping[Key, str]


def run_watched(session: Session, planned: Plan, settings: Settings) -> list[str]:
    """Run the Plan's batches, each committed by itself; gives what was amiss between two of them.

    That is: a batch without a statement; an object that both ends have and that is gone meanwhile; a table that takes a
    row of defaults at both ends, and not meanwhile, unless it is made anew as it is partitioned now; one that leaves a
    parent for a while.
    """
    batches = online(planned)
    seen = [_look(session, settings)]
    amiss = [f"batch {number} is empty" for number, batch in enumerate(batches, 1) if not batch.statements]
    for batch in batches:
        session.script(batch.script())
        seen.append(_look(session, settings))
    first, last = seen[0], seen[-1]
    stays = {key for key in first.catalog.objects if key in last.catalog.objects} - {
        key for key in first.catalog.objects if key.kind in _UNDER_ANOTHER_NAME
    }
    for number, between in enumerate(seen[1:-1], 1):
        amiss += [f"{key} is gone after batch {number}" for key in sorted(stays) if key not in between.catalog.objects]
        amiss += [
            f"{key} is away from its parents after batch {number}"
            for key in sorted(stays & between.catalog.objects.keys())
            if _parents(key, first) & _parents(key, last) - _parents(key, between)
        ]
        amiss += [
            f"{key} takes no row after batch {number}: {why}"
            for key, why in between.rows.items()
            if why
            and first.rows.get(key) == "" == last.rows.get(key)
            and _divided_by(key, first) == _divided_by(key, last)
        ]
    return amiss


def _look(session: Session, settings: Settings) -> _Seen:
    catalog = catalog_of(session, settings)
    tables = [table for table in catalog.of_kind("table") if isinstance(table, Table)]
    return _Seen(catalog, {table.key: _refusal(session, table) for table in tables})


def _parents(key: Key, seen: _Seen) -> frozenset[object]:
    return frozenset(getattr(seen.catalog.objects[key], "parents", ()))


def _divided_by(key: Key, seen: _Seen) -> object:
    return getattr(seen.catalog.objects[key], "divided_by", "")


def _refusal(session: Session, table: Table) -> str:
    session.script("BEGIN")
    try:
        session.script(f"INSERT INTO {qualified(table.schema, table.name)} DEFAULT VALUES")
    except StatementError as error:
        return error.what
    else:
        return ""
    finally:
        session.script("ROLLBACK")
