"""Going back: the branch keeps its id and its address, and what was before keeps a name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from neon.fake_api import PROJECT
from neon_migrate.errors import ExitCode
from neon_migrate.neon.branches import production_branch
from neon_migrate.neon.errors import NeonAmbiguousError, NeonCredentialError, NeonServerError, NotRestorableError
from neon_migrate.neon.model import RestorePoint
from neon_migrate.neon.restore import history_window, require_restorable, restore
from neon_migrate.postgres.session import connect

if TYPE_CHECKING:
    from neon.fake_api import FakeNeon
    from neon_migrate.neon.client import NeonClient


def _tables(fake: FakeNeon, database: str | None = None) -> list[Any]:
    with connect(fake.target) as session:
        return [
            name for (name,) in session.query("SELECT relname::text FROM pg_class WHERE relname ~ '^pet' ORDER BY 1")
        ]


def _changed(fake: FakeNeon) -> str:
    """Production with a table made, remembered at the LSN given, and another table made after."""
    with connect(fake.target) as session:
        session.script("CREATE TABLE pets ()")
    lsn = fake.checkpoint()
    with connect(fake.target) as session:
        session.script("CREATE TABLE pet_owners ()")
    return lsn


@pytest.mark.parametrize("lost", [False, True])
def test_going_back_to_an_lsn(neon_api: FakeNeon, client: NeonClient, lost: bool) -> None:
    """The same URL leads to the old state, a branch holds the new one; also when the answer is lost, sent once."""
    lsn = _changed(neon_api)
    branch = production_branch(client, PROJECT, neon_api.host(neon_api.production))
    if lost:
        neon_api.fail("POST", ".*/restore", status=524, html=True, done=True)
    done = restore(client, PROJECT, branch, RestorePoint(lsn), preserve_under_name="before-restore")
    assert done.branch.id == branch.id
    assert done.preserved.name == "before-restore"
    assert _tables(neon_api) == ["pets"]
    kept = neon_api.named("before-restore")
    assert kept is not None
    with neon_api.scratch.session(kept.databases[neon_api.database]) as session:
        assert session.query("SELECT to_regclass('pet_owners')::text") == [("pet_owners",)]
    assert sum(request.endswith("/restore") for request in neon_api.requests) == 1


def test_going_back_to_a_time(neon_api: FakeNeon, client: NeonClient) -> None:
    """A moment does as well as an LSN."""
    _changed(neon_api)
    branch = production_branch(client, PROJECT, neon_api.host(neon_api.production))
    restore(client, PROJECT, branch, RestorePoint(timestamp=datetime.now(UTC)), preserve_under_name="kept")
    assert _tables(neon_api) == ["pets"]


def test_a_restore_that_got_lost_is_not_sent_again(neon_api: FakeNeon, client: NeonClient) -> None:
    """Whether it was done is asked by the name under which the state before is kept."""
    lsn = _changed(neon_api)
    branch = client.branch(PROJECT, neon_api.production.id)
    neon_api.fail("POST", ".*/restore")
    with pytest.raises(NeonAmbiguousError) as raised:
        restore(client, PROJECT, branch, RestorePoint(lsn), preserve_under_name="kept")
    _assert_not_again(raised.value.remedy)
    assert sum(request.endswith("/restore") for request in neon_api.requests) == 1
    assert _tables(neon_api) == ["pet_owners", "pets"]


def _assert_not_again(remedy: str) -> None:
    """A remedy that leads to looking, by the name of the branch that would be there, and never to a second restore."""
    assert "whether there is a branch kept" in remedy
    assert "the same command again" not in remedy


@pytest.mark.parametrize("asked", ["operations/.*", "branches/BRANCH", "branches"])
def test_a_restore_that_is_done_is_not_said_to_be_run_again(neon_api: FakeNeon, client: NeonClient, asked: str) -> None:
    """Neon fails after it took the restore: what is asked afterwards has no answer."""
    lsn = _changed(neon_api)
    branch = client.branch(PROJECT, neon_api.production.id)
    path = f".*/{asked}".replace("BRANCH", branch.id)
    neon_api.restored = lambda: neon_api.fail("GET", path, status=500, times=99)
    with pytest.raises(NeonServerError) as raised:
        restore(client, PROJECT, branch, RestorePoint(lsn), preserve_under_name="kept")
    _assert_not_again(raised.value.remedy)
    assert _tables(neon_api) == ["pets"]


def test_a_restore_that_neon_refuses_says_what_neon_says(neon_api: FakeNeon, client: NeonClient) -> None:
    """It was not done, so its own remedy holds."""
    lsn = _changed(neon_api)
    branch = client.branch(PROJECT, neon_api.production.id)
    neon_api.fail("POST", ".*/restore", status=403)
    with pytest.raises(NeonCredentialError) as raised:
        restore(client, PROJECT, branch, RestorePoint(lsn), preserve_under_name="kept")
    assert "may be done" not in raised.value.remedy


def test_a_name_that_is_taken_is_refused_before_anything_is_done(neon_api: FakeNeon, client: NeonClient) -> None:
    """Nothing is overwritten by keeping something else."""
    neon_api.add_branch("kept")
    branch = client.branch(PROJECT, neon_api.production.id)
    with pytest.raises(NotRestorableError, match="There is a branch kept already") as raised:
        restore(client, PROJECT, branch, RestorePoint("0/1"), preserve_under_name="kept")
    assert raised.value.exit_code is ExitCode.REFUSED
    assert not any(request.startswith("POST") for request in neon_api.requests)


@pytest.mark.parametrize("done", [False, True])
def test_an_older_snapshot_of_the_name_is_not_taken_for_the_new_one(
    neon_api: FakeNeon, client: NeonClient, done: bool
) -> None:
    """A backup whose answer was lost is one that was not there before, or it is not known to be there."""
    expires_at = datetime.now(UTC) + timedelta(days=7)

    def take() -> str:
        return client.create_snapshot(PROJECT, neon_api.production.id, name="before", expires_at=expires_at).id

    old = take()
    neon_api.fail("POST", ".*/snapshot", done=done)
    if done:
        assert take() == neon_api.snapshots[-1]["id"] != old
    else:
        with pytest.raises(NeonAmbiguousError, match="the snapshot before was taken"):
            take()


def test_neons_restrictions_are_told(neon_api: FakeNeon, client: NeonClient) -> None:
    """A branch that Neon does not let be restored is refused with Neon's reason."""
    neon_api.production.restricted = [{"name": "restore", "reason": "an import is running"}]
    branch = client.branch(PROJECT, neon_api.production.id)
    with pytest.raises(NotRestorableError) as raised:
        require_restorable(client, PROJECT, branch, RestorePoint("0/1"))
    assert "an import is running" in str(raised.value)
    neon_api.production.restricted = [{"name": "delete-rw-endpoint", "reason": "unrelated"}]
    require_restorable(client, PROJECT, client.branch(PROJECT, branch.id), RestorePoint("0/1"))


