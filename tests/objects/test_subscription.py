"""Subscriptions."""

# ruff: noqa: E501 (a statement stands as Postgres gets it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema_pairs import Case, check

if TYPE_CHECKING:
    from neon_migrate.postgres.session import Session

CASES = (
    Case(
        "without its connection",
        "",
        'CREATE SUBSCRIPTION "My s" CONNECTION \'host=h password=hunter2\' PUBLICATION b, "A" WITH (connect = false, binary, streaming = on, slot_name = NONE, synchronous_commit = remote_apply); COMMENT ON SUBSCRIPTION "My s" IS \'x\'',
        sql=(
            "CREATE SUBSCRIPTION \"My s\" CONNECTION '' /* by hand: ALTER SUBSCRIPTION with CONNECTION, then ENABLE and REFRESH PUBLICATION */ PUBLICATION \"A\", b WITH (connect = false, slot_name = NONE, synchronous_commit = 'remote_apply', binary = true, streaming = on)",
            "COMMENT ON SUBSCRIPTION \"My s\" IS 'x'",
        ),
        back=(
            'ALTER SUBSCRIPTION "My s" DISABLE',
            'ALTER SUBSCRIPTION "My s" SET (slot_name = NONE)',
            'DROP SUBSCRIPTION "My s"',
        ),
    ),
    Case(
        "publications and options changed",
        "CREATE SUBSCRIPTION s CONNECTION 'host=h password=hunter2' PUBLICATION p WITH (connect = false, disable_on_error)",
        "CREATE SUBSCRIPTION s CONNECTION 'host=h password=hunter2' PUBLICATION q, p WITH (connect = false, slot_name = 'other', streaming = off, binary)",
        sql=(
            "ALTER SUBSCRIPTION s SET PUBLICATION p, q WITH (refresh = false)",
            "ALTER SUBSCRIPTION s SET (slot_name = 'other', binary = true, streaming = off, disable_on_error = false)",
        ),
        back=(
            "ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)",
            "ALTER SUBSCRIPTION s SET (slot_name = 's', binary = false, streaming = parallel, disable_on_error = true)",
        ),
    ),
    Case(
        "another connection is no difference",
        "CREATE SUBSCRIPTION s CONNECTION 'host=h password=hunter2' PUBLICATION p WITH (connect = false)",
        "CREATE SUBSCRIPTION s CONNECTION 'host=h password=hunter3' PUBLICATION p WITH (connect = false)",
        sql=(),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_subscription(session: Session, case: Case) -> None:
    """The plan is as written, and running it gives exactly the new schema; the way back gives the old one."""
    check(session, case)
