"""The migrations folder by sqlx's rules."""

from __future__ import annotations

import hashlib
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import MigrationFileError
from neon_migrate.ledger import folder, naming
from neon_migrate.settings import Settings, load

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "migrations").mkdir()
    return load(tmp_path)


def put(settings: Settings, *names: str, text: str = "SELECT 1;\n") -> None:
    for name in names:
        (settings.migrations / name).write_bytes(text.encode())


def listing(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.migrations.iterdir())


def versions(settings: Settings) -> list[int]:
    return [migration.version for migration in folder.read(settings).migrations]


def test_migrations_come_in_ascending_order_of_their_integer_versions(settings: Settings) -> None:
    """`10` comes after `9` whatever the names sort like, and leading zeros and a sign don't count."""
    put(settings, "10_ten.sql", "9_nine.sql", "0003_three.sql", "+4_four.sql", "-1_below.sql")
    assert versions(settings) == [-1, 3, 4, 9, 10]


@pytest.mark.parametrize(
    ("name", "description", "direction"),
    [
        ("1_add_user_name.sql", "add user name", "simple"),
        ("1_add_user_name.up.sql", "add user name", "up"),
        ("1_add_user_name.down.sql", "add user name", "down"),
        ("1__leading.sql", " leading", "simple"),
        ("1_a.sql.sql", "a", "simple"),
        ("1_a.up.sql.up.sql", "a", "up"),
        ("1_.sql", "", "simple"),
        ("1_init-tables.x.sql", "init-tables.x", "simple"),
    ],
)
def test_a_name_gives_description_and_direction(tmp_path: Path, name: str, description: str, direction: str) -> None:
    """The ending goes as often as it is there (Rust's trim_end_matches), underscores become spaces."""
    found = naming.parse(tmp_path / name)
    assert found is not None
    assert (found.description, found.direction) == (description, direction)


@pytest.mark.parametrize("name", ["README.md", "0001-init.sql", "1_a.txt", "1_a.SQL", "schema.sql"])
def test_what_has_no_underscore_or_no_sql_ending_is_passed_over(settings: Settings, name: str) -> None:
    """sqlx ignores it silently; those that look like SQL are named as strays."""
    put(settings, name, "2_b.sql")
    found = folder.read(settings)
    assert [migration.version for migration in found.migrations] == [2]
    strays = [stray.path.name for stray in found.strays if stray.code == "not-a-migration"]
    assert strays == ([name] if name.lower().endswith(".sql") else [])


@pytest.mark.parametrize(
    "name", ["abc_x.sql", "1.5_x.sql", "9223372036854775808_x.sql", " 1_x.sql", "١_x.sql", "_x.sql", "V1_init.sql"]
)
def test_a_version_that_is_no_integer_is_an_error_that_names_the_file(settings: Settings, name: str) -> None:
    """What Rust's i64 does not parse stops sqlx for the whole folder; the error says what a name looks like."""
    put(settings, name, "2_b.sql")
    with pytest.raises(MigrationFileError) as caught:
        folder.read(settings)
    assert name in str(caught.value.where)
    assert "<version>_<description>.sql" in caught.value.remedy


def test_up_and_down_share_a_version_and_kinds_may_be_mixed(settings: Settings) -> None:
    """A down file belongs to whatever has its version, a simple file too."""
    put(settings, "1_a.sql", "2_b.up.sql", "2_b.down.sql", "3_c.up.sql", "4_d.sql", "4_d.down.sql")
    found = folder.read(settings)
    assert [(m.version, m.reversible, m.down is not None) for m in found.migrations] == [
        (1, False, False),
        (2, True, True),
        (3, True, False),
        (4, False, True),
    ]
    assert found.strays == ()


def test_two_files_of_one_version_are_named(settings: Settings) -> None:
    """Also when they are written with other zeros or are of other kinds; the first by name is kept."""
    put(settings, "01_b.sql", "1_a.sql", "1_c.up.sql")
    found = folder.read(settings)
    assert [migration.up.path.name for migration in found.migrations] == ["01_b.sql"]
    assert [(stray.code, stray.path.name) for stray in found.strays] == [
        ("duplicate-version", "1_a.sql"),
        ("duplicate-version", "1_c.up.sql"),
    ]
    assert "01_b.sql" in found.strays[0].what


