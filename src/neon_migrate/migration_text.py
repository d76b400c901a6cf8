"""A Plan as the text of a migration file: statements apart by what they serve, warnings at its head."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from neon_migrate.diff import Alter, Create, Drop, Rename
from neon_migrate.errors import UsageError
from neon_migrate.kind import Run
from neon_migrate.ledger.migration import NO_TRANSACTION
from neon_migrate.online import Batch, online
from neon_migrate.ordering import DROP

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from neon_migrate.diff import Change
    from neon_migrate.plan import Plan, Statement

_WIDTH = 100
_WAITS = "Locks what it changes for as long as there are rows: a way back is one file, and so one transaction."


def migration_text(
    statements: Sequence[Statement],
    seeds: Sequence[str] = (),
    *,
    head: Iterable[str] = (),
    no_transaction: bool = False,
) -> str:
    """The file's text.

    head            sentences for the comment it starts with
    seeds           INSERT statements without semicolon, after everything else
    no_transaction  whether its first line tells sqlx to begin none: there is one statement then
    """
    comment = "\n".join(f"-- {line}" for part in head for line in textwrap.wrap(part, _WIDTH - 3))
    blocks = [comment] if comment else []
    before: object = None
    for statement in statements:
        about = _subject(statement)
        text = f"{statement.sql};"
        if blocks and about == before and "\n" not in text:
            blocks[-1] += f"\n{text}"
        else:
            blocks.append(text)
        before = about if "\n" not in text else None
    blocks.extend(f"{seed};" for seed in seeds)
    return (f"{NO_TRANSACTION}\n" if no_transaction else "") + "\n\n".join(blocks) + "\n"


def in_one_file(plan: Plan, *, head: Iterable[str] = (), transactional: bool = False) -> str:
    """A way back: online where that takes no more than one migration, else all of it in one transaction.

    transactional  whether it has to be a transaction, since something else goes into the file too
    """
    batches = online(plan)
    single = batches[0] if len(batches) == 1 and not transactional else Batch(plan.statements)
    sentences = (*head, *((_WAITS,) if len(batches) > 1 and waits(plan) else ()))
    if not single.statements and not sentences:
        return ""
    return migration_text(single.statements, head=sentences, no_transaction=not single.transactional)


def waits(plan: Plan) -> bool:
    """Whether the Plan, done in one transaction, locks something for as long as there are rows."""
    return any(step.run > Run.SHARED for part in plan.parts if part.node[0] != DROP for step in part.online)


def under(sentence: str, text: str) -> str:
    """A migration's text with a comment at its head; `-- no-transaction` stays the first line."""
    first = f"{NO_TRANSACTION}\n" if text.startswith(f"{NO_TRANSACTION}\n") else ""
    return f"{first}-- {sentence}\n\n{text.removeprefix(first)}"


def _subject(statement: Statement) -> tuple[str, str]:
    key = statement.serves[0] if statement.serves else None
    return (key.schema, key.name) if key else ("", "")


def slug_of(changes: Sequence[Change], seeds: Sequence[str], *, first: bool) -> str:
    """A migration's name when none was given: `create_tags`, `add_nickname_to_users`, `change_users_and_orders`.

    seeds  names of the tables whose seed rows change
    """
    own = [change for change in changes if change.key.kind not in ("comment", "owner", "sequence_owner")]
    leading = [change for change in own if change.key.kind != "sequence"] or own
    tables = sorted({change.key.name for change in leading})
    if first and len(leading) + len(seeds) > 1:
        return "initial_schema"
    if not leading:
        if seeds:
            return _snake("_".join(["seed", *seeds][:4]))
        return "change_owners" if any(change.key.kind == "owner" for change in changes) else "change_comments"
    created = [change.key.name for change in leading if isinstance(change, Create) and change.key.kind == "table"]
    if created and len(tables) == len(created):
        return _listed("create", created)
    if len(leading) == 1:
        return _snake(_single(leading[0]))
    return _listed(_verb(leading), tables)


def _verb(changes: Sequence[Change]) -> str:
    """What is done to all of them; a table that a column is added to is changed."""
    if all(isinstance(change, Create) and not change.key.part for change in changes):
        return "create"
    return "drop" if all(isinstance(change, Drop) and not change.key.part for change in changes) else "change"


def _single(change: Change) -> str:
    key, part = change.key, change.key.part
    noun = key.kind.replace("_", " ")
    match change:
        case Create() if part:
            return f"add {part} to {key.name}"
        case Create():
            return f"create {noun} {key.name}"
        case Drop() if part:
            return f"drop {part} from {key.name}"
        case Drop():
            return f"drop {noun} {key.name}"
        case Rename(old, _):
            return f"rename {old.key.part or old.key.name}"
        case Alter():
            return f"change {part} of {key.name}" if part else f"change {noun} {key.name}"


def _listed(verb: str, names: Sequence[str]) -> str:
    if len(names) <= 2:
        return _snake(f"{verb} {' and '.join(names)}")
    return _snake(f"{verb} {names[0]} {names[1]} and others")


def slug(text: str) -> str:
    """Lower-case ASCII letters, digits and single underscores, at most 60 characters, for a file name.

    Raises UsageError where nothing is left of it.
    """
    kept = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in text.lower())
    found = "_".join(kept.split())[:60].rstrip("_")
    if not found:
        raise UsageError(f"A migration can't be named {text!r}", remedy="Use letters and digits: add_user_name.")
    return found


def _snake(text: str) -> str:
    try:
        return slug(text)
    except UsageError:
        return "change_schema"
