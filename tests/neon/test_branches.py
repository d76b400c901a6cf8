"""Branches to rehearse on: never production, never somebody else's, and gone afterwards."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from neon.fake_api import PROJECT
from neon_migrate.errors import UnreachableError
from neon_migrate.events import Notice, Warned
from neon_migrate.neon.branches import current_lsn, production_branch, rehearsal_branch, sweep
from neon_migrate.neon.errors import (
    NeonCapacityError,
    NeonConflictError,
    NeonNotFoundError,
    NeonOperationError,
    NeonPasswordError,
    NotOurBranchError,
    ProductionBranchError,
)
from neon_migrate.neon.holder import LONGEST, Holder, holder
from neon_migrate.neon.model import Branch, RestorePoint
from neon_migrate.postgres.session import connect
from neon_migrate.postgres.target import Target, read_target

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from neon.fake_api import FakeNeon
    from neon_migrate.neon.client import NeonClient
    from neon_migrate.neon.model import RehearsalBranch

OURS = {"created-by": "neon-migrate"}
SOON = datetime.now(UTC) + timedelta(hours=2)
SOON_TEXT = SOON.strftime("%Y-%m-%dT%H:%M:%SZ")
ME = Holder("me")
MINE = {**OURS, **ME.annotation()}


def _rehearse(
    fake: FakeNeon, client: NeonClient, name: str = "pr-7", holder: Holder = ME, role: str = "postgres", **how: Any
) -> AbstractContextManager[RehearsalBranch]:
    production = production_branch(client, PROJECT, fake.host(fake.production))
    return rehearsal_branch(
        client,
        PROJECT,
        production,
        name,
        expires_at=SOON,
        annotation={"pull-request": "7"},
        holder=holder,
        database=fake.database,
        role=role,
        **how,
    )


def test_a_rehearsal_works_on_a_copy_and_leaves_nothing(neon_api: FakeNeon, client: NeonClient) -> None:
    """The copy has production's rows, production does not see what is done to it, and afterwards it is gone."""
    with connect(neon_api.target) as session:
        session.script("CREATE TABLE pets (name text); INSERT INTO pets VALUES ('Rex')")
    with _rehearse(neon_api, client) as branch:
        assert branch.id != neon_api.production.id
        fake = neon_api.named("pr-7")
        assert fake is not None and fake.expires_at == SOON.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert fake.annotation["created-by"] == "neon-migrate" and fake.annotation["pull-request"] == "7"
        with connect(read_target(branch.url, "Neon")) as session:
            assert session.query("SELECT name FROM pets") == [("Rex",)]
            session.script("DROP TABLE pets")
    assert neon_api.named("pr-7") is None
    with connect(neon_api.target) as session:
        assert session.query("SELECT count(*) FROM pets") == [(1,)]


def test_the_url_is_shown_nowhere(neon_api: FakeNeon, client: NeonClient) -> None:
    """The branch's description holds no password."""
    with _rehearse(neon_api, client) as branch:
        assert "pr0duction-pw" in branch.url
        assert "pr0duction-pw" not in repr(branch)


def test_children_of_a_protected_branch_have_passwords_of_their_own(neon_api: FakeNeon, client: NeonClient) -> None:
    """Postgres lets in whoever has the branch's credentials from the API, and refuses who kept the parent's."""
    with connect(neon_api.target) as session:
        session.script("CREATE TABLE pets (name text); INSERT INTO pets VALUES ('Rex')")
    neon_api.production.protected = True
    with _rehearse(neon_api, client) as branch:
        assert "pr0duction-pw" not in branch.url
        with connect(read_target(branch.url, "Neon")) as session:
            assert session.query("SELECT name FROM pets") == [("Rex",)]
            assert session.query("SELECT setting FROM pg_settings WHERE name = 'password_encryption'") == [
                ("scram-sha-256",)
            ]
        fake = neon_api.named("pr-7")
        assert fake is not None
        for password in ("pr0duction-pw", ""):
            kept = read_target(branch.url.replace(f":{fake.password}@", f":{password}@"), "Neon")
            with pytest.raises(UnreachableError, match=r"(?i)password"), connect(kept):
                pytest.fail("nobody comes in without the password")


def test_several_databases_and_roles(neon_api: FakeNeon, client: NeonClient) -> None:
    """With several databases the creation tells no URL; the one asked for is asked for by name, by its direct host."""
    neon_api.add_database("analytics")
    neon_api.roles.append("app")
    for role in neon_api.roles:
        with _rehearse(neon_api, client, role=role) as branch:
            fake = neon_api.named("pr-7")
            assert fake is not None
            parameters = read_target(branch.url, "Neon").parameters()
            assert (parameters["dbname"], parameters["user"]) == (fake.databases[neon_api.database], role)
            assert parameters["host"] == neon_api.host(fake)


