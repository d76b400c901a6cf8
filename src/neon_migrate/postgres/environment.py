"""libpq's environment variables: which of them may take part in a connection."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ROUTING = frozenset(
    {
        "PGDATABASE",
        "PGHOST",
        "PGHOSTADDR",
        "PGLOADBALANCEHOSTS",
        "PGPORT",
        "PGSERVICE",
        "PGSERVICEFILE",
        "PGTARGETSESSIONATTRS",
    }
)
"""They say which server and database: here the URL alone does. (PGHOSTADDR would even overrule the URL's host.)"""

_ENCODING = frozenset({"PGCLIENTENCODING"})
"""Every text here is sent and read as UTF-8."""

_lock = threading.RLock()


def takes_part(name: str, *, own: bool) -> bool:
    """Whether an environment variable may take part in a connection.

    own  a server of ours, described in full: no PG* variable may

    For a user's database those that say *how* to connect do, as in libpq: PGPASSWORD, PGPASSFILE, PGUSER, PGSSLMODE,
    PGSSLROOTCERT, PGOPTIONS and so on.
    """
    if own and name.startswith("PG"):
        return False
    return name not in _ROUTING and name not in _ENCODING


def for_programs(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment for pg_dump and the like, which get everything they need by connection string and PGPASSWORD."""
    return {name: value for name, value in environment.items() if not name.startswith("PG")}


@contextmanager
def hidden(*, own: bool) -> Iterator[None]:
    """Take the variables that may not take part out of this process's environment, and put them back afterwards.

    libpq can't be told to ignore PGSERVICE or PGHOSTADDR in another way: an empty parameter does not overrule them all.
    """
    names = [name for name in os.environ if not takes_part(name, own=own)]
    if not names:
        yield
        return
    with _lock:
        kept = {name: os.environ.pop(name) for name in names if name in os.environ}
        try:
            yield
        finally:
            os.environ.update(kept)
