"""dry-run and apply --notify as a person runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import ExitCode
from neon_migrate.report import decode
from tests.notify.test_slack import serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from neon_migrate.postgres.target import Target
    from tests.cli.conftest import Ran

    Run = Callable[..., Ran]


@pytest.fixture
def on(run: Run, folder: Path, database: Target) -> Run:
    """Commands on a database whose first migration is applied."""
    (folder / "migrations").mkdir()
    (folder / "migrations" / "1_users.sql").write_text("CREATE TABLE users (id int PRIMARY KEY, plan text);\n")

    def on_database(*arguments: str, env: dict[str, str] | None = None) -> Ran:
        return run(*arguments, "--database-url", database.conninfo, env={"NEON_API_KEY": ""} | (env or {}))

    assert on_database("apply").code == ExitCode.OK
    return on_database


def test_a_dry_run_is_read_by_people_and_programs(on: Run, folder: Path) -> None:
    """The verdict first; the JSON holds the same report as the file."""
    (folder / "migrations" / "2_drop.sql").write_text("ALTER TABLE users DROP plan;\n")
    shown = on("dry-run")
    assert shown.code == ExitCode.OK
    assert shown.out.startswith("look: 1 migration for ")
    assert "danger: column public.users.plan is dropped" in shown.out
    assert "at migrations/2_drop.sql:1:1" in shown.out
    done = on("dry-run", "--format", "json", "--output", "out/report.json")
    report = decode((folder / "out" / "report.json").read_bytes())
    assert done.json["report"]["verdict"] == report.verdict == "look"
    assert done.json["report"]["digest"] == report.digest


def test_a_dry_run_ends_as_its_report_says(on: Run, folder: Path) -> None:
    """1 for a migration that fails, 4 for a hazard that the settings let stop, 6 for an edited history."""
    migrations = folder / "migrations"
    (migrations / "2_drop.sql").write_text("ALTER TABLE users DROP plan;\n")
    (folder / "neon-migrate.toml").write_text('stops-at = ["danger"]\n')
    refused = on("dry-run")
    assert refused.code == ExitCode.REFUSED
    assert "refused: 1 hazard of severity danger" in refused.out
    (migrations / "2_drop.sql").write_text("SELECT nope;\n")
    failed = on("dry-run", "--quiet")
    assert failed.code == ExitCode.FAILED
    assert 'column "nope" does not exist (42703)' in failed.err
    (migrations / "1_users.sql").write_text("CREATE TABLE users ();\n")
    assert on("dry-run").code == ExitCode.HISTORY


def test_a_team_is_told_of_what_was_applied(on: Run, folder: Path) -> None:
    """And not where nothing was."""
    with serving() as webhook:
        assert on("apply", "--notify", env={"SLACK_WEBHOOK": webhook.url}).code == ExitCode.OK
        assert webhook.taken == []
        (folder / "migrations" / "2_more.sql").write_text("ALTER TABLE users ADD age int;\n")
        assert on("apply", "--notify", env={"SLACK_WEBHOOK": webhook.url}).code == ExitCode.OK
    (sent,) = webhook.taken
    assert sent["text"].startswith("✅ 1 migration applied to ")
    assert "2 more" in sent["blocks"][1]["text"]["text"]


def test_a_team_is_told_of_a_failure_without_values(on: Run, folder: Path) -> None:
    """Where it failed and what is left to do; no value of a row. The run ends as it would have."""
    text = "INSERT INTO users VALUES (1, 'a.lice');\nALTER TABLE users ALTER plan TYPE int USING plan::int;\n"
    (folder / "migrations" / "2_bad.sql").write_text(text)
    with serving() as webhook:
        done = on("apply", "--notify", env={"SLACK_WEBHOOK": webhook.url})
    assert done.code == ExitCode.FAILED
    assert "a.lice" in done.err
    (sent,) = webhook.taken
    said = sent["blocks"][1]["text"]["text"]
    assert sent["text"].startswith("❌ apply failed on ")
    assert "migrations/2_bad.sql:2:1" in said
    assert "a.lice" not in str(sent)


def test_a_team_that_cant_be_told_fails_nothing(on: Run, folder: Path) -> None:
    """A warning, without the secret URL."""
    (folder / "migrations" / "2_more.sql").write_text("ALTER TABLE users ADD age int;\n")
    done = on("apply", "--notify", env={"SLACK_WEBHOOK": "http://127.0.0.1:9/services/sEcReT"})
    assert done.code == ExitCode.OK
    assert "Slack could not be told" in done.err
    assert "sEcReT" not in done.out + done.err


def test_telling_nobody_is_refused(on: Run, folder: Path) -> None:
    """Before anything is applied: --notify without whom to tell, and with --dry-run."""
    (folder / "migrations" / "2_more.sql").write_text("ALTER TABLE users ADD age int;\n")
    nobody = on("apply", "--notify")
    assert (nobody.code, "SLACK_WEBHOOK" in nobody.err) == (ExitCode.USAGE, True)
    assert on("apply", "--notify", "--dry-run", env={"SLACK_WEBHOOK": "http://x"}).code == ExitCode.USAGE
    assert on("status", "--check").code == ExitCode.DIFFERENT
