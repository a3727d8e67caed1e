"""What offers the functions of AKA offers all of them."""

import inspect

import pytest

from wire.aka.functions import AkaFunctions
from wire.aka.milenage import Milenage
from wire.aka.tuak import Tuak
from wire.aka.xor import TestAlgorithm


@pytest.mark.parametrize("algorithm", [Milenage, Tuak, TestAlgorithm])
def test_every_algorithm_offers_what_the_port_asks(algorithm: type) -> None:
    asked = {name for name, _ in inspect.getmembers(AkaFunctions, inspect.isfunction) if not name.startswith("_")}
    assert asked == {"vector", "f1star", "f5star"}
    assert all(
        inspect.signature(getattr(algorithm, name)) == inspect.signature(getattr(AkaFunctions, name)) for name in asked
    )
