"""A plan's batches as migrations: the text of each, there and back, run on a scratch database before anyone sees it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from neon_migrate.diff import diff
from neon_migrate.errors import MigrationFileError, StatementError
from neon_migrate.kind import Run
from neon_migrate.ledger import folder as migrations_folder
from neon_migrate.migration_text import in_one_file, migration_text, slug, slug_of
from neon_migrate.online import Batch
from neon_migrate.plan import Plan, plan
from neon_migrate.prove import Prover, does_not_run, run_text
from neon_migrate.sources.database import scratch_catalog
from neon_migrate.way_back import WayBack, with_way_back

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from neon_migrate.catalog import Catalog, Key
    from neon_migrate.ledger.folder import Folder
    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.prove import Proof
    from neon_migrate.settings import Settings


@dataclass(frozen=True, slots=True)
class Work:
    """All there is to do: from `before` by way of `renamed` to `after`.

    start     the name of a scratch database that is as `before` says
    renaming  statements without semicolon that rename, and those that take it back
    forward   the Plan from `renamed` to `after`
    seeds     INSERT statements, and the table of each
    """

    start: str
    before: Catalog
    renamed: Catalog
    after: Catalog
    renaming: tuple[tuple[str, str], ...]
    forward: Plan
    seeds: tuple[tuple[Key, str], ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A migration that was run both ways and is not written yet.

    name    what it does in a few words, where all of it is one thing; else empty
    called  a name made from what it changes
    why     sentences on why it is apart from the others
    down    None where no way back was asked for
    """

    name: str
    called: str
    why: tuple[str, ...]
    transactional: bool
    up: str
    down: str | None
    proof: Proof


@dataclass(frozen=True, slots=True)
class GeneratedMigration:
    """One new migration.

    transactional  False: its one statement is none that a transaction may contain
    why            sentences on why it is apart from the others, as they stand at its head
    way_back       what `down` is worth, as it was seen; None where there is none
    paths          up first, then down
    """

    version: int
    up: str
    down: str | None
    transactional: bool = True
    why: tuple[str, ...] = ()
    way_back: WayBack | None = None
    paths: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class _Piece:
    batch: Batch
    renaming: tuple[tuple[str, str], ...] = ()
    seeds: tuple[tuple[Key, str], ...] = ()

    def up(self) -> str:
        renaming = "".join(f"{forward};\n" for forward, _ in self.renaming)
        texts = [text for _, text in self.seeds]
        if not self.batch.statements and not texts:
            return renaming
        head = self.batch.why if not renaming else ()
        rest = migration_text(self.batch.statements, texts, head=head, no_transaction=not self.batch.transactional)
        comment = migration_text((), head=self.batch.why) if renaming and self.batch.why else ""
        return "\n".join(part for part in (comment, renaming, rest) if part)


def drafts(
    server: ScratchServer, work: Work, batches: Sequence[Batch], settings: Settings, *, reversible: bool
) -> tuple[Draft, ...]:
    """A migration for each batch, proven one after the other; renames are in the first, seeds in the last.

    Raises ProofError; StatementError with SQLSTATE 55P04 where an enum value is used in the transaction that adds it.
    """
    found = []
    database = server.create(template=work.start)
    pieces = _pieces(work, batches)
    origin = work.before
    with Prover(server, work.start, settings) as prover:
        for piece in pieces:
            renamed = origin
            if piece.renaming:
                _run(server, database, ";\n".join(forward for forward, _ in piece.renaming))
                renamed = scratch_catalog(server, database, settings)
            goal = work.after
            if piece is not pieces[-1]:
                _run(server, database, replace(piece, renaming=()).up())
                goal = scratch_catalog(server, database, settings)
            target = _without_reading(origin, goal, work.before)
            backward, down = _back(piece, renamed if piece.renaming else target, goal)
            up = piece.up()
            refused = tuple(map(str, backward.refusals))
            proof = prover.prove(
                up,
                down if reversible and not refused else None,
                goal=goal,
                origin=target,
                forward=piece.batch.statements,
                backward=backward.statements,
                rewritten=[table for table, _ in piece.seeds],
            )
            worth = WayBack("impossible", refused) if refused else proof.way_back
            graded = with_way_back(down, worth) if worth is not None else down
            called = slug_of(diff(origin, goal), [table.name for table, _ in piece.seeds], first=False)
            found.append(
                Draft(
                    piece.batch.name,
                    called,
                    piece.batch.why,
                    piece.batch.transactional,
                    up,
                    graded if reversible else None,
                    proof,
                )
            )
            origin = goal
    server.drop(database)
    return tuple(found)


