"""A migration and its ledger row as values, by sqlx's rules (sqlx-core/src/migrate/migration.rs and source.rs)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

NO_TRANSACTION = "-- no-transaction"
"""What the text of a migration starts with, exactly, when it is to run outside a transaction."""


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """One .sql file; `sql` is its whole text, byte order mark and CRLF kept."""

    path: Path
    sql: str = field(repr=False)

    @property
    def no_transaction(self) -> bool:
        """Whether it runs outside a transaction: sqlx looks at the first characters alone."""
        return self.sql.startswith(NO_TRANSACTION)


@dataclass(frozen=True, slots=True)
class Migration:
    """One version of the schema's history: how to get there and, where there is one, the way back.

    description  as the ledger stores it: `add user name` for `0003_add_user_name.up.sql`
    up           the simple `.sql` or the `.up.sql` file
    reversible   whether `up` is an `.up.sql` file
    checksum     48 bytes, see `checksum`
    """

    version: int
    description: str
    up: MigrationFile
    down: MigrationFile | None
    reversible: bool
    checksum: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """All that its files say."""
        return "\n".join(file.sql for file in (self.up, self.down) if file is not None)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row of the ledger.

    success            False is called dirty: sqlx refuses to do anything until that is resolved
    execution_time_ns  nanoseconds; -1 for "committed, duration not recorded"
    """

    version: int
    description: str
    installed_on: datetime
    success: bool
    checksum: bytes = field(repr=False)
    execution_time_ns: int


def checksum(sql: str, ignored_chars: Iterable[str] = ()) -> bytes:
    """SHA-384 of a migration's text, less the characters that the settings tell to ignore (sqlx's `ignored-chars`)."""
    ignored = dict.fromkeys(map(ord, ignored_chars))
    return hashlib.sha384((sql.translate(ignored) if ignored else sql).encode()).digest()
