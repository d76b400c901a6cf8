"""Random schemas of all kinds, with names that are hard to quote, as DDL for hypothesis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = (
    "t",
    "a b",
    "Groß",
    "select",
    'x"y',
    "o'clock",
    "dotted.name",
    "é" * 31,
    "n" * 63,
    "1st",
    "$1",
    "back\\slash",
    " ",
    "%s",
    "-- no comment",
    "日本",
    "{}",
    "users",
)
LABELS = ("a", "b", "it's", "c\\d", "ü", " ")
DEFAULTS = {
    "integer": ("1", "-2"),
    "bigint": ("1", "5000000000"),
    "text": ("'x'", "'it''s'", "upper('y')"),
    "character varying(20)": ("'x'",),
    "numeric(10,2)": ("1.50",),
    "boolean": ("true",),
    "timestamp with time zone": ("now()",),
    "jsonb": ("'{}'",),
    "integer[]": ("'{1,2}'",),
    "uuid": ("gen_random_uuid()",),
}
COLLATABLE = ("text", "character varying(20)")
NUMBERS = ("integer", "bigint")
KEYABLE = (*NUMBERS, "text", "uuid")
ROLES = ("PUBLIC", "anonymous", "authenticated")
"""Two of those that every scratch server has."""


def quoted(name: str) -> str:
    """A name as SQL, always in quotes: not the code that is tested."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A value as SQL."""
    return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _within_63_bytes(name: str) -> str:
    return name.encode()[:63].decode(errors="ignore")


identifiers = st.one_of(
    st.sampled_from(NAMES),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=70)
    .map(_within_63_bytes)
    .filter(lambda name: name and not name.startswith("pg_")),  # unqualified, that is a system catalog
)
"""Whatever can stand in quotes: https://www.postgresql.org/docs/current/sql-syntax-lexical.html"""


@dataclass(frozen=True)
class RandomSchema:
    """DDL in groups: within a group the order is free."""

    groups: tuple[tuple[str, ...], ...]

    def ddl(self, *, backwards: bool = False) -> str:
        """All of it, each group in one order or the other."""
        return ";\n".join(one for group in self.groups for one in (reversed(group) if backwards else group))


@dataclass(frozen=True)
class _Table:
    """columns  name and type of each; a generated one's type is `generated`"""

    name: str
    columns: tuple[tuple[str, str], ...]

    @property
    def sql(self) -> str:
        return quoted(self.name)

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(name for name, type_ in self.columns if type_ in NUMBERS)

    @property
    def keyable(self) -> tuple[str, ...]:
        return tuple(name for name, type_ in self.columns if type_ in KEYABLE)


@st.composite
def schemas(draw: st.DrawFn) -> RandomSchema:
    """A schema of up to three tables and one that is partitioned, with what there may be around them.

    Tables are all logged or none is, and then none refers to another: Postgres refuses foreign keys between the two.
    """
    # Relations and types share one namespace.
    free = draw(st.lists(identifiers, min_size=13, max_size=13, unique=True))
    types: list[str] = []
    type_ddl: list[str] = []
    for name in (free.pop() for _ in range(draw(st.integers(0, 2)))):
        types.append(quoted(name))
        type_ddl.append(draw(_types(quoted(name))))
    unlogged = draw(st.sampled_from(("", "", "UNLOGGED ")))
    tables: list[_Table] = []
    groups: list[list[str]] = [[] for _ in range(7)]
    making, keys, referring, relations, functions, beside, rest = groups
    for number in range(draw(st.integers(0, 3))):
        table, ddl = draw(_tables(free.pop(), types, unlogged))
        tables.append(table)
        making.append(ddl)
        keys.extend(draw(_keys(table, number)))
        referring.extend(draw(_checks_and_references(table, number, [] if unlogged else tables)))
        rest.extend(draw(_indexes_and_comments(table, number)))
        rest.extend(draw(_policies_and_grants(table)))
    if draw(st.booleans()):
        making.append(f"CREATE SEQUENCE {quoted(free.pop())} INCREMENT BY {draw(st.sampled_from((1, -1, 10)))}")
    if draw(st.booleans()):
        partitioned, partitions = draw(_partitioned(*(free.pop() for _ in range(4))))
        making.append(partitioned)
        keys.extend(partitions)
    for table in tables:
        if table.columns and draw(st.booleans()):
            relations.append(draw(_views(free.pop(), table)))
    functions.extend(draw(_functions(tables)))
    beside.extend(draw(_triggers(tables)))
    return RandomSchema(tuple(map(tuple, (type_ddl, *groups))))


