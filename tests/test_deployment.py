"""The plan of a deployment, as it goes from the job that plans to the job that deploys."""

from __future__ import annotations

import hashlib

import pytest

from neon_migrate.deployment import DeploymentPlan, decode_plan, deployment_plan, encode_plan
from neon_migrate.errors import UsageError
from neon_migrate.report import PendingMigration

MOST_OF_ONE_ARGUMENT = 128 * 1024  # MAX_ARG_STRLEN of execve(2), the ending zero byte counted


def _plan(pending: int) -> DeploymentPlan:
    waiting = [
        PendingMigration(
            number,
            f"create table number {number}",
            hashlib.sha384(b"%d" % number).hexdigest(),
            f"migrations/{number:04}_create_table_number_{number}.up.sql",
        )
        for number in range(1, pending + 1)
    ]
    return deployment_plan("shop on ep-1.neon.tech", "f" * 64, (), waiting)


@pytest.mark.parametrize("pending", [0, 1, 1_000])
def test_a_plan_arrives_as_it_was_sent(pending: int) -> None:
    """As one word, which a program can be given as an argument, also where a whole history waits."""
    text = encode_plan(_plan(pending))
    assert len(text) < MOST_OF_ONE_ARGUMENT
    assert text.isascii()
    assert not text.split()[1:]
    assert decode_plan(text) == _plan(pending)


def test_more_than_a_program_can_be_given_is_refused_by_the_job_that_plans() -> None:
    """Not by the shell of the job that deploys, after somebody approved it."""
    with pytest.raises(UsageError) as refused:
        encode_plan(_plan(3_000))
    assert "3,000 migrations" in refused.value.what
    assert "apply --to VERSION" in refused.value.remedy


@pytest.mark.parametrize("text", ["", "{}", "e30=", "eJyrrgUAAXUA+Q=="])
def test_what_is_no_plan_is_refused(text: str) -> None:
    """Nothing, JSON, no compressed text, an empty object."""
    with pytest.raises(UsageError) as refused:
        decode_plan(text)
    assert refused.value.what == "What was approved can't be read"