def test_a_down_file_without_its_up_file_is_named(settings: Settings) -> None:
    """sqlx has no word for it: the file is never run."""
    put(settings, "1_a.up.sql", "2_a.down.sql")
    (stray,) = folder.read(settings).strays
    assert (stray.code, stray.version) == ("down-without-up", 2)
    assert "2_a.up.sql" in stray.remedy


def test_the_checksum_is_sha384_of_the_whole_text(settings: Settings) -> None:
    """A byte order mark and CRLF are kept and count; `ignored-chars` are left out of the hash only."""
    text = "\ufeffSELECT 1;\r\n"
    put(settings, "1_a.sql", text=text)
    (migration,) = folder.read(settings).migrations
    assert migration.up.sql == text
    assert migration.checksum == hashlib.sha384(text.encode()).digest()
    (settings.root / "sqlx.toml").write_text('[migrate]\nignored-chars = ["\\r", "\\ufeff"]\n')
    (migration,) = folder.read(load(settings.root)).migrations
    assert migration.up.sql == text
    assert migration.checksum == hashlib.sha384(b"SELECT 1;\n").digest()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-- no-transaction\nSELECT 1", True),
        ("-- no-transactional", True),
        (" -- no-transaction", False),
        ("\ufeff-- no-transaction", False),
        ("--no-transaction", False),
    ],
)
def test_no_transaction_is_what_the_text_starts_with_exactly(settings: Settings, text: str, expected: bool) -> None:
    """sqlx compares the first characters and nothing else."""
    put(settings, "1_a.sql", text=text)
    (migration,) = folder.read(settings).migrations
    assert migration.up.no_transaction is expected


def test_links_are_followed_and_folders_are_not(settings: Settings, tmp_path: Path) -> None:
    """sqlx asks for what a link points to; the layout `<version>/up.sql` of other tools is named as a stray."""
    (tmp_path / "elsewhere.sql").write_text("SELECT 1;")
    (settings.migrations / "1_link.sql").symlink_to(tmp_path / "elsewhere.sql")
    (settings.migrations / "2_folder.sql").mkdir()
    diesel = settings.migrations / "3_diesel"
    diesel.mkdir()
    (diesel / "up.sql").write_text("SELECT 1;")
    found = folder.read(settings)
    assert [migration.version for migration in found.migrations] == [1]
    assert [stray.path.name for stray in found.strays] == ["3_diesel"]


def test_a_file_that_is_not_utf8_is_named_with_line_and_column(settings: Settings) -> None:
    """sqlx can't read the folder then; columns count characters."""
    (settings.migrations / "1_a.sql").write_bytes("SELECT 1;\n-- é ".encode() + b"\xe9\n")
    with pytest.raises(MigrationFileError) as caught:
        folder.read(settings)
    assert caught.value.where is not None
    assert (caught.value.where.line, caught.value.where.column) == (2, 6)
    assert "0xe9" in caught.value.what


def test_a_nul_byte_is_refused(settings: Settings) -> None:
    """What stands behind it would not be run: Postgres's protocol ends the text there."""
    put(settings, "1_a.sql", text="SELECT 1;\nSELECT '\0';")
    with pytest.raises(MigrationFileError, match="NUL") as caught:
        folder.read(settings)
    assert str(caught.value.where).endswith("1_a.sql:2:9")


def test_a_missing_folder_is_empty_until_it_is_required(tmp_path: Path) -> None:
    """`generate` starts without one; whoever needs one is told how to get it."""
    found = folder.read(load(tmp_path))
    assert (found.exists, found.migrations) == (False, ())
    with pytest.raises(MigrationFileError, match="There is no folder"):
        found.require()


