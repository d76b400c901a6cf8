"""`init`: what a project starts with, and that nothing that exists is changed."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from neon_migrate.init import JSON_SCHEMA_FILE, init
from neon_migrate.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ran


def _content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_a_project_starts_with_all_it_needs(run: Callable[..., Ran], folder: Path) -> None:
    """Settings, schema.json with the `$schema` beside it, migrations, git attributes and three scripts."""
    done = run("init")
    assert done.code == 0
    assert set(_content(folder)) == {
        ".gitattributes",
        ".gitignore",
        "generate_schema.sh",
        "neon-migrate.schema.json",
        "neon-migrate.toml",
        "schema.json",
        "scripts/neon-migrate.sh",
        "scripts/validate-schema-locally.sh",
    }
    assert (folder / "migrations").is_dir()
    assert json.loads((folder / "schema.json").read_text())["$schema"] == f"./{JSON_SCHEMA_FILE}"
    assert "*.sql text eol=lf" in (folder / ".gitattributes").read_text()


def test_run_twice_it_changes_nothing(run: Callable[..., Ran], folder: Path) -> None:
    """The second run says that everything exists."""
    run("init")
    before = _content(folder)
    done = run("init", "--format", "json")
    assert _content(folder) == before
    assert done.json["report"]["created"] == []
    assert len(done.json["report"]["existing"]) == 9


def test_what_exists_is_left_as_it_is_and_said(run: Callable[..., Ran], folder: Path) -> None:
    """A schema.json of one's own stays, and a .gitattributes without the line gets an advice, not a change."""
    (folder / "schema.json").write_text("mine")
    (folder / ".gitattributes").write_text("*.png binary\n")
    done = run("init")
    assert (folder / "schema.json").read_text() == "mine"
    assert (folder / ".gitattributes").read_text() == "*.png binary\n"
    assert "Add this line to .gitattributes: *.sql text eol=lf" in done.out


def test_schema_json_is_found_where_other_tools_put_it(folder: Path) -> None:
    """With tools/schema-generator/schema.json there is no second one, and the JSON Schema stands beside it."""
    place = folder / "tools" / "schema-generator"
    place.mkdir(parents=True)
    (place / "schema.json").write_text("{}")
    init(folder)
    assert not (folder / "schema.json").exists()
    assert (place / JSON_SCHEMA_FILE).is_file()


def test_a_history_without_schema_json_is_imported_not_replaced(folder: Path) -> None:
    """Where there are migrations a made-up schema.json would ask to drop what they make."""
    (folder / "migrations").mkdir()
    (folder / "migrations" / "0001_a.sql").write_text("CREATE TABLE a ();")
    report = init(folder)
    assert not (folder / "schema.json").exists()
    assert any("import --from migrations" in advice for advice in report.advice)


def test_settings_in_pyproject_are_not_hidden(folder: Path) -> None:
    """A neon-migrate.toml would take precedence over [tool.neon-migrate]."""
    (folder / "pyproject.toml").write_text("[tool.neon-migrate]\nlock-retries = 2\n")
    init(folder)
    assert not (folder / "neon-migrate.toml").exists()
    assert load(folder).lock_retries == 2


def test_the_settings_file_shows_the_real_defaults(folder: Path) -> None:
    """Every commented setting exists, and the value shown as its default is the default (examples apart)."""
    init(folder)
    text = (folder / "neon-migrate.toml").read_text()
    examples = ("postgres-major", "ignore")
    uncommented = "\n".join(
        line.removeprefix("# ")
        if line.startswith("# ") and " = " in line and not line.startswith(tuple(f"# {name}" for name in examples))
        else ""
        for line in text.splitlines()
    )
    (folder / "neon-migrate.toml").write_text(uncommented)
    found = load(folder)
    root = folder.resolve()
    assert found == Settings(root=root, migrations=root / "migrations", schema=root / "schema.json")
    (folder / "neon-migrate.toml").write_text(
        text.replace("# postgres-major", "postgres-major").replace("# ignore", "ignore")
    )
    assert load(folder).postgres_major == 17


