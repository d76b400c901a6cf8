"""Plans and rehearsals by a role that only reads, so that no secret of the repository can change production."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from neon_migrate import api
from neon_migrate.errors import ExitCode
from neon_migrate.postgres.session import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.postgres.target import Target
    from neon_migrate.project import Project
    from tests.ci.conftest import Road


@pytest.fixture
def reader(road: Road) -> Iterator[Project]:
    """The project as seen by a role that may read the ledger and nothing else; one of its two migrations is applied."""
    api.apply(road.project)
    road.bench.write(
        _0002_age__up="ALTER TABLE users ADD COLUMN age int;", _0002_age__down="ALTER TABLE users DROP COLUMN age;"
    )
    road.bench.query("CREATE ROLE reviewer LOGIN")
    road.bench.query("GRANT SELECT ON _sqlx_migrations TO reviewer")
    yield replace(road.project, target=_as_reviewer(road.bench.target))
    road.bench.query("DROP OWNED BY reviewer")
    road.bench.query("DROP ROLE reviewer")


def _as_reviewer(target: Target) -> Target:
    parameters = {**target.parameters(), "user": "reviewer"}
    return replace(target, conninfo=" ".join(f"{name}='{value}'" for name, value in parameters.items()))


def test_the_plan_of_a_reader_is_what_the_owner_deploys(road: Road, reader: Project) -> None:
    """Both come to one digest: the job that plans and the job that deploys may have secrets of different roles."""
    planned = api.ci_plan(reader, road.environment, deploy_to="production")
    approved = road.outputs["plan"]
    assert [one.version for one in planned.plan.pending] == [2]
    road.event("push", {})
    done = api.ci_deploy(road.project, road.environment, approved=approved, deploy_to="production", output=road.output)
    assert done.succeeded, done.failure
    assert [one.version for one in done.applied] == [2]


def test_a_readers_pull_request_is_rehearsed_on_a_scratch(road: Road, reader: Project) -> None:
    """With production's schema, read by a role that could not have changed it."""
    with connect(_as_reviewer(road.bench.target)) as session, pytest.raises(Exception, match="permission denied"):
        session.query("DELETE FROM users")
    road.pull_request()
    report = api.ci_pull_request(reader, road.environment, output=road.output)
    assert report.exit_code is ExitCode.OK, report.failure
    assert report.report is not None
    assert report.report.rehearsed_on == "scratch"
    assert report.report.faults == ()
    assert "0002_age" in road.comment
