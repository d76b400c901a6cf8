"""The options of a sequence, free-standing or behind an identity column (pg_sequence)."""

from __future__ import annotations

from dataclasses import dataclass

_LIMITS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


@dataclass(frozen=True, slots=True)
class SequenceOptions:
    """What CREATE SEQUENCE can say, with nothing left to defaults."""

    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool

    def __str__(self) -> str:
        return " ".join((self.type, *self.clauses()))

    def clauses(self) -> tuple[str, ...]:
        """The options that differ from Postgres's defaults for this type and direction, as SQL; never the type."""
        low, high = self._default_bounds()
        start = self.minimum if self.increment > 0 else self.maximum
        written = (
            (f"INCREMENT BY {self.increment}", self.increment != 1),
            (f"MINVALUE {self.minimum}", self.minimum != low),
            (f"MAXVALUE {self.maximum}", self.maximum != high),
            (f"START WITH {self.start}", self.start != start),
            (f"CACHE {self.cache}", self.cache != 1),
            ("CYCLE", self.cycle),
        )
        return tuple(clause for clause, differs in written if differs)

    def changes_to(self, new: SequenceOptions, prefix: str = "") -> tuple[str, ...]:
        """The clauses that make these options into `new`; `prefix` is SET for an identity column."""
        low, high = new._default_bounds()
        minimum, maximum = self._bounds_as(new.type)
        written = (
            (f"AS {new.type}", self.type != new.type and not prefix),
            (f"INCREMENT BY {new.increment}", self.increment != new.increment),
            ("NO MINVALUE" if new.minimum == low else f"MINVALUE {new.minimum}", minimum != new.minimum),
            ("NO MAXVALUE" if new.maximum == high else f"MAXVALUE {new.maximum}", maximum != new.maximum),
            (f"START WITH {new.start}", self.start != new.start),
            (f"RESTART WITH {new.start}", not new.minimum <= self.start <= new.maximum),
            (f"CACHE {new.cache}", self.cache != new.cache),
            ("CYCLE" if new.cycle else "NO CYCLE", self.cycle != new.cycle),
        )
        return tuple(
            clause if clause.startswith("RESTART") else prefix + clause for clause, differs in written if differs
        )

    def range_condition(self, expression: str) -> str:
        """SQL that tells whether a value of the sequence's type is one that the sequence may have."""
        low, high = -_LIMITS[self.type], _LIMITS[self.type] - 1
        if self.minimum > low and self.maximum < high:
            return f"{expression} BETWEEN {self.minimum} AND {self.maximum}"
        return f"{expression} <= {self.maximum}" if self.maximum < high else f"{expression} >= {self.minimum}"

    def _bounds_as(self, new_type: str) -> tuple[int, int]:
        """Its bounds once it has another type: ALTER SEQUENCE … AS moves those that are the old type's own."""
        old, new = _LIMITS[self.type], _LIMITS[new_type]
        return -new if self.minimum == -old else self.minimum, new - 1 if self.maximum == old - 1 else self.maximum

    def _default_bounds(self) -> tuple[int, int]:
        limit = _LIMITS[self.type]
        return (1, limit - 1) if self.increment > 0 else (-limit, -1)
