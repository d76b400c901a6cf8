"""What the tables of a database ask of their rows, read from the system catalogs in one round trip."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.kind import PG_CLASS
from neon_migrate.objects.table import Table
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from neon_migrate.catalog import Catalog, Key
    from neon_migrate.postgres.session import Rows, Session

_AT_ONCE = 500
"""Tables in one question for whether they have rows."""

_TABLES = """SELECT c.oid::int8, CASE WHEN c.relispartition THEN pg_get_partition_constraintdef(c.oid) END,
  coalesce((SELECT p.partstrat = 'h' FROM pg_inherits i JOIN pg_partitioned_table p ON p.partrelid = i.inhparent
    WHERE i.inhrelid = c.oid), false)
FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384"""

_COLUMNS = """SELECT a.attrelid::int8, a.attnum, a.attname, a.atttypid::int8, a.atttypmod, a.attnotnull,
  ad.oid IS NOT NULL, CASE WHEN a.attgenerated <> '' THEN pg_get_expr(ad.adbin, ad.adrelid) END,
  a.attidentity <> '' OR EXISTS (
    SELECT FROM pg_depend d JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
    WHERE d.classid = 'pg_attrdef'::regclass AND d.objid = ad.oid AND d.refclassid = 'pg_class'::regclass)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef ad ON ad.adrelid = c.oid AND ad.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'c') AND c.oid >= 16384 ORDER BY 1, 2"""

# A foreign key that references a partitioned table has one more row for each of its partitions.
_CONSTRAINTS = """SELECT k.conrelid::int8, k.contypid::int8, k.contype::text, k.conkey, k.confkey,
  CASE WHEN k.confrelid <> 0 THEN k.confrelid::int8 END,
  CASE WHEN k.confrelid <> 0 THEN k.confrelid::regclass::text END,
  pg_get_expr(k.conbin, k.conrelid)
FROM pg_constraint k LEFT JOIN pg_constraint p ON p.oid = k.conparentid
WHERE k.oid >= 16384 AND k.contype IN ('c', 'f') AND p.conrelid IS DISTINCT FROM k.conrelid
ORDER BY k.conrelid, k.conname"""

_UNIQUE = (
    "SELECT indrelid::int8, indkey::int2[] FROM pg_index WHERE (indisunique OR indisexclusion) AND indrelid >= 16384"
)

# `bit` and `character` without a length mean a length of one.
_TYPES = """SELECT t.oid::int8, t.typname, t.typtype::text,
  CASE WHEN t.typname IN ('int2vector', 'oidvector') THEN 'U' ELSE t.typcategory::text END, t.typnotnull,
  CASE WHEN t.typtype = 'd' THEN t.typbasetype::int8 WHEN t.typcategory = 'A' THEN t.typelem::int8
    WHEN t.typtype = 'c' THEN t.typrelid::int8 WHEN t.typtype = 'r' THEN r.rngsubtype::int8
    WHEN t.typtype = 'm' THEN m.rngsubtype::int8 ELSE 0 END,
  t.typtypmod, CASE WHEN t.typname IN ('bit', 'bpchar', '_bit', '_bpchar') THEN 'pg_catalog.' || t.typname
    ELSE format_type(t.oid, NULL) END,
  ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder)
