"""One database for all cases of a worker: each runs in transactions that are rolled back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session


@pytest.fixture(scope="session")
def session(scratch: ScratchServer) -> Iterator[Session]:
    """A connection to an empty database that every test leaves empty."""
    name = scratch.create()
    with scratch.session(name) as connected:
        yield connected
    scratch.drop(name)