class TestNextVersion:
    """The version of the next migration is the one that sqlx would infer."""

    def test_an_empty_folder_starts_with_0001_reversible(self, settings: Settings) -> None:
        """Unlike sqlx, which starts with a timestamp and a simple migration."""
        found = folder.read(settings)
        assert folder.next_version(found, settings, NOW) == 1
        assert folder.is_reversible(found, settings)
        assert naming.file_name(1, "init", "up", found.width) == "0001_init.up.sql"

    @pytest.mark.parametrize(
        "names",
        [
            ["0_a.sql"],
            ["0001_a.sql"],
            ["0002_a.sql"],
            ["0001_a.sql", "0002_b.sql"],
            ["0001_a.sql", "0003_b.sql"],
            ["0001_a.up.sql", "0001_a.down.sql", "0002_b.up.sql", "0002_b.down.sql"],
            ["20200101000000_a.sql", "20200101000001_b.sql"],
            ["20200101000000_a.sql", "20200102000000_b.sql"],
        ],
    )
    def test_versions_are_inferred_as_sqlx_infers_them(self, settings: Settings, names: list[str]) -> None:
        """sqlx-cli itself is asked: sequential when the last two differ by one, or the only one is 0 or 1."""
        put(settings, *names)
        ours = folder.next_version(folder.read(settings), settings, datetime.now(UTC))
        before = set(settings.migrations.iterdir())
        subprocess.run(["sqlx", "migrate", "add", "next"], cwd=settings.root, check=True, capture_output=True)
        (added, *_) = sorted(set(settings.migrations.iterdir()) - before)
        theirs = int(added.name.split("_")[0])
        assert abs(ours - theirs) <= (100 if theirs > 10**13 else 0)

    def test_the_settings_decide_over_what_is_there(self, settings: Settings) -> None:
        """`migration-versioning` and `migration-type` of sqlx.toml."""
        put(settings, "0001_a.sql", "0002_a.sql")
        assert not folder.is_reversible(folder.read(settings), settings)
        (settings.root / "sqlx.toml").write_text(
            '[migrate.defaults]\nmigration-type = "reversible"\nmigration-versioning = "timestamp"\n'
        )
        decided = load(settings.root)
        found = folder.read(decided)
        assert folder.is_reversible(found, decided)
        assert folder.next_version(found, decided, NOW) == 20260304050607

    @pytest.mark.parametrize("seconds", [0, 1, -1, 120])
    def test_a_timestamp_is_above_the_latest_and_not_next_to_it(self, settings: Settings, seconds: int) -> None:
        """Two that differ by one would make sqlx infer sequential versions from then on."""
        latest = int((NOW + timedelta(seconds=seconds)).strftime("%Y%m%d%H%M%S"))
        put(settings, "20200101000000_a.sql", f"{latest}_b.sql")
        found = folder.next_version(folder.read(settings), settings, NOW)
        assert found - latest >= 2
        datetime.strptime(str(found), "%Y%m%d%H%M%S")

    def test_a_time_in_another_zone_is_written_in_utc(self, settings: Settings) -> None:
        """sqlx uses UTC."""
        put(settings, "20200101000000_a.sql")
        east = NOW.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+05:00").tzinfo)
        assert folder.next_version(folder.read(settings), settings, east) == 20260304050607


class TestWrite:
    """A new migration appears whole, with LF line ends, and touches nothing that is there."""

    def test_the_width_of_versions_is_kept(self, settings: Settings) -> None:
        """Six digits stay six digits."""
        put(settings, "000001_a.sql")
        paths = folder.write(settings, 2, "b", "CREATE TABLE b ();\r\n", "DROP TABLE b;")
        assert [path.name for path in paths] == ["000002_b.up.sql", "000002_b.down.sql"]
        assert [path.read_bytes() for path in paths] == [b"CREATE TABLE b ();\n", b"DROP TABLE b;\n"]
        assert listing(settings) == ["000001_a.sql", "000002_b.down.sql", "000002_b.up.sql"]

    def test_without_a_down_text_it_is_a_simple_one(self, tmp_path: Path) -> None:
        """And the folder is made where there is none."""
        (path,) = folder.write(load(tmp_path), 1, "a", "SELECT 1;\n", None)
        assert path == tmp_path / "migrations" / "0001_a.sql"
        assert path.stat().st_mode & 0o777 == 0o644

    def test_a_version_that_is_taken_is_refused(self, settings: Settings) -> None:
        """Under any name."""
        put(settings, "0002_other.sql")
        with pytest.raises(MigrationFileError, match=r"taken by 0002_other\.sql"):
            folder.write(settings, 2, "b", "SELECT 1;", "SELECT 1;")
        assert listing(settings) == ["0002_other.sql"]

    def test_when_the_second_file_fails_the_first_is_taken_back(self, settings: Settings) -> None:
        """Here a folder stands where the down file should."""
        (settings.migrations / "0001_a.down.sql").mkdir()
        with pytest.raises(MigrationFileError, match="can't be written"):
            folder.write(settings, 1, "a", "SELECT 1;", "SELECT 2;")
        assert listing(settings) == ["0001_a.down.sql"]
