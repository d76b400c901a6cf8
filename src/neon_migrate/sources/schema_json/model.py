"""The words of schema.json, as types: what is not a field here is an unknown key.

The docstrings and descriptions are what `neon-migrate schema` shows in an editor.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Action = Literal["no action", "restrict", "cascade", "set null", "set default"]
Order = Literal["asc", "desc"]
Nulls = Literal["first", "last"]
Generation = Literal["always", "by default"]

Name = Annotated[str, Meta(min_length=1)]
QualifiedName = Annotated[
    str,
    Meta(min_length=1, description="`name` (in the schema public) or `schema.name`; upper case is kept as written."),
]
Expression = Annotated[str, Meta(min_length=1, description="A Postgres expression, such as `now()` or `price > 0`.")]
Parameters = Annotated[
    dict[Name, str | int | bool], Meta(description="Storage parameters (`WITH`), such as `fillfactor`.")
]
Collation = Annotated[
    str, Meta(min_length=1, description="`C`, `en_US` or `schema.name`; upper case is kept as written.")
]
Columns = Annotated[list[Name], Meta(min_length=1)]


class Part(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What every object in schema.json has in common: it is immutable, and knows all its keys."""


class Reference(Part, frozen=True):
    """The column or columns that a foreign key points to; without them, the table's primary key."""

    table: QualifiedName
    column: Name | None = None
    columns: Columns | None = None
    on_delete: Action = "no action"
    on_update: Action = "no action"
    match: Literal["simple", "full"] = "simple"

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns that are named, under either key."""
        return (self.column,) if self.column is not None else tuple(self.columns or ())


class Identity(Part, frozen=True):
    """A column that Postgres numbers by a sequence of its own."""

    generation: Generation = "by default"
    start: int | None = None
    increment: int | None = None
    min: int | None = None
    max: int | None = None
    cache: int | None = None
    cycle: bool = False
    name: QualifiedName | None = None


class Generated(Part, frozen=True):
    """A column whose value is computed from the others of its row."""

    expression: Expression
    stored: bool = True


class Field(Part, frozen=True):
    """A column of a table."""

    type: Annotated[
        str, Meta(min_length=1, description="A Postgres type, a name from `types`, or one that `type_mappings` maps.")
    ]
    nullable: Annotated[bool | None, Meta(description="Absent: true, but false for a primary key.")] = None
    primary: Annotated[bool, Meta(description="Part of the primary key.")] = False
    unique: Annotated[bool, Meta(description="No two rows have the same value.")] = False
    foreign_key: Annotated[bool, Meta(description="A mark only; `references` makes the constraint.")] = False
    references: Reference | None = None
    default: Annotated[
        Any,
        Meta(
            description="A Postgres expression, so a text is written `'text'`, with quotes; or a number, true, false.",
            extra_json_schema={"type": ["string", "number", "boolean", "null"]},
        ),
    ] = None
    identity: Generation | Identity | None = None
    generated: Expression | Generated | None = None
    collation: Collation | None = None
    comment: str | None = None
    renamed_from: Annotated[
        Name | None, Meta(description="The name up to now: the column is renamed, not replaced.")
    ] = None
    rust_type: str | None = None
    ts_type: str | None = None


class Constraint(Part, frozen=True):
    """What all named constraints have in common."""

    name: Annotated[Name | None, Meta(description="Absent: the name that Postgres gives.")] = None
    comment: str | None = None


class PrimaryKey(Constraint, frozen=True, kw_only=True):
    """A primary key of several columns, or one with a name."""

    columns: Columns
    include: list[Name] = []
    deferrable: bool = False
    initially_deferred: bool = False


class Unique(Constraint, frozen=True, kw_only=True):
    """A unique constraint."""

    columns: Columns
    include: list[Name] = []
    nulls_not_distinct: bool = False
    deferrable: bool = False
    initially_deferred: bool = False


class Check(Constraint, frozen=True, kw_only=True):
    """A condition that each row meets."""

    expression: Expression
    no_inherit: bool = False
    not_valid: Annotated[bool, Meta(description="Rows that are there already are not checked.")] = False


class ForeignKey(Constraint, frozen=True, kw_only=True):
    """A foreign key, of several columns or with a name."""

    columns: Columns
    references: Reference
    deferrable: bool = False
    initially_deferred: bool = False
    not_valid: Annotated[bool, Meta(description="Rows that are there already are not checked.")] = False


class IndexColumn(Part, frozen=True):
    """One key of an index: a column or an expression."""

    column: Name | None = None
    expression: Expression | None = None
    collation: Collation | None = None
    opclass: Annotated[str | None, Meta(description="An operator class, such as `gin_trgm_ops`.")] = None
    order: Order = "asc"
    nulls: Annotated[Nulls | None, Meta(description="Absent: last for asc, first for desc.")] = None


class Index(Part, frozen=True):
    """An index."""

    columns: Annotated[list[Name | IndexColumn], Meta(min_length=1)]
    name: Annotated[Name | None, Meta(description="Absent: the name that Postgres gives.")] = None
    unique: bool = False
    nulls_not_distinct: bool = False
    method: Annotated[
        str, Meta(min_length=1, description="btree, hash, gin, gist, brin, spgist, or an extension's.")
    ] = "btree"
    include: list[Name] = []
    where: Expression | None = None
    parameters: Parameters = {}
    comment: str | None = None


class Table(Part, frozen=True):
    """A table."""

    fields: dict[Name, Field]
    primary_key: list[Name] | PrimaryKey | None = None
    unique: list[list[Name] | Unique] = []
    checks: list[Expression | Check] = []
    foreign_keys: list[ForeignKey] = []
    indexes: list[list[Name] | Index] = []
    unlogged: bool = False
    parameters: Parameters = {}
    comment: str | None = None
    renamed_from: Annotated[
        QualifiedName | None, Meta(description="The name up to now: the table is renamed, not replaced.")
    ] = None
    rust_type: str | None = None
    ts_type: str | None = None


class Enum(Part, frozen=True):
    """An enumerated type; the order of the values is their sort order."""

    enum: list[str]
    comment: str | None = None
    renamed_from: Annotated[
        QualifiedName | None, Meta(description="The name up to now: the type is renamed, not replaced.")
    ] = None


class Sequence(Part, frozen=True):
    """A sequence of its own; identity columns and serial types make theirs themselves."""

    type: Annotated[str, Meta(min_length=1)] = "bigint"
    start: int | None = None
    increment: int | None = None
    min: int | None = None
    max: int | None = None
    cache: int | None = None
    cycle: bool = False
    owned_by: Annotated[str | None, Meta(description="`table.column` or `schema.table.column`.")] = None
    comment: str | None = None


class Extension(Part, frozen=True):
    """An extension, where its name alone isn't enough."""

    name: Name
    schema: Name | None = None
    version: str | None = None
    comment: str | None = None


