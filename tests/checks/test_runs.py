"""The checks that run the migrations on a scratch Postgres."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from histories import migrations_of, write_project
from neon_migrate import apply as apply_module
from neon_migrate.checks import syntax
from neon_migrate.errors import StatementError
from neon_migrate.grading import graded
from neon_migrate.inspection import Inspection
from neon_migrate.postgres.target import Target
from neon_migrate.render.plain import text
from neon_migrate.render.validate import validate_page
from neon_migrate.validate import validate

if TYPE_CHECKING:
    from pathlib import Path

    from checks.conftest import Validated
    from neon_migrate.ledger.migration import Migration

A = {"0001_a.up.sql": "CREATE TABLE a (id int, n text);\n", "0001_a.down.sql": "DROP TABLE a;\n"}


DROP = {"0002_b.sql": "DO $$ BEGIN ALTER TABLE a DROP COLUMN n; END $$;"}
UP = "CREATE TABLE roles (id integer PRIMARY KEY, name text NOT NULL UNIQUE);"
SEEDS = {"roles": {"unique_key": "name", "records": [{"id": 1, "name": "admin"}]}}


class TestSyntax:
    """Every statement is read by the server's own grammar, and none is run."""

    def test_an_error_in_line_900_is_found_there(self, validated: Validated) -> None:
        """With column and the line itself."""
        text = "SELECT 1;\n" * 899 + "SELECT 1,, 2;\n"
        results = validated(A | {"0002_b.sql": text})
        (finding,) = results["syntax"].findings
        assert results["syntax"].state == "failed"
        assert str(finding.where) == "migrations/0002_b.sql:900:10"
        assert finding.where is not None
        assert finding.where.source == "SELECT 1,, 2;"

    def test_every_faulty_file_is_named_downs_too(self, validated: Validated) -> None:
        """Not only the first."""
        files = A | {"0001_a.down.sql": "DRUP TABLE a;", "0002_b.sql": "SELEC 1;", "0003_c.sql": "SELECT 'open;"}
        result = validated(files)["syntax"]
        assert [finding.where.file for finding in result.findings if finding.where] == [
            "migrations/0001_a.down.sql",
            "migrations/0002_b.sql",
            "migrations/0003_c.sql",
        ]

    def test_what_only_the_newest_grammar_knows_is_no_error(self, validated: Validated) -> None:
        """libpg_query is of version 17; the server that will run it decides."""
        text = "ALTER TABLE a ADD twice int GENERATED ALWAYS AS (id * 2) VIRTUAL;"
        results = validated(A | {"0002_b.sql": text})
        assert results["syntax"].state == results["replay"].state == "passed"

    def test_nothing_is_run(self, tmp_path: Path) -> None:
        """Not even what would end a transaction first."""
        text = "COMMIT; CREATE DATABASE made_by_a_check;"
        with Inspection(write_project(tmp_path, {"0001_a.sql": text})) as inspection:
            assert syntax.CHECK.run(inspection).state == "passed"
            with inspection.server.session("postgres") as session:
                assert session.query("SELECT FROM pg_database WHERE datname = 'made_by_a_check'") == []