def test_a_role_that_the_branch_has_not(neon_api: FakeNeon, client: NeonClient) -> None:
    """Neon says so, and the branch goes again."""
    with pytest.raises(NeonNotFoundError), _rehearse(neon_api, client, role="nobody"):
        pytest.fail("there is no way to connect")
    assert neon_api.named("pr-7") is None


def test_it_is_removed_when_the_rehearsal_fails(neon_api: FakeNeon, client: NeonClient) -> None:
    """The error goes on, and the branch is gone."""
    with pytest.raises(ZeroDivisionError), _rehearse(neon_api, client):
        raise ZeroDivisionError
    assert neon_api.named("pr-7") is None


def test_it_may_be_kept(neon_api: FakeNeon, client: NeonClient) -> None:
    """A kept branch is told of, with the time at which Neon removes it."""
    told: list[Any] = []
    with _rehearse(neon_api, client, holder=Holder("me", kept=True), observer=told.append):
        pass
    assert neon_api.named("pr-7") is not None
    assert any(isinstance(event, Notice) and SOON.isoformat(timespec="seconds") in event.text for event in told)


def test_one_that_can_not_be_removed_is_no_failure(neon_api: FakeNeon, client: NeonClient) -> None:
    """It expires by itself, which is said."""
    told: list[Any] = []
    with _rehearse(neon_api, client, observer=told.append):
        neon_api.fail("DELETE", ".*", status=500, times=99)
    assert any(isinstance(event, Warned) and "expires by itself" in event.text for event in told)


def test_our_own_of_that_name_is_replaced(neon_api: FakeNeon, client: NeonClient) -> None:
    """A rerun meets the branch of the run before (409): exactly that name, made by us, is made anew."""
    old = neon_api.add_branch("pr-7", parent_id=neon_api.production.id, annotation=MINE, expires_at=SOON_TEXT)
    neon_api.add_branch("pr-70", annotation=OURS)
    with _rehearse(neon_api, client) as branch:
        assert branch.id != old.id
    assert neon_api.named("pr-70") is not None


@pytest.mark.parametrize(
    ("annotation", "expires_at", "age", "other"),
    [
        ({**OURS, "holder": "another"}, SOON_TEXT, timedelta(minutes=5), ME),
        ({**OURS, "holder": "another", "kept": "yes"}, SOON_TEXT, LONGEST * 2, ME),
        ({**OURS, "holder": "me", "process": str(os.getppid())}, SOON_TEXT, timedelta(), Holder("me", os.getpid())),
        (MINE, None, timedelta(days=40), ME),
    ],
    ids=["another's", "another's that is kept", "of a process that runs", "without an expiry"],
)
def test_what_another_rehearsal_needs_is_left_to_it(
    neon_api: FakeNeon,
    client: NeonClient,
    annotation: dict[str, str],
    expires_at: str | None,
    age: timedelta,
    other: Holder,
) -> None:
    """This one works on a branch beside it, which is told and goes again."""
    theirs = neon_api.add_branch("pr-7", annotation=annotation, expires_at=expires_at)
    theirs.created_at = datetime.now(UTC) - age
    told: list[Any] = []
    with _rehearse(neon_api, client, holder=other, observer=told.append) as branch:
        assert branch.name == other.beside("pr-7") != "pr-7"
        assert neon_api.named("pr-7") is theirs
    assert list(neon_api.branches.values()) == [neon_api.production, theirs]
    assert any(
        isinstance(event, Notice) and "Another rehearsal has the Neon branch pr-7" in event.text for event in told
    )


@pytest.mark.parametrize(
    ("annotation", "age", "mine"),
    [
        ({**OURS, "holder": "another"}, LONGEST + timedelta(minutes=1), ME),
        ({**OURS, "holder": "me", "process": "999999999"}, timedelta(), Holder("me", os.getpid())),
    ],
    ids=["older than any rehearsal", "of a process that is gone"],
)
def test_what_a_killed_rehearsal_left_is_replaced(
    neon_api: FakeNeon, client: NeonClient, annotation: dict[str, str], age: timedelta, mine: Holder
) -> None:
    """Nobody works on it any more."""
    left = neon_api.add_branch("pr-7", annotation=annotation, expires_at=SOON_TEXT, created_at=datetime.now(UTC) - age)
    with _rehearse(neon_api, client, holder=mine) as branch:
        assert branch.name == "pr-7"
        assert left.id not in neon_api.branches


def test_that_a_kept_one_is_replaced_is_told(neon_api: FakeNeon, client: NeonClient) -> None:
    """Somebody may still want to look at it."""
    told: list[Any] = []
    for _ in range(2):
        with _rehearse(neon_api, client, holder=Holder("me", kept=True), observer=told.append):
            pass
    assert len([event for event in told if isinstance(event, Warned) and "was kept, is replaced" in event.text]) == 1


