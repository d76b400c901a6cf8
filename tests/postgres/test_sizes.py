"""Table sizes, read from a real database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.postgres.session import connect
from neon_migrate.postgres.sizes import read_sizes

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session
    from neon_migrate.postgres.target import Target

TABLES = """CREATE TABLE known (i int PRIMARY KEY); INSERT INTO known SELECT generate_series(1, 1000); ANALYZE known;
CREATE TABLE unknown (i int); CREATE VIEW v AS SELECT 1; CREATE TEMP TABLE mine ();"""


def test_rows_are_estimated_and_bytes_measured(session: Session) -> None:
    """With indexes; -1 rows where nobody has counted yet; the users' own tables alone."""
    session.script(TABLES)
    session.query("BEGIN READ ONLY")
    (known, unknown) = read_sizes(session)
    session.query("COMMIT")
    ((own, total),) = session.query("SELECT pg_relation_size('known'), pg_total_relation_size('known')")
    assert known == ("public.known", 1000, total)
    assert own < total
    assert unknown == ("public.unknown", -1, 0)


def test_a_locked_table_holds_nobody_up(session: Session, database: Target) -> None:
    """Then its own pages are told, and the transaction can be used on."""
    session.script(TABLES)
    with connect(database) as other:
        other.script("BEGIN; LOCK TABLE known")
        session.query("BEGIN READ ONLY")
        sizes = {name: (rows, size) for name, rows, size in read_sizes(session)}
        assert session.query("SELECT 1") == [(1,)]
        session.query("COMMIT")
        other.script("ROLLBACK")
    ((own,),) = session.query("SELECT pg_relation_size('known')")
    assert sizes["public.known"] == (1000, own)
