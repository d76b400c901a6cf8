"""What a migration's text consists of, by PostgreSQL's own grammar: how it may be sent, and in which pieces.

Only the way of sending depends on this; what the statements do, Postgres says by running them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from neon_migrate.sql import split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from neon_migrate.sql import SourceStatement

_CONTROL_BEGINS = ("TRANS_STMT_BEGIN", "TRANS_STMT_START")


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of a no-transaction file that is sent by itself: one statement, or one from BEGIN to its COMMIT.

    concurrently  whether it is a form that waits for other transactions instead of blocking them
    grouped       whether it brings its own BEGIN
    setting       whether it is a SET, which has to be there again when a later run goes on
    drops         whether it is a DROP
    """

    statements: tuple[SourceStatement, ...]
    text: str
    concurrently: bool = False
    grouped: bool = False
    setting: bool = False
    drops: bool = False

    @property
    def offset(self) -> int:
        """Where its text starts in the file, in characters."""
        return self.statements[0].offset


@dataclass(frozen=True, slots=True)
class Shape:
    """How a migration's text may be sent.

    statements  how many; None where this grammar can't read the text (an older or newer server may)
    control     whether it has BEGIN, COMMIT, ROLLBACK, SAVEPOINT or the like of its own
    """

    statements: int | None
    control: bool

    @property
    def embeddable(self) -> bool:
        """Whether other statements may stand before and after it in one message and mean the same.

        A text with an open quote or comment is not readable, so it can't swallow what follows.
        """
        return self.statements is not None and not self.control


@cache
def shape(text: str) -> Shape:
    """The shape of a whole file's text."""
    from postgast import PgQueryError

    try:
        nodes = _nodes(text)
    except PgQueryError:
        return Shape(None, control=True)
    return Shape(len(nodes), any(name in {"transaction_stmt", "copy_stmt"} for name, _ in nodes))


def units(text: str, file: str) -> tuple[Unit, ...]:
    """The pieces in which a no-transaction file is sent. Raises StatementError on a syntax error."""
    statements = split(text, file)
    found: list[Unit] = []
    open_group: list[SourceStatement] = []
    depth_open = False
    for statement, (name, node) in zip(statements, _nodes(text), strict=True):
        kind = _transaction_kind(name, node)
        begins = kind in _CONTROL_BEGINS
        if depth_open or begins:
            open_group.append(statement)
            depth_open = kind not in ("TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK", "TRANS_STMT_PREPARE")
            if not depth_open:
                found.append(_group(open_group))
                open_group = []
        else:
            found.append(_single(statement, name, node))
    if open_group:
        found.append(_group(open_group))
    return tuple(found)


def transaction_control(text: str, file: str) -> tuple[SourceStatement, ...]:
    """The statements that begin or end a transaction; savepoints are none. Raises StatementError on a syntax error."""
    statements = split(text, file)
    kinds = (_transaction_kind(name, node) for name, node in _nodes(text))
    return tuple(
        statement
        for statement, kind in zip(statements, kinds, strict=True)
        if kind and kind not in ("TRANS_STMT_SAVEPOINT", "TRANS_STMT_RELEASE", "TRANS_STMT_ROLLBACK_TO")
    )


@dataclass(frozen=True, slots=True)
class Step:
    """A statement of a text that brings its own transactions.

    control  whether it begins, ends or divides one
    ends     `commit` or `rollback` where one ends with it
    begins   whether one begins with it where none is open, or right after the one that it ends
    """

    statement: SourceStatement
    control: bool = False
    ends: Literal["", "commit", "rollback"] = ""
    begins: bool = False


def steps(text: str, file: str) -> tuple[Step, ...] | None:
    """The text's statements, where sending them one by one after a BEGIN does what sending the text as a whole does.

    None where it does not: what stands after a COMMIT and in no transaction of its own is one with the rest of its
    message, and by itself it would be committed alone (or be let run: CREATE INDEX CONCURRENTLY). None for COPY and for
    prepared transactions too. Raises StatementError on a syntax error.
    """
    found: list[Step] = []
    is_open = True
    for statement, (name, node) in zip(split(text, file), _nodes(text), strict=True):
        kind = _transaction_kind(name, node)
        if kind in _CONTROL_BEGINS:
            found.append(Step(statement, control=True, begins=not is_open))
            is_open = True
        elif name == "copy_stmt" or not is_open or "PREPARE" in kind:
            return None
        elif kind in ("TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK"):
            ends: Literal["commit", "rollback"] = "commit" if kind == "TRANS_STMT_COMMIT" else "rollback"
            is_open = bool(node.chain)
            found.append(Step(statement, control=True, ends=ends, begins=is_open))
        else:
            found.append(Step(statement, control=bool(kind)))
    return tuple(found)


