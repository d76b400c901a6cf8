"""Storage parameters and column options as pg_class and pg_attribute keep them: texts such as `fillfactor=70`.

https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-STORAGE-PARAMETERS
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def parameter_list(parameters: Iterable[str]) -> str:
    """What stands in the brackets of WITH and SET: `fillfactor = 70, autovacuum_enabled = false`."""
    return ", ".join(parameter.replace("=", " = ", 1) for parameter in parameters)


def parameter_actions(old: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """What ALTER says to make `old` into `new`: SET (…), then RESET (…); none where nothing changes."""
    given = [parameter for parameter in new if parameter not in old]
    names = {_name(parameter) for parameter in new}
    gone = [_name(parameter) for parameter in old if _name(parameter) not in names]
    return (
        *([f"SET ({parameter_list(given)})"] if given else []),
        *([f"RESET ({', '.join(gone)})"] if gone else []),
    )


def _name(parameter: str) -> str:
    return parameter.partition("=")[0]
