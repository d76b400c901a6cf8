"""The proof of a migration: what happens to rows on the way there and on the way back, seen on a real Postgres."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generating import ID, USERS, Desk, schema
from neon_migrate.errors import StatementError
from neon_migrate.generate import generate
from neon_migrate.plan import plan
from neon_migrate.prove import UNSAFE_USE_OF_NEW_ENUM_VALUE, ProofError, Prover, prove, run_text
from neon_migrate.settings import Settings
from neon_migrate.sources.database import scratch_catalog
from neon_migrate.way_back import WayBack, way_back, with_way_back

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.catalog import Key
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.prove import Proof

SETTINGS = Settings(Path(), Path(), Path())

NAMES = "CREATE TABLE names (id int PRIMARY KEY, name varchar(20))"
NOTES = "CREATE TABLE notes (id int PRIMARY KEY, kind text NOT NULL, note text)"


class Bench:
    """A scratch server, and the databases that a test made on it."""

    def __init__(self, server: ScratchServer) -> None:
        self.server = server
        self.made: list[str] = []

    def database(self, *texts: str) -> str:
        """A database in which these texts were run, one after the other."""
        name = self.server.create()
        self.made.append(name)
        for text in texts:
            run_text(self.server, name, text)
        return name

    def proven(
        self, before: str, up: str, down: str | None = None, *, planned: bool = False, rewritten: tuple[Key, ...] = ()
    ) -> Proof:
        """The proof of `up` and `down` on `before`; with `planned` the losses of the plans between are no surprise."""
        start = self.database(before)
        origin = scratch_catalog(self.server, start, SETTINGS)
        goal = scratch_catalog(self.server, self.database(before, up), SETTINGS)
        forward = plan(origin, goal).statements if planned else ()
        backward = plan(goal, origin).statements if planned else ()
        return prove(
            self.server,
            start,
            up,
            down,
            SETTINGS,
            goal=goal,
            origin=origin,
            forward=forward,
            backward=backward,
            rewritten=rewritten,
        )


@pytest.fixture
def bench(scratch: ScratchServer) -> Iterator[Bench]:
    """A bench whose databases are gone afterwards."""
    made = Bench(scratch)
    yield made
    for name in made.made:
        scratch.drop(name)


@pytest.fixture
def desk(tmp_path: Path, scratch: ScratchServer) -> Desk:
    """An empty project."""
    return Desk(tmp_path, scratch)


def test_values_that_are_cut_off_are_seen(bench: Bench) -> None:
    """A USING clause that shortens texts runs without an error, and is a loss that nobody planned."""
    proof = bench.proven(
        NAMES,
        "ALTER TABLE names ALTER COLUMN name TYPE varchar(3) USING left(name, 3)",
        "ALTER TABLE names ALTER COLUMN name TYPE varchar(20)",
    )
    (lost,) = proof.lost
    assert lost == "values of column public.names.name, such as 'text 1', which becomes 'tex'"
    assert proof.way_back is not None
    assert proof.way_back.grade == "lossy"
    assert proof.way_back.what == (f"Does not bring back {lost}.",)


def test_a_column_made_anew_under_its_old_name_has_lost_its_values(bench: Bench) -> None:
    """The Catalogs are equal, the rows are not."""
    proof = bench.proven(NAMES, "ALTER TABLE names DROP COLUMN name; ALTER TABLE names ADD COLUMN name varchar(20)")
    (lost,) = proof.lost
    assert "public.names.name" in lost
    assert "becomes NULL" in lost
    assert proof.way_back is None


@pytest.mark.parametrize(
    ("up", "lost"),
    [
        ("DROP COLUMN g, ADD COLUMN g int", True),
        ("ALTER COLUMN g DROP EXPRESSION", False),
        ("DROP COLUMN g", False),
        ("DROP COLUMN g, ADD COLUMN g int GENERATED ALWAYS AS (id * 3) STORED", False),
    ],
)
def test_computed_values_are_data_once_they_are_not_computed(bench: Bench, up: str, *, lost: bool) -> None:
    """A column that becomes a plain one keeps what it was computed to; else Postgres can compute it again."""
    start = "CREATE TABLE t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED)"
    proof = bench.proven(start, f"ALTER TABLE t {up}")
    assert [loss.split(",")[0] for loss in proof.lost] == (["values of column public.t.g"] if lost else [])


def test_a_column_made_anew_with_its_values_has_lost_nothing(bench: Bench) -> None:
    """It is values that are compared, not how they came there."""
    proof = bench.proven(
        NAMES,
        "ALTER TABLE names ADD COLUMN new varchar(20); UPDATE names SET new = name;"
        "ALTER TABLE names DROP COLUMN name; ALTER TABLE names RENAME COLUMN new TO name",
    )
    assert proof.lost == ()


def test_a_table_made_anew_has_lost_its_rows(bench: Bench) -> None:
    """Told by its primary key how many."""
    proof = bench.proven(NAMES, f"DROP TABLE names; {NAMES}")
    assert proof.lost == ("rows of table public.names: 4 of 4",)


def test_rows_that_are_deleted_are_a_loss_even_where_values_change_on_purpose(bench: Bench) -> None:
    """Seeds change values, and no seed deletes a row."""
    proof = bench.proven(NOTES, "UPDATE notes SET note = 'new'", "SELECT 1")
    table = next(key for key in proof.after.objects if key.kind == "table")
    assert len(proof.lost) == 1
    changed = bench.proven(NOTES, "UPDATE notes SET note = 'new'", "SELECT 1", rewritten=(table,))
    assert changed.lost == ()
    assert changed.way_back is not None
    assert changed.way_back.grade == "lossy"
    deleted = bench.proven(NOTES, "DELETE FROM notes WHERE note IS NULL", rewritten=(table,))
    assert deleted.lost == ("rows of table public.notes: 1 of 4",)


def test_without_a_key_columns_are_compared_one_by_one(bench: Bench) -> None:
    """Also where a table has rows that are the same."""
    proof = bench.proven("CREATE TABLE log (line text, at date)", "UPDATE log SET line = upper(line)")
    (lost,) = proof.lost
    assert lost.startswith("values of column public.log.line")
    proof = bench.proven("CREATE TABLE log (line text, at date)", "DELETE FROM log WHERE at > '2024-01-02'")
    assert any(lost.startswith("rows of table public.log") for lost in proof.lost)


@pytest.mark.parametrize(
    ("up", "again"),
    [
        ("", True),
        ("SELECT setval('t_id_seq1', max(id)) FROM t HAVING max(id) > 0;", True),
        ("SELECT setval('t_id_seq1', last_value, is_called) FROM t_id_seq;", False),
    ],
)
def test_a_number_that_comes_again_is_seen(bench: Bench, up: str, *, again: bool) -> None:
    """Also one that no row has any more: a sequence goes on where the one before it was."""
    identity = "ALTER TABLE t ALTER id DROP DEFAULT; ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY"
    proof = bench.proven(
        "CREATE TABLE t (id serial PRIMARY KEY, name text)", f"{identity}; {up} DROP SEQUENCE t_id_seq"
    )
    assert [one.partition(",")[0] for one in proof.lost] == ["position of the sequence of column public.t.id"] * again


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("integer", "bigint"),
        ("numeric(10,2)", "numeric(14,4)"),
        ("varchar(20)", "text"),
        ("timestamp", "timestamptz"),
        ("json", "jsonb"),
        ("date", "timestamp"),
        ("inet", "text"),
    ],
)
def test_a_wider_type_loses_nothing(bench: Bench, old: str, new: str) -> None:
    """However differently the value is written then: 1.50 as 1.5000."""
    proof = bench.proven(
        f"CREATE TABLE t (id int PRIMARY KEY, value {old})",
        f"ALTER TABLE t ALTER COLUMN value TYPE {new} USING value::{new}",
        f"ALTER TABLE t ALTER COLUMN value TYPE {old} USING value::{old}",
    )
    assert proof.lost == ()
    assert proof.way_back == WayBack("exact")


@pytest.mark.parametrize("type_", ["point3", "point3[]"])
def test_a_composite_type_may_grow(bench: Bench, type_: str) -> None:
    """The attributes that it had are compared; one that goes is a loss."""
    before = f"CREATE TYPE point3 AS (x int, y text); CREATE TABLE t (id int PRIMARY KEY, at {type_})"
    grown = "ALTER TYPE point3 ADD ATTRIBUTE z int"
    proof = bench.proven(before, grown, "ALTER TYPE point3 DROP ATTRIBUTE z")
    assert (proof.lost, proof.way_back) == ((), WayBack("exact"))
    (lost,) = bench.proven(before, "ALTER TYPE point3 DROP ATTRIBUTE y").lost
    assert lost.startswith("values of column public.t.at, such as ")


def test_a_rename_is_taken_back_exactly(bench: Bench) -> None:
    """Objects are followed by their address, not by their name."""
    proof = bench.proven(
        NAMES,
        "ALTER TABLE names RENAME TO people; ALTER TABLE people RENAME COLUMN name TO called",
        "ALTER TABLE people RENAME COLUMN called TO name; ALTER TABLE people RENAME TO names",
    )
    assert (proof.lost, proof.way_back) == ((), WayBack("exact"))


def test_what_is_planned_to_be_lost_is_no_surprise(bench: Bench) -> None:
    """It is in the grade, in the plan's words, once."""
    proof = bench.proven(
        NAMES, "ALTER TABLE names DROP COLUMN name", "ALTER TABLE names ADD COLUMN name varchar(20)", planned=True
    )
    assert proof.lost == ()
    assert proof.way_back == WayBack("lossy", ("Does not bring back column public.names.name with its values.",))


