"""Names of migration files: what sqlx reads, and what the team has settled on top of it."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from neon_migrate.check import Check, Finding, NotKnownError, Verdict, counted, verdict
from neon_migrate.errors import Location, MigrationFileError, SettingsError
from neon_migrate.ledger import naming

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.inspection import Inspection
    from neon_migrate.ledger.naming import FileName


def run(inspection: Inspection) -> Verdict:
    folder = inspection.settings.migrations
    if not folder.is_dir():
        missing = Finding(f"there is no folder {inspection.shown(folder)}", remedy="neon-migrate init makes one.")
        return verdict("", [missing])
    names, findings = [], []
    for file in inspection.files:
        try:
            name = naming.parse(file)
        except MigrationFileError as error:
            findings.append(Finding(error.what, Location(inspection.shown(file)), error.remedy))
            continue
        if name is None:
            findings.append(
                Finding("not a migration: sqlx passes it over", Location(inspection.shown(file)), naming.NAME_HELP)
            )
        else:
            names.append(name)
    findings += _folders(inspection)
    findings += _unconventional(inspection, names)
    findings += _widths(inspection, names)
    return verdict(f"{counted(len(names), 'file')} named <version>_<description>", findings)


def _folders(inspection: Inspection) -> Iterator[Finding]:
    with suppress(NotKnownError):  # a name that is no migration's has a finding already
        for stray in inspection.folder.strays:
            if stray.path.is_dir():
                yield Finding(stray.what, Location(inspection.shown(stray.path)), stray.remedy, "warned")


def _unconventional(inspection: Inspection, names: list[FileName]) -> Iterator[Finding]:
    """New names that break the convention; the old ones together, since renaming what is applied helps nobody."""
    pattern = _convention(inspection.settings.naming)
    odd = [name for name in names if not pattern.fullmatch(name.slug)]
    old = [name for name in odd if not _is_new(inspection, name)]
    for name in odd:
        if name not in old:
            yield Finding(
                f"the description {name.slug!r} does not match {inspection.settings.naming}",
                Location(inspection.shown(name.path)),
                "Rename it while it is applied nowhere; or change `naming` in the settings.",
            )
    if old:
        yield Finding(
            f"{len(old)} older names don't match {inspection.settings.naming}, {old[0].path.name} the first",
            Location(inspection.shown(old[0].path)),
            "Leave them as they are, or change `naming` in the settings.",
            "warned",
        )


def _convention(naming: str) -> re.Pattern[str]:
    try:
        return re.compile(naming)
    except re.error as error:
        raise SettingsError(
            f"The setting naming is no regular expression: {naming}", why=str(error), remedy="Correct it."
        ) from None


def _is_new(inspection: Inspection, name: FileName) -> bool:
    try:
        return name.version in inspection.new
    except NotKnownError:
        return True


def _widths(inspection: Inspection, names: list[FileName]) -> Iterator[Finding]:
    """Versions of several widths are read well by sqlx, and sorted otherwise by everybody else."""
    widths = Counter(len(name.digits) for name in names)
    if len(widths) < 2:
        return
    usual = widths.most_common(1)[0][0]
    odd = [name for name in names if len(name.digits) != usual]
    shown = ", ".join(name.path.name for name in odd[:3])
    more = f" and {len(odd) - 3} more" if len(odd) > 3 else ""
    yield Finding(
        f"{len(odd)} of {len(names)} versions have not {usual} digits like the others: {shown}{more}",
        Location(inspection.shown(odd[0].path)),
        f"Write new versions with {usual} digits; files sort as they are applied then.",
        "warned",
    )


CHECK = Check("naming", 10, run)