class TestTransactions:
    """What a file says about transactions."""

    def test_transaction_control_warns_and_is_run_as_sqlx_runs_it(self, validated: Validated) -> None:
        """Each statement with its place; savepoints are none."""
        text = "SAVEPOINT s;\nRELEASE s;\nCOMMIT;\nBEGIN;\nCREATE TABLE b ();"
        results = validated(A | {"0002_b.sql": text})
        assert results["transactions"].state == "warned"
        places = [str(finding.where) for finding in results["transactions"].findings]
        assert places == ["migrations/0002_b.sql:3:1", "migrations/0002_b.sql:4:1"]
        assert "not atomic" in results["transactions"].findings[0].message
        assert results["replay"].state == "passed"

    @pytest.mark.parametrize(
        "statement",
        [
            "CREATE DATABASE other",
            "CREATE INDEX CONCURRENTLY a_id ON a (id)",
            "VACUUM a",
            "ALTER SYSTEM SET work_mem = '8MB'",
        ],
    )
    def test_what_cannot_run_in_a_transaction_fails_with_the_way_out(
        self, validated: Validated, statement: str
    ) -> None:
        """Postgres says so when it is run (SQLSTATE 25001), not a list of words."""
        results = validated(A | {"0002_b.sql": f"SELECT 1;\n{statement};"})
        (finding,) = results["transactions"].findings
        assert results["transactions"].state == results["replay"].state == "failed"
        assert str(finding.where) == "migrations/0002_b.sql:2:1"
        assert "-- no-transaction" in finding.remedy

    def test_in_a_string_they_are_nothing(self, validated: Validated) -> None:
        """What counts is what Postgres does."""
        assert validated(A | {"0002_b.sql": "SELECT 'COMMIT; VACUUM';"})["transactions"].state == "passed"

    def test_a_no_transaction_file_that_sqlx_cannot_run_warns(self, validated: Validated) -> None:
        """This tool can: it sends the statements one by one."""
        text = "-- no-transaction\nCREATE INDEX CONCURRENTLY a_id ON a (id);\nSELECT 1;"
        results = validated(A | {"0002_b.sql": text})
        assert results["sqlx"].state == "warned"
        assert "sqlx can't run it" in results["sqlx"].findings[0].message
        assert results["replay"].state == "passed"

    def test_a_file_behind_which_sqlx_does_not_find_its_ledger_warns(self, validated: Validated) -> None:
        """pg_dump starts with it; sqlx says that the relation "_sqlx_migrations" does not exist."""
        text = "SELECT pg_catalog.set_config('search_path', '', {});"
        results = validated(A | {"0002_b.sql": text.format("false")})
        assert results["sqlx"].state == "warned"
        assert "search_path" in results["sqlx"].findings[0].message
        assert validated(A | {"0002_b.sql": text.format("true")})["sqlx"].state == "passed"


def test_a_replay_that_fails_names_the_place_and_keeps_what_was_seen(validated: Validated) -> None:
    """The downs before it were tried; what needs the whole is skipped."""
    results = validated(A | {"0002_b.sql": "SELECT 1;\nALTER TABLE missing ADD x int;"})
    assert results["replay"].state == "failed"
    assert str(results["replay"].findings[0].where) == "migrations/0002_b.sql:2:1"
    assert results["downs"].state == "passed"
    assert results["breaking changes"].state == "skipped"