def test_the_scripts_are_posix_and_run_neon_migrate_on_the_repository(run: Callable[..., Ran], folder: Path) -> None:
    """They are executable, find the project from anywhere, and hand their arguments on."""
    run("init")
    scripts = ("scripts/neon-migrate.sh", "scripts/validate-schema-locally.sh", "generate_schema.sh")
    for name in scripts:
        assert (folder / name).stat().st_mode & 0o111 == 0o111
        subprocess.run(["sh", "-n", folder / name], check=True)
    from tests.cli.conftest import PROGRAM

    path = {"PATH": f"{PROGRAM.parent}:/usr/bin:/bin"}
    done = subprocess.run(
        [folder / scripts[0], "--version"], cwd="/", env=path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("neon-migrate ")
    for name, command in zip(scripts[1:], ("validate", "generate"), strict=True):
        done = subprocess.run([folder / name, "--help"], cwd="/", env=path, capture_output=True, text=True, check=True)
        assert done.stdout.startswith(f"Usage: neon-migrate {command}")


def test_scripts_say_what_is_missing_where_nothing_is_installed(run: Callable[..., Ran], folder: Path) -> None:
    """Without neon-migrate on PATH the message says where it is looked for."""
    run("init")
    done = subprocess.run(
        [folder / "generate_schema.sh"], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "neon-migrate is not installed" in done.stderr


ACTION = "someone/neon-migrate@0123456789abcdef0123456789abcdef01234567"


def test_the_workflows_are_written_when_asked_for(run: Callable[..., Ran], folder: Path) -> None:
    """Both run one commit of the action, with its version as a comment; a second run leaves them as they are."""
    assert run("init", "--github", "--action", ACTION).code == 0
    for name in ("neon-migrations.yml", "neon-maintenance.yml"):
        path = folder / ".github" / "workflows" / name
        text = path.read_text()
        assert f"uses: {ACTION} # v" in text
        assert "@ACTION@" not in text
        path.write_text("mine")
    assert run("init", "--github", "--action", ACTION).code == 0
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    "action", ["someone/neon-migrate@v1", "neon-migrate", "a/b@0123456789abcdef", "a/b@" + "0" * 40 + "\n- x"]
)
def test_a_name_that_may_move_is_no_action(run: Callable[..., Ran], folder: Path, action: str) -> None:
    """A tag, a branch, a short commit, more than one line: refused before anything is written."""
    done = run("init", "--github", "--action", action)
    assert done.code == 2
    assert "all 40 digits" in done.err
    assert _content(folder) == {}
    assert run("init", "--action", ACTION).code == 2


def test_a_project_in_a_folder_of_its_own(folder: Path) -> None:
    """GitHub looks for workflows at the repository's top; each step is told which folder it is for."""
    project = folder / "backend" / "db"
    project.mkdir(parents=True)
    init(project, github=True, action=ACTION)
    text = (folder / ".github" / "workflows" / "neon-migrations.yml").read_text()
    assert text.count('          working-directory: "backend/db"\n          command: ') == 3


def test_a_second_project_of_a_repository_has_workflows_of_its_own(folder: Path) -> None:
    """Named after its folder, with secrets, checks and a queue of its own; a second run adds nothing."""
    place = folder / ".github" / "workflows"
    for name in ("shop", "billing/db"):
        project = folder / name
        project.mkdir(parents=True)
        init(project, github=True, action=ACTION)
    first, second = ((place / f"neon-migrations{end}.yml").read_text() for end in ("", "-billing-db"))
    assert 'working-directory: "shop"' in first
    assert 'working-directory: "billing/db"' in second
    assert "\nname: neon-migrations-billing-db\n" in second
    assert "name: validate and rehearse (billing-db)" in second
    assert "secrets.NEON_DATABASE_URL_BILLING_DB }}" in second
    assert "vars.NEON_PROJECT_ID_BILLING_DB }}" in second
    assert "secrets.SLACK_WEBHOOK }}" in second
    assert "group: ${{ github.workflow }}-" in second
    assert len(list(place.iterdir())) == 4
    again = init(folder / "billing" / "db", github=True, action=ACTION)
    assert place / "neon-migrations-billing-db.yml" in again.existing


def test_folders_that_read_alike_have_workflows_of_their_own(folder: Path) -> None:
    """No project is taken for another: by its folder they are told apart, also where somebody took the quotes away."""
    place = folder / ".github" / "workflows"
    for name in ("first", "a-b", "a/b", "\u65e5\u672c"):
        project = folder / name
        project.mkdir(parents=True)
        report = init(project, github=True, action=ACTION)
        assert not [path for path in report.existing if place in path.parents]
    names = {path.stem for path in place.glob("neon-migrations*")}
    assert names == {f"neon-migrations{end}" for end in ("", "-a-b", "-a-b-2", "-project")}
    for path in place.iterdir():
        path.write_text(re.sub(r'working-directory: "(.*)"', r"working-directory: \1", path.read_text()))
    for name in ("a/b", "first"):
        init(folder / name, github=True, action=ACTION)
    assert {path.stem for path in place.glob("neon-migrations*")} == names


@pytest.mark.parametrize(
    ("commands", "branch"),
    [
        ((), "main"),
        (("init --quiet --initial-branch=trunk",), "trunk"),
        (
            ("init --quiet --initial-branch=master", "commit --quiet --allow-empty -m x", "checkout -q -b topic"),
            "master",
        ),
        (
            (
                "init --quiet --initial-branch=topic",
                "commit --quiet --allow-empty -m x",
                "update-ref refs/remotes/origin/develop HEAD",
                "symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/develop",
            ),
            "develop",
        ),
        (("init --quiet --initial-branch=it's",), "main"),
    ],
)
def test_the_default_branch_is_deployed(folder: Path, commands: tuple[str, ...], branch: str) -> None:
    """What origin says, else main or master, else the branch that a new repository is on."""
    for command in commands:
        git = ["git", "-c", "user.name=ann", "-c", "user.email=ann@example.com", "-C", str(folder)]
        subprocess.run([*git, *command.split()], check=True)
    init(folder, github=True, action=ACTION)
    text = (folder / ".github" / "workflows" / "neon-migrations.yml").read_text()
    assert f'    branches: ["{branch}"]\n' in text
    assert f"github.ref == 'refs/heads/{branch}'" in text
