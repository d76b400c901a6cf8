"""Text search configurations (https://www.postgresql.org/docs/current/catalog-pg-ts-config.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import USER_SCHEMA, Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier, qualified

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_PG_TS_CONFIG = 3602


@dataclass(frozen=True, slots=True)
class TextSearchConfiguration:
    """A configuration.

    parser    qualified and quoted
    mappings  each sort of token that is looked up, and its dictionaries as ALTER MAPPING lists them
    """

    schema: str
    name: str
    parser: str
    mappings: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> Key:
        return Key("text_search_configuration", self.schema, self.name)

    @property
    def owner(self) -> Key | None:
        return None


class TextSearchConfigurationKind(Kind[TextSearchConfiguration]):
    name = "text_search_configuration"
    rank = 17
    stored_in = ("pg_ts_config",)

    def query(self, major: int) -> str:
        return f"""SELECT c.oid, n.nspname, c.cfgname, quote_ident(pn.nspname) || '.' || quote_ident(p.prsname),
  ARRAY(SELECT ARRAY[k.alias, string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno)]
    FROM pg_ts_config_map m JOIN ts_token_type(c.cfgparser) k ON k.tokid = m.maptokentype
    WHERE m.mapcfg = c.oid GROUP BY k.alias ORDER BY k.alias)
FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace
JOIN pg_ts_parser p ON p.oid = c.cfgparser JOIN pg_namespace pn ON pn.oid = p.prsnamespace
WHERE c.oid >= 16384 AND {USER_SCHEMA}"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, schema, name, parser, mappings = row
        pairs = tuple((token, dictionaries) for token, dictionaries in mappings)
        return ((_PG_TS_CONFIG, oid, 0),), TextSearchConfiguration(schema, name, parser, pairs)

    def create(self, obj: TextSearchConfiguration, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        return f"CREATE {self.identity(obj)} (PARSER = {obj.parser})", *self._mapped("ADD", obj, dict(obj.mappings))

    def drop(self, obj: TextSearchConfiguration) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(
        self, old: TextSearchConfiguration, new: TextSearchConfiguration, before: Catalog, after: Catalog
    ) -> Alteration | None:
        if old.parser != new.parser:
            return None
        was, is_now = dict(old.mappings), dict(new.mappings)
        gone = [token for token in was if token not in is_now]
        statements = [f"ALTER {self.identity(new)} DROP MAPPING FOR {_listed(gone)}"] if gone else []
        changed = {token: found for token, found in is_now.items() if was.get(token, found) != found}
        added = {token: found for token, found in is_now.items() if token not in was}
        return Alteration((*statements, *self._mapped("ALTER", new, changed), *self._mapped("ADD", new, added)))

    def identity(self, obj: TextSearchConfiguration) -> str:
        return f"TEXT SEARCH CONFIGURATION {qualified(obj.schema, obj.name)}"

    def _mapped(self, verb: str, obj: TextSearchConfiguration, mappings: Mapping[str, str]) -> list[str]:
        """One statement for all tokens that are looked up in the same dictionaries."""
        return [
            f"ALTER {self.identity(obj)} {verb} MAPPING FOR "
            f"{_listed(token for token, found in mappings.items() if found == dictionaries)} WITH {dictionaries}"
            for dictionaries in dict.fromkeys(mappings.values())
        ]


def _listed(tokens: Iterable[str]) -> str:
    return ", ".join(map(identifier, tokens))


KIND = TextSearchConfigurationKind()