class TestDowns:
    """Every down file is run back and compared."""

    def test_one_that_fails_is_named_with_its_place(self, validated: Validated) -> None:
        """However old it is."""
        results = validated(A | {"0001_a.down.sql": "DROP TABLE b;", "0002_b.sql": "SELECT 1;"})
        (finding,) = results["downs"].findings
        assert results["downs"].state == "failed"
        assert str(finding.where) == "migrations/0001_a.down.sql:1:1"
        assert 'table "b" does not exist' in finding.message

    def test_one_that_restores_something_else_fails_while_it_is_new(self, validated: Validated) -> None:
        """And says what differs; of an older migration it warns."""
        faulty = {"0002_b.up.sql": "ALTER TABLE a DROP n;", "0002_b.down.sql": "ALTER TABLE a ADD n int;"}
        results = validated(A | faulty)
        assert results["downs"].state == "failed"
        assert "column public.a.n is different" in results["downs"].findings[0].message
        assert results["downs"].reason.startswith("1 of 2")
        assert validated(A | faulty | {"0003_c.sql": "SELECT 1;"})["downs"].state == "warned"

    def test_one_that_says_so_in_its_head_warns(self, validated: Validated) -> None:
        """As `generate` writes it."""
        down = "-- no-transaction\n-- Does not bring back column a.n with its values.\nSELECT 1;"
        results = validated(A | {"0002_b.up.sql": "ALTER TABLE a DROP n;", "0002_b.down.sql": down})
        assert results["downs"].state == "warned"

    def test_a_reversible_one_without_a_down_warns(self, validated: Validated) -> None:
        """Its name promises one."""
        result = validated(A | {"0002_b.up.sql": "SELECT 1;"})["downs"]
        assert (result.state, str(result.findings[0].where)) == ("warned", "migrations/0002_b.up.sql")

    def test_a_new_one_is_graded_with_rows_in_every_table(self, tmp_path: Path) -> None:
        """The grade is in the report, with what goes; a second run knows it. Older ones are as good as they were."""
        files = A | {
            "0002_b.up.sql": f"CREATE TABLE b (n int); -- {uuid4()}",
            "0002_b.down.sql": "DROP TABLE b;",
            "0003_c.up.sql": "CREATE INDEX b_n ON b (n);",
            "0003_c.down.sql": "DROP INDEX b_n;",
        }
        reports = [validate(write_project(tmp_path, files), since=1) for _ in range(2)]
        for report in reports:
            assert [(one.version, one.grade, one.what) for one in report.ways_back] == [
                (2, "lossy", ("Loses table public.b with all its rows.",)),
                (3, "exact", ()),
            ]
        (downs,) = [check for check in reports[0].checks if check.name == "downs"]
        assert (downs.state, downs.reason) == (
            "passed",
            "3 of 3 down files give back the schema before; with rows: 2 lossy, 3 exact",
        )

    def test_of_new_ones_the_newest_are_graded_and_the_others_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In the report and on the page; a later run that grades more knows them."""
        files = A | {"0002_b.up.sql": f"CREATE TABLE b (n int); -- {uuid4()}", "0002_b.down.sql": "DROP TABLE b;"}
        project = write_project(tmp_path, files)
        monkeypatch.setattr("neon_migrate.inspection.MOST_GRADED", 1)
        report = validate(project, since=0)
        assert ([one.version for one in report.ways_back], report.ungraded) == ([2], (1,))
        assert "way back not run with rows: 1." in text(validate_page(report))
        monkeypatch.undo()
        report = validate(project, since=0)
        assert ([one.version for one in report.ways_back], report.ungraded) == ([1, 2], ())

    def test_one_that_does_not_run_once_more_is_tried_once(self, tmp_path: Path) -> None:
        """Roles belong to the server, where the replay has made it; those before it are graded all the same."""
        role = f"r{uuid4().hex}"
        files = A | {"0002_b.up.sql": f"CREATE ROLE {role};", "0002_b.down.sql": f"DROP ROLE {role};"}
        happened: list[str] = []
        project = replace(write_project(tmp_path, files), observer=lambda event: happened.append(str(event)))
        for _ in range(2):
            report = validate(project, since=0)
            assert ([one.version for one in report.ways_back], report.ungraded) == ([1], (2,))
        assert sum("with rows in every table" in event for event in happened) == 1

    def test_one_that_can_not_be_graded_keeps_no_grade_back(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The next run looks at it again."""

        def fail_at_first(migration: Migration, *rest: Any) -> Any:
            if migration.version == 1:
                raise StatementError("out of memory", sqlstate="53200")
            return graded(migration, *rest)

        monkeypatch.setattr("neon_migrate.inspection.graded", fail_at_first)
        files = A | {"0002_b.up.sql": f"CREATE TABLE b (n int); -- {uuid4()}", "0002_b.down.sql": "DROP TABLE b;"}
        project = write_project(tmp_path, files)
        report = validate(project, since=0)
        assert ([one.version for one in report.ways_back], report.ungraded) == ([2], (1,))
        monkeypatch.undo()
        assert validate(project, since=0).ungraded == ()

    def test_a_new_one_that_fails_on_rows_warns_unless_it_says_so(self, validated: Validated) -> None:
        """It runs on empty tables, as the look at the schema has them."""
        up = {"0002_b.up.sql": "ALTER TABLE a ADD m int; UPDATE a SET m = 1; ALTER TABLE a DROP n;"}
        down = "ALTER TABLE a DROP m; ALTER TABLE a ADD n int NOT NULL;"
        start = {"0001_a.up.sql": "CREATE TABLE a (id int, n int NOT NULL);", "0001_a.down.sql": "DROP TABLE a;"}
        result = validated(start | up | {"0002_b.down.sql": down})["downs"]
        assert result.state == "warned"
        assert "Way back: impossible. Fails where tables have rows" in result.findings[0].message
        assert (
            validated(start | up | {"0002_b.down.sql": f"-- Way back: impossible.\n{down}"})["downs"].state == "passed"
        )

    def test_a_corrected_down_is_tried_again(self, validated: Validated) -> None:
        """What is known from an earlier run holds for the same text only."""
        assert validated(A | {"0001_a.down.sql": "DROP TABLE b;"})["downs"].state == "failed"
        assert validated(A | {"0001_a.down.sql": "DROP TABLE a;"})["downs"].state == "passed"


