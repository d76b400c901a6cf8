"""The throw-away server, on real Postgres."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import ScratchError, StatementError
from neon_migrate.postgres.scratch import scratch_server
from tests.postgres.processes import alive, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session

KEPT = "kept before"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache that nothing else uses."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEON_MIGRATE_CACHE", str(folder))
        yield folder


@pytest.fixture
def kept(cache: Path) -> Path:
    """The cache, with one kept database: table `t` with the row 1, a search_path of its own, the role `made_before`."""
    for snapshot in cache.rglob("snapshots/*"):
        snapshot.unlink()
    with scratch_server() as server:
        name = server.create()
        with server.session(name) as session:
            session.script(
                f"CREATE TABLE t (a int); INSERT INTO t VALUES (1); ALTER DATABASE {name} SET search_path = x"
            )
            session.query("CREATE ROLE made_before")
        server.keep(KEPT, name)
        with server.session(name) as session:
            session.query("CREATE ROLE made_after")
            session.query("ALTER TABLE public.t OWNER TO made_after")
    return cache


def rows(server: ScratchServer, name: str) -> list[int]:
    """The rows of table `t`."""
    with server.session(name) as session:
        return [row[0] for row in session.query("SELECT a FROM public.t ORDER BY a")]


def roles(server: ScratchServer) -> set[str]:
    """The roles of the server."""
    with server.session("postgres") as session:
        return {name for (name,) in session.query("SELECT rolname FROM pg_roles")}


def test_says_what_it_is(session: Session, scratch: ScratchServer) -> None:
    """Major, version and server_version of a scratch agree."""
    assert session.major == scratch.major
    assert session.query("SHOW server_version")[0][0].split()[0] == scratch.version
    assert scratch.requested_major is None
    assert scratch.source


def test_databases_are_apart(scratch: ScratchServer) -> None:
    """What is made in one database is not in another, nor in one made later."""
    first, second = scratch.create(), scratch.create()
    with scratch.session(first) as session:
        session.query("CREATE TABLE t (a int)")
    for name in (second, scratch.create()):
        with scratch.session(name) as session:
            assert session.query("SELECT to_regclass('t')") == [(None,)]


def test_copy(scratch: ScratchServer) -> None:
    """A copy holds what the original did, its settings too, and goes its own way from there."""
    first = scratch.create()
    with scratch.session(first) as session:
        session.query("CREATE TABLE t AS SELECT 1 AS a")
        session.query(f"ALTER DATABASE {first} SET search_path = elsewhere")
    second = scratch.create(template=first)
    with scratch.session(second) as session:
        assert session.query("SHOW search_path") == [("elsewhere",)]
        session.query("INSERT INTO public.t VALUES (2)")
    assert rows(scratch, second) == [1, 2]
    assert rows(scratch, first) == [1]


def test_subscriptions(scratch: ScratchServer) -> None:
    """Subscriptions, which stand in a catalog of the whole server, are copied with a database and go with it."""
    name = scratch.create()
    with scratch.session(name) as session:
        session.script("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false)")
    copy = scratch.create(template=name)
    found = "SELECT subpublications FROM pg_subscription JOIN pg_database d ON d.oid = subdbid WHERE d.datname = %s"
    with scratch.session(copy) as session:
        assert session.query(found, (copy,)) == [(["p"],)]
        session.script("ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s")
        assert session.query(found, (name,)) == [(["p"],)]
    scratch.drop(copy)
    scratch.drop(name)
    with scratch.session(scratch.create()) as session:
        assert session.query("SELECT FROM pg_subscription") == []


def test_drop_cuts_connections(scratch: ScratchServer) -> None:
    """A database goes even when somebody is connected to it."""
    name = scratch.create()
    with scratch.session(name):
        scratch.drop(name)
    with scratch.session("postgres") as session:
        assert session.query("SELECT 1 FROM pg_database WHERE datname = %s", (name,)) == []


def test_is_utf8_in_utc(session: Session) -> None:
    """Encoding, collation and time zone do not depend on the machine."""
    assert session.query("SHOW server_encoding") == [("UTF8",)]
    assert session.query("SHOW timezone") == [("UTC",)]
    assert session.query("SELECT lower('ÄÖ'), 'a' < 'B'") == [("äö", False)]


def test_has_roles_of_neon(session: Session) -> None:
    """A history may name the roles that each Neon project has."""
    session.query("CREATE TABLE t (a int)")
    session.query("ALTER TABLE t OWNER TO neondb_owner")
    session.query("GRANT SELECT ON t TO neon_superuser, authenticated, anonymous, authenticator, cloud_admin")
    assert session.query("SELECT pg_has_role('neondb_owner', 'neon_superuser', 'member')") == [(True,)]


def test_never_runs_as_root(session: Session) -> None:
    """The server is an ordinary user's, `nobody`'s where the command is root's, and of no other group."""
    data = Path(session.query("SHOW data_directory")[0][0])
    owner = (data / "postmaster.pid").stat().st_uid
    assert owner == (os.geteuid() or pwd.getpwnam("nobody").pw_uid)
    status = Path(f"/proc/{(data / 'postmaster.pid').read_text().splitlines()[0]}/status")
    if os.geteuid() == 0 and status.exists():
        assert "Groups:\t \n" in status.read_text()


