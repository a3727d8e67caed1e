"""Algorithm profiles as the HSS works with them: read once, then by name (TS 33.102 Annex C.3)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select

from hss.models import Algorithm, AlgorithmProfile, Custody, Scheme
from wire.aka import milenage, tuak
from wire.aka.functions import AkaFunctions
from wire.aka.milenage import Milenage, MilenageConstants
from wire.aka.tuak import Tuak, TuakParameters
from wire.aka.xor import TestAlgorithm
from wire.errors import EncodeError
from wire.secret import Secret

ITERATIONS_MAX = 255
"""How often TUAK may apply Keccak here: each time again costs a fraction of a millisecond."""

_MILENAGE_FORM = '{"c": [five times 32 hexadecimal digits], "r": [five numbers from 0 to 127]}'
_TUAK_FORM = '{"mac": 8, "res": 8, "ck": 16, "ik": 16, "iterations": 1}'


class ProfileRefused(ValueError):
    """A profile whose constants no algorithm takes; one line that says what to write."""


@dataclass(frozen=True, slots=True)
class AlgorithmSettings:
    """One profile: the columns of `hss.models.AlgorithmProfile`."""

    name: str
    algorithm: Algorithm = Algorithm.MILENAGE
    parameters: str | None = None
    ind_bits: int = 5
    delta: int = 1 << 28
    scheme: Scheme = Scheme.COUNTER
    reserve: int = 1
    clock_unit_ms: int = 100
    custody: Custody = Custody.SEALED


@dataclass(frozen=True, slots=True)
class KeyLengths:
    """How many octets K may have, and how many OP and OPc (TOP and TOPc) have."""

    k: tuple[int, ...]
    opc: int


_COLUMNS = tuple(AlgorithmProfile.__table__.c)
_Maker = Callable[[Secret, Secret], AkaFunctions]


def read_settings(connection: Connection) -> dict[str, AlgorithmSettings]:
    """Every profile by its name, as it stands; `check_settings` says whether one can be used."""
    rows = connection.execute(select(*_COLUMNS)).mappings()
    return {row["name"]: AlgorithmSettings(**row) for row in rows}


def check_settings(settings: AlgorithmSettings) -> None:
    """ProfileRefused unless `settings` name functions whose results fit AKA, and a custody that can compute them."""
    try:
        _maker(settings.algorithm, settings.parameters)
    except ProfileRefused as error:
        raise ProfileRefused(f"profile {settings.name}: {error}") from None
    if settings.custody is Custody.TOKEN and settings.algorithm is not Algorithm.MILENAGE:
        reason = f"a token computes no {settings.algorithm.value}; write custody sealed, or algorithm milenage"
        raise ProfileRefused(f"profile {settings.name}: {reason}")


def functions_for(settings: AlgorithmSettings, k: Secret, opc: Secret) -> AkaFunctions:
    """The functions of `settings` with these keys; ProfileRefused as `check_settings`, and for keys of other lengths.

    It runs for each vector: what the profile says is read once.
    """
    if settings.algorithm is Algorithm.MILENAGE and settings.parameters is None:
        maker: _Maker = Milenage
    else:
        check_settings(settings)
        maker = _maker(settings.algorithm, settings.parameters)
    try:
        return maker(k, opc)
    except EncodeError as error:
        raise ProfileRefused(f"profile {settings.name}: {error}; give the subscriber keys of its own") from None


def constants_of(settings: AlgorithmSettings) -> MilenageConstants | None:
    """The constants of a Milenage profile, None for the usual ones; ProfileRefused as `check_settings`."""
    check_settings(settings)
    return None if settings.parameters is None else _milenage_constants(settings.parameters)


def key_lengths(settings: AlgorithmSettings) -> KeyLengths:
    """What the keys of a subscriber with this profile must be like."""
    if settings.algorithm is Algorithm.TUAK:
        return KeyLengths(tuak.K_LENGTHS, tuak.TOP_LENGTH)
    return KeyLengths((16,), 16)


def derive_opc(settings: AlgorithmSettings, k: Secret, op: Secret) -> Secret:
    """OPc of `op`, or TOPc of it as a TOP; EncodeError when a length is not one of `key_lengths`.

    The test algorithm has no OPc: what stands in its place is `op`, and nothing depends on it.
    """
    if settings.algorithm is Algorithm.MILENAGE:
        return milenage.derive_opc(k, op)
    if settings.algorithm is Algorithm.TUAK:
        check_settings(settings)
        return tuak.derive_topc(k, op, _tuak_parameters(settings.parameters).iterations)
    return op


@lru_cache(maxsize=256)
def _maker(algorithm: Algorithm, parameters: str | None) -> _Maker:
    """What makes the functions from K and OPc; ProfileRefused without the profile's name."""
    if algorithm is Algorithm.MILENAGE:
        constants = _milenage_constants(parameters)
        return lambda k, opc: Milenage(k, opc, constants)
    if algorithm is Algorithm.TUAK:
        lengths = _tuak_parameters(parameters)
        return lambda k, topc: Tuak(k, topc, lengths)
    if parameters is not None:
        raise ProfileRefused("the test algorithm takes no parameters; leave them out")
    return lambda k, _: TestAlgorithm(k)


