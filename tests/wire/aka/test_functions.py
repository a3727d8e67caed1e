"""What offers the functions of AKA offers all of them."""

import inspect

from wire.aka.functions import AkaFunctions
from wire.aka.milenage import Milenage


def test_milenage_offers_what_the_port_asks() -> None:
    asked = {name for name, _ in inspect.getmembers(AkaFunctions, inspect.isfunction) if not name.startswith("_")}
    assert asked == {"vector", "f1star", "f5star"}
    assert all(
        inspect.signature(getattr(Milenage, name)) == inspect.signature(getattr(AkaFunctions, name)) for name in asked
    )
