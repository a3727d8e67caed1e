"""Profiles are read as they stand, and what no algorithm takes is refused."""

import pytest
from sqlalchemy import insert

from hss.algorithms import AlgorithmSettings, ProfileRefused, functions_for, read_settings
from hss.engines import transaction
from hss.location import Location
from hss.models import Algorithm, AlgorithmProfile, Scheme
from tests.hss.conftest import FIRST_SET
from wire.secret import Secret

K, OPC = Secret.fromhex(FIRST_SET["k"]), Secret.fromhex(FIRST_SET["opc"])


def test_profiles_are_read_as_they_stand(location: Location) -> None:
    with transaction(location) as connection:
        row = {"name": "clock", "algorithm": Algorithm.MILENAGE, "scheme": Scheme.TIME, "ind_bits": 6}
        connection.execute(insert(AlgorithmProfile).values(**row))
        assert read_settings(connection) == {
            "milenage": AlgorithmSettings("milenage"),
            "clock": AlgorithmSettings("clock", scheme=Scheme.TIME, ind_bits=6),
        }


def test_usual_profile_is_milenage() -> None:
    functions = functions_for(AlgorithmSettings("milenage"), K, OPC)
    assert functions.f5star(bytes.fromhex(FIRST_SET["rand"])).hex() == FIRST_SET["f5star"]


def test_constants_that_cannot_be_are_refused() -> None:
    with pytest.raises(ProfileRefused, match="profile odd"):
        functions_for(AlgorithmSettings("odd", parameters='{"c": 1}'), K, OPC)
