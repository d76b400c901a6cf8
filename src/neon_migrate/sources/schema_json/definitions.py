"""Constraints and indexes as Postgres deparses them, read by Postgres's own grammar into the words of schema.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neon_migrate.sources.schema_json.names import ObjectName
from neon_migrate.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable

_ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
"""FKCONSTR_ACTION_* in src/include/nodes/parsenodes.h."""

_NULLS = {"SORTBY_NULLS_FIRST": "first", "SORTBY_NULLS_LAST": "last"}


class NotExpressibleError(Exception):
    """A definition that has no word in schema.json; the message says what it is."""


def constraint_words(definition: str, validated: bool) -> dict[str, Any]:
    """A constraint's definition (`pg_get_constraintdef`) as an object of schema.json, all but its name.

    Raises NotExpressibleError.
    """
    statement = _parsed(f"ALTER TABLE t ADD {definition}").alter_table_stmt
    constraint = getattr(statement.cmds[0].alter_table_cmd, "def").constraint
    sort = _enum(constraint, "contype")
    if constraint.without_overlaps or constraint.fk_with_period or constraint.pk_with_period:
        raise NotExpressibleError("WITHOUT OVERLAPS or PERIOD")
    if sort == "CONSTR_FOREIGN":
        words = _foreign_key(constraint)
    elif sort == "CONSTR_CHECK":
        words = _check(constraint, definition)
    elif sort in ("CONSTR_PRIMARY", "CONSTR_UNIQUE"):
        words = {"columns": _strings(constraint.keys)}
        if constraint.including:
            words["include"] = _strings(constraint.including)
        if constraint.nulls_not_distinct:
            words["nulls_not_distinct"] = True
        if constraint.options or constraint.indexspace:
            raise NotExpressibleError("storage parameters or a tablespace of its own")
    else:
        raise NotExpressibleError("a constraint of this sort")
    if constraint.deferrable:
        words["deferrable"] = True
    if constraint.initdeferred:
        words["initially_deferred"] = True
    if not validated:
        words["not_valid"] = True
    return words


def index_words(definition: str, unique: bool) -> dict[str, Any]:
    """An index's definition (`pg_get_indexdef`, from the table on) as an object of schema.json, all but its name.

    Raises NotExpressibleError.
    """
    index = _parsed(f"CREATE {'UNIQUE ' if unique else ''}INDEX ON {definition}").index_stmt
    words: dict[str, Any] = {"columns": [_index_column(part.index_elem) for part in index.index_params]}
    if unique:
        words["unique"] = True
    if index.access_method != "btree":
        words["method"] = index.access_method
    if index.index_including_params:
        words["include"] = [part.index_elem.name for part in index.index_including_params]
    if index.nulls_not_distinct:
        words["nulls_not_distinct"] = True
    if index.options:
        words["parameters"] = {part.def_elem.defname: _text(part.def_elem.arg) for part in index.options}
    if index.table_space:
        raise NotExpressibleError("a tablespace of its own")
    if index.HasField("where_clause"):
        words["where"] = _expression(index.where_clause)
    return words


def _index_column(element: Any) -> str | dict[str, Any]:
    words: dict[str, Any] = {}
    if element.name:
        words["column"] = element.name
    else:
        words["expression"] = _expression(element.expr)
    if element.collation:
        words["collation"] = ".".join(_strings(element.collation))
    if element.opclass:
        words["opclass"] = ".".join(map(identifier, _strings(element.opclass)))
    if element.opclassopts:
        options = (f"{part.def_elem.defname} = {_text(part.def_elem.arg)}" for part in element.opclassopts)
        words["opclass"] = f"{words.get('opclass', '')} ({', '.join(options)})".strip()
    if _enum(element, "ordering") == "SORTBY_DESC":
        words["order"] = "desc"
    nulls = _NULLS.get(_enum(element, "nulls_ordering"))
    if nulls:
        words["nulls"] = nulls
    return element.name if list(words) == ["column"] else words


def _foreign_key(constraint: Any) -> dict[str, Any]:
    if constraint.fk_del_set_cols:
        raise NotExpressibleError("ON DELETE that sets only some of the columns")
    target = ObjectName(constraint.pktable.schemaname, constraint.pktable.relname)
    references: dict[str, Any] = {"table": target.written, "columns": _strings(constraint.pk_attrs)}
    for key, action in (("on_delete", constraint.fk_del_action), ("on_update", constraint.fk_upd_action)):
        if _ACTIONS.get(action, "no action") != "no action":
            references[key] = _ACTIONS[action]
    if constraint.fk_matchtype == "f":
        references["match"] = "full"
    return {"columns": _strings(constraint.fk_attrs), "references": references}


def _check(constraint: Any, definition: str) -> dict[str, Any]:
    """pg_get_constraintdef writes CHECK (…) around the expression, so its text can be kept as Postgres wrote it."""
    words: dict[str, Any] = {}
    tail = " NO INHERIT" if constraint.is_no_inherit else ""
    if not definition.startswith("CHECK (") or not definition.endswith(f"){tail}"):
        raise NotExpressibleError("NOT ENFORCED")
    words["expression"] = definition.removeprefix("CHECK (").removesuffix(f"){tail}")
    if constraint.is_no_inherit:
        words["no_inherit"] = True
    return words


def _parsed(text: str) -> Any:
    import postgast

    try:
        return postgast.parse(text).stmts[0].stmt
    except postgast.PgQueryError:
        # The grammar that reads this is one version behind the newest server.
        raise NotExpressibleError("a clause of the newest PostgreSQL") from None


def _enum(message: Any, field: str) -> str:
    """The name of a syntax tree's enumerated value, such as CONSTR_CHECK."""
    values = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    return str(values[getattr(message, field)].name)


def _strings(nodes: Iterable[Any]) -> list[str]:
    return [node.string.sval for node in nodes]


def _text(node: Any) -> str:
    kind = node.WhichOneof("node")
    if kind == "string":
        return str(node.string.sval)
    if kind == "type_name":
        return ".".join(_strings(node.type_name.names))
    return str(node.integer.ival if kind == "integer" else getattr(node, kind).fval)


def _expression(node: Any) -> str:
    """An expression of the syntax tree as text."""
    import postgast

    tree = postgast.parse("SELECT NULL")
    tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val.CopyFrom(node)
    return str(postgast.deparse(tree)).removeprefix("SELECT ")