def test_what_came_since_goes_on_the_way_back(bench: Bench) -> None:
    """A table that is new has no rows to bring back, and will have some to lose."""
    proof = bench.proven(NAMES, NOTES, "DROP TABLE notes", planned=True)
    assert proof.way_back == WayBack("lossy", ("Loses table public.notes with all its rows.",))


def test_not_null_without_a_default_fails_where_there_are_rows(bench: Bench) -> None:
    """That is a warning with what Postgres said; the schema is proven without rows."""
    proof = bench.proven(NAMES, "ALTER TABLE names ADD COLUMN age int NOT NULL", "ALTER TABLE names DROP COLUMN age")
    (warning,) = proof.row_warnings
    assert warning.startswith("applying fails on generated rows: column ")
    assert "contains null values" in warning
    assert proof.back is not None


def test_a_new_unique_constraint_fails_where_values_are_repeated(bench: Bench) -> None:
    """And is proven with rows that repeat none: they are all there afterwards."""
    proof = bench.proven(
        NOTES, "ALTER TABLE notes ADD UNIQUE (kind)", "ALTER TABLE notes DROP CONSTRAINT notes_kind_key"
    )
    (warning,) = proof.row_warnings
    assert warning.startswith(
        "applying fails on generated rows, where a value is missing or repeated: could not create"
    )
    assert "is duplicated" in warning
    assert (proof.lost, proof.way_back) == ((), WayBack("exact"))


