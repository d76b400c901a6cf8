"""What is common to all kinds."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from neon_migrate.kind import builder


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 2
    marks: tuple[str, ...] = field(default_factory=tuple)
    place: str = field(default="", compare=False, repr=False)


def test_what_a_builder_makes_is_as_the_class_makes_it() -> None:
    """Of that class, equal, with one hash and one text, with its defaults, copied and pickled as others are."""
    built, made = builder(Point)(1, place="here"), Point(1, place="there")

    assert type(built) is Point
    assert (built, hash(built), repr(built)) == (made, hash(made), repr(made))
    assert built.place == "here"
    assert replace(built, x=3) == Point(3)
    assert copy.deepcopy(built) == pickle.loads(pickle.dumps(built)) == made


def test_what_a_builder_makes_is_frozen() -> None:
    """As every value is."""
    built = builder(Point)(1)

    with pytest.raises(FrozenInstanceError):
        built.x = 2  # type: ignore[misc]