@st.composite
def _types(draw: st.DrawFn, name: str) -> str:
    labels = ", ".join(map(text, draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=4, unique=True))))
    attributes = draw(st.lists(identifiers, min_size=1, max_size=2, unique=True))
    limit = draw(st.integers(0, 2))
    return draw(
        st.sampled_from(
            (
                f"CREATE TYPE {name} AS ENUM ({labels})",
                f"CREATE TYPE {name} AS ENUM ({labels})",
                f"CREATE DOMAIN {name} AS integer DEFAULT {limit} CONSTRAINT {name} CHECK (VALUE > {limit})",
                f"CREATE DOMAIN {name} AS text",
                f"CREATE TYPE {name} AS ({', '.join(f'{quoted(one)} integer' for one in attributes)})",
            )
        )
    )


@st.composite
def _tables(draw: st.DrawFn, name: str, types: Sequence[str], unlogged: str) -> tuple[_Table, str]:
    columns: list[tuple[str, str]] = []
    lines = []
    for column in draw(st.lists(identifiers.filter(_no_system_column), max_size=4, unique=True)):
        type_ = draw(st.sampled_from((*DEFAULTS, *types)))
        clauses = [quoted(column), type_]
        if type_ in COLLATABLE and draw(st.booleans()):
            clauses.append('COLLATE "C"')
        numbers = [one for one, other in columns if other in NUMBERS]
        form = draw(st.sampled_from(("plain", "plain", "default", "identity", "serial", "generated")))
        if form == "default" and type_ in DEFAULTS:
            clauses.append(f"DEFAULT {draw(st.sampled_from(DEFAULTS[type_]))}")
        elif form == "identity" and type_ in NUMBERS:
            clauses.append(f"GENERATED {draw(st.sampled_from(('ALWAYS', 'BY DEFAULT')))} AS IDENTITY")
        elif form == "serial" and type_ in NUMBERS:
            clauses = [quoted(column), "serial" if type_ == "integer" else "bigserial"]
        elif form == "generated" and type_ in NUMBERS and numbers:
            clauses.append(f"GENERATED ALWAYS AS ({quoted(numbers[0])} + {draw(st.integers(1, 2))}) STORED")
            type_ = "generated"
        if draw(st.booleans()):
            named = f"CONSTRAINT {quoted(_within_63_bytes('given ' + column))} " if draw(st.booleans()) else ""
            clauses.append(f"{named}NOT NULL")
        columns.append((column, type_))
        lines.append(" ".join(clauses))
    return _Table(name, tuple(columns)), f"CREATE {unlogged}TABLE {quoted(name)} ({', '.join(lines)})"


def _no_system_column(name: str) -> bool:
    return name not in {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}


@st.composite
def _keys(draw: st.DrawFn, table: _Table, number: int) -> list[str]:
    """Every column that could be a key is unique, so that others may refer to it; sometimes one is the primary key."""
    alter = f"ALTER TABLE {table.sql} ADD CONSTRAINT"
    found = [
        f"{alter} {quoted(f'u {number} {position}')} UNIQUE ({quoted(name)})"
        for position, name in enumerate(table.keyable)
    ]
    if table.keyable and draw(st.booleans()):
        found.append(f"{alter} {quoted(f'p {number}')} PRIMARY KEY ({quoted(draw(st.sampled_from(table.keyable)))})")
    return found


@st.composite
def _checks_and_references(draw: st.DrawFn, table: _Table, number: int, tables: Sequence[_Table]) -> list[str]:
    alter = f"ALTER TABLE {table.sql} ADD CONSTRAINT"
    found = []
    for position, (name, type_) in enumerate(table.columns):
        if type_ in NUMBERS and draw(st.booleans()):
            valid = draw(st.sampled_from(("", "", " NOT VALID")))
            limit = draw(st.integers(0, 2))
            found.append(f"{alter} {quoted(f'c {number} {position}')} CHECK ({quoted(name)} > {limit}){valid}")
        targets = [
            (other.sql, column)
            for other in tables
            for column, other_type in other.columns
            if other_type == type_ and column in other.keyable
        ]
        if targets and draw(st.booleans()):
            other_name, column = draw(st.sampled_from(targets))
            action = draw(st.sampled_from(("", " ON DELETE CASCADE", " DEFERRABLE")))
            found.append(
                f"{alter} {quoted(f'f {number} {position}')} FOREIGN KEY ({quoted(name)})"
                f" REFERENCES {other_name} ({quoted(column)}){action}"
            )
    return found


@st.composite
def _indexes_and_comments(draw: st.DrawFn, table: _Table, number: int) -> list[str]:
    found = []
    for position, (name, type_) in enumerate(table.columns):
        if type_ not in ("jsonb", "generated") and draw(st.booleans()):
            order = draw(st.sampled_from(("", " DESC", " NULLS FIRST")))
            where = draw(st.sampled_from(("", f" WHERE {quoted(name)} IS NOT NULL")))
            index = quoted(f"i {number} {position}")
            found.append(f"CREATE INDEX {index} ON {table.sql} ({quoted(name)}{order}){where}")
        if draw(st.sampled_from((False, False, True))):
            comment = text(draw(st.sampled_from(LABELS[:-1])))
            found.append(f"COMMENT ON COLUMN {table.sql}.{quoted(name)} IS {comment}")
    return found


