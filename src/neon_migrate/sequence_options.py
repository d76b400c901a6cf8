"""The options of a sequence, free-standing or behind an identity column (pg_sequence)."""

from __future__ import annotations

from dataclasses import dataclass

from neon_migrate.sql import literal

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
            (f"RESTART WITH {new.start}", self._starts_outside(new) and not self._moves_into(new)),
            (f"CACHE {new.cache}", self.cache != new.cache),
            ("CYCLE" if new.cycle else "NO CYCLE", self.cycle != new.cycle),
        )
        return tuple(
            clause if clause.startswith("RESTART") else prefix + clause for clause, differs in written if differs
        )

    def moved(self, new: SequenceOptions, sequence: str) -> tuple[str, ...]:
        """SQL that goes before these options become `new`: a sequence that is not yet within the new bounds goes there.

        One that has been there goes on: no number comes again. `sequence` is its name, as SQL.
        """
        if not self._starts_outside(new) or not self._moves_into(new):
            return ()
        behind = f"last_value < {new.minimum}" if self.increment > 0 else f"last_value > {new.maximum}"
        unused = f"last_value = {self.start} AND NOT is_called"
        at = literal(sequence).strip()
        return (f"SELECT setval({at}, {new.start}, false) FROM {sequence} WHERE {behind} OR {unused}",)

    def _starts_outside(self, new: SequenceOptions) -> bool:
        return not new.minimum <= self.start <= new.maximum

    def _moves_into(self, new: SequenceOptions) -> bool:
        """Whether it can be set to where the new one starts while it still has its old bounds."""
        same_direction = (self.increment > 0) == (new.increment > 0)
        return same_direction and self.minimum <= new.start <= self.maximum

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
