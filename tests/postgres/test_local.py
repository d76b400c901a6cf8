"""The project's own database."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import ScratchError
from neon_migrate.postgres.local import local_target, stop
from neon_migrate.postgres.session import connect
from tests.postgres.processes import alive, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.postgres.target import Target


@pytest.fixture
def root() -> Iterator[Path]:
    """A project that everybody can pass to; its server is ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="neon-migrate-test-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        stop(folder)


def number(target: Target) -> int:
    """The row of table `t`."""
    with connect(target) as session:
        return int(session.query("SELECT a FROM t")[0][0])


def folder_of(target: Target) -> Path:
    """The server's data directory."""
    with connect(target) as session:
        return Path(session.query("SHOW data_directory")[0][0])


def process_of(target: Target) -> int:
    """The server's process."""
    return int((folder_of(target) / "postmaster.pid").read_text().splitlines()[0])


def test_data_stays(root: Path) -> None:
    """What one command wrote the next one finds, whether the server went on running or not."""
    with connect(local_target(root)) as session:
        session.query("CREATE TABLE t AS SELECT 7 AS a")
    first = process_of(local_target(root))
    assert number(local_target(root)) == 7
    assert process_of(local_target(root)) == first
    assert stop(root)
    assert not alive(first)
    assert number(local_target(root)) == 7


def test_is_a_real_database(root: Path) -> None:
    """It keeps what was committed through a crash, has Neon's database and roles, and is nobody else's to reach."""
    with connect(local_target(root)) as session:
        assert session.query("SHOW fsync") == [("on",)]
        assert session.query("SHOW listen_addresses") == [("",)]
        assert session.query("SELECT current_database()") == [("neondb",)]
        assert session.query("SELECT 1 FROM pg_roles WHERE rolname = 'neondb_owner'") == [(1,)]
        assert session.query("SELECT datname FROM pg_database WHERE datistemplate ORDER BY 1") == [
            ("template0",),
            ("template1",),
        ]
        assert Path(session.query("SHOW unix_socket_directories")[0][0]).stat().st_mode & 0o777 == 0o700


def test_lies_in_the_project_unseen_by_git(root: Path) -> None:
    """The data is in `.neon-migrate` of the project, which git ignores without any edit of the project's own files."""
    data = folder_of(local_target(root))
    assert data == root.resolve() / ".neon-migrate" / "postgres" / "data"
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    status = ["git", "status", "--porcelain", "--untracked-files=all"]
    assert subprocess.run(status, cwd=root, capture_output=True, text=True, check=True).stdout == ""


def test_stop_when_none_runs(root: Path) -> None:
    """Stopping what does not run is no error."""
    assert not stop(root)


def test_two_commands_at_once(root: Path) -> None:
    """Two commands that find no database at the same moment make one, and both use it."""
    code = (
        "import sys; from pathlib import Path; from neon_migrate.postgres.local import local_target;"
        "from neon_migrate.postgres.session import connect;"
        "s = connect(local_target(Path(sys.argv[1])));"
        "print(s.query('SELECT pg_postmaster_start_time()::text')[0][0])"
    )
    commands = [
        subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    answers = {command.communicate()[0] for command in commands}
    assert [command.returncode for command in commands] == [0, 0, 0]
    assert len(answers) == 1
    assert answers != {""}


def test_after_a_crash(root: Path) -> None:
    """A server that was killed, as by a power cut, is started again with what was committed."""
    target = local_target(root)
    with connect(target) as session:
        session.query("CREATE TABLE t AS SELECT 7 AS a")
    pid = process_of(target)
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not alive(pid))
    assert number(local_target(root)) == 7


def test_process_number_of_another(root: Path) -> None:
    """After a reboot the number in postmaster.pid may be another process's: that one is left alone."""
    target = local_target(root)
    with connect(target) as session:
        session.query("CREATE TABLE t AS SELECT 7 AS a")
    file = folder_of(target) / "postmaster.pid"
    lines = file.read_text().split("\n")
    stop(root)
    with subprocess.Popen(["sleep", "600"]) as other:
        file.write_text("\n".join([str(other.pid), *lines[1:]]))
        assert not stop(root)
        file.write_text("\n".join([str(other.pid), *lines[1:]]))
        assert number(local_target(root)) == 7
        assert other.poll() is None
        other.kill()


def test_ends_when_nobody_is_connected(root: Path) -> None:
    """Half an hour without a connection ends the server, here a moment; while somebody is connected it runs."""
    target = local_target(root, idle_s=0.2)
    pid = process_of(target)
    with connect(target) as session:
        session.query("SELECT pg_sleep(1)")
        assert alive(pid)
    assert eventually(lambda: not alive(pid))
    assert process_of(local_target(root)) != pid


def test_keeps_its_major_version(root: Path) -> None:
    """A database is opened with the major version that made it, whatever is asked for later."""
    local_target(root, major=17)
    stop(root)
    with connect(local_target(root, major=18)) as session:
        assert session.major == 17


def test_made_by_a_version_that_is_gone(root: Path) -> None:
    """A database that no program here can open is left alone, and the message says what to do."""
    data = folder_of(local_target(root))
    stop(root)
    (data / "PG_VERSION").write_text("12\n")
    with pytest.raises(ScratchError, match="made by Postgres 12") as caught:
        local_target(root)
    assert str(data.parent) in caught.value.remedy
    assert data.is_dir()


def test_cut_short_while_being_made(root: Path) -> None:
    """A first command that was killed half-way leaves nothing that the second one trips over."""
    data = folder_of(local_target(root))
    stop(root)
    data.rename(data.with_name("data.part"))
    (data.with_name("data.part") / "PG_VERSION").unlink()
    with connect(local_target(root)) as session:
        assert session.query("SELECT current_database()") == [("neondb",)]


def test_long_path(root: Path) -> None:
    """A project deep down, where a socket's path would be too long, works the same."""
    deep = root / "/".join(["a-folder-with-a-long-name"] * 6)
    deep.mkdir(parents=True)
    with connect(local_target(deep)) as session:
        sockets = Path(session.query("SHOW unix_socket_directories")[0][0])
    stop(deep)
    shutil.rmtree(sockets)


def test_below_a_private_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a home of mode 0700 it works for root too: the data lies where the server's user gets to."""
    monkeypatch.setenv("NEON_MIGRATE_CACHE", str(root / "cache"))
    home = root / "home"
    (home / "project").mkdir(parents=True)
    home.chmod(0o700)
    target = local_target(home / "project")
    with connect(target) as session:
        session.query("CREATE TABLE t AS SELECT 7 AS a")
    assert number(local_target(home / "project")) == 7
    assert home.stat().st_mode & 0o777 == 0o700
    inside = folder_of(target).is_relative_to(home)
    assert inside == (os.geteuid() != 0)
    stop(home / "project")


def test_project_that_is_gone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data that lies outside a project does not outlive it for long: the next such project clears it away."""
    monkeypatch.setenv("NEON_MIGRATE_CACHE", str(root / "cache"))
    folders = []
    for name in ("first", "second"):
        project = root / name / "project"
        project.mkdir(parents=True)
        project.parent.chmod(0o700)
        folders.append(folder_of(local_target(project)).parent)
        stop(project)
        shutil.rmtree(project)
    assert not folders[0].exists()
    assert folders[1].exists() == (os.geteuid() == 0)