def test_an_extension_that_is_only_stood_in_for_warns(validated: Validated) -> None:
    """uuid-ossp is in no wheel: what the migrations do with it was tried against a stand-in, and that is said."""
    result = validated({"0001_a.sql": 'CREATE EXTENSION "uuid-ossp"; CREATE EXTENSION hstore;'})["extensions"]
    assert result.state == "warned"
    assert [finding.message.split(" was ")[0] for finding in result.findings] == ["uuid-ossp"]


def test_a_second_run_knows_what_the_first_has_seen(validated: Validated) -> None:
    """And says the same."""
    files = A | {"0002_b.up.sql": f"ALTER TABLE a DROP n; -- {uuid4()}", "0002_b.down.sql": "SELECT 1;"}
    first, second = validated(files), validated(files)
    assert "as seen before" not in first["replay"].reason
    assert "2 of them as seen before" in second["replay"].reason
    for name in ("downs", "breaking changes"):
        assert first[name] == second[name]


def test_a_role_that_a_migration_makes_is_not_in_the_way_of_the_next_run(validated: Validated) -> None:
    """Roles belong to the server: each run finds what its migrations expect."""
    role = f"role_{uuid4().hex}"
    files = {"0001_a.up.sql": f"CREATE ROLE {role};", "0001_a.down.sql": f"DROP ROLE {role};"}
    for more in (
        {},
        {"0002_b.sql": f"GRANT USAGE ON SCHEMA public TO {role};"},
        {"0001_a.down.sql": f"DROP ROLE {role} ;"},
    ):
        files |= more
        results = validated(files)
        assert (results["replay"].state, results["downs"].state) == ("passed", "passed")


class TestBreakingChanges:
    """New migrations are looked at, and only they."""

    def test_they_warn_and_never_fail(self, validated: Validated) -> None:
        """Without git and database the newest is new."""
        result = validated(A | DROP)["breaking changes"]
        assert result.state == "warned"
        assert "column public.a.n is dropped" in result.findings[0].message
        assert str(result.findings[0].where) == "migrations/0002_b.sql"
        assert "newest" in result.reason

    def test_older_ones_are_looked_at_when_asked_for(self, validated: Validated) -> None:
        """`since` names the last version that is not new."""
        files = A | DROP | {"0003_c.sql": "SELECT 1;"}
        assert validated(files)["breaking changes"].state == "passed"
        result = validated(files, since=1)["breaking changes"]
        assert result.state == "warned"
        assert "above 1" in result.reason

    def test_with_a_database_the_pending_ones_are_new(
        self, validated: Validated, database: Target, tmp_path: Path
    ) -> None:
        """As its ledger says."""
        files = A | DROP | {"0003_c.sql": "SELECT 1;"}
        project = write_project(tmp_path, files, database)
        apply_module.apply(project, to=1)
        results = validated(files, target=database)
        assert results["history"].state == "passed"
        assert results["history"].reason == "1 applied, 2 pending"
        assert results["breaking changes"].state == "warned"
        assert "pending in the database" in results["breaking changes"].reason


