"""Two schemas as DDL, the plan between them, and whether it leads from one to the other on a real Postgres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.diff import diff
from neon_migrate.plan import plan
from neon_migrate.postgres.introspect import read_catalog

if TYPE_CHECKING:
    from neon_migrate.catalog import Catalog
    from neon_migrate.plan import Plan
    from neon_migrate.postgres.session import Session


@dataclass(frozen=True)
class Case:
    """A change of a schema.

    sql    the statements that the plan from `old` to `new` consists of
    back   the same for the way back; None where only its result is checked
    loses  what of the data the plan says may go
    """

    name: str
    old: str
    new: str
    sql: tuple[str, ...]
    back: tuple[str, ...] | None = None
    loses: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


def check(session: Session, case: Case) -> None:
    """The plans are as written down, and running them gives exactly the schema asked for, there and back."""
    old, new = catalog_of(session, case.old), catalog_of(session, case.new)
    there, back = plan(old, new), plan(new, old)
    assert statements(there) == case.sql
    assert there.losses == case.loses
    if case.back is not None:
        assert statements(back) == case.back
    assert_leads(session, case.old, there, new)
    assert_leads(session, case.new, back, old)


def assert_leads(session: Session, start: str, planned: Plan, goal: Catalog) -> None:
    """Running the plan on `start` gives `goal`: nothing is left to do."""
    found = catalog_of(session, f"{start};\n{planned.script()}")
    assert diff(found, goal) == ()
    assert found.fingerprint == goal.fingerprint


def statements(planned: Plan) -> tuple[str, ...]:
    """The SQL of a plan, statement by statement."""
    return tuple(statement.sql for statement in planned.statements)


def catalog_of(session: Session, ddl: str) -> Catalog:
    """The Catalog after some DDL on the session's database, which is left as it was."""
    session.script("BEGIN")
    try:
        session.script(ddl)
        catalog = read_catalog(session)
        assert catalog.depends is not None
        return catalog
    finally:
        session.script("ROLLBACK")
