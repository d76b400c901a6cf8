"""sqlx's migration lock, and poolers told by how they behave."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import BusyError, RefusedError, StatementError, UnreachableError
from neon_migrate.events import LockWaited
from neon_migrate.ledger.rows import lock_id
from neon_migrate.postgres.lock import LOCK_LOST, acquire
from neon_migrate.postgres.pooling import require_unpooled
from neon_migrate.postgres.session import connect
from neon_migrate.postgres.target import Target
from tests.workbench import Workbench, url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neon_migrate.events import Event
    from neon_migrate.postgres.lock import MigrationLock
    from neon_migrate.postgres.session import Session


def take(session: Session, *, wait_s: float = 0.0, events: list[Event] | None = None) -> MigrationLock:
    ((database, pid),) = session.query("SELECT current_database()::text, pg_backend_pid()")
    return acquire(session, database, pid, wait_s=wait_s, observer=([] if events is None else events).append)


def test_it_is_the_lock_that_sqlx_takes(session: Session) -> None:
    """A Rust service that asks for sqlx's key has to wait, and gets it when we are done."""
    ((database,),) = session.query("SELECT current_database()::text")
    lock = take(session)
    assert lock.key == lock_id(database)
    session.script(lock.guard)
    lock.release()
    assert session.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]


def test_who_holds_it_is_named_once_and_in_the_error(session: Session, database: Target) -> None:
    """By pid, application and user; told again only when that changes."""
    take(session)
    events: list[Event] = []
    with connect(database) as other, pytest.raises(BusyError) as caught:
        take(other, wait_s=0.4, events=events)
    (event,) = events
    assert isinstance(event, LockWaited)
    assert [holder.pid for holder in event.holders] == [session.backend_pid]
    assert f"pid {session.backend_pid} neon-migrate of " in caught.value.why


def test_nobody_waits_in_a_statement(session: Session, database: Target) -> None:
    """While a run polls, pg_locks shows no session waiting for the lock."""
    take(session)
    with connect(database) as other:
        seen: list[int] = []

        def look(event: Event) -> None:
            seen.extend(count for (count,) in session.query("SELECT count(*) FROM pg_locks WHERE NOT granted"))

        ((name,),) = other.query("SELECT current_database()::text")
        with pytest.raises(BusyError):
            acquire(other, name, other.backend_pid, wait_s=0.1, observer=look)
    assert seen == [0]


def test_the_guard_fails_once_the_lock_is_gone(session: Session) -> None:
    """Whoever released it: the next migration is not sent."""
    lock = take(session)
    session.query("SELECT pg_advisory_unlock_all()")
    with pytest.raises(StatementError) as caught:
        session.script(lock.guard)
    assert caught.value.sqlstate == LOCK_LOST


def test_a_migration_that_releases_the_lock_stops_the_run(tmp_path: Path, database: Target) -> None:
    """Its own row is committed; the next one finds the lock gone."""
    from neon_migrate.apply import apply

    bench = Workbench(tmp_path, database)
    bench.write(_1_a="SELECT pg_advisory_unlock_all()", _2_b="CREATE TABLE b ()")
    with pytest.raises(UnreachableError, match="no longer held"):
        apply(bench.project)
    assert bench.versions() == [1]


@pytest.fixture
def pooler(database: Target, tmp_path: Path) -> Iterator[Target]:
    """PgBouncer in transaction mode in front of the database."""
    yield from _pgbouncer(database, tmp_path, "transaction")


@pytest.fixture
def session_pooler(database: Target, tmp_path: Path) -> Iterator[Target]:
    """PgBouncer in session mode in front of the database."""
    yield from _pgbouncer(database, tmp_path, "session")


def _pgbouncer(database: Target, tmp_path: Path, mode: str) -> Iterator[Target]:
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    parameters = database.parameters()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    user = parameters.get("user", "postgres")
    users, settings = tmp_path / "users.txt", tmp_path / "pgbouncer.ini"
    users.write_text(f'"{user}" ""\n')
    settings.write_text(
        f"[databases]\n* = host={parameters['host']} port={parameters.get('port', '5432')} user={user}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"auth_file = {users}\npool_mode = {mode}\nignore_startup_parameters = extra_float_digits\n"
    )
    as_user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    for path in (tmp_path, *tmp_path.parents[:2]):
        if as_user == "nobody":
            path.chmod(0o755)
    settings.write_text(settings.read_text().replace("auth_type = any", f"auth_type = any\nuser = {as_user}"))
    process = subprocess.Popen([program, "-q", str(settings)], stdout=sys.stderr, stderr=sys.stderr)
    try:
        _wait_for(port, process)
        yield Target(f"{url(database, host='127.0.0.1', port=port)}?sslmode=disable", "the pooler")
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail("pgbouncer does not listen")


def test_a_pooler_in_transaction_mode_is_refused(pooler: Target, tmp_path: Path) -> None:
    """Before the lock is taken, so that nothing of it stays behind on a pooled process."""
    from neon_migrate.apply import apply

    bench = Workbench(tmp_path, pooler)
    bench.write(_1_a="CREATE TABLE a ()")
    with pytest.raises(RefusedError, match="pooler in transaction mode"):
        apply(bench.project)
    assert bench.query("SELECT to_regclass('a')::text, to_regclass('_sqlx_migrations')::text") == [(None, None)]
    assert bench.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]


def test_a_pooler_that_keeps_one_process_a_session_does_no_harm(session_pooler: Target, tmp_path: Path) -> None:
    """PgBouncer's session mode: the pid of the start is not the server's, and the lock holds all the same."""
    from neon_migrate.apply import apply

    bench = Workbench(tmp_path, session_pooler)
    bench.write(_1_a="CREATE TABLE a ()")
    assert [one.version for one in apply(bench.project).applied] == [1]


def test_neons_pooler_is_replaced_by_the_direct_host_and_said(session_pooler: Target, tmp_path: Path) -> None:
    """The host's first label loses its `-pooler`; the address stands in for Neon's name service."""
    from neon_migrate.apply import apply
    from neon_migrate.events import Notice

    pooled = url(session_pooler, host="ep-x-1-pooler.eu-central-1.aws.neon.tech")
    bench = Workbench(tmp_path, Target(f"{pooled}?hostaddr=127.0.0.1&sslmode=disable"))
    bench.write(_1_a="CREATE TABLE a ()")
    report = apply(bench.project)
    assert "ep-x-1.eu-central-1.aws.neon.tech" in report.status.database
    assert ["ep-x-1.eu-central-1.aws.neon.tech" in event.text for event in bench.told(Notice)] == [True]


def test_a_direct_connection_needs_no_second_one_to_be_told(session: Session) -> None:
    """The server's own pid is the one of the connection's start."""
    ((pid,),) = session.query("SELECT pg_backend_pid()")
    require_unpooled(session, pid, lambda: pytest.fail("a second connection was opened"))
