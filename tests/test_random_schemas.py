"""Random schemas: whatever they are, a plan leads from one to the other and back.

NEON_MIGRATE_TEST_EXAMPLES says how many are tried in each test, NEON_MIGRATE_TEST_SEED which; each run prints its own.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings

from neon_migrate.diff import diff
from neon_migrate.plan import plan
from random_schemas import RandomSchema, schemas
from schema_pairs import assert_leads, catalog_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session

EXAMPLES = int(os.environ.get("NEON_MIGRATE_TEST_EXAMPLES", "100"))
SEED = seed(int(os.environ["NEON_MIGRATE_TEST_SEED"]))
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def empty(scratch: ScratchServer) -> Iterator[Session]:
    """A connection to an empty database that every example leaves empty."""
    name = scratch.create()
    with scratch.session(name) as session:
        yield session
    scratch.drop(name)


@SEED
@SETTINGS
@given(first=schemas(), second=schemas())
def test_a_plan_leads_from_any_schema_to_any_other(empty: Session, first: RandomSchema, second: RandomSchema) -> None:
    """And the one back leads back; nothing is left to do afterwards."""
    before, after = catalog_of(empty, first.ddl()), catalog_of(empty, second.ddl())
    assert diff(before, before) == ()
    for start, found, goal in ((first, before, after), (second, after, before)):
        planned = plan(found, goal)
        note(f"{start.ddl()}\n\n---\n\n{planned.script()}")
        assert_leads(empty, start.ddl(), planned, goal)


@SEED
@SETTINGS
@given(schemas())
def test_reading_does_not_depend_on_the_order_of_creation(empty: Session, schema: RandomSchema) -> None:
    """Two databases made of the same statements in another order are the same, to the fingerprint."""
    one, other = catalog_of(empty, schema.ddl()), catalog_of(empty, schema.ddl(backwards=True))
    assert one == other
    assert one.fingerprint == other.fingerprint