FROM pg_type t LEFT JOIN pg_range r ON r.rngtypid = t.oid LEFT JOIN pg_range m ON m.rngmultitypid = t.oid
WHERE t.typtype <> 'p'"""

_TRIGGERS = """SELECT tgrelid::int8, 'TRIGGER', tgname::text, tgenabled::text FROM pg_trigger
WHERE NOT tgisinternal AND tgenabled <> 'D'
UNION ALL SELECT ev_class::int8, 'RULE', rulename::text, ev_enabled::text FROM pg_rewrite
WHERE ev_class >= 16384 AND rulename <> '_RETURN' AND ev_enabled <> 'D'"""


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """A type (https://www.postgresql.org/docs/current/catalog-pg-type.html).

    sort      typtype: b base, c composite, d domain, e enum, r range, m multirange
    category  typcategory: A array, D date or time, N number, S string, …
    inner     the domain's base, the array's element, the range's bound; the relation behind a composite
    labels    of an enum
    """

    oid: int
    name: str
    sort: str
    category: str
    not_null: bool
    inner: int
    modifier: int
    formatted: str
    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column.

    computed  the expression of a generated column
    numbered  whether its default takes the next number of a sequence
    """

    name: str
    type: int
    modifier: int
    required: bool
    has_default: bool
    computed: str | None
    numbered: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key; `target` is 0 where the table is none of ours, `target_name` is quoted."""

    columns: tuple[str, ...]
    target: int
    target_name: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Switch:
    """A trigger or rule of the user, and how it is enabled: O, R or A."""

    noun: str
    name: str
    enabled: str


@dataclass(slots=True)
class TableFacts:
    """One table.

    checks   expressions that must not be false, each with its columns (empty where Postgres does not tell)
    unique   the columns of every unique index
    hashed   whether it is a partition by hash
    divided  whether it holds rows only in its partitions
    """

    oid: int
    key: Key
    hashed: bool = False
    divided: bool = False
    has_rows: bool = False
    columns: list[ColumnFacts] = field(default_factory=list)
    checks: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    unique: list[tuple[str, ...]] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Qualified and quoted."""
        return qualified(self.key.schema, self.key.name)


@dataclass(frozen=True, slots=True)
class Facts:
    """All tables of a Catalog by OID, and all types.

    fields         the columns of composite types, by the OID of their relation
    domain_checks  expressions over VALUE, by the OID of the domain
    """

    tables: Mapping[int, TableFacts]
    types: Mapping[int, TypeFacts]
    fields: Mapping[int, Sequence[ColumnFacts]]
    domain_checks: Mapping[int, Sequence[str]]


def read_facts(session: Session, catalog: Catalog) -> Facts:
    """The facts of the database that `catalog` was read from; a transaction is open, and its search_path is empty."""
    keys = {
        address[1]: key for address, key in catalog.addresses.items() if address[0] == PG_CLASS and key.kind == "table"
    }
    tables = {oid: TableFacts(oid, key) for oid, key in keys.items()}
    for one in tables.values():
        obj = catalog.objects[one.key]
        one.divided = isinstance(obj, Table) and bool(obj.divided_by)
    plain = [one for one in tables.values() if not one.divided]
    questions = (_TABLES, _COLUMNS, _CONSTRAINTS, _UNIQUE, _TYPES, _TRIGGERS, *_have_rows(plain))
    answers = session.queries([(question, ()) for question in questions])
    about_tables, columns, constraints, unique, types, triggers = answers[:6]
    for one, has_rows in zip(plain, (cell for ((cells,),) in answers[6:] for cell in cells), strict=True):
        one.has_rows = has_rows
    fields = _columns(tables, columns)
    checks = _constraints(tables, fields, constraints)
    for oid, partition_check, hashed in about_tables:
        if oid in tables and partition_check:
            tables[oid].checks.append((partition_check, ()))
            tables[oid].hashed = hashed
    for oid, numbers in unique:
        if oid in tables:
            names = _names(fields[oid], numbers)
            tables[oid].unique.append(names)
    for oid, *switch in triggers:
        if oid in tables:
            tables[oid].switches.append(Switch(*switch))
    known = {row[0]: TypeFacts(*row) for row in types}
    return Facts(tables, known, {oid: list(found.values()) for oid, found in fields.items()}, checks)


def _have_rows(tables: Sequence[TableFacts]) -> Iterator[str]:
    for start in range(0, len(tables), _AT_ONCE):
        asked = ", ".join(f"EXISTS (SELECT FROM ONLY {one.name})" for one in tables[start : start + _AT_ONCE])
        yield f"SELECT ARRAY[{asked}]"


def _columns(tables: Mapping[int, TableFacts], rows: Rows) -> dict[int, dict[int, ColumnFacts]]:
    """The columns of every relation by number; our tables get theirs."""
    found: dict[int, dict[int, ColumnFacts]] = defaultdict(dict)
    for oid, number, *about in rows:
        found[oid][number] = ColumnFacts(*about)
        if oid in tables:
            tables[oid].columns.append(found[oid][number])
    return found


def _names(columns: Mapping[int, ColumnFacts], numbers: Sequence[int] | None) -> tuple[str, ...]:
    return tuple(columns[number].name for number in numbers or () if number in columns)


def _constraints(
    tables: Mapping[int, TableFacts], columns: Mapping[int, Mapping[int, ColumnFacts]], rows: Rows
) -> dict[int, list[str]]:
    """Gives the tables their checks and references; those of domains are returned."""
    of_domains: dict[int, list[str]] = defaultdict(list)
    for oid, domain, sort, numbers, target_numbers, target, target_name, expression in rows:
        if domain:
            of_domains[domain].append(expression)
        elif oid in tables and sort == "c":
            tables[oid].checks.append((expression, _names(columns[oid], numbers)))
        elif oid in tables:
            target_columns = _names(columns.get(target, {}), target_numbers)
            own = target if target in tables else 0
            reference = Reference(_names(columns[oid], numbers), own, target_name, target_columns)
            tables[oid].references.append(reference)
    return of_domains
