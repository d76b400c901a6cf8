"""Random schemas of all kinds, with names that are hard to quote, as DDL for hypothesis."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

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


def quoted(name: str) -> str:
    """A name as SQL, always in quotes: not the code that is tested."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A value as SQL."""
    return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


@dataclass(frozen=True)
class RandomSchema:
    """DDL in groups: within a group the order is free."""

    groups: tuple[tuple[str, ...], ...]

    def ddl(self, *, backwards: bool = False) -> str:
        """All of it, each group in one order or the other."""
        return ";\n".join(one for group in self.groups for one in (reversed(group) if backwards else group))


@dataclass(frozen=True)
class _Table:
    name: str
    columns: tuple[tuple[str, str], ...]


@st.composite
def schemas(draw: st.DrawFn) -> RandomSchema:
    """A schema of up to three tables, with enums, sequences, constraints, indexes and comments.

    Tables are all logged or none is, and then none refers to another: Postgres refuses foreign keys between the two.
    """
    enums = draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True))
    enum_ddl = []
    for name in enums:
        labels = draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=4, unique=True))
        enum_ddl.append(f"CREATE TYPE {quoted(name)} AS ENUM ({', '.join(map(text, labels))})")
    tables: list[_Table] = []
    table_ddl = []
    unlogged = draw(st.sampled_from(("", "", "UNLOGGED ")))
    for name in draw(st.lists(st.sampled_from([one for one in NAMES if one not in enums]), max_size=3, unique=True)):
        table, ddl = draw(_tables(name, tuple(enums), unlogged))
        tables.append(table)
        table_ddl.append(ddl)
    keys, referring, rest = [], [], []
    for number, table in enumerate(tables):
        own_keys = draw(_keys(table, number))
        keys.extend(own_keys)
        referring.extend(draw(_checks_and_references(table, number, [] if unlogged else tables)))
        rest.extend(draw(_indexes_and_comments(table, number)))
    sequences = [
        f"CREATE SEQUENCE {quoted(f'seq {number}')} INCREMENT BY {draw(st.sampled_from((1, -1, 10)))}"
        for number in range(draw(st.integers(0, 2)))
    ]
    return RandomSchema(tuple(map(tuple, (enum_ddl, sequences, table_ddl, keys, referring, rest))))


@st.composite
def _tables(draw: st.DrawFn, name: str, enums: tuple[str, ...], unlogged: str) -> tuple[_Table, str]:
    columns, lines = [], []
    for column in draw(st.lists(st.sampled_from(NAMES), max_size=4, unique=True)):
        type_ = draw(st.sampled_from((*DEFAULTS, *map(quoted, enums))))
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
            clauses.append("NOT NULL")
        columns.append((column, type_))
        lines.append(" ".join(clauses))
    return _Table(name, tuple(columns)), f"CREATE {unlogged}TABLE {quoted(name)} ({', '.join(lines)})"


def _keyable(table: _Table) -> list[str]:
    return [name for name, type_ in table.columns if type_ in (*NUMBERS, "text", "uuid")]


@st.composite
def _keys(draw: st.DrawFn, table: _Table, number: int) -> list[str]:
    """Every column that could be a key is unique, so that others may refer to it; sometimes one is the primary key."""
    alter = f"ALTER TABLE {quoted(table.name)} ADD CONSTRAINT"
    found = [
        f"{alter} {quoted(f'u {number} {position}')} UNIQUE ({quoted(name)})"
        for position, name in enumerate(_keyable(table))
    ]
    if _keyable(table) and draw(st.booleans()):
        found.append(f"{alter} {quoted(f'p {number}')} PRIMARY KEY ({quoted(draw(st.sampled_from(_keyable(table))))})")
    return found


@st.composite
def _checks_and_references(draw: st.DrawFn, table: _Table, number: int, tables: list[_Table]) -> list[str]:
    alter = f"ALTER TABLE {quoted(table.name)} ADD CONSTRAINT"
    found = []
    for position, (name, type_) in enumerate(table.columns):
        if type_ in NUMBERS and draw(st.booleans()):
            valid = draw(st.sampled_from(("", "", " NOT VALID")))
            limit = draw(st.integers(0, 2))
            found.append(f"{alter} {quoted(f'c {number} {position}')} CHECK ({quoted(name)} > {limit}){valid}")
        targets = [
            (other.name, column)
            for other in tables
            for column, other_type in other.columns
            if other_type == type_ and column in _keyable(other)
        ]
        if targets and draw(st.booleans()):
            other_name, column = draw(st.sampled_from(targets))
            action = draw(st.sampled_from(("", " ON DELETE CASCADE", " DEFERRABLE")))
            found.append(
                f"{alter} {quoted(f'f {number} {position}')} FOREIGN KEY ({quoted(name)})"
                f" REFERENCES {quoted(other_name)} ({quoted(column)}){action}"
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
            found.append(f"CREATE INDEX {index} ON {quoted(table.name)} ({quoted(name)}{order}){where}")
        if draw(st.sampled_from((False, False, True))):
            comment = text(draw(st.sampled_from(LABELS[:-1])))
            found.append(f"COMMENT ON COLUMN {quoted(table.name)}.{quoted(name)} IS {comment}")
    return found