def test_a_holder_is_a_run_or_a_machines_project(tmp_path: Path) -> None:
    """Attempts of one run are one holder; other runs, databases, folders and machines are others."""
    run = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "octo/shop", "GITHUB_RUN_ID": "99"}
    first = holder({**run, "GITHUB_RUN_ATTEMPT": "1"}, tmp_path, "shop")
    assert holder({**run, "GITHUB_RUN_ATTEMPT": "2"}, tmp_path, "shop") == first
    others = [
        holder({**run, "GITHUB_RUN_ID": "100"}, tmp_path, "shop"),
        holder(run, tmp_path, "stock"),
        holder({**run, "GITHUB_WORKSPACE": str(tmp_path.parent)}, tmp_path, "shop"),
        holder({}, tmp_path, "shop"),
        holder({}, tmp_path, "stock"),
        holder({}, tmp_path / "stock", "shop"),
    ]
    assert len({first.name, *(other.name for other in others)}) == 7
    assert holder({}, tmp_path, "shop").process == os.getpid()


def test_one_that_has_expired_and_is_still_there_is_replaced(neon_api: FakeNeon, client: NeonClient) -> None:
    """Neon removes expired branches some time after; until then their names are taken."""
    old = neon_api.add_branch("pr-7", annotation=OURS, expires_at="2026-01-01T00:00:00Z")
    with _rehearse(neon_api, client) as branch:
        assert branch.id != old.id
    assert neon_api.named("pr-7") is None


def test_one_that_expires_in_between_is_gone_already(neon_api: FakeNeon, client: NeonClient) -> None:
    """Removing it is answered 204, which is as good."""
    told: list[Any] = []
    with _rehearse(neon_api, client, observer=told.append) as branch:
        del neon_api.branches[branch.id]
    assert [event for event in told if isinstance(event, Warned)] == []


@pytest.mark.parametrize(
    "attributes", [{}, {"annotation": {"created-by": "me"}}, {"annotation": OURS, "protected": True}]
)
def test_anothers_of_that_name_is_never_touched(
    neon_api: FakeNeon, client: NeonClient, attributes: dict[str, Any]
) -> None:
    """Without our annotation, or protected, it stays as it is and the run stops."""
    theirs = neon_api.add_branch("pr-7", **attributes)
    with pytest.raises(NotOurBranchError, match="was not made by neon-migrate"), _rehearse(neon_api, client):
        pass
    assert neon_api.named("pr-7") is theirs
    assert not any(request.startswith("DELETE") for request in neon_api.requests)


def test_a_name_that_is_productions_own(neon_api: FakeNeon, client: NeonClient) -> None:
    """Even with our annotation on it production is not replaced."""
    neon_api.production.annotation = OURS
    with pytest.raises(ProductionBranchError, match="is production"), _rehearse(neon_api, client, "main"):
        pass
    assert neon_api.named("main") is neon_api.production


def test_a_name_that_is_freed_in_between(neon_api: FakeNeon, client: NeonClient) -> None:
    """409, and then nobody has the name: it is tried again, three times in all."""
    neon_api.fail("POST", ".*/branches", status=409, times=2)
    with _rehearse(neon_api, client):
        pass
    neon_api.fail("POST", ".*/branches", status=409, times=3)
    with pytest.raises(NeonConflictError), _rehearse(neon_api, client):
        pass


