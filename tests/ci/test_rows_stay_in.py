"""A migration that makes schema of rows: once it is deployed, its values are told nobody who reads the repository."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from neon_migrate import api
from neon_migrate.errors import ExitCode
from neon_migrate.events import DriftFound

if TYPE_CHECKING:
    from tests.ci.conftest import Road

OF_ROWS = """DO $$ DECLARE labels text; BEGIN
  SELECT string_agg(quote_literal(email), ', ') INTO labels FROM people;
  EXECUTE 'CREATE TYPE person AS ENUM (' || coalesce(labels, '') || ')';
  EXECUTE format('ALTER TABLE people ALTER email SET DEFAULT %L', coalesce((SELECT max(email) FROM people), ''));
  EXECUTE format('ALTER TABLE people ADD CONSTRAINT known CHECK (email <> %L)',
    coalesce((SELECT 'not-' || max(email) FROM people), ''));
END $$;"""
SECRETS = ("alice@", "5551234567")


@pytest.fixture
def people(road: Road) -> Road:
    """Two rows in production, and a migration pending that makes schema of them."""
    road.bench.write(_0001_users__up="CREATE TABLE people (email text);", _0001_users__down="DROP TABLE people;")
    api.apply(road.project)
    road.bench.query("INSERT INTO people VALUES ('alice@secret.example'), ('5551234567')")
    road.bench.write(_0002_of_rows=OF_ROWS)
    return road


def _told(road: Road) -> str:
    """All that leaves the run."""
    artifacts = (path.read_text() for path in sorted(road.output.glob("*")) if path.suffix != ".sql")
    issues = (issue["title"] + issue["body"] for issue in road.github.issues)
    return "\n".join((road.summary, road.comment, json.dumps(road.slack.taken), *artifacts, *issues))


def _keeps(road: Road) -> bool:
    assert all(secret in repr(api.compare(road.project)) for secret in SECRETS)
    return not any(secret in _told(road) for secret in SECRETS)


def test_a_deployment_keeps_them(people: Road) -> None:
    """What is not as the migrations make it is told, without what it is; also of a column that counts as missing."""
    people.event("push", {})
    api.ci_plan(people.project, people.environment, deploy_to="production")
    approved = people.outputs["plan"]
    people.event("push", {})
    people.bench.events.clear()
    report = api.ci_deploy(
        people.project, people.environment, approved=approved, deploy_to="production", output=people.output
    )
    assert people.bench.told(DriftFound)
    assert not any(secret in repr(people.bench.events) for secret in SECRETS)  # the job log
    assert "enum public.person is different (labels: expected none, found …, …)" in map(str, report.drift)
    assert any(one.startswith("public.people.email has …, expected") for one in report.missing)
    assert _keeps(people)


def test_the_daily_look_keeps_them(people: Road) -> None:
    """The issue names what differs and what would go, and leaves out the SQL that would quote them."""
    api.apply(people.project)
    people.event("schedule", {})
    report = api.ci_maintenance(people.project, people.environment, tasks=("compare",), output=people.output)
    assert report.exit_code is ExitCode.DIFFERENT
    (issue,) = people.github.issues
    assert "enum public.person" in issue["body"] and "neon-migrate compare shows it" in issue["body"].replace("\\", "")
    assert _keeps(people)


def test_the_next_pull_request_keeps_them(people: Road) -> None:
    """Its comment tells of drift, and of a way back that would need them that there is one."""
    api.apply(people.project)
    people.bench.write(_0003_gone="ALTER TABLE people ALTER email DROP DEFAULT; DROP TYPE person;")
    people.pull_request()
    report = api.ci_pull_request(people.project, people.environment, output=people.output)
    assert report.failure is None and report.report is not None
    assert "enum public.person" in people.comment
    assert any("--show-values" in warning for warning in report.report.warnings)
    assert _keeps(people)


def test_a_deployment_that_fails_keeps_them(people: Road) -> None:
    """What changed since the approval is told, without what it is."""
    people.event("push", {})
    api.ci_plan(people.project, people.environment, deploy_to="production")
    approved = people.outputs["plan"]
    api.apply(people.project)
    people.bench.query("CREATE TABLE by_hand (id int)")
    people.event("push", {})
    report = api.ci_deploy(
        people.project, people.environment, approved=approved, deploy_to="production", output=people.output
    )
    assert report.exit_code is ExitCode.DIFFERENT and report.failure is not None
    assert "table public.by_hand is unexpected" in report.failure.why
    assert _keeps(people)