def test_is_not_open_to_others(session: Session) -> None:
    """No TCP, and a socket in a folder of mode 0700."""
    assert session.query("SHOW listen_addresses") == [("",)]
    sockets = Path(session.query("SHOW unix_socket_directories")[0][0])
    assert sockets.stat().st_mode & 0o777 == 0o700
    assert len(str(sockets)) <= 93


def test_leaves_nothing(cache: Path) -> None:
    """When it ends, its processes and its folder are gone."""
    with scratch_server() as server, server.session("postgres") as session:
        data = Path(session.query("SHOW data_directory")[0][0])
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
    assert not data.parent.exists()
    assert not alive(pid)


def test_leaves_nothing_after_an_error(cache: Path) -> None:
    """An error in the user's code ends the server as well, and comes through."""
    with (
        pytest.raises(StatementError, match="division by zero"),
        scratch_server() as server,
        server.session("postgres") as session,
    ):
        folder = Path(session.query("SHOW data_directory")[0][0]).parent
        session.query("SELECT 1 / 0")
    assert not folder.exists()


CHILD = """
import sys, time
from neon_migrate.postgres.scratch import scratch_server

with scratch_server() as server, server.session(server.create()) as session:
    print(session.query("SHOW data_directory")[0][0], flush=True)
    sys.stdin.readline()
"""


def child() -> subprocess.Popen[str]:
    """Another process with a scratch server of its own; it prints the data directory and waits for a line."""
    command = [sys.executable, "-c", CHILD]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_killed_parent(cache: Path, how: signal.Signals) -> None:
    """A parent killed by SIGKILL leaves no server and no folder."""
    with child() as parent:
        assert parent.stdout
        data = Path(parent.stdout.readline().strip())
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        assert alive(pid)
        parent.send_signal(how)
        parent.wait()
    assert eventually(lambda: not data.parent.exists())
    assert eventually(lambda: not alive(pid))


STARTING = """
import sys
from pathlib import Path
from neon_migrate.postgres import cluster, scratch

cluster.scratch_base = lambda account, size: Path(sys.argv[1])
print("starting", flush=True)
with scratch.scratch_server():
    print("started", flush=True)
    sys.stdin.readline()
"""


def test_killed_while_starting(cache: Path) -> None:
    """A parent killed at any moment of the start leaves nothing: not while it unpacks, nor when the server is new."""
    with scratch_server(), tempfile.TemporaryDirectory(prefix="neon-migrate-test-", dir="/tmp") as name:
        base = Path(name)
        base.chmod(0o755)
        for delay in range(0, 160, 20):
            command = [sys.executable, "-c", STARTING, name]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
                assert parent.stdout
                parent.stdout.readline()
                if delay == 140:
                    parent.stdout.readline()
                time.sleep(delay / 1000)
                parent.kill()
            assert eventually(lambda: not any(base.iterdir())), delay


