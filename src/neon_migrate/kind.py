"""How one sort of database object is read, created, altered and dropped: the base of every file in `objects/`.

A kind reads its rows from one catalog query and writes SQL; it talks to no database and knows no other kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields, make_dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, runtime_checkable

from neon_migrate.catalog import Address, Catalog, DatabaseObject, Key
from neon_migrate.sql import literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Row = tuple[Any, ...]
Found = tuple[tuple[Address, ...], DatabaseObject]
ObjectT = TypeVar("ObjectT", bound=DatabaseObject)

PG_TYPE, PG_PROC, PG_CLASS, PG_ATTRDEF, PG_CONSTRAINT, PG_NAMESPACE = 1247, 1255, 1259, 2604, 2606, 2615
PG_REWRITE, PG_TRIGGER, PG_EXTENSION, PG_POLICY = 2618, 2620, 3079, 3256
"""The OIDs of the system catalogs themselves (src/include/catalog/pg_*.h), the same in every version."""

USER_SCHEMA = """n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'neon', 'neon_migration')"""
"""Condition over pg_namespace `n`: not Postgres's own schema, and not one of Neon's platform schemas."""


def builder(value: Callable[..., ObjectT]) -> Callable[..., ObjectT]:
    """What a frozen dataclass with slots is built by where there are tens of thousands: its own `__init__`, by which
    every field goes through `object.__setattr__`, takes four times as long. What is built is of that very class.
    """

    def become(built: Any) -> None:
        built.__class__ = value

    as_class: Any = value
    given: list[Any] = [
        (each.name, each.type, field(default=each.default, default_factory=each.default_factory))
        for each in fields(as_class)
    ]
    return make_dataclass(value.__name__, given, slots=True, eq=False, repr=False, namespace={"__post_init__": become})


class ReadSoFar(Protocol):
    """The objects of the kinds that were read before this one."""

    def key(self, address: Address) -> Key | None:
        """The object whose own address this is."""

    def identity(self, key: Key) -> str:
        """How COMMENT ON calls it."""


@runtime_checkable
class Unsaid(Protocol):
    """Something said of an object that it also has when nobody says it, such as an owner."""

    @property
    def owner(self) -> Key | None:
        """The object it is said of."""

    @property
    def unsaid(self) -> DatabaseObject:
        """What is the case when nobody says it."""


@runtime_checkable
class Inheriting(Protocol):
    """A part that a table may have from its parent: a table it inherits from or is a partition of, or its type."""

    @property
    def inherited(self) -> bool:
        """Whether it comes with the parent's, and goes with it."""

    def beyond_table(self, after: Catalog) -> tuple[str, ...]:
        """SQL for what CREATE TABLE does not say of it, once its table is there: what is not as the parent has it."""


class Run(IntEnum):
    """How a step of a change runs, in the order in which steps run when nothing else orders them."""

    FIRST = 0
    """Committed before anything could use it; may share a transaction with others of its sort."""
    SHARED = 1
    """Locks for a moment, whatever the number of rows: may share a transaction with others."""
    CONCURRENTLY = 2
    """One statement that no transaction may contain."""
    VALIDATING = 3
    """Reads a table under a lock that lets reads and writes go on: in a transaction of its own."""
    LONG = 4
    """Takes as long as there are rows, and holds up others meanwhile: in a transaction of its own, after the rest."""


@dataclass(frozen=True, slots=True)
class OnlineStep:
    """A part of a change that is committed before its next part begins.

    statements  SQL, in order; a single one where it runs CONCURRENTLY
    why         sentences for the head of its migration on why it is apart, or what it is there for
    name        what a migration with nothing else in it is called: `validate orders_user_id_fkey`
    """

    statements: tuple[str, ...]
    run: Run = Run.SHARED
    why: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no way from one object to another: what can't be done, why, and what to do instead, as sentences."""

    what: str
    why: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}. {self.why}"

    @property
    def statement(self) -> str:
        """SQL that says so and changes nothing, for a way back that there is none of."""
        options = {"MESSAGE": self.what, "DETAIL": self.why, "HINT": self.remedy}
        said = ", ".join(f"{option} = {literal(text).strip()}" for option, text in options.items())
        return f"DO {literal(f'BEGIN RAISE EXCEPTION USING {said}; END').strip()}"


@dataclass(frozen=True, slots=True)
class NewType:
    """How a new type takes the place of one that can't be altered (type_swap).

    create     SQL that makes it, once the old one's name is free
    first      SQL before the old one's name is taken from it
    then       SQL once everything that is to be of it is
    row        for each attribute of a composite type its name in the old one, its type there and its type
    reordered  whether the text of a value is not that of the old one's, as its attributes have other places
    """

    create: tuple[str, ...]
    first: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    row: tuple[tuple[str, str, str], ...] = ()
    reordered: bool = False


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What of a column's alteration writes its table anew: a single statement does it for several columns at once.

    table    ALTER TABLE with the table's name
    actions  such as ALTER COLUMN a TYPE bigint, in order
    settles  whether what the alteration lets go of is back with it
    """

    table: str
    actions: tuple[str, ...]
    settles: bool

    def __str__(self) -> str:
        return f"{self.table} {', '.join(self.actions)}"


@dataclass(frozen=True, slots=True)
class Alteration:
    """How one object becomes another without being dropped.

    statements  SQL, in order
    loses       the data that may go, in words; empty when none can
    disturbs    whether a dependent of a given kind has to be taken down before and put back afterwards
    releases    SQL that goes first: lets go of what is to be dropped, and of names that are to be taken
    online      the steps that do what `statements` do and hold up nobody for long; empty where those don't either
    swaps       of a type: whether a new one of its name takes its place, in columns and in types that are made of it
    refusal     why it can't be done at all; `statements` are then not to be run
    rewrite     what goes between `releases` and `statements`, in one statement with those of the table's other columns
    drops       other objects that `statements` drop
    frees       what needs no more than `releases` to be dropped and made again
    """

    statements: tuple[str, ...]
    loses: str = ""
    disturbs: Callable[[DatabaseObject], bool] = lambda dependent: False
    releases: tuple[str, ...] = ()
    online: tuple[OnlineStep, ...] = ()
    swaps: bool = False
    refusal: Refusal | None = None
    rewrite: Rewrite | None = None
    drops: frozenset[Key] = frozenset()
    frees: frozenset[Key] = frozenset()


@runtime_checkable
class Inlined(Protocol):
    """An object that can be written inside its table's CREATE TABLE."""

    @property
    def place_in_table(self) -> tuple[int, int, str]:
        """Sorts the lines: group (columns, keys, checks, …), number, name."""

    def line_in_table(self, after: Catalog) -> str:
        """Its line, without comma."""


