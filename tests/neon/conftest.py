"""A client of the fake Neon that does not wait in real time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import stamina

from neon.fake_api import KEY
from neon_migrate.neon.client import NeonClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon.fake_api import FakeNeon


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """Requests are tried again at once, at most thirty times."""
    stamina.set_testing(True, attempts=30)
    yield
    stamina.set_testing(False)


@pytest.fixture
def client(neon_api: FakeNeon) -> Iterator[NeonClient]:
    """A client that polls without pausing."""
    with NeonClient(KEY, base_url=neon_api.url, sleep=lambda seconds: None, patience_s=20) as opened:
        yield opened