def test_killed_with_its_watchdog(cache: Path) -> None:
    """What is left when the watchdog was killed too is removed by a later run, and what others use is not."""
    with scratch_server() as server, server.session("postgres") as session:
        used = Path(session.query("SHOW data_directory")[0][0]).parent
        left = used.with_name(f"{used.name}-left")
        left.mkdir()
        (left / "lock").touch()
        for folder in (left, used):
            os.utime(folder, (0, 0))
        with scratch_server():
            pass
        assert not left.exists()
        assert session.query("SELECT 1") == [(1,)]


def test_two_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes that find nothing in the cache make one template, and each has a server of its own."""
    monkeypatch.setenv("NEON_MIGRATE_CACHE", str(tmp_path / "fresh"))
    with child() as first, child() as second:
        folders = set()
        for process in (first, second):
            assert process.stdout
            folders.add(process.stdout.readline())
        for process in (first, second):
            process.communicate("go\n")
        assert len(folders) == 2
        assert (first.returncode, second.returncode) == (0, 0)
    assert len(list(tmp_path.rglob("template.tar"))) == 1
    assert not list(tmp_path.rglob("*.part"))


def test_hostile_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever PG* variables and locale are set, a scratch is made, is the same, and is connected to."""
    hostile = {
        "PGSERVICE": "nowhere",
        "PGHOST": "nowhere.invalid",
        "PGHOSTADDR": "192.0.2.1",
        "PGPORT": "1",
        "PGUSER": "nobody-knows",
        "PGDATABASE": "nothing",
        "PGDATA": "/nonexistent",
        "PGOPTIONS": "-c no_such_setting=1",
        "PGSSLMODE": "verify-full",
        "PGCHANNELBINDING": "require",
        "PGREQUIREAUTH": "scram-sha-256",
        "PGTARGETSESSIONATTRS": "standby",
        "PGCLIENTENCODING": "LATIN1",
        "PGTZ": "Asia/Tokyo",
        "LC_ALL": "tr_TR.UTF-8",
        "LANG": "xx_XX",
        "TZ": "Asia/Tokyo",
        "NEON_MIGRATE_CACHE": str(tmp_path / "fresh"),
    }
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    with scratch_server() as server, server.session(server.create()) as session:
        assert session.query("SELECT current_user, current_setting('timezone'), 'ı'") == [("postgres", "UTC", "ı")]
    assert {name: os.environ[name] for name in hostile} == hostile


def test_kept_database_comes_back(kept: Path) -> None:
    """A later run finds what was kept, as it was when it was kept, settings and roles included."""
    with scratch_server(wanted=["unknown", KEPT]) as server:
        assert server.kept == {KEPT}
        name = server.open_kept(KEPT)
        assert rows(server, name) == [1]
        with server.session(name) as session:
            assert session.query("SHOW search_path") == [("x",)]
        assert "made_before" in roles(server)
        assert "made_after" not in roles(server)


def test_kept_database_is_not_changed(kept: Path) -> None:
    """Each opening is a copy: what is done to one is not in the next, nor in a later run."""
    for _ in range(2):
        with scratch_server(wanted=[KEPT]) as server:
            name = server.open_kept(KEPT)
            with server.session(name) as session:
                session.query("INSERT INTO public.t VALUES (2)")
            assert rows(server, server.open_kept(KEPT)) == [1]
            server.keep(KEPT, name)  # a key stands for its content: this changes nothing


def test_keep_in_the_same_run(scratch: ScratchServer) -> None:
    """What is kept can be opened at once."""
    name = scratch.create()
    with scratch.session(name) as session:
        session.query("CREATE TABLE t AS SELECT 7 AS a")
    scratch.keep("seven", name)
    scratch.drop(name)
    assert rows(scratch, scratch.open_kept("seven")) == [7]
    with pytest.raises(KeyError):
        scratch.open_kept("eight")


def test_best_kept_database(kept: Path) -> None:
    """What is built on a kept database is stored with it; a server starts with the first of the wanted there is."""
    with scratch_server(wanted=["next", KEPT]) as server:
        name = server.open_kept(KEPT)
        with server.session(name) as session:
            session.query("INSERT INTO public.t VALUES (2)")
        server.keep("next", name)
    with scratch_server(wanted=["next", KEPT]) as server:
        assert server.kept == {"next", KEPT}
        assert rows(server, server.open_kept("next")) == [1, 2]
        assert rows(server, server.open_kept(KEPT)) == [1]
    assert len(list(kept.rglob("snapshots/*.tar"))) == 1