class NamedSchema(Part, frozen=True):
    """A Postgres schema, where its name alone isn't enough."""

    name: Name
    comment: str | None = None


class Seeds(Part, frozen=True, kw_only=True):
    """Rows that a table always has: inserted once, changed when they change here, never deleted."""

    unique_key: Annotated[
        Name | Columns | None,
        Meta(description="The column or columns that tell the records apart; a unique constraint."),
    ] = None
    records: list[dict[Name, Any]]


class SqlSource(Part, frozen=True):
    """An SQL file that has to run before the tables are made, since they use what it makes."""

    file: Name
    run: Literal["first", "last"] = "last"


class SchemaJson(Part, frozen=True, kw_only=True, rename={"schema_url": "$schema"}):
    """The database schema of one project, from which neon-migrate generates migrations."""

    schema_url: str | None = None
    version: str | int | None = None
    description: str | None = None
    schemas: Annotated[
        list[Name | NamedSchema],
        Meta(description="Schemas to create; those that a name below begins with need no entry."),
    ] = []
    extensions: list[Name | Extension] = []
    types: dict[QualifiedName, list[str] | Enum] = {}
    sequences: dict[QualifiedName, Sequence] = {}
    tables: dict[QualifiedName, Table]
    type_mappings: Annotated[
        dict[Name, dict[str, str]],
        Meta(
            description="How a type of the fields is called in Postgres (`postgres`) and in the languages that use it."
        ),
    ] = {}
    seeds: dict[QualifiedName, Seeds] = {}
    sql: Annotated[
        list[Name | SqlSource],
        Meta(description="SQL files, relative to this one, for what has no word here; they run last, in this order."),
    ] = []


LATER_WORDS = frozenset(
    {"views", "materialized_views", "functions", "procedures", "triggers", "policies", "row_level_security"}
    | {"partitioning", "partition_by", "grants", "exclusions", "domains", "composites"}
)
"""Keys that a later version understands; until then their statements belong into an `sql` file."""
