"""`undo`: a new forward migration that takes an earlier one back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generating import ID, Desk, schema
from neon_migrate.errors import ExitCode, HistoryError, ImpossibleError, RefusedError
from neon_migrate.generate import generate
from neon_migrate.undo import undo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from neon_migrate.postgres.scratch import ScratchServer

USERS = {
    "0001_users.up.sql": "CREATE TABLE users (id integer PRIMARY KEY);",
    "0001_users.down.sql": "DROP TABLE users;",
}
INDEX = {
    "0002_add_index.up.sql": "CREATE INDEX users_id ON users (id);",
    "0002_add_index.down.sql": "-- as we like it\nDROP INDEX users_id;",
}
ORDERS = {
    "0003_orders.up.sql": "CREATE TABLE orders (user_id integer REFERENCES users);",
    "0003_orders.down.sql": "DROP TABLE orders;",
}
FUNCTION = "CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';"


@pytest.fixture
def desk(tmp_path: Path, scratch: ScratchServer) -> Desk:
    """An empty project."""
    return Desk(tmp_path, scratch)


def test_the_down_file_becomes_the_new_migration(desk: Desk, golden: Callable[[str, str], None]) -> None:
    """Its text is kept, the new one's own down makes the thing again, and no file that was there is touched."""
    report = undo(desk.project(files={**USERS, **INDEX, **ORDERS}), 2)
    assert (report.migrations[0].version, report.computed) == (4, False)
    assert [path.name for path in report.migrations[0].paths] == [
        "0004_undo_add_index.up.sql",
        "0004_undo_add_index.down.sql",
    ]
    golden("undo.txt", "\n".join(f"==> {path.name}\n{path.read_text()}" for path in report.migrations[0].paths))
    for name, text in INDEX.items():
        assert (desk.root / "migrations" / name).read_text() == text
    assert desk.dump() == desk.dump(count=1, run=[ORDERS["0003_orders.up.sql"]])
    assert desk.dump(run=[report.migrations[0].down or ""]) == desk.dump(count=3)


def test_without_a_down_file_it_is_computed(desk: Desk) -> None:
    """From the Catalogs before and after; a folder of simple migrations gets a simple one."""
    files = {"0001_a.sql": USERS["0001_users.up.sql"], "0002_b.sql": "ALTER TABLE users ADD CHECK (id > 0);"}
    report = undo(desk.project(files=files), 2)
    assert report.computed
    assert report.migrations[0].down is None
    assert [path.name for path in report.migrations[0].paths] == ["0003_undo_b.sql"]
    assert desk.dump() == desk.dump(count=1)


def test_losing_data_has_to_be_meant(desk: Desk) -> None:
    """Refused with the table's name, nothing written; with the option the down file says what it can't bring back."""
    project = desk.project(files={**USERS, **INDEX})
    with pytest.raises(RefusedError) as caught:
        undo(project, 1)
    assert caught.value.exit_code == ExitCode.REFUSED
    assert "table public.users with all its rows" in caught.value.why
    assert len(list((desk.root / "migrations").iterdir())) == 4
    report = undo(project, 1, allow_data_loss=True)
    assert report.losses == ("table public.users with all its rows",)
    assert (report.migrations[0].down or "").splitlines()[:2] == [
        "-- Way back: lossy.",
        "-- Does not bring back table public.users with all its rows.",
    ]


def test_later_migrations_that_build_on_it_are_told(desk: Desk) -> None:
    """Postgres's own words say what stands in the way."""
    with pytest.raises(HistoryError) as caught:
        undo(desk.project(files={**USERS, **ORDERS}), 1, allow_data_loss=True)
    assert "other objects depend on it" in caught.value.what
    assert "orders" in caught.value.why


def test_nothing_to_take_back_is_told(desk: Desk) -> None:
    """Where a later migration did it already, or only rows were changed."""
    files = {**USERS, **INDEX, "0003_rows.sql": "INSERT INTO users VALUES (1);"}
    with pytest.raises(HistoryError, match="changes nothing"):
        undo(desk.project(files=files), 3)


def test_a_version_that_is_not_there(desk: Desk) -> None:
    """The remedy says where the versions are."""
    with pytest.raises(HistoryError, match="no migration 7") as caught:
        undo(desk.project(files=USERS), 7)
    assert "status" in caught.value.remedy


