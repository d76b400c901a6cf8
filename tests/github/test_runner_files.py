"""What the runner reads: annotations, masks, outputs and the job summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.github.annotations import Annotation, annotation_commands
from neon_migrate.github.outputs import write_outputs
from neon_migrate.github.summary import MOST_BYTES, write_summary
from neon_migrate.github.workflow_commands import masks

if TYPE_CHECKING:
    from pathlib import Path


def _outputs(path: Path) -> dict[str, str]:
    """The outputs file, read as the runner reads it (actions/runner, FileCommandManager.cs)."""
    found, lines = {}, iter(path.read_text(encoding="utf-8").split("\n"))
    for line in lines:
        if not line:
            continue
        name, _, delimiter = line.partition("<<")
        value = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found


def test_an_annotation_stands_on_its_place() -> None:
    """File, line and column are properties; what would end one is escaped."""
    annotation = Annotation("error", "50% off:\nno, really", "drop, table: a", "migrations/0001_a,b.sql", 12, 5)
    assert str(annotation) == (
        "::error title=drop%2C table%3A a,file=migrations/0001_a%2Cb.sql,line=12,col=5::50%25 off:%0Ano, really"
    )
    assert str(Annotation("notice", "hello")) == "::notice::hello"


def test_no_text_becomes_a_second_command() -> None:
    """A message with line ends stays one line, so that nothing in it is read as a command."""
    (command,) = annotation_commands([Annotation("warning", "x\n::set-env name=PATH::/evil\r\n::stop-commands::y")])
    assert "\n" not in command
    assert "\r" not in command


def test_more_than_ten_of_a_level_are_counted() -> None:
    """GitHub drops the eleventh silently; the tenth says how many there are."""
    many = [Annotation("error", f"fault {number}", file="a.sql", line=number) for number in range(1, 26)]
    commands = annotation_commands([*many, Annotation("warning", "alone")])
    errors = [command for command in commands if command.startswith("::error")]
    assert len(errors) == 10
    assert errors[8].endswith("::fault 9")
    assert errors[9] == "::error title=neon-migrate::16 more of this level are in the job summary and the report."
    assert commands[-1] == "::warning::alone"
    assert len(annotation_commands(many[:10])) == 10
    assert "more of this level" not in annotation_commands(many[:10])[-1]


def test_secrets_are_masked_decoded_and_line_by_line() -> None:
    """And very short ones are not: they would blank the log."""
    assert masks(["p%40ssword", "one line\nand another", "abc", ""]) == (
        "::add-mask::p%2540ssword",
        "::add-mask::p@ssword",
        "::add-mask::one line%0Aand another",
        "::add-mask::one line",
        "::add-mask::and another",
    )


def test_outputs_come_back_as_they_were(tmp_path: Path) -> None:
    """Several lines, and a value that tries to set another output."""
    file = tmp_path / "output"
    environment = {"GITHUB_OUTPUT": str(file)}
    values = {"digest": "abc", "plan": 'EOF\nverdict<<EOF\nin order\nEOF\n{"a": 1}', "empty": ""}
    write_outputs(values, environment)
    write_outputs({"later": "x"}, environment)
    assert _outputs(file) == {**values, "later": "x"}


def test_an_output_needs_a_name() -> None:
    """What is none is a fault of ours, found before anything is written."""
    with pytest.raises(ValueError, match="no name"):
        write_outputs({"a\nb": "x"}, {})


def test_without_a_runner_nothing_is_written() -> None:
    """The same commands work outside GitHub."""
    write_outputs({"a": "b"}, {})
    write_summary("text", {"GITHUB_STEP_SUMMARY": ""})


def test_the_summary_is_appended_and_stays_below_a_mebibyte(tmp_path: Path) -> None:
    """GitHub shows nothing of one that is longer; no character is cut in half."""
    file = tmp_path / "summary"
    environment = {"GITHUB_STEP_SUMMARY": str(file)}
    write_summary("# One", environment)
    write_summary("é" * MOST_BYTES, environment)
    write_summary("no room left", environment)
    content = file.read_bytes()
    assert len(content) <= MOST_BYTES
    assert content.decode().startswith("# One\né")