def test_a_column_that_becomes_not_null_fails_where_a_value_is_missing(bench: Bench) -> None:
    """Rows with nulls are among those that are tried."""
    proof = bench.proven(
        NOTES, "ALTER TABLE notes ALTER note SET NOT NULL", "ALTER TABLE notes ALTER note DROP NOT NULL"
    )
    (warning,) = proof.row_warnings
    assert "contains null values" in warning
    assert proof.way_back == WayBack("exact")


def test_a_cast_that_fails_on_a_value_is_told_with_the_value(bench: Bench) -> None:
    """On an empty table every cast succeeds."""
    proof = bench.proven(
        NOTES,
        "ALTER TABLE notes ALTER note TYPE int USING note::int",
        "ALTER TABLE notes ALTER note TYPE text USING note::text",
    )
    (warning,) = {warning.split(": ")[1] for warning in proof.row_warnings}
    assert warning == "invalid input syntax for type integer"


def test_a_way_back_that_rows_stop_is_impossible(bench: Bench) -> None:
    """It runs on an empty database, so the schema is proven; that is not all there is to a way back."""
    proof = bench.proven(
        "CREATE TABLE names (id int PRIMARY KEY, name text NOT NULL)",
        "ALTER TABLE names DROP COLUMN name",
        "ALTER TABLE names ADD COLUMN name text NOT NULL",
        planned=True,
    )
    assert proof.way_back is not None
    assert proof.way_back.grade == "impossible"
    assert proof.way_back.what[0] == (
        'Fails where tables have rows: column "name" of relation "names" contains null values.'
    )