@st.composite
def _policies_and_grants(draw: st.DrawFn, table: _Table) -> list[str]:
    found = []
    if draw(st.sampled_from((False, False, True))):
        found.append(f"ALTER TABLE {table.sql} ENABLE ROW LEVEL SECURITY")
        condition = f"{quoted(table.numbers[0])} > 0" if table.numbers else "true"
        for name in draw(st.lists(identifiers, max_size=2, unique=True)):
            command = draw(st.sampled_from(("ALL", "SELECT", "DELETE")))
            role = draw(st.sampled_from(ROLES))
            found.append(f"CREATE POLICY {quoted(name)} ON {table.sql} FOR {command} TO {role} USING ({condition})")
    for role in draw(st.lists(st.sampled_from(ROLES), max_size=2, unique=True)):
        columns = [""]
        if table.columns:
            columns.append(f" ({quoted(draw(st.sampled_from(table.columns))[0])})")
        privilege = draw(st.sampled_from(("SELECT", "INSERT, UPDATE")))
        sort = draw(st.sampled_from(columns))
        found.append(f"GRANT {', '.join(one + sort for one in privilege.split(', '))} ON {table.sql} TO {role}")
    return found


@st.composite
def _partitioned(draw: st.DrawFn, name: str, *partition_names: str) -> tuple[str, list[str]]:
    """A partitioned table of two columns, and its partitions."""
    key, other = draw(st.lists(identifiers.filter(_no_system_column), min_size=2, max_size=2, unique=True))
    form = draw(st.sampled_from(("LIST", "RANGE", "HASH")))
    bounds = {
        "LIST": ("FOR VALUES IN (1, 2)", "FOR VALUES IN (3)", "DEFAULT"),
        "RANGE": ("FOR VALUES FROM (1) TO (9)", "FOR VALUES FROM (9) TO (MAXVALUE)", "DEFAULT"),
        "HASH": tuple(f"FOR VALUES WITH (MODULUS 3, REMAINDER {rest})" for rest in range(3)),
    }[form]
    type_ = draw(st.sampled_from(("text", "integer")))
    table = f"CREATE TABLE {quoted(name)} ({quoted(key)} integer, {quoted(other)} {type_}) PARTITION BY {form}"
    partitions = [
        f"CREATE TABLE {quoted(partition)} PARTITION OF {quoted(name)} {bound}"
        for partition, bound in zip(partition_names, bounds, strict=True)
        if draw(st.booleans())
    ]
    return f"{table} ({quoted(key)})", partitions


@st.composite
def _views(draw: st.DrawFn, name: str, table: _Table) -> str:
    columns = draw(st.lists(st.sampled_from([one for one, _ in table.columns]), min_size=1, unique=True))
    view = draw(st.sampled_from(("VIEW", "VIEW", "MATERIALIZED VIEW")))
    where = f" WHERE {quoted(table.numbers[0])} > 1" if table.numbers and draw(st.booleans()) else ""
    return f"CREATE {view} {quoted(name)} AS SELECT {', '.join(map(quoted, columns))} FROM {table.sql}{where}"


@st.composite
def _functions(draw: st.DrawFn, tables: Sequence[_Table]) -> list[str]:
    """One whose body Postgres takes as a text, and one that it knows the needs of."""
    first, second = draw(st.lists(identifiers, min_size=2, max_size=2, unique=True))
    found = []
    if draw(st.booleans()):
        body = text(f"SELECT $1 + {draw(st.integers(1, 2))}")
        found.append(f"CREATE FUNCTION {quoted(first)}(integer) RETURNS integer LANGUAGE sql AS {body}")
    if tables and draw(st.booleans()):
        table = draw(st.sampled_from(tables))
        query = f"SELECT count(*) FROM {table.sql}"
        found.append(f"CREATE FUNCTION {quoted(second)}() RETURNS bigint LANGUAGE sql RETURN ({query})")
    return found


@st.composite
def _triggers(draw: st.DrawFn, tables: Sequence[_Table]) -> list[str]:
    """Triggers on some tables; all call one function, which comes first in any order."""
    found = []
    for table in tables:
        for name in draw(st.lists(identifiers, max_size=1)):
            when = draw(st.sampled_from(("BEFORE INSERT", "AFTER UPDATE", "BEFORE INSERT OR DELETE")))
            found.append(
                f"CREATE TRIGGER {quoted(name)} {when} ON {table.sql} FOR EACH ROW"
                " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
            )
    return found
