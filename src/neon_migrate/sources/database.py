"""A database as a source: its Catalog, with the project's own bookkeeping and ignored tables left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.postgres.introspect import read_catalog

if TYPE_CHECKING:
    from neon_migrate.catalog import Catalog
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session
    from neon_migrate.settings import Settings


def catalog_of(session: Session, settings: Settings) -> Catalog:
    """The Catalog of the database that `session` is connected to, as this project sees it."""
    asked_for = ("owner",) if settings.owners else ()
    return read_catalog(session, ledger=settings.table_name, ignore=settings.ignore, asked_for=asked_for)


def scratch_catalog(server: ScratchServer, database: str, settings: Settings) -> Catalog:
    """The Catalog of a scratch database; nobody is connected to it afterwards, so it can be cloned."""
    with server.session(database) as session:
        return catalog_of(session, settings)