def test_what_fails_without_rows_too_is_no_proof(bench: Bench) -> None:
    """Up or down; and an enum value in use is left to the caller."""
    start = bench.database(NAMES)
    origin = scratch_catalog(bench.server, start, SETTINGS)

    def tried(up: str, down: str | None) -> None:
        prove(bench.server, start, up, down, SETTINGS, goal=origin, origin=origin)

    with pytest.raises(ProofError, match="up migration does not run"):
        tried("SELECT no_such_column FROM names", None)
    with pytest.raises(ProofError, match="down migration does not run"):
        tried("SELECT 1", "SELECT no_such_column FROM names")
    with pytest.raises(ProofError, match="applied, does not give"):
        tried("DROP TABLE names", None)
    with pytest.raises(ProofError, match="taken back, does not give"):
        tried("SELECT 1", "DROP TABLE names")
    mood = bench.database("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (id int PRIMARY KEY, mood mood)")
    with pytest.raises(StatementError) as caught:
        prove(
            bench.server,
            mood,
            "ALTER TYPE mood ADD VALUE 'ok'; UPDATE t SET mood = 'ok'",
            None,
            SETTINGS,
            goal=origin,
            origin=origin,
        )
    assert caught.value.sqlstate == UNSAFE_USE_OF_NEW_ENUM_VALUE


def test_rows_are_carried_from_one_migration_to_the_next(bench: Bench) -> None:
    """A constraint that is first NOT VALID and then validated meets rows that were there before it."""
    start = bench.database(NOTES)
    origin = scratch_catalog(bench.server, start, SETTINGS)
    texts = (
        "ALTER TABLE notes ADD CONSTRAINT noted CHECK (note IS NOT NULL) NOT VALID",
        "ALTER TABLE notes VALIDATE CONSTRAINT noted",
    )
    goals = [scratch_catalog(bench.server, bench.database(NOTES, *texts[: end + 1]), SETTINGS) for end in range(2)]
    with Prover(bench.server, start, SETTINGS) as prover:
        down = "ALTER TABLE notes DROP CONSTRAINT noted"
        first = prover.prove(texts[0], down, goal=goals[0], origin=origin)
        second = prover.prove(texts[1], None, goal=goals[1], origin=goals[0])
    assert (first.row_warnings, first.way_back) == ((), WayBack("exact"))
    (warning,) = second.row_warnings
    assert 'check constraint "noted" of relation "notes" is violated by some row' in warning


def test_no_transaction_texts_run_outside_one(bench: Bench) -> None:
    """CREATE INDEX CONCURRENTLY refuses to run inside."""
    proof = bench.proven(
        NAMES,
        "-- no-transaction\nCREATE INDEX CONCURRENTLY names_name ON names (name)",
        "-- no-transaction\nDROP INDEX CONCURRENTLY names_name",
    )
    assert proof.way_back == WayBack("exact")