class Kind(ABC, Generic[ObjectT]):
    """One sort of object; a file in `objects/` has a subclass (or an instance of a shared one) as `KIND`.

    name        the kind in `Key.kind`
    rank        where its statements stand when nothing else orders them; lower comes first
    inline      whether CREATE TABLE of its owner writes it too
    overwrites  whether creating it replaces the one that is there
    stored_in   the system catalogs (`pg_cast`), or sorts of rows there (`pg_class.v`: relkind, contype, prokind or
                typtype), of which one must have rows that are not initdb's for the query to have any; empty: is always
                asked
    facts_in    the system catalog that it reads what is said of objects from, such as pg_description: its rows begin
                with classoid, objoid and objsubid; empty where it reads objects
    on_request  whether it is compared only where the settings ask for it; where they don't, what is taken down and put
                back has it again all the same
    """

    name: str
    rank: int
    inline: bool = False
    overwrites: bool = False
    stored_in: tuple[str, ...] = ()
    facts_in: str = ""
    on_request: bool = False

    @abstractmethod
    def query(self, major: int) -> str:
        """One SELECT over the system catalogs of a server of this major version; run with an empty search_path."""

    @abstractmethod
    def read(self, row: Row, so_far: ReadSoFar) -> Found | None:
        """One row as an object with its addresses (first its own, then those of what it implies)."""

    @abstractmethod
    def create(self, obj: ObjectT, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        """SQL that makes it, where the rest of `after` it depends on is there; `inlined` come with it."""

    @abstractmethod
    def drop(self, obj: ObjectT) -> Sequence[str]:
        """SQL that removes it."""

    def alter(self, old: ObjectT, new: ObjectT, before: Catalog, after: Catalog) -> Alteration | None:
        """SQL that makes `old` into `new`; None where it has to be dropped and created."""
        return None

    def same_type(self, old: ObjectT, new: ObjectT) -> bool:
        """Of a type: whether `new` is `old` but for its name."""
        as_value: Any = old
        return bool(replace(as_value, schema=new.key.schema, name=new.key.name) == new)

    def again(self, new: ObjectT) -> ObjectT:
        """`new` as it is made where it has been there before, and was taken down."""
        return new

    def let_go(
        self, old: ObjectT, new: ObjectT, needs: frozenset[Key], before: Catalog, after: Catalog
    ) -> Alteration | None:
        """SQL that makes `old` into `new`, which may be the same, and does without `needs` meanwhile: these are dropped
        and made again. None where `old` can't be without them.
        """
        return None

    def without(self, obj: ObjectT, needs: frozenset[Key]) -> ObjectT | None:
        """What it can be while `needs`, which it is in a cycle with, are not there: to be altered into `obj`, or to be
        dropped. None where it is nothing without them.
        """
        return None

    def new_type(self, old: ObjectT, new: ObjectT, before: Catalog, after: Catalog) -> NewType:
        """Of a type: how `new` takes the place of `old`."""
        return NewType(tuple(self.create(new, after, frozenset())))

    def create_online(self, obj: ObjectT, before: Catalog, after: Catalog) -> tuple[OnlineStep, ...]:
        """How to make it on a table that is in use; empty where `create` holds up nobody for long."""
        return ()

    def drop_online(self, obj: ObjectT) -> tuple[OnlineStep, ...]:
        """How to remove it from a table that is in use; empty where `drop` holds up nobody for long."""
        return ()

    def replace_online(self, old: ObjectT, new: ObjectT, before: Catalog, after: Catalog) -> tuple[OnlineStep, ...]:
        """How to have `new` before `old` of the same name goes (the second step removes it); empty where no way is."""
        return ()

    def rename(self, old: ObjectT, new: ObjectT) -> Sequence[str]:
        """SQL that gives `old` the name of `new`, for two objects whose `apart_from_name` is equal."""
        return ()

    def apart_from_name(self, obj: ObjectT) -> object | None:
        """What makes it the same thing under another name; None where a rename must be asked for (`renamed_from`)."""
        return None

    def implied(self, obj: ObjectT, after: Catalog) -> frozenset[Key]:
        """Other objects that its own creation makes too, such as the sequence of a serial column."""
        return frozenset()

    def loses(self, obj: ObjectT) -> str:
        """The data that goes when it is dropped, in words; empty when none does."""
        return ""

    @abstractmethod
    def identity(self, obj: ObjectT) -> str:
        """How COMMENT ON and error messages call it: `TABLE public.users`."""
