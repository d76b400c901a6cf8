"""Every sort of object and every property that pg_dump writes down is in the Catalog, or named as what is not."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from every_kind import ALTERATIONS, BASE, OBJECTS, ROLES
from neon_migrate.postgres.binaries import find_build
from neon_migrate.postgres.introspect import read_catalog
from peers import connection_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.catalog import Catalog
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.target import Target

DOCUMENT = Path(__file__).parents[1] / "docs" / "coverage.md"
_SERVERS_OWN = "What roles may do with objects of Postgres's own"
NOT_COMPARED = {
    "column: identity's sequence unlogged": "Whether the sequence of an identity column is unlogged",
    "grant on a function of the server's own": _SERVERS_OWN,
    "grant on a language of the server's own": _SERVERS_OWN,
    "grant on a system catalog": _SERVERS_OWN,
    "grant: to the owner": "What an owner may do with what is its own",
    "not-null constraint: renamed as by Postgres": "The name that PostgreSQL itself gives to `NOT NULL`",
    "owner of a function": "Owners",
    "owner of a schema": "Owners",
    "owner of a table": "Owners",
    "user mapping: options": "Secrets among the options of foreign servers and user mappings",
}
"""What is neither compared nor named, each as `docs/coverage.md` says it."""


class Base(NamedTuple):
    name: str
    catalog: Catalog
    dump: str


@pytest.fixture(scope="module")
def base(scratch: ScratchServer) -> Iterator[Base]:
    """A database in which there is one of everything, what is read from it, and what pg_dump says of it."""
    name = scratch.create()
    with scratch.session(name) as session:
        session.script("; ".join(f"DROP ROLE IF EXISTS {role}; CREATE ROLE {role}" for role in ROLES))
        session.script(BASE)
        catalog = read_catalog(session)
    yield Base(name, catalog, dumped(scratch.target(name)))
    with scratch.session(name) as session:
        session.script(f"DROP OWNED BY {', '.join(ROLES)}; DROP ROLE {', '.join(ROLES)}")
    scratch.drop(name)


def dumped(target: Target) -> str:
    """What pg_dump writes of the schema, with owners, privileges and security labels."""
    command = [find_build().program("pg_dump"), "--schema-only", "--restrict-key=same", *connection_options(target)]
    done = subprocess.run([*command, target.parameters()["dbname"]], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("what", [*OBJECTS, *ALTERATIONS])
def test_what_pg_dump_sees_is_compared_or_named(scratch: ScratchServer, base: Base, what: str) -> None:
    """DDL that changes what pg_dump writes changes the objects of the Catalog, or what it names as unmodelled."""
    ddl = OBJECTS.get(what) or ALTERATIONS[what]
    name = scratch.create(template=base.name)
    try:
        with scratch.session(name) as session:
            session.script(f"SET allow_system_table_mods = on; {ddl}")
            catalog = read_catalog(session)
        assert dumped(scratch.target(name)) != base.dump, "pg_dump sees no difference: this proves nothing"
    finally:
        with scratch.session(name) as session:
            session.script(
                "DO $$ DECLARE one name; BEGIN FOR one IN SELECT subname FROM pg_subscription s JOIN pg_database d"
                " ON d.oid = s.subdbid AND d.datname = current_database() LOOP"
                " EXECUTE format('DROP SUBSCRIPTION %I', one); END LOOP; END $$"
            )
        scratch.drop(name)
    new = {str(key) for key in catalog.objects.keys() - base.catalog.objects.keys()}
    named = {f"{one.type} {one.identity}" for one in set(catalog.unmodelled) - set(base.catalog.unmodelled)}
    seen = catalog.objects != base.catalog.objects or bool(named)
    assert seen != (what in NOT_COMPARED), NOT_COMPARED.get(what, "neither compared nor named")
    if seen and "thing" in ddl and what in OBJECTS:
        assert any("thing" in one for one in new | named), (new, named)


def test_what_is_not_compared_is_documented() -> None:
    """Nobody has to find out by a drift that nothing reports."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [reason for reason in NOT_COMPARED.values() if reason not in text] == []


def test_what_is_everywhere_is_not_named(base: Base) -> None:
    """Of a database with one of everything, only what no kind reads is named: no part of what one does."""
    assert [f"{one.type} {one.identity}" for one in base.catalog.unmodelled] == []
