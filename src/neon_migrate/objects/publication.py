"""Publications (https://www.postgresql.org/docs/current/catalog-pg-publication.html), without what they publish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.kind import Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_PUBLICATION = 6104
_EVERYTHING = "insert, update, delete, truncate"


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication.

    all_tables         whether it publishes every table there is and will be
    publish            the operations, as the option of that name lists them
    via_root           whether changes of partitions are published as their root's
    generated_columns  `none` or `stored` (PostgreSQL 18)
    """

    name: str
    all_tables: bool = False
    publish: str = _EVERYTHING
    via_root: bool = False
    generated_columns: str = "none"

    @property
    def key(self) -> Key:
        return Key("publication", "", self.name)

    @property
    def owner(self) -> Key | None:
        return None


class PublicationKind(Kind[Publication]):
    name = "publication"
    rank = 120
    stored_in = ("pg_publication",)

    def query(self, major: int) -> str:
        generated = "CASE pubgencols WHEN 's' THEN 'stored' ELSE 'none' END" if major >= 18 else "'none'"
        return f"""SELECT oid, pubname, puballtables, concat_ws(', ', CASE WHEN pubinsert THEN 'insert' END,
  CASE WHEN pubupdate THEN 'update' END, CASE WHEN pubdelete THEN 'delete' END,
  CASE WHEN pubtruncate THEN 'truncate' END), pubviaroot, {generated} FROM pg_publication"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        return ((_PG_PUBLICATION, row[0], 0),), Publication(*row[1:])

    def create(self, obj: Publication, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        options = _options(Publication(obj.name), obj)
        all_tables = " FOR ALL TABLES" if obj.all_tables else ""
        return (f"CREATE {self.identity(obj)}{all_tables}" + (f" WITH ({options})" if options else ""),)

    def drop(self, obj: Publication) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(self, old: Publication, new: Publication, before: Catalog, after: Catalog) -> Alteration | None:
        if old.all_tables != new.all_tables:
            return None
        return Alteration((f"ALTER {self.identity(new)} SET ({_options(old, new)})",))

    def identity(self, obj: Publication) -> str:
        return f"PUBLICATION {identifier(obj.name)}"


def _options(old: Publication, new: Publication) -> str:
    options = []
    if old.publish != new.publish:
        options.append(f"publish = '{new.publish}'")
    if old.via_root != new.via_root:
        options.append(f"publish_via_partition_root = {str(new.via_root).lower()}")
    if old.generated_columns != new.generated_columns:
        options.append(f"publish_generated_columns = {new.generated_columns}")
    return ", ".join(options)


KIND = PublicationKind()
