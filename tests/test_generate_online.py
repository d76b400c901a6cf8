"""`generate` for a database in use: the files that it splits a change into, and who can run them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generating import ID, Desk, schema
from neon_migrate.apply import apply
from neon_migrate.errors import MigrationFileError, StatementError
from neon_migrate.generate import generate
from neon_migrate.ledger import folder
from neon_migrate.postgres.session import connect
from neon_migrate.rollback import rollback
from peers import dumped
from workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from neon_migrate.generate import GenerateReport
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.target import Target

    Golden = Callable[[str, str], None]

TEXT, REQUIRED = {"type": "text"}, {"type": "text", "nullable": False}
ROWS = (
    "INSERT INTO users (email, age) SELECT 'user' || n, n % 90 FROM generate_series(1, 50) n;"
    "INSERT INTO orders (user_id, total) SELECT n % 50 + 1, n FROM generate_series(1, 200) n;"
)


def shop(*, labels: tuple[str, ...], users: dict[str, Any], orders: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """A schema.json with users, orders and an enum."""
    return schema(
        {"users": {"fields": {"id": ID, **users.pop("fields")}, **users}, "orders": {"fields": {"id": ID}, **orders}},
        types={"state": list(labels)},
        **rest,
    )


def before() -> dict[str, Any]:
    """A shop as it began."""
    return shop(
        labels=("new",),
        users={"fields": {"email": TEXT, "age": {"type": "integer"}}},
        orders={
            "fields": {
                "id": ID,
                "user_id": {"type": "integer"},
                "total": {"type": "integer"},
                "state": {"type": "state", "default": "'new'"},
            },
            "indexes": [{"name": "orders_total", "columns": ["total"]}],
        },
    )


def after() -> dict[str, Any]:
    """The same with all that takes time on tables with rows."""
    return shop(
        labels=("new", "paid"),
        users={"fields": {"email": {**REQUIRED, "unique": True}, "age": {"type": "bigint"}}},
        orders={
            "fields": {
                "id": ID,
                "user_id": {"type": "integer", "references": {"table": "users", "column": "id"}},
                "total": {"type": "integer"},
                "state": {"type": "state", "default": "'paid'"},
            },
            "indexes": [{"name": "orders_total", "columns": ["total", "user_id"]}],
            "checks": [{"name": "orders_total_known", "expression": "total IS NOT NULL"}],
        },
    )


def texts(report: GenerateReport) -> str:
    """All files of a report, as one text."""
    return "\n".join(f"==> {path.name}\n{path.read_text()}" for one in report.migrations for path in one.paths)


@pytest.fixture
def desk(tmp_path: Path, scratch: ScratchServer, database: Target) -> Desk:
    """An empty project with a database."""
    return Desk(tmp_path, scratch, database)


def test_a_change_is_split_where_it_would_hold_others_up(desk: Desk, golden: Golden) -> None:
    """Each file says why it is apart, its name what it does, and its down takes back that much."""
    generate(desk.project(before()), name="begin")
    report = generate(desk.project(after()))
    golden("online.txt", texts(report))
    assert [one.version for one in report.migrations] == list(range(2, 2 + len(report.migrations)))
    assert all(one.why for one in report.migrations)
    assert [one.transactional for one in report.migrations].count(False) == 3
    assert generate(desk.project()).in_step
    for count in range(len(report.migrations), 0, -1):
        down = report.migrations[count - 1].down
        assert desk.dump(count=count + 1, run=[down or ""]) == desk.dump(count=count)


def test_sqlx_runs_and_reverts_what_was_generated(desk: Desk, database: Target) -> None:
    """Its own command line, on tables with rows: the same schema as ours, and every step back."""
    bench = Workbench(desk.root, database)
    generate(desk.project(before()), name="begin")
    bench.sqlx("run")
    desk.execute(ROWS)
    began = dumped(database)
    written = generate(desk.project(after())).migrations
    bench.sqlx("run")
    assert bench.versions() == [1, *(one.version for one in written)]
    assert dumped(database) == desk.dump()
    for _ in written:
        bench.sqlx("revert")
    assert dumped(database) == began
    assert bench.query("SELECT count(*), sum(age), max(email) FROM users") == [(50, 1275, "user9")]


def test_apply_and_rollback_do_too(desk: Desk, database: Target) -> None:
    """With rows that are kept, there and back."""
    generate(desk.project(before()), name="begin")
    apply(desk.project())
    desk.execute(ROWS)
    began = dumped(database)
    generate(desk.project(after()))
    apply(desk.project())
    assert dumped(database) == desk.dump()
    rollback(desk.project(), 2, confirm=lambda plan: True, allow_data_loss=True)
    assert dumped(database) == began
    with connect(database) as session:
        assert session.query("SELECT count(*), sum(total) FROM orders") == [(200, 20100)]


def test_rows_that_break_a_rule_stop_where_it_is_checked(desk: Desk) -> None:
    """What was added NOT VALID is in force for new rows, and applying goes on once the rows are put right."""
    generate(desk.project(schema({"t": {"fields": {"id": ID, "a": TEXT}}})))
    apply(desk.project())
    desk.execute("INSERT INTO t (a) VALUES (NULL)")
    generate(desk.project(schema({"t": {"fields": {"id": ID, "a": REQUIRED}}})))
    with pytest.raises(StatementError, match=r"contains null values|violated by some row"):
        apply(desk.project())
    with pytest.raises(StatementError, match=r"null value|violates check"):
        desk.execute("INSERT INTO t (a) VALUES (NULL)")
    desk.execute("UPDATE t SET a = 'x'")
    apply(desk.project())
    assert dumped(desk.project().require_target()) == desk.dump()


def test_offline_it_is_one_migration(desk: Desk) -> None:
    """With the statements as they are; it leads to the same schema, and back."""
    generate(desk.project(before()), name="begin")
    began = after()
    began["types"] = before()["types"]
    began["tables"]["orders"]["fields"]["state"] = before()["tables"]["orders"]["fields"]["state"]
    report = generate(desk.project(began), offline=True, name="all of it")
    (only,) = report.migrations
    assert (only.paths[0].name, only.why) == ("0002_all_of_it.up.sql", ())
    assert not any(word in only.up for word in ("CONCURRENTLY", "NOT VALID"))
    assert desk.dump(run=[only.down or ""]) == desk.dump(count=1)
    assert generate(desk.project()).in_step


def test_offline_an_enum_value_in_use_still_takes_two(desk: Desk) -> None:
    """Postgres lets nobody use one in the transaction that added it; where nobody does, one is enough."""
    generate(desk.project(before()), name="begin")
    two = generate(desk.project(after()), offline=True)
    assert [one.up.count("ADD VALUE") for one in two.migrations] == [1, 0]
    assert two.migrations[1].why == ("All the rest, in one transaction: for a database that nobody uses meanwhile.",)
    more = after()
    more["types"]["state"].append("sent")
    more["tables"]["users"]["fields"]["name"] = TEXT
    assert len(generate(desk.project(more), offline=True).migrations) == 1


def test_renames_and_seeds_are_with_what_locks_for_a_moment(desk: Desk) -> None:
    """Renames in the first file, seeds in the last; by themselves where that is not so short."""
    roles = {"fields": {"name": {"type": "text", "primary": True}, "level": {"type": "integer"}}}
    renamed = {**roles, "renamed_from": "roles", "indexes": [{"name": "grades_level", "columns": ["level"]}]}
    generate(desk.project(schema({"roles": roles})))
    records = [{"name": "admin", "level": 9}]
    seeds = {"grades": {"unique_key": "name", "records": records}}
    report = generate(desk.project(schema({"grades": renamed}, seeds=seeds)))
    first, index, seeded = report.migrations
    assert "RENAME TO grades" in first.up
    assert not index.transactional
    assert "INSERT INTO" in seeded.up
    assert seeded.paths[0].name.endswith("seed_grades.up.sql")
    assert desk.rows("SELECT * FROM grades") == [("admin", 9)]
    assert generate(desk.project()).in_step


def test_a_name_stands_before_that_of_each_part(desk: Desk) -> None:
    """As a version names one file, the name given names what belongs together."""
    generate(desk.project(schema({"t": {"fields": {"id": ID, "a": TEXT}}})))
    report = generate(desk.project(schema({"t": {"fields": {"id": ID, "a": {**TEXT, "unique": True}}}})), name="once")
    assert [one.paths[0].name for one in report.migrations] == [
        "0002_once_create_index_t_a_key.up.sql",
        "0003_once_add_t_a_key_to_t.up.sql",
    ]


def test_timestamps_ascend_and_are_moments(desk: Desk) -> None:
    """Two seconds apart, so that sqlx goes on to infer timestamps, also over the end of a minute."""
    first = {"29991231235958_t.sql": "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text);"}
    wanted = schema({"t": {"fields": {"id": ID, "a": {**REQUIRED, "unique": True}}}})
    report = generate(desk.project(wanted, first))
    versions = [one.version for one in report.migrations]
    assert versions[:3] == [30000101000000, 30000101000002, 30000101000004]
    assert all(one.down is None for one in report.migrations)
    Workbench(desk.root, desk.project().require_target()).sqlx("run")


def test_all_files_are_written_or_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full after the first leaves the folder as it was."""
    generate(desk.project(schema({"t": {"fields": {"id": ID, "a": TEXT}}})))
    there = sorted(path.name for path in (desk.root / "migrations").iterdir())
    write_new = folder._write_new

    def full(path: Path, text: str) -> None:
        if path.name.startswith("0003"):
            raise OSError("No space left on device")
        write_new(path, text)

    monkeypatch.setattr(folder, "_write_new", full)
    with pytest.raises(MigrationFileError, match="No space left"):
        generate(desk.project(schema({"t": {"fields": {"id": ID, "a": {**TEXT, "unique": True}}}})))
    assert sorted(path.name for path in (desk.root / "migrations").iterdir()) == there
