"""Subscriptions, without where they subscribe: a connection string has a password and is another one everywhere.

https://www.postgresql.org/docs/current/catalog-pg-subscription.html. Only superusers may read that string, and it is
never read here. One is made without a connection, so it does nothing until somebody says where, and enables it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_SUBSCRIPTION = 6100
_BY_HAND = "/* by hand: ALTER SUBSCRIPTION with CONNECTION, then ENABLE and REFRESH PUBLICATION */"
_WORDS = "CASE {} WHEN '{}' THEN 'on' WHEN 'p' THEN 'parallel' ELSE 'off' END"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription; whether it is enabled is a matter of operation.

    publications  names, sorted
    options       name and value, as the WITH clause writes them, of those that are not what they are by themselves
    usual         name and value of all of them by themselves
    """

    name: str
    publications: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()
    usual: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("subscription", "", self.name)

    @property
    def owner(self) -> Key | None:
        return None


class SubscriptionKind(Kind[Subscription]):
    name = "subscription"
    rank = 125
    stored_in = ("pg_subscription",)

    def query(self, major: int) -> str:
        listed = ", ".join(f"ARRAY['{name}', {value}, {usual}]" for name, value, usual in _options(major))
        return f"""SELECT oid, subname, ARRAY(SELECT p FROM unnest(subpublications) AS p ORDER BY p), ARRAY[{listed}]
FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, name, publications, found = row
        options = tuple((option, value) for option, value, usual in found if value != usual)
        by_itself = tuple((option, usual) for option, _, usual in found)
        return ((_PG_SUBSCRIPTION, oid, 0),), Subscription(name, tuple(publications), options, by_itself)

    def create(self, obj: Subscription, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        options = _written((("connect", "false"), *obj.options))
        return (f"CREATE {self.identity(obj)} CONNECTION '' {_BY_HAND} PUBLICATION {_names(obj)} WITH ({options})",)

    def drop(self, obj: Subscription) -> Sequence[str]:
        # With a slot, DROP would connect to the publisher, which no transaction may contain.
        alter = f"ALTER {self.identity(obj)}"
        return f"{alter} DISABLE", f"{alter} SET (slot_name = NONE)", f"DROP {self.identity(obj)}"

    def alter(self, old: Subscription, new: Subscription, before: Catalog, after: Catalog) -> Alteration | None:
        statements = []
        if old.publications != new.publications:
            statements.append(f"ALTER {self.identity(new)} SET PUBLICATION {_names(new)} WITH (refresh = false)")
        was, is_now = ({**dict(new.usual), **dict(one.options)} for one in (old, new))
        changed = tuple((name, value) for name, value in is_now.items() if was.get(name) != value)
        if changed:
            statements.append(f"ALTER {self.identity(new)} SET ({_written(changed)})")
        return Alteration(tuple(statements))

    def loses(self, obj: Subscription) -> str:
        return f"how far subscription {obj.name} had come; its slot stays on the publisher until it is dropped there"

    def identity(self, obj: Subscription) -> str:
        return f"SUBSCRIPTION {identifier(obj.name)}"


def _options(major: int) -> list[tuple[str, str, str]]:
    """Name of each option, SQL for its value, and for what it is by itself."""
    found = [
        ("slot_name", "coalesce(quote_literal(subslotname), 'NONE')", "quote_literal(subname)"),
        ("synchronous_commit", "quote_literal(subsynccommit)", "'''off'''"),
        ("binary", "subbinary::text", "'false'"),
        ("streaming", _WORDS.format("substream::text", "t" if major >= 16 else "true"), _streams(major)),
    ]
    if major >= 15:
        found += [
            ("two_phase", "(subtwophasestate <> 'd')::text", "'false'"),
            ("disable_on_error", "subdisableonerr::text", "'false'"),
        ]
    if major >= 16:
        found += [
            ("password_required", "subpasswordrequired::text", "'true'"),
            ("run_as_owner", "subrunasowner::text", "'false'"),
            ("origin", "suborigin", "'any'"),
        ]
    return [*found, ("failover", "subfailover::text", "'false'")] if major >= 17 else found


def _streams(major: int) -> str:
    return "'parallel'" if major >= 18 else "'off'"


def _written(options: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in options)


def _names(obj: Subscription) -> str:
    return ", ".join(map(identifier, obj.publications))


KIND = SubscriptionKind()