def _pieces(work: Work, batches: Sequence[Batch]) -> list[_Piece]:
    """Renames and seeds go with a batch that locks only for a moment, else by themselves.

    Enum values may come before the renames; seeds before what has nothing to do with their tables.
    """
    pieces = [_Piece(batch) for batch in batches]
    if work.renaming:
        place = next((number for number, batch in enumerate(batches) if batch.run != Run.FIRST), len(pieces))
        joined = place < len(pieces) and batches[place].run == Run.SHARED
        piece = pieces.pop(place) if joined else _Piece(Batch(()))
        pieces.insert(place, replace(piece, renaming=work.renaming))
    if work.seeds:
        place = len(pieces)
        while place and pieces[place - 1].batch.run > Run.SHARED and not _concerns_seeds(pieces[place - 1], work):
            place -= 1
        joined = place > 0 and pieces[place - 1].batch.run == Run.SHARED
        piece = pieces.pop(place - 1) if joined else _Piece(Batch(()))
        pieces.insert(place - 1 if joined else len(pieces), replace(piece, seeds=work.seeds))
    return pieces


def _concerns_seeds(piece: _Piece, work: Work) -> bool:
    """Whether a batch changes a table that gets seeds, or a type, which could be that of one of its columns."""
    tables = {table for table, _ in work.seeds}
    for statement in piece.batch.statements:
        for key in statement.serves:
            obj = work.after.objects.get(key) or work.renamed.objects.get(key)
            if obj is None or key in tables or obj.owner is None or obj.owner in tables:
                return True
    return False


def _run(server: ScratchServer, database: str, up: str) -> None:
    try:
        run_text(server, database, up)
    except StatementError as error:
        raise does_not_run("up", error) from None


def _back(piece: _Piece, target: Catalog, goal: Catalog) -> tuple[Plan, str]:
    """The way back from `goal` to `target` as one file: online where that takes no more than one.

    Where Postgres has none, the file says so when it is run, and changes nothing.
    """
    backward = plan(goal, target)
    if backward.refusals:
        return backward, "".join(f"{refusal.statement};\n" for refusal in backward.refusals)
    head = ["Leaves seed rows as they are."] if any(table in target.objects for table, _ in piece.seeds) else []
    renaming = "".join(f"{back};\n" for _, back in reversed(piece.renaming))
    rest = in_one_file(backward, head=head, transactional=bool(renaming))
    return backward, "\n".join(part for part in (rest, renaming) if part)


def _without_reading(origin: Catalog, goal: Catalog, start: Catalog) -> Catalog:
    """`origin`, but what only helped on the way is put back NOT VALID: a way back need not read the table for it."""
    helped: dict[Key, Any] = {
        key: obj
        for key, obj in origin.objects.items()
        if key not in goal.objects and key not in start.objects and getattr(obj, "validated", False)
    }
    if not helped:
        return origin
    put_back = {key: replace(obj, validated=False) for key, obj in helped.items()}
    return replace(origin, objects={**origin.objects, **put_back})


def descriptions(found: Sequence[Draft], given: str) -> Iterator[str]:
    """Names for migrations that belong together: the one given is that of the main part, and begins those of others."""
    main = next((draft for draft in found if not draft.name), None)
    for draft in found:
        if not given:
            yield slug(draft.name or draft.called)
        else:
            yield given if draft is main else slug(f"{given} {draft.name or draft.called}")


def written(folder: Folder, settings: Settings, named: Sequence[tuple[str, Draft]]) -> tuple[GeneratedMigration, ...]:
    """Write drafts under these names: all of the files or none of them. Raises MigrationFileError."""
    versions = migrations_folder.next_versions(folder, settings, datetime.now(UTC), len(named))
    done: list[GeneratedMigration] = []
    try:
        for version, (name, draft) in zip(versions, named, strict=True):
            paths = migrations_folder.write(settings, version, name, draft.up, draft.down)
            way_back = draft.proof.way_back
            done.append(
                GeneratedMigration(version, draft.up, draft.down, draft.transactional, draft.why, way_back, paths)
            )
    except MigrationFileError:
        for migration in done:
            for path in migration.paths:
                path.unlink()
        raise
    return tuple(done)
