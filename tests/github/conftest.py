"""The stand-in for GitHub, and a client of it that does not wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.github.client import GitHubClient
from tests.github.fake_api import (
    REPOSITORY,
    TOKEN,
    FakeGitHub,
    _github_contract,
    github_api,
    github_contract,
    github_document,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["_github_contract", "github_api", "github_contract", "github_document"]


@pytest.fixture
def pauses() -> list[float]:
    """The seconds that the client was asked to wait, each time."""
    return []


@pytest.fixture
def client(github_api: FakeGitHub, pauses: list[float]) -> Iterator[GitHubClient]:
    """A client of the fake; it remembers its pauses instead of making them."""
    with GitHubClient(TOKEN, REPOSITORY, api_url=github_api.url, sleep=pauses.append) as made:
        yield made
