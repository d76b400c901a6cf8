"""What others wait for while a migration runs: each rule on what a real Postgres was seen to do."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

import pytest

from neon_migrate.hazards import observed
from neon_migrate.hazards.observed import run_rules
from neon_migrate.hazards.rules import rules
from neon_migrate.hazards.run import Remark, Run
from tests.postgres.test_observe import observe
from tests.workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path

    from neon_migrate.postgres.observe import StatementSeen
    from neon_migrate.postgres.target import Target

BEFORE = """
CREATE TABLE r (id int PRIMARY KEY);
CREATE TABLE t (id int PRIMARY KEY, a text, b int);
CREATE INDEX t_a ON t (a);
INSERT INTO t SELECT g, g::text, g FROM generate_series(1, 100) g;
"""

LARGE = {"public.t": 5_000_000, "public.r": 20_000}


@pytest.fixture
def bench(tmp_path: Path, database: Target) -> Workbench:
    bench = Workbench(tmp_path, database)
    bench.query(BEFORE)
    return bench


def remarks(run: Run) -> dict[str, list[Remark]]:
    found = {rule.name: list(rule.find(run)) for rule in run_rules()}
    return {name: each for name, each in found.items() if each}


def severities(seen: tuple[StatementSeen, ...]) -> dict[str, list[str]]:
    """By rule, on large tables."""
    return {name: [one.severity for one in each] for name, each in remarks(Run(seen, rows=LARGE)).items()}


@pytest.mark.parametrize(
    ("migration", "expected"),
    [
        ("ALTER TABLE t ALTER b TYPE bigint", {"exclusive-lock-held": ["note"], "table-rewritten": ["danger"]}),
        (
            "DO $$ BEGIN ALTER TABLE t ALTER b TYPE bigint; END $$",
            {"exclusive-lock-held": ["note"], "table-rewritten": ["danger"]},
        ),
        ("CREATE INDEX ON t (b)", {"index-not-concurrent": ["danger"], "writes-blocked": ["note"]}),
        ("BEGIN; CREATE INDEX ON t (b); COMMIT", {"index-not-concurrent": ["danger"], "writes-blocked": ["note"]}),
        ("ALTER TABLE t ADD UNIQUE (b)", {"constraint-index-built": ["danger"], "exclusive-lock-held": ["note"]}),
        ('ALTER TABLE t ALTER a TYPE text COLLATE "C"', {"exclusive-lock-held": ["note"], "index-rebuilt": ["danger"]}),
        ("ALTER TABLE t ALTER b SET NOT NULL", {"exclusive-lock-held": ["note"], "scan-under-lock": ["danger"]}),
        ("ALTER TABLE t ADD CHECK (b > 0)", {"exclusive-lock-held": ["note"], "scan-under-lock": ["danger"]}),
        ("ALTER TABLE t ADD c int", {"exclusive-lock-held": ["note"]}),
        ("ALTER TABLE t ADD CHECK (b > 0) NOT VALID", {"exclusive-lock-held": ["note"]}),
        ("CREATE TABLE n (id int REFERENCES r)", {"writes-blocked": ["note"]}),
        ("ALTER TABLE t ADD c int; UPDATE t SET c = 1", {"exclusive-lock-held": ["warning"]}),
        ("UPDATE t SET b = 1; ALTER TABLE t ADD c int", {"exclusive-lock-held": ["note"]}),
        ("-- no-transaction\nCREATE INDEX CONCURRENTLY ON t (b)", {}),
        ("SELECT count(*) FROM t", {}),
        ("CREATE TABLE n AS SELECT * FROM t; CREATE INDEX ON n (b); ALTER TABLE n ALTER b SET NOT NULL", {}),
    ],
)
def test_what_others_wait_for_is_a_hazard(bench: Workbench, migration: str, expected: dict[str, list[str]]) -> None:
    """By what was seen, in the words of no text; and what holds up nobody is none."""
    assert severities(observe(bench, migration)) == expected


@pytest.mark.parametrize(
    ("rows", "severity"), [(100, "note"), (50_000, "warning"), (2_000_000, "danger"), (None, "warning")]
)
def test_how_much_it_matters_is_told_by_productions_rows(bench: Workbench, rows: int | None, severity: str) -> None:
    """A table of unknown size may be large."""
    seen = observe(bench, "ALTER TABLE t ALTER b TYPE bigint")
    run = Run(seen, rows={} if rows is None else {"public.t": rows})
    assert [one.severity for one in remarks(run)["table-rewritten"]] == [severity]


def test_a_small_table_that_was_never_analysed_is_small(bench: Workbench) -> None:
    """Its size in bytes is known."""
    seen = observe(bench, "ALTER TABLE t ALTER b TYPE bigint")
    run = Run(seen, small=frozenset({"public.t"}))
    assert [one.severity for one in remarks(run)["table-rewritten"]] == ["note"]


def test_where_it_was_measured_the_time_counts(bench: Workbench) -> None:
    """A lock that was held for over a second on production's rows is a danger, whatever the table's size."""
    seen = observe(bench, "ALTER TABLE t ADD c int; SELECT pg_sleep(1.1)")
    run = Run(seen, rows={"public.t": 10}, measured=True)
    (held,) = remarks(run)["exclusive-lock-held"]
    assert held.severity == "danger"
    assert "through 1 more statement;" in held.evidence
    assert "on production's rows" in held.evidence


def test_a_moment_on_a_small_table_is_no_hazard(bench: Workbench) -> None:
    """Nobody waits long where there is little to do."""
    seen = observe(bench, "ALTER TABLE t ADD c int; CREATE TABLE n (id int REFERENCES r)")
    assert severities(seen) == {"exclusive-lock-held": ["note"], "writes-blocked": ["note"]}
    assert remarks(Run(seen, rows={"public.t": 10}, small=frozenset({"public.r"}))) == {}


def test_many_rows_in_one_transaction_are_a_hazard(bench: Workbench) -> None:
    """By the command tag, which counts them."""
    seen = observe(bench, "INSERT INTO r SELECT generate_series(1, 10001)")
    assert severities(seen) == {"rows-written": ["warning"]}


def test_three_tables_in_one_transaction_are_a_hazard(bench: Workbench) -> None:
    """Two are not; the place is where the third is taken."""
    bench.query("CREATE TABLE s (id int PRIMARY KEY)")
    seen = observe(bench, "ALTER TABLE r ADD c int; ALTER TABLE t ADD c int; ALTER TABLE s ADD c int")
    (remark,) = remarks(Run(seen))["many-tables-locked"]
    assert remark.statement is seen[2]
    assert "public.r, public.t, public.s" in remark.what


def test_a_rule_has_a_page_and_a_name_of_its_own() -> None:
    """What it does, why that is bad, an example, the safe form; no rule of either sort shares its name."""
    modules = [
        importlib.import_module(f"{observed.__name__}.{one.name}") for one in pkgutil.iter_modules(observed.__path__)
    ]
    names = [module.RULE.name for module in modules]
    assert len({*names, *(rule.name for rule in rules())}) == len(names) + len(rules())
    for module in modules:
        page = module.__doc__ or ""
        assert page.startswith(f"{module.RULE.name}\n")
        for heading in ("What it does: ", "Why is this bad: ", "Example: ", "Safe form: "):
            assert f"\n{heading}" in page
