"""Domains (https://www.postgresql.org/docs/current/domains.html)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import (
    PG_CONSTRAINT,
    PG_TYPE,
    USER_SCHEMA,
    Alteration,
    Found,
    Kind,
    NewType,
    OnlineStep,
    ReadSoFar,
    Refusal,
    Row,
    Run,
)
from neon_migrate.not_null import given_name, name_by_itself
from neon_migrate.sql import identifier, qualified
from neon_migrate.type_change import HOLDERS, keeps_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from neon_migrate.catalog import Address

_NOT_VALID = " NOT VALID"
_NAMES_SINCE = 17
_ADDED = "A check is added NOT VALID, for new values only: those that are there are checked by a later migration."
_VALIDATED = "Reads every table that has a column of the domain; writes to them wait."
_CALLED = frozenset({"function", "operator", "text_search_configuration", "text_search_dictionary"})
"""The kinds of what a domain depends on by its default, or a check, alone."""

_READS_TABLES = "Reads every table that has a column of the domain, while writes to them wait."


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain.

    type       the type it is made of, as `format_type` writes it
    collation  qualified and quoted; empty for the type's own
    checks     name and definition of each of its constraints
    not_null_named  what NOT NULL was called, where somebody said so (PostgreSQL 17); empty for a name by Postgres
    not_null_name   what it is called, where that is not what Postgres would call it today
    names           the addresses of what the default names, such as functions, and for each of `checks` the same
    """

    schema: str
    name: str
    type: str
    collation: str = ""
    default: str | None = None
    not_null: bool = False
    checks: tuple[tuple[str, str], ...] = ()
    not_null_named: str = ""
    not_null_name: str = field(default="", compare=False, repr=False)
    names: tuple[frozenset[Address], ...] = field(default=(), compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("domain", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None

    @property
    def not_null_clause(self) -> str:
        """NOT NULL as CREATE DOMAIN and ADD write it."""
        return f"CONSTRAINT {identifier(self.not_null_name)} NOT NULL" if self.not_null_name else "NOT NULL"

    def as_of(self, major: int) -> Domain:
        """As a server of this major version has it: before 17 NOT NULL has no name."""
        return self if major >= _NAMES_SINCE else replace(self, not_null_named="")


class DomainKind(Kind[Domain]):
    name = "domain"
    rank = 25
    stored_in = ("pg_type.d",)

    def query(self, major: int) -> str:
        return f"""SELECT t.oid, t.typarray, n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod),
  CASE WHEN t.typcollation <> b.typcollation THEN (
    SELECT quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
    FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = t.typcollation) END,
  pg_get_expr(t.typdefaultbin, 0), t.typnotnull,
  ARRAY(SELECT co.oid::text FROM pg_constraint co WHERE co.contypid = t.oid AND co.contype = 'c' ORDER BY co.conname),
  ARRAY(SELECT co.conname::text FROM pg_constraint co WHERE co.contypid = t.oid AND co.contype = 'c'
    ORDER BY co.conname),
  ARRAY(SELECT pg_get_constraintdef(co.oid, true) FROM pg_constraint co WHERE co.contypid = t.oid AND co.contype = 'c'
    ORDER BY co.conname),
  (SELECT co.conname::text FROM pg_constraint co WHERE co.contypid = t.oid AND co.contype = 'n'),
  {_named("t.oid", PG_TYPE)} || ARRAY(SELECT {_named("co.oid", PG_CONSTRAINT)}
    FROM pg_constraint co WHERE co.contypid = t.oid AND co.contype = 'c' ORDER BY co.conname)
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_type b ON b.oid = t.typbasetype
WHERE t.typtype = 'd' AND t.oid >= 16384 AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, array, schema, name, type_, collation, default, not_null, constraints, names, definitions, *rest = row
        named, named_in = rest
        addresses = ((PG_TYPE, oid, 0), (PG_TYPE, array, 0), *((PG_CONSTRAINT, int(found), 0) for found in constraints))
        checks = tuple(zip(names, definitions, strict=True))
        told = "" if named in (None, name_by_itself(name)) else named
        return addresses, Domain(
            schema,
            name,
            type_,
            collation or "",
            default,
            not_null,
            checks,
            given_name(told),
            told,
            tuple(map(_addresses, named_in)),
        )

    def create(self, obj: Domain, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        parts = [f"CREATE {self.identity(obj)} AS {obj.type}"]
        if obj.collation:
            parts.append(f"COLLATE {obj.collation}")
        if obj.default is not None:
            parts.append(f"DEFAULT {obj.default}")
        if obj.not_null:
            parts.append(obj.not_null_clause)
        # CREATE DOMAIN takes no NOT VALID.
        later = [check for check in obj.checks if check[1].endswith(_NOT_VALID)]
        parts.extend(f"CONSTRAINT {identifier(name)} {said}" for name, said in obj.checks if (name, said) not in later)
        return (" ".join(parts), *(_not_valid(f"ALTER {self.identity(obj)}", *check) for check in later))

    def drop(self, obj: Domain) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Domain, new: Domain, before: Catalog, after: Catalog) -> Alteration | None:
        if (old.type, old.collation) != (new.type, new.collation):
            return self._of_another_type(old, new, before)
        if _reads_values(old, new) and _held_within(new.key, before):
            return Alteration((), swaps=True)
        alter = f"ALTER {self.identity(new)}"
        statements = [
            f"{alter} DROP CONSTRAINT {identifier(name)}"
            for name, definition in old.checks
            if (name, definition) not in new.checks
        ]
        if old.default != new.default:
            statements.append(f"{alter} DROP DEFAULT" if new.default is None else f"{alter} SET DEFAULT {new.default}")
        if old.not_null != new.not_null:
            sets = (
                f"ADD {new.not_null_clause}" if new.not_null_name and before.major >= _NAMES_SINCE else "SET NOT NULL"
            )
            statements.append(f"{alter} {sets if new.not_null else 'DROP NOT NULL'}")
        elif old.not_null_named != new.not_null_named:
            names = (identifier(one.not_null_name or name_by_itself(one.name)) for one in (old, new))
            statements.append(f"{alter} RENAME CONSTRAINT {' TO '.join(names)}")
        statements += [
            f"{alter} ADD CONSTRAINT {identifier(name)} {definition}"
            for name, definition in new.checks
            if (name, definition) not in old.checks
        ]
        made_again = {name for name, definition in old.checks if (name, definition) not in new.checks}
        return Alteration(
            tuple(statements),
            # A check that is made again has lost its comment.
            disturbs=lambda dependent: getattr(dependent, "inside", "") in made_again,
            online=self._online(old, new, statements),
        )

    def let_go(
        self, old: Domain, new: Domain, needs: frozenset[Key], before: Catalog, after: Catalog
    ) -> Alteration | None:
        # A domain that nothing is of is made again.
        if (old.type, old.collation) != (new.type, new.collation) or not _in_use(old, before):
            return None
        by_default, *by_check = (needs & {before.addresses.get(one) for one in named} for named in old.names)
        if not needs <= by_default.union(*by_check) or not all(need.kind in _CALLED for need in by_default):
            return None
        free = {name for (name, _), named in zip(old.checks, by_check, strict=True) if named}
        left = replace(
            old,
            default=None if by_default else old.default,
            checks=tuple(check for check in old.checks if check[0] not in free),
        )
        releases = [f"ALTER {self.identity(new)} DROP CONSTRAINT {identifier(name)}" for name in sorted(free)]
        releases += [f"ALTER {self.identity(new)} DROP DEFAULT"] if by_default else []
        rest = self.alter(left, new, before, after)
        if rest and rest.swaps:
            return Alteration((), frees=needs, refusal=_not_checked_again(new, by_check))
        return rest and replace(
            rest,
            releases=tuple(releases),
            frees=needs,
            disturbs=lambda dependent: rest.disturbs(dependent) or getattr(dependent, "inside", "") in free,
        )

    def _of_another_type(self, old: Domain, new: Domain, before: Catalog) -> Alteration | None:
        """A new domain in place of the old one; None where nothing that stays has it."""
        if not _in_use(old, before):
            return None
        narrowed = f"values of domain {new.key.qualified_name} that do not fit when {old.type} becomes {new.type}"
        return Alteration((), "" if keeps_values(old.type, new.type) else narrowed, swaps=True)

    def same_type(self, old: Domain, new: Domain) -> bool:
        # Postgres names checks after their domain.
        kept, one = (replace(domain, schema="", name="", checks=()) for domain in (old, new))
        return kept == one and sorted(check for _, check in old.checks) == sorted(check for _, check in new.checks)

    def new_type(self, old: Domain, new: Domain, before: Catalog, after: Catalog) -> NewType:
        # NOT NULL is a constraint since 18: while the old domain has it, the new one's would get another name.
        given_up = old.not_null and before.major >= 18
        first = (f"ALTER {self.identity(old)} DROP NOT NULL",) if given_up else ()
        return NewType(tuple(self.create(new, after, frozenset())), first)

    def _online(self, old: Domain, new: Domain, statements: Sequence[str]) -> tuple[OnlineStep, ...]:
        """New checks NOT VALID first: the tables with columns of the domain are read later, one check at a time."""
        alter = f"ALTER {self.identity(new)}"
        added = [check for check in new.checks if check not in old.checks]
        sets_not_null = new.not_null and not old.not_null
        if not added and not sets_not_null:
            return ()
        short = [*statements[: len(statements) - len(added)], *(_not_valid(alter, *check) for check in added)]
        steps = [OnlineStep(tuple(short), why=_ADDED)]
        if sets_not_null:
            steps[0] = OnlineStep(tuple(short), Run.LONG, _READS_TABLES, f"set not null {new.name}")
        for name, definition in added:
            if not definition.endswith(_NOT_VALID):
                validated = f"{alter} VALIDATE CONSTRAINT {identifier(name)}"
                steps.append(OnlineStep((validated,), Run.VALIDATING, _VALIDATED, f"validate {name}"))
        return tuple(steps)

    def identity(self, obj: Domain) -> str:
        return f"DOMAIN {qualified(obj.schema, obj.name)}"


def _in_use(domain: Domain, catalog: Catalog) -> bool:
    return any(user.kind in HOLDERS for user in catalog.dependents.get(domain.key, ()))


def _reads_values(old: Domain, new: Domain) -> bool:
    """Whether the values that are there are looked at, as there is something new that has to hold for them."""
    added = any(check not in old.checks and not check[1].endswith(_NOT_VALID) for check in new.checks)
    return added or (new.not_null and not old.not_null)


def _held_within(type_: Key, catalog: Catalog) -> bool:
    """Whether columns have values of a domain within others: arrays, composite types, ranges, rows of a table.

    Postgres looks at none of these: "cannot alter type because column uses it" (get_rels_with_domain).
    """
    for user in catalog.dependents.get(type_, ()):
        obj: Any = catalog.objects[user]
        itself = getattr(obj, "type", "") == qualified(type_.schema, type_.name)
        if user.kind == "column" and (
            _is_stored(Key("table", user.schema, user.name), catalog) if itself else _is_of(obj.type, type_)
        ):
            return True
        if user.kind in HOLDERS - {"column"}:
            within = _held_within if user.kind == "domain" and itself else _is_stored
            if within(user, catalog):
                return True
    return False


def _is_stored(type_: Key, catalog: Catalog) -> bool:
    """Whether columns have values of a type, be it within others."""
    return any(
        _is_of(getattr(catalog.objects[user], "type", ""), type_)
        if user.kind == "column"
        else user.kind in HOLDERS and _is_stored(user, catalog)
        for user in catalog.dependents.get(type_, ())
    )


def _is_of(written: str, type_: Key) -> bool:
    return written.removesuffix("[]") == qualified(type_.schema, type_.name)


def _not_checked_again(domain: Domain, called: Sequence[Iterable[Key]]) -> Refusal:
    calls = next((str(key) for keys in called for key in sorted(keys)), "a function")
    return Refusal(
        f"{domain.key} can't be checked again: its CHECK calls {calls}, which has to be made anew",
        "There are values of it within arrays, composite types or rows, which Postgres looks at for no new CHECK.",
        f"In a change before, take the CHECK from {domain.key.qualified_name}; in one after, put it back.",
    )


def _named(oid: str, classid: int) -> str:
    """SQL for what an object depends on, as a text that `_addresses` reads."""
    return (
        "(SELECT string_agg(d.refclassid::text || ' ' || d.refobjid, ',') FROM pg_depend d"
        f" WHERE d.classid = {classid} AND d.objid = {oid} AND d.refobjid >= 16384)"
    )


def _addresses(text: str | None) -> frozenset[Address]:
    """`classid objid` of each, with commas between, as addresses."""
    pairs = (pair.split() for pair in text.split(",")) if text else ()
    return frozenset((int(classid), int(oid), 0) for classid, oid in pairs)


def _not_valid(alter: str, name: str, definition: str) -> str:
    return f"{alter} ADD CONSTRAINT {identifier(name)} {definition.removesuffix(_NOT_VALID)}{_NOT_VALID}"


KIND = DomainKind()