@pytest.mark.parametrize(
    ("up", "lost"),
    [
        ("ALTER TABLE sales DETACH PARTITION sales_1", ()),
        (
            "ALTER TABLE sales DETACH PARTITION sales_1; ALTER TABLE sales DETACH PARTITION sales_2;"
            "CREATE TABLE sales_both PARTITION OF sales FOR VALUES FROM (1) TO (200);"
            "INSERT INTO sales SELECT * FROM sales_1; INSERT INTO sales SELECT * FROM sales_2;"
            "DROP TABLE sales_1, sales_2",
            (),
        ),
        ("DROP TABLE sales_1", ("table public.sales_1 with all its rows",)),
        ("ALTER TABLE sales DROP COLUMN what", ("column public.sales.what with its values",)),
    ],
    ids=["taken out", "made one", "dropped", "a column less"],
)
def test_rows_may_go_from_one_partition_to_another(bench: Bench, up: str, lost: tuple[str, ...]) -> None:
    """They are lost where neither the whole nor the part has them any more."""
    before = (
        "CREATE TABLE sales (number int, what text) PARTITION BY RANGE (number);"
        "CREATE TABLE sales_1 PARTITION OF sales FOR VALUES FROM (1) TO (100);"
        "CREATE TABLE sales_2 PARTITION OF sales FOR VALUES FROM (100) TO (200)"
    )
    assert bench.proven(before, up).lost == lost


def test_what_a_child_inherits_is_lost_once(bench: Bench) -> None:
    """With the parent's column."""
    proof = bench.proven(
        "CREATE TABLE a (id int, what text); CREATE TABLE b (more int) INHERITS (a)", "ALTER TABLE a DROP COLUMN what"
    )
    assert proof.lost == ("column public.a.what with its values",)


def test_the_grade_stands_at_the_head_of_a_down_file() -> None:
    """Below `-- no-transaction`, which has to come first; nothing is said twice."""
    lossy = way_back(["table public.a with all its rows"], ["column public.b.c with its values"])
    said = "-- Does not bring back table public.a with all its rows.\n-- Loses column public.b.c with its values.\n"
    assert with_way_back("DROP TABLE b;\n", lossy) == f"-- Way back: lossy.\n{said}\nDROP TABLE b;\n"
    assert with_way_back("-- no-transaction\nDROP INDEX CONCURRENTLY i;\n", way_back((), ())) == (
        "-- no-transaction\n-- Way back: exact.\n\nDROP INDEX CONCURRENTLY i;\n"
    )
    assert with_way_back(f"{said}\nSELECT 1;\n", lossy) == f"-- Way back: lossy.\n{said}\nSELECT 1;\n"
    assert str(way_back((), (), fails="no")) == "Way back: impossible. Fails where tables have rows: no."


def test_generate_writes_the_grade_and_what_rows_showed(desk: Desk) -> None:
    """In the down file and in the report, with the warning that a new unique constraint earns."""
    generate(desk.project(schema({"users": {"fields": {"id": ID, "email": {"type": "text"}}}})), name="before")
    report = generate(desk.project(schema({"users": USERS})), name="after", offline=True)
    (migration,) = report.migrations
    assert migration.way_back == WayBack("exact")
    assert (migration.down or "").startswith("-- Way back: exact.\n")
    assert any("could not create unique index" in warning or "null values" in warning for warning in report.warnings)
    assert report.not_filled == ()


def test_generate_names_the_tables_that_no_row_fits(desk: Desk) -> None:
    """What a migration does to rows in them was not seen."""
    fields = {"id": ID, "n": {"type": "integer"}}
    checks = ["n IS NOT NULL AND n <> n"]
    generate(desk.project(schema({"never": {"fields": fields, "checks": checks}, "users": USERS})), name="before")
    fields["more"] = {"type": "integer"}
    report = generate(desk.project(schema({"never": {"fields": fields, "checks": checks}, "users": USERS})))
    assert [(table.table, table.why) for table in report.not_filled] == [
        ("public.never", 'new row for relation "never" violates check constraint "never_n_check"')
    ]