def test_productions_address_is_refused(
    neon_api: FakeNeon, client: NeonClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should the API give production's URL for the branch, nothing is run, and the branch is removed."""
    address = neon_api.production_url
    monkeypatch.setattr(neon_api, "uri", lambda branch, database, role="", pooled=False: address)
    with pytest.raises(ProductionBranchError, match="production's address"), _rehearse(neon_api, client):
        pytest.fail("nothing may run")
    assert neon_api.named("pr-7") is None


def test_an_address_of_nobody_is_refused(
    neon_api: FakeNeon, client: NeonClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host has to be one of the branch's own endpoints."""
    monkeypatch.setattr(
        neon_api, "uri", lambda branch, database, role="", pooled=False: "postgresql://a:b@ep-x.neon.tech/c"
    )
    with pytest.raises(NeonOperationError, match="none of its endpoints"), _rehearse(neon_api, client):
        pytest.fail("nothing may run")


@pytest.mark.parametrize("attributes", [{"id": "br-prod"}, {"default": True}, {"parent_id": "br-other"}])
def test_what_is_no_child_of_production_is_refused(attributes: dict[str, Any]) -> None:
    """The branch that was made is compared with production before any statement."""
    production = Branch("br-prod", "main", default=True)
    made = Branch(**{"id": "br-new", "name": "pr-7", "parent_id": "br-prod", **attributes})
    with (
        pytest.raises(ProductionBranchError),
        rehearsal_branch(
            _Maker(made),
            "p",
            production,
            "pr-7",
            expires_at=SOON,
            annotation={},
            holder=ME,
            database="d",
            role="r",  # type: ignore[arg-type]
        ),
    ):
        pytest.fail("nothing may run")


class _Maker:
    """A client whose creation gives a branch that no honest API would."""

    def __init__(self, made: Branch) -> None:
        self._made = made

    def create_branch(self, project_id: str, new: object) -> Branch:
        return self._made

    def delete_branch(self, project_id: str, branch_id: str) -> None:
        assert branch_id != "br-prod", "production must not be removed"


def test_production_is_the_owner_of_the_urls_endpoint(neon_api: FakeNeon, client: NeonClient) -> None:
    """Not the default branch: the one whose endpoint the URL names, also through the pooler; else an error."""
    live = neon_api.add_branch("live")
    hosts = (neon_api.host(live), f"{live.endpoint_id}-pooler.c-2.us-east-2.aws.neon.tech", live.endpoint_id.upper())
    for host in hosts:
        assert production_branch(client, PROJECT, host).id == live.id
    with pytest.raises(NeonNotFoundError, match="has no endpoint"):
        production_branch(client, PROJECT, "ep-other.us-east-2.aws.neon.tech")


def test_capacity_and_passwords(neon_api: FakeNeon, client: NeonClient) -> None:
    """A full project makes no branch; without stored passwords the branch that was made is removed again."""
    neon_api.store_passwords = False
    with pytest.raises(NeonPasswordError), _rehearse(neon_api, client):
        pass
    assert neon_api.named("pr-7") is None
    neon_api.limit = 1
    with pytest.raises(NeonCapacityError), _rehearse(neon_api, client):
        pass


def test_a_branch_at_an_earlier_lsn(neon_api: FakeNeon, client: NeonClient) -> None:
    """With an LSN the copy is production as it was then."""
    with connect(neon_api.target) as session:
        session.script("CREATE TABLE pets ()")
    lsn = neon_api.checkpoint()
    with connect(neon_api.target) as session:
        session.script("DROP TABLE pets")
    with _rehearse(neon_api, client, at=RestorePoint(lsn)) as branch, connect(Target(branch.url)) as session:
        assert session.query("SELECT count(*) FROM pets") == [(0,)]
        assert branch.branch.parent_lsn == lsn


def test_the_sweep_removes_what_is_ours_and_expired(neon_api: FakeNeon, client: NeonClient) -> None:
    """Over several pages; never another's, or what is not expired, protected, default, or has children."""
    now = datetime.now(UTC)
    past, future = ((now + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ") for hours in (-1, 1))
    for number in range(120):
        neon_api.add_branch(f"someone-{number}", expires_at=past)
    gone = neon_api.add_branch("gone", annotation=OURS, expires_at=past)
    longer = neon_api.add_branch("longer", annotation={**OURS, "expires-at": past}, expires_at=future)
    neon_api.add_branch("fresh", annotation=OURS, expires_at=future)
    neon_api.add_branch("no-date", annotation=OURS)
    parent = neon_api.add_branch("parent", annotation=OURS, expires_at=past)
    neon_api.add_branch("child", parent_id=parent.id)
    swept = sweep(client, PROJECT, now)
    assert [branch.id for branch in swept.removed] == [gone.id]
    assert [branch.id for branch, _ in swept.remaining] == [parent.id]
    assert len(neon_api.branches) == 1 + 120 + 5
    assert longer.id in neon_api.branches


def test_a_branch_whose_expiry_was_taken_away_is_kept(neon_api: FakeNeon, client: NeonClient) -> None:
    """Somebody wants it, whatever was written on it when it was made."""
    neon_api.add_branch("look", annotation={**OURS, "expires-at": "2026-01-01T00:00:00+00:00"})
    assert sweep(client, PROJECT, datetime.now(UTC)).removed == ()
    assert neon_api.named("look") is not None


def test_the_sweep_goes_on_after_a_failure(neon_api: FakeNeon, client: NeonClient) -> None:
    """One that Neon does not let go is told with the reason, and the next one goes."""
    past = "2026-01-01T00:00:00Z"
    first, second = (neon_api.add_branch(name, annotation=OURS, expires_at=past) for name in ("a", "b"))
    neon_api.fail("DELETE", f".*{first.id}", status=422, message="no", times=1)
    swept = sweep(client, PROJECT, datetime.now(UTC))
    assert [branch.id for branch, _ in swept.remaining] == [first.id]
    assert [branch.id for branch in swept.removed] == [second.id]


def test_the_present_lsn(neon_api: FakeNeon) -> None:
    """As Postgres writes it."""
    with connect(neon_api.target) as session:
        high, slash, low = current_lsn(session).partition("/")
    assert slash and int(high, 16) >= 0 and int(low, 16) > 0
