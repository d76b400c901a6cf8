"""The throw-away server, on real Postgres."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session


def test_answers(session: Session, scratch: ScratchServer) -> None:
    """A scratch server answers, and is of the version that it says."""
    assert session.query("SELECT 1") == [(1,)]
    assert session.major == scratch.major


def test_clone(scratch: ScratchServer) -> None:
    """A database made from another holds what that one held."""
    first = scratch.create()
    with scratch.session(first) as session:
        session.query("CREATE TABLE t (a int)")
    second = scratch.create(template=first)
    with scratch.session(second) as session:
        assert session.query("SELECT count(*) FROM t") == [(0,)]