class TestDatabase:
    """A named database is asked for its ledger and its version."""

    def test_faults_of_the_history_are_told(self, validated: Validated, database: Target, tmp_path: Path) -> None:
        """An edited applied migration fails."""
        project = write_project(tmp_path, A, database)
        apply_module.apply(project)
        results = validated(A | {"0001_a.up.sql": "CREATE TABLE a (id int);"}, target=database)
        assert results["history"].state == "failed"
        assert migrations_of(project.settings)[0].checksum.hex() in results["history"].findings[0].message

    def test_one_that_does_not_answer_is_said_and_the_rest_goes_on(self, validated: Validated) -> None:
        """Nothing is quietly left out."""
        target = Target("postgresql://user:secret@127.0.0.1:1/nowhere?connect_timeout=2")
        results = validated(A, target=target)
        assert results["history"].state == "skipped"
        assert results["server version"].state == "warned"
        assert results["replay"].state == "passed"
        assert "secret" not in repr(results)


def test_another_major_than_the_one_asked_for_warns(validated: Validated) -> None:
    """The nearest is taken."""
    result = validated(A | {"neon-migrate.toml": "postgres-major = 11\n"})["server version"]
    assert result.state == "warned"
    assert "11" in result.findings[0].message


class TestSchema:
    """schema.json beside the migrations."""

    @staticmethod
    def document(**more: object) -> str:
        fields = {
            "id": {"type": "INTEGER", "nullable": False, "primary": True},
            "name": {"type": "TEXT", "nullable": False, "unique": True},
        }
        return json.dumps({"version": "1", "tables": {"roles": {"fields": fields}}, **more})

    def test_in_step(self, validated: Validated) -> None:
        """They give the same schema."""
        results = validated({"0001_a.sql": UP, "schema.json": self.document()})
        assert results["schema.json"].state == "passed"
        assert results["seeds"].state == "skipped"

    def test_out_of_step(self, validated: Validated) -> None:
        """What is missing is named, and the command that writes it."""
        result = validated({"0001_a.sql": "SELECT 1;", "schema.json": self.document()})["schema.json"]
        assert result.state == "failed"
        assert "table public.roles is missing" in result.findings[0].message
        assert "generate" in result.findings[0].remedy

    def test_a_faulty_schema_json_fails_with_its_place(self, validated: Validated) -> None:
        """And the migrations are looked at all the same."""
        results = validated({"0001_a.sql": UP, "schema.json": '{"tables": {"roles": {"feilds": {}}}}'})
        assert results["schema.json"].state == "failed"
        assert results["schema.json"].findings[0].where is not None
        assert results["replay"].state == "passed"

    def test_seeds_are_written_twice(self, validated: Validated) -> None:
        """The second time changes nothing."""
        files = {"0001_a.sql": UP, "schema.json": self.document(seeds=SEEDS)}
        assert validated(files)["seeds"].state == "passed"

    def test_seeds_that_multiply_fail(self, validated: Validated) -> None:
        """Here a trigger of the document's own SQL makes a second row of each."""
        sql = """CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO roles VALUES (NEW.id + 100, NEW.name || gen_random_uuid()); RETURN NULL; END $$;
            CREATE TRIGGER again AFTER INSERT ON roles FOR EACH ROW
                WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION again();"""
        document = self.document(seeds=SEEDS, sql=["sql/more.sql"])
        result = validated({"0001_a.sql": UP, "schema.json": document, "sql/more.sql": sql})["seeds"]
        assert result.state == "failed"
        assert result.findings[0].where is not None
        assert result.findings[0].where.file == "schema.json"
        assert "1 seed of public.roles give 2 rows" in result.findings[0].message


def test_a_role_that_is_taken_for_granted_is_made_on_the_scratch(validated: Validated) -> None:
    """Roles are the server's: a history may name those of the target, in ups and downs, and still makes its own."""
    owner, reader = (f"{name}_{uuid4().hex[:8]}" for name in ("owner", "reader"))
    results = validated(
        {
            "0001_a.up.sql": f"CREATE TABLE a (id int); GRANT SELECT ON a TO {reader};",
            "0001_a.down.sql": "DROP TABLE a;",
            "0002_b.up.sql": f"CREATE ROLE {owner}; ALTER TABLE a OWNER TO {owner};",
            "0002_b.down.sql": f"ALTER TABLE a OWNER TO CURRENT_USER; DROP ROLE {owner};",
        }
    )
    assert results["replay"].state == "passed", results["replay"].findings
    assert results["downs"].state == "passed", results["downs"].findings