def test_a_rename_is_no_loss_and_is_done_again_by_its_own_text(desk: Desk) -> None:
    """Both directions keep the column's values, so nothing has to be allowed."""
    rename = {
        "0002_rename.up.sql": "ALTER TABLE users RENAME COLUMN id TO number;",
        "0002_rename.down.sql": "ALTER TABLE users RENAME COLUMN number TO id;",
    }
    report = undo(desk.project(files={**USERS, **rename}), 2)
    assert report.losses == ()
    assert report.migrations[0].down is not None
    assert rename["0002_rename.up.sql"] in report.migrations[0].down


def test_what_schema_json_has_no_word_for_is_not_out_of_step(desk: Desk) -> None:
    """A function that the migrations make stays as it is, so it is no reason to edit schema.json."""
    files = {**USERS, **INDEX, "0001_users.up.sql": f"{USERS['0001_users.up.sql']} {FUNCTION}"}
    files["0001_users.down.sql"] = "DROP TABLE users; DROP FUNCTION one();"
    document = schema({"users": {"fields": {"id": {"type": "integer", "primary": True}}}})
    assert undo(desk.project(document, files=files), 2).warnings == ()


def test_the_grade_of_another_file_is_not_taken_over(desk: Desk) -> None:
    """A generated down file that becomes an up file is no way back any more; what it loses stays said."""
    generate(desk.project(schema({"users": {"fields": {"id": ID}}})), name="users")
    project = desk.project(schema({"users": {"fields": {"id": ID, "age": {"type": "integer"}}}}))
    generate(project, name="age")
    report = undo(project, 2, allow_data_loss=True)
    assert "Way back" not in report.migrations[0].up
    assert "-- Loses column public.users.age with its values.\n" in report.migrations[0].up
    assert report.migrations[0].way_back is not None
    assert (report.migrations[0].down or "").startswith(f"-- Way back: {report.migrations[0].way_back.grade}.\n")


def test_what_is_computed_keeps_the_database_in_use(desk: Desk) -> None:
    """As many migrations as `generate` would write, each with a way back of its own."""
    index = "CREATE INDEX users_id ON users (id); ALTER TABLE users ADD CONSTRAINT positive CHECK (id > 0);"
    files = {
        **USERS,
        "0002_c.up.sql": index,
        "0003_d.up.sql": "DROP INDEX users_id; ALTER TABLE users DROP CONSTRAINT positive;",
    }
    report = undo(desk.project(files={**files, "0002_c.down.sql": "SELECT 1;"}), 3)
    assert [path.name for migration in report.migrations for path in migration.paths[:1]] == [
        "0004_undo_d_add_positive_to_users.up.sql",
        "0005_undo_d_create_index_users_id.up.sql",
        "0006_undo_d_validate_positive.up.sql",
    ]
    assert [migration.transactional for migration in report.migrations] == [True, False, True]
    assert all("-- Takes 3 (d) back.\n" in migration.up for migration in report.migrations)
    assert {migration.way_back.grade for migration in report.migrations if migration.way_back} == {"exact"}
    assert desk.dump() == desk.dump(count=2)


def test_a_down_file_that_takes_long_is_taken_over_and_that_is_said(desk: Desk) -> None:
    """It may do more than the schema shows, so it is not replaced."""
    files = {"0002_d.up.sql": "DROP INDEX users_i;", "0002_d.down.sql": "CREATE INDEX users_i ON users (id);"}
    first = {"0001_users.up.sql": "CREATE TABLE users (id integer); CREATE INDEX users_i ON users (id);"}
    report = undo(desk.project(files={**USERS, **first, **files}), 2)
    assert ["for as long as there are rows" in warning for warning in report.warnings] == [True]


def test_what_postgres_has_no_way_to_take_back_is_refused(desk: Desk) -> None:
    """A value can't be taken from an enum that a table is partitioned by; nothing is written."""
    files = {
        "0001_a.sql": "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (m mood) PARTITION BY LIST (m);",
        "0002_b.sql": "ALTER TYPE mood ADD VALUE 'sad';",
    }
    with pytest.raises(ImpossibleError) as refused:
        undo(desk.project(files=files), 2, allow_data_loss=True)
    assert "enum public.mood can't be replaced" in refused.value.what
    assert sorted(path.name for path in (desk.root / "migrations").iterdir()) == [*files]
