"""Text search dictionaries (https://www.postgresql.org/docs/current/catalog-pg-ts-dict.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import USER_SCHEMA, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_TS_DICT = 3600


@dataclass(frozen=True, slots=True)
class TextSearchDictionary:
    """A dictionary.

    template  qualified and quoted
    options   of the template: their names, and their values as pg_ts_dict has them; in no order of their own
    """

    schema: str
    name: str
    template: str
    options: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> Key:
        return Key("text_search_dictionary", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None


class TextSearchDictionaryKind(Kind[TextSearchDictionary]):
    name = "text_search_dictionary"
    rank = 16
    stored_in = ("pg_ts_dict",)

    def query(self, major: int) -> str:
        return f"""SELECT d.oid, n.nspname, d.dictname, quote_ident(tn.nspname) || '.' || quote_ident(t.tmplname),
  coalesce(d.dictinitoption, '')
FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace
JOIN pg_ts_template t ON t.oid = d.dicttemplate JOIN pg_namespace tn ON tn.oid = t.tmplnamespace
WHERE d.oid >= 16384 AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        return ((_PG_TS_DICT, row[0], 0),), TextSearchDictionary(row[1], row[2], row[3], _options(row[4]))

    def create(self, obj: TextSearchDictionary, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        options = ", ".join((f"TEMPLATE = {obj.template}", *map(" = ".join, obj.options)))
        return (f"CREATE {self.identity(obj)} ({options})",)

    def drop(self, obj: TextSearchDictionary) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(
        self, old: TextSearchDictionary, new: TextSearchDictionary, before: Catalog, after: Catalog
    ) -> Alteration | None:
        if old.template != new.template:
            return None
        was, is_now = dict(old.options), dict(new.options)
        changed = [f"{name} = {value}" for name, value in is_now.items() if was.get(name) != value]
        removed = [name for name in was if name not in is_now]
        return Alteration((f"ALTER {self.identity(new)} ({', '.join((*changed, *removed))})",))

    def identity(self, obj: TextSearchDictionary) -> str:
        return f"TEXT SEARCH DICTIONARY {qualified(obj.schema, obj.name)}"


def _options(said: str) -> tuple[tuple[str, str], ...]:
    """Each option with its value, as pg_ts_dict has them (src/backend/commands/tsearchcmds.c, serialize_deflist)."""
    found: list[list[str]] = [[""]]
    quoted = ""
    for char in said:
        if char == (quoted or char) and char in "'\"":
            quoted = "" if quoted else char
        if char == "," and not quoted:
            found.append([""])
        elif char == "=" and not quoted:
            found[-1].append("")
        else:
            found[-1][-1] += char
    return tuple(sorted((one[0].strip(), one[1].strip()) for one in found if len(one) > 1))


KIND = TextSearchDictionaryKind()
