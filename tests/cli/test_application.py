"""The frame of the command line: options anywhere, lazy commands, every way a run can end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from neon_migrate import __version__
from neon_migrate.cli import commands
from neon_migrate.cli.application import application
from neon_migrate.cli.application import run as run_in_process
from neon_migrate.cli.group import Commands
from neon_migrate.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from neon_migrate.cli.command import Command
    from tests.cli.conftest import Ran

FILES = sorted(
    path.stem.rstrip("_").replace("_", "-")
    for path in Path(commands.__path__[0]).iterdir()
    if not path.name.startswith("__")
)


def _commands(group: Commands) -> Iterator[Command]:
    """Every command, those of the groups in the group too."""
    for name in group.list_commands(None):  # type: ignore[arg-type]
        found = group.get_command(None, name)  # type: ignore[arg-type]
        assert found is not None
        if isinstance(found, Commands):
            yield from _commands(found)
        else:
            yield found


def test_the_commands_are_the_files() -> None:
    """A command is one file, found by its name; nothing else lists it."""
    group = application()
    assert group.list_commands(None) == FILES  # type: ignore[arg-type]
    for name in FILES:
        command = group.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        assert command.name == name
        assert command.help


def test_every_command_documents_how_it_can_end() -> None:
    """Each has the exit code 0 and those that every command can end with; each code has a meaning."""
    for command in _commands(application()):
        assert {0, 1, 2, 130} <= set(command.exit_codes)
        assert all(command.exit_codes.values())


def test_only_the_command_that_runs_is_imported(folder: Path) -> None:
    """`schema` imports no psycopg, no rich, and no other command's module."""
    code = (
        "import sys; from neon_migrate.cli.application import run; run(['completion', 'bash', '--quiet']);"
        "print([m for m in sys.modules if m.split('.')[0] in ('psycopg', 'rich', 'postgast', 'msgspec')"
        " or m.startswith('neon_migrate.cli.commands.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=True)
    assert done.stdout.splitlines()[-1] == "['neon_migrate.cli.commands.completion']"


def test_the_version_is_answered_before_anything_is_imported() -> None:
    """`--version` imports neither click nor any module of ours beside the package's own two."""
    code = (
        "import sys; before = set(sys.modules); sys.argv[1:] = ['--version'];"
        "from neon_migrate.cli import main; main(); print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env=_source())
    imported = "['__future__', 'neon_migrate', 'neon_migrate.cli']"
    assert done.stdout.splitlines() == [f"neon-migrate {__version__}", imported]


def _source() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(commands.__path__[0]).parents[2])}


@pytest.mark.parametrize("arguments", [("--format", "json", "init"), ("init", "--format", "json")])
def test_global_options_stand_before_or_after_the_command(run: Callable[..., Ran], arguments: tuple[str, ...]) -> None:
    """`neon-migrate --format json init` and `neon-migrate init --format json` are the same."""
    done = run(*arguments)
    assert done.code == 0
    assert done.json["command"] == "init"