def test_kept_with_other_roles(kept: Path) -> None:
    """A migration that creates a role runs again from what was kept before it: that role is not there."""
    for key in ("with role", "with the same role, edited"):
        with scratch_server(wanted=[key, KEPT]) as server:
            name = server.open_kept(KEPT)
            with server.session(name) as session:
                session.query("CREATE ROLE made_by_the_next")
                session.query("ALTER TABLE public.t OWNER TO made_by_the_next")
            server.keep(key, name)
    with scratch_server(wanted=["with role"]) as server:
        assert "made_by_the_next" in roles(server)
        assert rows(server, server.open_kept("with role")) == [1]


def test_nothing_wanted(kept: Path) -> None:
    """Without a wish, and where nothing that was wished for is kept, the server is a plain one."""
    for wanted in ([], ["unknown"]):
        with scratch_server(wanted=wanted) as server:
            assert server.kept == frozenset()
            assert "made_before" not in roles(server)


def test_kept_before_an_error(cache: Path) -> None:
    """What was kept before something failed is there in the next run."""
    with pytest.raises(StatementError), scratch_server() as server:
        server.keep("before the error", server.create())
        with server.session("postgres") as session:
            session.query("SELECT 1 / 0")
    with scratch_server(wanted=["before the error"]) as server:
        assert "before the error" in server.kept


@pytest.mark.parametrize("damage", ["cut", "zeros", "noise", "gone", "description"])
def test_damaged_snapshot(kept: Path, damage: str) -> None:
    """A damaged snapshot is removed and the plain template used instead."""
    (archive,) = kept.rglob("snapshots/*.tar")
    size = archive.stat().st_size
    match damage:
        case "cut":
            os.truncate(archive, size // 2)
        case "zeros":
            archive.write_bytes(bytes(size))
        case "noise":
            archive.write_bytes(b"neon" * (size // 4))
        case "gone":
            archive.unlink()
        case "description":
            archive.with_suffix(".json").write_text("{")
    with scratch_server(wanted=[KEPT]) as server:
        assert server.kept == frozenset()
        with server.session(server.create()) as session:
            assert session.query("SELECT to_regclass('t')") == [(None,)]
    if damage != "description":
        assert not archive.with_suffix(".json").exists()


def test_damaged_template(cache: Path) -> None:
    """A damaged template is made anew."""
    with scratch_server():
        pass
    for archive in cache.rglob("template.tar"):
        os.truncate(archive, 1_000_000)
    with scratch_server() as server, server.session(server.create()) as session:
        assert session.query("SELECT 1") == [(1,)]


def test_snapshots_are_limited(kept: Path) -> None:
    """The cache holds a few snapshots, and drops those not used for the longest time."""
    keys = [f"one of many {number}" for number in range(10)]
    for key in keys:
        with scratch_server() as server:
            server.keep(key, server.create())
    assert len(list(kept.rglob("snapshots/*.tar"))) == 8
    with scratch_server(wanted=keys[:1]) as oldest, scratch_server(wanted=keys[-1:]) as newest:
        assert (oldest.kept, newest.kept) == (frozenset(), {keys[-1]})


def test_asked_for_a_major(cache: Path) -> None:
    """The major version that is asked for is used when there is one, and the wheel has 17."""
    with scratch_server(major=17) as server, server.session(server.create()) as session:
        assert (session.major, server.major, server.requested_major) == (17, 17, 17)


def test_nearest_major(cache: Path) -> None:
    """A major version that isn't to be had is replaced by the nearest, and the server says so."""
    with scratch_server(major=99) as server, server.session(server.create()) as session:
        assert (session.major, server.major, server.requested_major) == (18, 18, 99)


def test_unusable_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder that can't be made is named, with what to set instead."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("NEON_MIGRATE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ScratchError) as caught, scratch_server():
        pass
    assert str(tmp_path / "file") in caught.value.what
    assert "NEON_MIGRATE_CACHE" in caught.value.remedy
