"""Algorithm profiles as the HSS works with them: read once, then by name (TS 33.102 Annex C.3)."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from hss.models import Algorithm, AlgorithmProfile, Custody, Scheme
from wire.aka.functions import AkaFunctions
from wire.aka.milenage import Milenage
from wire.secret import Secret


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
    clock_unit_ms: int = 1000
    custody: Custody = Custody.SEALED


_COLUMNS = tuple(AlgorithmProfile.__table__.c)


def read_settings(connection: Connection) -> dict[str, AlgorithmSettings]:
    """Every profile by its name."""
    rows = connection.execute(select(*_COLUMNS)).mappings()
    return {row["name"]: AlgorithmSettings(**row) for row in rows}


def functions_for(settings: AlgorithmSettings, k: Secret, opc: Secret) -> AkaFunctions:
    """The functions of `settings` with these keys; ProfileRefused when it names what does not exist."""
    if settings.algorithm is not Algorithm.MILENAGE or settings.parameters is not None:
        raise ProfileRefused(f"profile {settings.name}: {settings.algorithm.value} is not to be had")
    return Milenage(k, opc)
