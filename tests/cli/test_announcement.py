"""What the team is told of a run that a person started."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from neon_migrate.cli.announcement import failures_told
from neon_migrate.cli.invocation import Invocation
from tests.notify.test_slack import Webhook, webhook
from tests.workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["webhook"]


def test_a_fault_of_ours_is_told_without_what_it_quotes(
    tmp_path: Path, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on as it is, for whoever started the run."""
    from neon_migrate.postgres.target import Target

    monkeypatch.setenv("SLACK_WEBHOOK", webhook.url)
    project = Workbench(tmp_path, Target("postgresql://me:s3cret@db.example/app")).project
    with pytest.raises(RuntimeError), failures_told(Invocation(), project):
        raise RuntimeError("ann@example.com")
    (told,) = webhook.taken
    assert "apply failed on app" in told["text"]
    assert "RuntimeError" in json.dumps(told)
    assert "ann@example.com" not in json.dumps(told) and "s3cret" not in json.dumps(told)
