"""Event triggers (https://www.postgresql.org/docs/current/catalog-pg-event-trigger.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier, literal
from neon_migrate.switchable import ENABLED

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_EVENT_TRIGGER = 3466


@dataclass(frozen=True, slots=True)
class EventTrigger:
    """An event trigger.

    event     such as ddl_command_end
    function  qualified and quoted
    tags      the commands that it is for; none for all
    enabled   pg_event_trigger.evtenabled: O for an ordinary one
    """

    name: str
    event: str
    function: str
    tags: tuple[str, ...] = ()
    enabled: str = "O"

    @property
    def key(self) -> Key:
        return Key("event_trigger", "", self.name)

    @property
    def owner(self) -> Key | None:
        return None


class EventTriggerKind(Kind[EventTrigger]):
    """Created after all else and dropped before it: it may forbid what the rest of a plan does."""

    name = "event_trigger"
    rank = 990
    stored_in = ("pg_event_trigger",)

    def query(self, major: int) -> str:
        return """SELECT oid, evtname, evtevent, evtfoid::regproc::text, coalesce(evttags, '{}'), evtenabled::text
FROM pg_event_trigger WHERE oid >= 16384"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, name, event, function, tags, enabled = row
        return ((_PG_EVENT_TRIGGER, oid, 0),), EventTrigger(name, event, function, tuple(sorted(tags)), enabled)

    def create(self, obj: EventTrigger, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        tags = f" WHEN TAG IN ({', '.join(literal(tag).strip() for tag in obj.tags)})" if obj.tags else ""
        create = f"CREATE {self.identity(obj)} ON {obj.event}{tags} EXECUTE FUNCTION {obj.function}()"
        return (create, *([self._enabling(obj)] if obj.enabled != "O" else []))

    def drop(self, obj: EventTrigger) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: EventTrigger, new: EventTrigger, before: Catalog, after: Catalog) -> Alteration | None:
        if (old.event, old.function, old.tags) != (new.event, new.function, new.tags):
            return None
        return Alteration((self._enabling(new),))

    def identity(self, obj: EventTrigger) -> str:
        return f"EVENT TRIGGER {identifier(obj.name)}"

    def _enabling(self, obj: EventTrigger) -> str:
        return f"ALTER {self.identity(obj)} {ENABLED[obj.enabled]}"


KIND = EventTriggerKind()
