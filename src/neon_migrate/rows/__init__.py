"""Rows for tables that have none, made so that their constraints hold; and the values of a database, compared."""

from __future__ import annotations

from neon_migrate.rows.contents import Contents, Loss, losses, read_contents
from neon_migrate.rows.filling import TableNotFilled, fill
from neon_migrate.rows.inserting import Variety

__all__ = ["Contents", "Loss", "TableNotFilled", "Variety", "fill", "losses", "read_contents"]
