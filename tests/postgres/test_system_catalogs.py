"""The walk over the system catalogs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.postgres.system_catalogs import LISTED, facts_query, listed, objects_query

if TYPE_CHECKING:
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session

_WITH_OBJECTS = """SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'oid'
WHERE c.relkind = 'r' AND c.relnamespace = 'pg_catalog'::regnamespace AND NOT c.relisshared"""


def test_every_system_catalog_with_objects_is_walked(session: Session) -> None:
    """The server says which there are; labels of enums and large objects alone are left out."""
    walked = {catalog.name for catalog in listed(session.query(LISTED)) if catalog.has_oid}

    assert walked == {name for (name,) in session.query(_WITH_OBJECTS)} - {
        "pg_enum",
        "pg_largeobject_metadata",
    } | {"pg_subscription"}


def test_a_catalog_that_not_everybody_may_read_is_walked_by_its_dependencies(
    session: Session, scratch: ScratchServer
) -> None:
    """User mappings hold passwords: a role that is no superuser has them named all the same."""
    session.script(
        "DROP ROLE IF EXISTS walker; CREATE ROLE walker; CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA"
        " WRAPPER w; CREATE USER MAPPING FOR PUBLIC SERVER s; SET ROLE walker"
    )
    catalogs = listed(session.query(LISTED))

    found = {name: oids for _, name, _, oids in session.query(objects_query(catalogs)) if oids}
    session.query(facts_query(catalogs))
    session.script("RESET ROLE; DROP ROLE walker")

    assert found.keys() >= {"pg_foreign_data_wrapper", "pg_foreign_server", "pg_user_mapping"}
    assert len(found["pg_user_mapping"].split()) == 1


def test_another_databases_subscription_is_not_found(session: Session, scratch: ScratchServer) -> None:
    """Subscriptions are the server's, each for one database."""
    other = scratch.create()
    with scratch.session(other) as elsewhere:
        elsewhere.query(
            "CREATE SUBSCRIPTION far CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false, slot_name = NONE)"
        )
        catalogs = listed(session.query(LISTED))
        here, there = (
            {name for _, name, _, oids in each.query(objects_query(catalogs)) if oids} for each in (session, elsewhere)
        )
        elsewhere.query("DROP SUBSCRIPTION far")
    scratch.drop(other)

    assert "pg_subscription" in there - here