def _milenage_constants(parameters: str | None) -> MilenageConstants:
    table = _table(parameters, ("c", "r"), _MILENAGE_FORM)
    try:
        values = {name: tuple(_constant(name, one) for one in table[name]) for name in table}
        return MilenageConstants(**values)  # type: ignore[arg-type]
    except TypeError:
        raise ProfileRefused(f"c and r are lists; write parameters as {_MILENAGE_FORM}") from None
    except EncodeError as error:
        raise ProfileRefused(f"{error}; write parameters as {_MILENAGE_FORM}") from None


def _constant(name: str, value: object) -> int:
    if name == "r" and type(value) is int:
        return value
    if name == "c" and isinstance(value, str) and len(value) == 32:
        try:
            return int.from_bytes(bytes.fromhex(value), "big")
        except ValueError:
            pass
    raise EncodeError(f"{value!r} is none of {name}1 to {name}5")


def _tuak_parameters(parameters: str | None) -> TuakParameters:
    table = _table(parameters, ("mac", "res", "ck", "ik", "iterations"), _TUAK_FORM)
    odd = next((name for name, value in table.items() if type(value) is not int), None)
    if odd is not None:
        raise ProfileRefused(f"{odd} is a number of octets or times; write parameters as {_TUAK_FORM}")
    try:
        found = TuakParameters(**table)
    except EncodeError as error:
        raise ProfileRefused(f"{error}; write parameters as {_TUAK_FORM}") from None
    _check_fit(found)
    return found


def _check_fit(found: TuakParameters) -> None:
    """AUTN has room for a MAC of 8 octets, a vector for CK and IK of 16 each and XRES of 16 (TS 33.102 §6.3.7)."""
    for name, value, most in (
        ("mac", found.mac, 8),
        ("ck", found.ck, 16),
        ("ik", found.ik, 16),
        ("res", found.res, 16),
    ):
        if value > most:
            raise ProfileRefused(f"AKA has no room for {name} of {value} octets; write {most}")
    if found.iterations > ITERATIONS_MAX:
        raise ProfileRefused(f"iterations is at most {ITERATIONS_MAX} here; write parameters as {_TUAK_FORM}")


def _table(parameters: str | None, names: tuple[str, ...], form: str) -> Mapping[str, Any]:
    if parameters is None:
        return {}
    try:
        table = json.loads(parameters)
    except (ValueError, RecursionError):
        table = None
    if not isinstance(table, dict):
        raise ProfileRefused(f"parameters are not a JSON object; write them as {form}")
    unknown = next((name for name in table if name not in names), None)
    if unknown is not None:
        raise ProfileRefused(f"nothing is called {unknown!r}; write parameters as {form}")
    return table
