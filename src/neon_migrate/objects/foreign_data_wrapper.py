"""Foreign data wrappers (https://www.postgresql.org/docs/current/catalog-pg-foreign-data-wrapper.html)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from neon_migrate.catalog import Catalog, Key
from neon_migrate.generic_options import Options, options_changed, options_clause, options_sql, read_options
from neon_migrate.kind import Alteration, Found, Kind, ReadSoFar, Row
from neon_migrate.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

_PG_FOREIGN_DATA_WRAPPER = 2328


@dataclass(frozen=True, slots=True)
class ForeignDataWrapper:
    """A wrapper.

    handler, validator  functions, qualified and quoted; empty for none
    secrets             names of the options that are not told
    """

    name: str
    handler: str = ""
    validator: str = ""
    options: Options = ()
    secrets: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def key(self) -> Key:
        return Key("foreign_data_wrapper", "", self.name)

    @property
    def owner(self) -> Key | None:
        return None


class ForeignDataWrapperKind(Kind[ForeignDataWrapper]):
    name = "foreign_data_wrapper"
    rank = 37
    stored_in = ("pg_foreign_data_wrapper",)

    def query(self, major: int) -> str:
        return f"""SELECT oid, fdwname, CASE WHEN fdwhandler <> 0 THEN fdwhandler::regproc::text ELSE '' END,
  CASE WHEN fdwvalidator <> 0 THEN fdwvalidator::regproc::text ELSE '' END, {options_sql("fdwoptions")}
FROM pg_foreign_data_wrapper WHERE oid >= 16384"""

    def read(self, row: Row, so_far: ReadSoFar) -> Found:
        oid, name, handler, validator, options, secrets = row
        wrapper = ForeignDataWrapper(name, handler, validator, read_options(options), tuple(secrets))
        return ((_PG_FOREIGN_DATA_WRAPPER, oid, 0),), wrapper

    def create(self, obj: ForeignDataWrapper, after: Catalog, inlined: frozenset[Key]) -> Sequence[str]:
        functions = _functions(ForeignDataWrapper(obj.name), obj)
        return (f"CREATE {self.identity(obj)}{functions}{options_clause(obj.options, obj.secrets)}",)

    def drop(self, obj: ForeignDataWrapper) -> Sequence[str]:
        return (f"DROP {self.identity(obj)}",)

    def alter(
        self, old: ForeignDataWrapper, new: ForeignDataWrapper, before: Catalog, after: Catalog
    ) -> Alteration | None:
        changed = f"{_functions(old, new)}{options_changed(old.options, new.options)}"
        return Alteration((f"ALTER {self.identity(new)}{changed}",))

    def identity(self, obj: ForeignDataWrapper) -> str:
        return f"FOREIGN DATA WRAPPER {identifier(obj.name)}"


def _functions(old: ForeignDataWrapper, new: ForeignDataWrapper) -> str:
    words = []
    for noun, was, is_now in (("HANDLER", old.handler, new.handler), ("VALIDATOR", old.validator, new.validator)):
        if was != is_now:
            words.append(f" {noun} {is_now}" if is_now else f" NO {noun}")
    return "".join(words)


KIND = ForeignDataWrapperKind()