def test_the_history_window(neon_api: FakeNeon, client: NeonClient) -> None:
    """It ends now, is as long as the project says, and does not begin before a root branch was made."""
    now = datetime.now(UTC)
    neon_api.retention_s = 6 * 3600
    neon_api.production.created_at = now - timedelta(days=3)
    branch = client.branch(PROJECT, neon_api.production.id)
    window = history_window(client, PROJECT, branch, now=now)
    assert (window.seconds, window.earliest) == (21_600, now - timedelta(hours=6))
    for hours, fits in ((-7, False), (-5, True), (1, False)):
        point = RestorePoint("0/1", now + timedelta(hours=hours))
        if fits:
            require_restorable(client, PROJECT, branch, point, now=now)
        else:
            with pytest.raises(NotRestorableError):
                require_restorable(client, PROJECT, branch, point, now=now)
    neon_api.production.created_at = now - timedelta(hours=1)
    young = client.branch(PROJECT, branch.id)
    assert history_window(client, PROJECT, young, now=now).earliest == young.created_at


@pytest.mark.parametrize("lost", [False, True])
def test_a_snapshot(neon_api: FakeNeon, client: NeonClient, lost: bool) -> None:
    """A snapshot is taken with a name and an end; one whose answer was lost is found by its name, and taken once."""
    if lost:
        neon_api.fail("POST", ".*/snapshot", done=True)
    taken = client.create_snapshot(
        PROJECT, neon_api.production.id, name="before-7", expires_at=datetime.now(UTC) + timedelta(days=7)
    )
    assert [taken.id] == [snapshot["id"] for snapshot in neon_api.snapshots]