def test_another_folder_is_named_with_c(run: Callable[..., Ran], folder: Path) -> None:
    """`-C DIR` works as if started there."""
    (folder / "elsewhere").mkdir()
    assert run("-C", "elsewhere", "init").code == 0
    assert (folder / "elsewhere" / "schema.json").is_file()
    assert not (folder / "schema.json").exists()
    missing = run("-C", "nowhere", "init")
    assert missing.code == ExitCode.USAGE
    assert "nowhere" in missing.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("aply",), "Did you mean 'apply'?"),
        (("xyzzy",), "neon-migrate --help lists the commands."),
        (("init", "--chekc"), "No such option"),
        (("init", "extra"), "unexpected extra argument"),
        (("completion",), "Missing argument"),
        (("--format", "yaml", "init"), "yaml"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_said_in_a_few_lines(
    run: Callable[..., Ran], arguments: tuple[str, ...], words: str
) -> None:
    """Exit code 2, what is wrong and what to do, nothing on standard output."""
    done = run(*arguments)
    assert done.code == ExitCode.USAGE
    assert done.out == ""
    assert done.err.startswith("error: ")
    assert words in done.err
    assert len(done.err.splitlines()) <= 4


def test_an_unknown_option_is_told_in_json_with_the_command_it_was_given_to(run: Callable[..., Ran]) -> None:
    """Also where the options come before it is known that JSON is asked for."""
    document = json.loads(run("status", "--format", "json", "--bogus").out)
    assert (document["command"], document["exit_code"]) == ("status", ExitCode.USAGE)


def test_usage_errors_are_json_where_json_was_asked_for(run: Callable[..., Ran]) -> None:
    """A program that asked for JSON gets JSON, also when the rest of its command line makes no sense."""
    done = run("init", "--nonsense", "--format=json")
    assert done.code == done.json["exit_code"] == ExitCode.USAGE
    assert done.json["error"]["type"] == "UsageError"
    assert done.err == ""


def test_without_a_command_the_help_is_shown(run: Callable[..., Ran]) -> None:
    """`neon-migrate` alone lists the commands with the whole first sentence of each."""
    done = run()
    assert done.code == ExitCode.USAGE
    assert done.err == ""
    assert all(f"  {name} " in done.out for name in FILES)
    assert "..." not in done.out.partition("Commands:")[2]


def test_quiet_prints_documents_and_nothing_else(run: Callable[..., Ran]) -> None:
    """--quiet leaves out reports, and keeps a document that was asked for."""
    assert run("init", "--quiet") == type(run("init", "--quiet"))(0, "", "")
    assert "_neon_migrate_completion" in run("completion", "bash", "--quiet").out


def test_an_unexpected_exception_is_one_screen_and_says_how_to_report_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    """No traceback unless it is asked for, and no password even then."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:s3cr3t%21@db.example/app")

    def explode(*_: object, **__: object) -> None:
        raise ValueError("the URL was postgresql://me:s3cr3t%21@db.example/app, that is s3cr3t!")

    monkeypatch.setattr("neon_migrate.init.init", explode)
    monkeypatch.setattr("neon_migrate.api.init", explode)
    monkeypatch.delenv("NEON_MIGRATE_TRACEBACK", raising=False)
    assert run_in_process(["init"]) == ExitCode.FAILED
    shown = capsys.readouterr().err
    assert "ValueError" in shown
    assert "NEON_MIGRATE_TRACEBACK=1" in shown
    assert "Traceback" not in shown
    monkeypatch.setenv("NEON_MIGRATE_TRACEBACK", "1")
    run_in_process(["init"])
    traced = capsys.readouterr().err
    assert "Traceback" in traced
    assert "s3cr3t" not in shown + traced


def test_an_interrupted_run_ends_with_130_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    """Ctrl-C is no fault: what to do next, and no traceback."""
    monkeypatch.chdir(folder)

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("neon_migrate.api.init", interrupt)
    assert run_in_process(["init"]) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err.lstrip().startswith("error: Interrupted")


def test_a_reader_that_goes_away_is_no_fault(folder: Path) -> None:
    """`neon-migrate completion bash | head -c 1` prints no complaint."""
    program = Path(sys.executable).with_name("neon-migrate")
    done = subprocess.run(
        ["sh", "-c", f"'{program}' --help | true; '{program}' completion zsh | head -c 1"],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert done.stderr == ""


def test_output_that_cant_be_written_is_one_error(folder: Path) -> None:
    """A full disk behind standard output, said once, also at Python's exit."""
    program = Path(sys.executable).with_name("neon-migrate")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [program, "schema"], stdout=full, stderr=subprocess.PIPE, text=True, cwd=folder, check=False
        )
    assert done.returncode == ExitCode.FAILED
    assert done.stderr.startswith("error: The output: No space left on device\n")
    assert len(done.stderr.splitlines()) == 2