def group_steps(unit: Unit) -> tuple[Step, ...] | None:
    """`steps` of a unit that brings its own BEGIN; each statement is where it stands in the file."""
    found = steps(unit.text, "")
    if found is None:
        return None
    return tuple(replace(step, statement=statement) for step, statement in zip(found, unit.statements, strict=True))


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles that a text speaks of, and those of them that it makes."""

    named: frozenset[str]
    made: frozenset[str]


def roles_of(text: str) -> Roles:
    """The roles of a text's statements. Raises StatementError on a syntax error."""
    split(text)
    named: set[str] = set()
    made: set[str] = set()
    waiting: list[Any] = [node for _, node in _nodes(text)]
    while waiting:
        node = waiting.pop()
        if node.DESCRIPTOR.name == "CreateRoleStmt":
            made.add(node.role)
        elif node.DESCRIPTOR.name == "RoleSpec" and node.rolename:
            named.add(node.rolename)
        for field, value in node.ListFields():
            if field.message_type is not None:
                waiting.extend([value] if hasattr(value, "DESCRIPTOR") else value)
    return Roles(frozenset(named), frozenset(made))


def concurrent_index(text: str) -> Any:
    """The parsed `CREATE INDEX CONCURRENTLY` (libpg_query's IndexStmt) that `text` is, else None."""
    nodes = _nodes(text)
    if len(nodes) == 1 and nodes[0][0] == "index_stmt" and nodes[0][1].concurrent:
        return nodes[0][1]
    return None


def _single(statement: SourceStatement, name: str, node: Any) -> Unit:
    return Unit(
        (statement,),
        statement.text,
        concurrently=_is_concurrently(name, node),
        setting=name == "variable_set_stmt",
        drops=name == "drop_stmt",
    )


def _group(statements: Iterable[SourceStatement]) -> Unit:
    members = tuple(statements)
    return Unit(members, ";\n".join(statement.text for statement in members), grouped=True)


def _nodes(text: str) -> list[tuple[str, Any]]:
    import postgast

    parsed = postgast.parse(text.replace("\ufeff", " ", 1) if text.startswith("\ufeff") else text)
    return [(name := raw.stmt.WhichOneof("node"), getattr(raw.stmt, name)) for raw in parsed.stmts]


def _transaction_kind(name: str, node: Any) -> str:
    return (
        node.DESCRIPTOR.fields_by_name["kind"].enum_type.values_by_number[node.kind].name
        if (name == "transaction_stmt")
        else ""
    )


def _is_concurrently(name: str, node: Any) -> bool:
    test = _CONCURRENT_FORMS.get(name)
    return test is not None and test(node)


def _reindexes_concurrently(node: Any) -> bool:
    # REINDEX (CONCURRENTLY false) counts too: it then merely runs without a lock timeout.
    return any(parameter.def_elem.defname == "concurrently" for parameter in node.params)


def _detaches_concurrently(node: Any) -> bool:
    commands = [command.alter_table_cmd for command in node.cmds]
    return any(getattr(command, "def").partition_cmd.concurrent for command in commands if command.HasField("def"))


_CONCURRENT_FORMS: dict[str, Callable[[Any], bool]] = {
    "index_stmt": lambda node: bool(node.concurrent),
    "drop_stmt": lambda node: bool(node.concurrent),
    "reindex_stmt": _reindexes_concurrently,
    "alter_table_stmt": _detaches_concurrently,
}
"""By libpg_query's node: CREATE, DROP and REINDEX INDEX CONCURRENTLY, DETACH PARTITION CONCURRENTLY.

REFRESH MATERIALIZED VIEW CONCURRENTLY runs in a transaction and blocks like any other statement.
"""
