"""What a role may do with an object, as ACLs say it (https://www.postgresql.org/docs/current/ddl-priv.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NOT_PLATFORM = "NOT IN ('cloud_admin', 'neon_superuser', 'neon_service', 'neondb_owner', 'pg_database_owner')"
"""Condition on a role's name: what Neon's own roles and those who own a database may do is not said by migrations."""

_EVERY = "ALL"


@dataclass(frozen=True, slots=True)
class Privileges:
    """Some privileges, such as SELECT; `grantable` are those that may be passed on, and are not in `plain`."""

    plain: tuple[str, ...] = ()
    grantable: tuple[str, ...] = ()

    @classmethod
    def read(cls, plain: Iterable[str], grantable: Iterable[str], every: int = 0) -> Privileges:
        """As aclexplode gives them; `every` many are written ALL, as later versions know of more (MAINTAIN, in 17)."""
        may_pass_on = tuple(sorted(set(grantable)))
        keeps = tuple(sorted(set(plain) - set(may_pass_on)))
        return cls(*((_EVERY,) if every and len(some) == every else some for some in (keeps, may_pass_on)))

    def joined(self, other: Privileges) -> Privileges:
        """These and those of `other`."""
        plain, may_pass_on = ({*one, *two} for one, two in zip(self._sorts, other._sorts, strict=True))
        if _EVERY in may_pass_on:
            return Privileges((), (_EVERY,))
        keeps = {_EVERY} if _EVERY in plain else plain - may_pass_on
        return Privileges(tuple(sorted(keeps)), tuple(sorted(may_pass_on)))

    @property
    def _sorts(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return self.plain, self.grantable

    @property
    def held(self) -> frozenset[str]:
        """All of them, whether they may be passed on or not."""
        return frozenset((*self.plain, *self.grantable))


@dataclass(frozen=True, slots=True)
class Grantee:
    """Who has privileges on what, as GRANT and REVOKE write it.

    on       after the word ON
    role     quoted; or PUBLIC
    columns  in parentheses with a space before; empty for the whole object
    prefix   what comes before GRANT and REVOKE, with a space after
    """

    on: str
    role: str
    columns: str = ""
    prefix: str = ""

    def grant(self, privileges: Privileges) -> tuple[str, ...]:
        """SQL that gives them, in one statement for those that may be passed on and one for the others."""
        return (
            *self._grant(privileges.plain, ""),
            *self._grant(privileges.grantable, " WITH GRANT OPTION"),
        )

    def change(self, old: Privileges, new: Privileges) -> tuple[str, ...]:
        """SQL that makes `old` into `new`."""
        if takes_away(old, new) and _EVERY in (old.held | new.held):
            return (*self._revoke((_EVERY,)), *self.grant(new))
        return (
            *self._revoke(sorted(old.held - new.held) if takes_away(old, new) else ()),
            *self._revoke([name for name in old.grantable if name in new.plain], "GRANT OPTION FOR "),
            *self._grant([name for name in new.plain if name not in old.held], ""),
            *self._grant([name for name in new.grantable if name not in old.grantable], " WITH GRANT OPTION"),
        )

    def _grant(self, names: Sequence[str], option: str) -> list[str]:
        return [f"{self.prefix}GRANT {self._listed(names)} ON {self.on} TO {self.role}{option}"] if names else []

    def _revoke(self, names: Sequence[str], option: str = "") -> list[str]:
        return [f"{self.prefix}REVOKE {option}{self._listed(names)} ON {self.on} FROM {self.role}"] if names else []

    def _listed(self, names: Sequence[str]) -> str:
        return ", ".join(f"{name}{self.columns}" for name in names)


def takes_away(old: Privileges, new: Privileges) -> bool:
    """Whether `new` lacks something that `old` has."""
    lost = frozenset() if _EVERY in new.held else old.held - new.held
    passes_on = frozenset() if _EVERY in new.grantable else frozenset(old.grantable) - frozenset(new.grantable)
    return bool(lost or passes_on)
