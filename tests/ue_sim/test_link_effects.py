"""The vocabulary of a UE's IKE SAs: values, each with all that the UE has to know."""

import dataclasses
from types import UnionType
from typing import get_args

import pytest

from ue_sim.link_effects import Break, LinkEffect, Renewed


def kinds(union: object) -> list[type]:
    """Those of a union, and of unions in it."""
    found: list[type] = []
    for one in get_args(union):
        found += kinds(one) if isinstance(one, UnionType) else [one]
    return found


@pytest.mark.parametrize("kind", kinds(LinkEffect))
def test_effects_are_frozen_values(kind: type) -> None:
    params = vars(kind)["__dataclass_params__"]
    # by the library, or for the type checker alone as wire.frozen does it
    assert params.frozen or params.unsafe_hash


def test_break_says_where_to_and_whose_word_that_is() -> None:
    assert [field.name for field in dataclasses.fields(Break)] == ["cause", "there", "redirected_from"]
    assert {field.name for field in dataclasses.fields(Renewed)} >= {"gateway", "home_address"}
