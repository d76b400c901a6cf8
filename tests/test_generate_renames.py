"""What goes and comes and looks alike: `generate` asks where it can, reports it where it can't, and assumes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from generating import ID, Desk
from neon_migrate.errors import ImpossibleError, RefusedError
from neon_migrate.generate import generate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.rename_candidates import RenameCandidate

HISTORY = {
    "0001_a.up.sql": "CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail text, age int);",
    "0001_a.down.sql": "DROP TABLE users;",
}


@pytest.fixture
def desk(tmp_path: Path, scratch: ScratchServer) -> Desk:
    """A project without a database."""
    return Desk(tmp_path, scratch)


def schema(table: str, *columns: tuple[str, str]) -> dict[str, Any]:
    """A schema.json with one table."""
    return {"tables": {table: {"fields": {"id": ID} | {name: {"type": kind} for name, kind in columns}}}}


EMAIL = schema("users", ("email", "text"), ("age", "int"))


def answering(answers: dict[str, bool], asked: list[str]) -> Callable[[RenameCandidate], bool]:
    """Answers by the new name, and notes what was asked."""

    def confirm(candidate: RenameCandidate) -> bool:
        asked.append(str(candidate))
        return answers[candidate.new]

    return confirm


def test_a_column_that_is_agreed_to_be_another_is_renamed(desk: Desk) -> None:
    """No data goes, so nothing has to be allowed, and its down gives the old name back."""
    asked: list[str] = []
    report = generate(desk.project(EMAIL, HISTORY), confirm_rename=answering({"email": True}, asked))
    assert asked == ["column public.users.mail may be email now: both are text"]
    (migration,) = report.migrations
    assert "RENAME COLUMN mail TO email" in migration.up
    assert migration.down is not None
    assert "RENAME COLUMN email TO mail" in migration.down
    assert (report.losses, report.rename_candidates, report.renames) == ((), (), ("column mail to email",))
    assert generate(desk.project(), check=True).in_step


def test_one_that_is_not_is_dropped_as_any_other(desk: Desk) -> None:
    """The answer no is not asked for again, and data loss has to be allowed."""
    asked: list[str] = []
    project = desk.project(EMAIL, HISTORY)
    with pytest.raises(RefusedError):
        generate(project, confirm_rename=answering({"email": False}, asked))
    assert len(asked) == 1
    report = generate(project, confirm_rename=answering({"email": False}, asked), allow_data_loss=True)
    assert any("DROP COLUMN mail" in migration.up for migration in report.migrations)


def test_with_nobody_to_ask_it_is_said_what_to_write(desk: Desk) -> None:
    """Nothing is assumed; the refusal names the pair and the words for schema.json, which then do it."""
    project = desk.project(EMAIL, HISTORY)
    with pytest.raises(RefusedError) as refused:
        generate(project)
    assert "column public.users.mail may be email now" in refused.value.why
    assert '"renamed_from": "mail" on column email of users in schema.json' in refused.value.remedy
    assert [one.new for one in generate(project, check=True).rename_candidates] == ["email"]
    said = json.loads(json.dumps(EMAIL))
    said["tables"]["users"]["fields"]["email"]["renamed_from"] = "mail"
    assert generate(desk.project(said)).renames == ("column mail to email",)


def test_the_columns_of_a_table_are_asked_about_once_it_has_its_new_name(desk: Desk) -> None:
    """As two renames of one migration."""
    asked: list[str] = []
    people = schema("people", ("email", "text"), ("age", "int"))
    report = generate(desk.project(people, HISTORY), confirm_rename=answering({"people": True, "email": True}, asked))
    assert asked == [
        "table public.users may be people now: 2 of 3 columns are the same",
        "column public.people.mail may be email now: both are text",
    ]
    assert report.renames == ("table users to people", "column mail to email")
    assert generate(desk.project(), check=True).in_step


MOVED = {
    "0001_a.up.sql": "CREATE SCHEMA auth; CREATE TABLE auth.users (id serial PRIMARY KEY, mail text, age int);"
    " CREATE INDEX users_mail ON auth.users (mail); CREATE VIEW grown AS SELECT id FROM auth.users WHERE age > 17;",
    "0001_a.down.sql": "DROP VIEW grown; DROP TABLE auth.users; DROP SCHEMA auth;",
}


def moved(name: str, renamed_from: str | None = None) -> dict[str, Any]:
    """The table of MOVED under another name."""
    table = schema(name, ("mail", "text"), ("age", "int"))["tables"][name]
    table["fields"]["id"] = {"type": "serial", "primary": True}
    table["indexes"] = [{"name": "users_mail", "columns": ["mail"]}]
    return {"tables": {name: table | ({"renamed_from": renamed_from} if renamed_from else {})}}


@pytest.mark.parametrize("name", ["app.users", "app.people", "users"])
@pytest.mark.parametrize("said", [False, True])
def test_a_table_is_moved_to_another_schema(desk: Desk, name: str, *, said: bool) -> None:
    """With its rows, sequence, keys, indexes and what reads it; the schema is made and, on the way back, gone."""
    project = desk.project(moved(name, "auth.users" if said else None), MOVED)
    report = generate(project, confirm_rename=None if said else lambda _: True)
    qualified_name = name if "." in name else f"public.{name}"
    assert report.renames[0] == f"table auth.users to {qualified_name}"
    up, down = (text for one in report.migrations[:1] for text in (one.up, one.down or ""))
    assert f"SET SCHEMA {qualified_name.partition('.')[0]}" in up
    assert "SET SCHEMA auth" in down
    assert ("CREATE SCHEMA app" in up) == ("DROP SCHEMA app" in down) == ("app." in name)
    assert report.losses == ()
    assert not any("DROP TABLE" in one.up for one in report.migrations)
    assert generate(desk.project(), check=True).in_step


def test_a_type_that_is_renamed_writes_no_table(desk: Desk) -> None:
    """Its columns are of it under its new name: the rename is all that is done, there and back."""
    document = schema("users", ("mood", "feeling"))
    document["types"] = {"feeling": {"enum": ["sad", "happy"], "renamed_from": "mood"}}
    history = {
        "0001_a.up.sql": "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TABLE users"
        " (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood);",
        "0001_a.down.sql": "DROP TABLE users; DROP TYPE mood;",
    }
    report = generate(desk.project(document, history))
    (migration,) = report.migrations
    assert [line for line in migration.up.splitlines() if line and not line.startswith("--")] == [
        "ALTER TYPE public.mood RENAME TO feeling;"
    ]
    assert migration.down is not None
    assert "ALTER TYPE public.feeling RENAME TO mood;" in migration.down
    assert (report.losses, report.renames) == ((), ("type mood to feeling",))
    assert generate(desk.project(), check=True).in_step


def test_an_enum_that_a_table_is_partitioned_by(desk: Desk) -> None:
    """A value is added to it, and its down says that Postgres has no way to take it away; nor has the way there."""
    longer, shorter = ({"types": {"m": labels}, "tables": {}, "sql": ["p.sql"]} for labels in (["a", "b"], ["a"]))
    parted = "CREATE TABLE p (m m) PARTITION BY LIST (m);"
    (desk.root / "p.sql").write_text(parted)
    history = {
        "0001_a.up.sql": f"CREATE TYPE m AS ENUM ('a'); {parted}",
        "0001_a.down.sql": "DROP TABLE p; DROP TYPE m;",
    }
    (migration,) = generate(desk.project(longer, history)).migrations
    assert "ADD VALUE 'b'" in migration.up
    assert migration.down is not None
    assert migration.down.startswith("-- Way back: impossible.")
    assert "is partitioned by column m" in migration.down
    with pytest.raises(ImpossibleError, match="is partitioned by column m"):
        generate(desk.project(shorter))
