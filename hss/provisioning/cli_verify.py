"""`akadia subscriber verify` and `akadia subscriber vector`: are these the keys, and what would the HSS answer."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from hss.api import ServiceRefused, VectorRequest
from hss.counting.wall_clock import wall_clock_ms
from hss.keys.custody import Custodian
from hss.keys.master_key import open_master
from hss.keys.verification import Verdict
from hss.provisioning.change import ProvisioningRefused, changing
from hss.provisioning.cli_session import (
    ConfigFile,
    ImsiArgument,
    Json,
    actor,
    errors,
    hss_config,
    imsi_of,
    now,
    print_fields,
)
from hss.provisioning.comparing import compare, in_words
from hss.provisioning.keys_input import KeysInput, read_keys_from
from hss.service import HssService
from hss.store.database import Database
from hss.store.engines import transaction
from wire.aka.vector import AuthVector
from wire.identity import Imsi

LABORATORY = "00101"
"""MCC 001, MNC 01: the network code that is kept for tests (ITU-T E.212)."""
_NODE = "akadia-subscriber-vector"


def register_verify(app: App, config: ConfigFile) -> None:
    """Hang both commands under `akadia subscriber`."""

    @app.command(name="verify")
    def verify_(
        imsi: ImsiArgument,
        *,
        keys: Annotated[str, Parameter(help="FILE, or - for standard input", allow_leading_hyphen=True)],
        json: Json = False,
    ) -> None:
        """Say whether these keys are the stored ones, or OP was given for OPc, or AMF differs; nothing is shown.

        Exit code 1 when they are not.
        """
        with errors():
            read = read_keys_from(keys)
            verdict = _verdict(config(), imsi_of(imsi), read)
        print_fields(in_words(verdict), as_json=json)
        if not verdict.matches:
            raise SystemExit(1)

    @app.command
    def vector(imsi: ImsiArgument, *, json: Json = False) -> None:
        """Compute a vector for a subscriber of the laboratory (MCC 001, MNC 01), and show it whole.

        It uses an SQN up, as any vector does, and the audit trail tells of it.
        """
        with errors():
            found = asyncio.run(_vector(config(), imsi_of(imsi)))
        names = ("rand", "autn", "xres", "ck", "ik")
        print_fields({name: getattr(found, name).hex() for name in names}, as_json=json)


def _verdict(config: Path, imsi: Imsi, read: KeysInput) -> Verdict:
    hss = hss_config(config)
    custodian = Custodian(open_master(hss.master_key, os.urandom))
    with transaction(hss.database, read_only=True) as connection:
        custodian.keyring.load(connection)
        return compare(connection, custodian, imsi, read, os.urandom)


async def _vector(config: Path, imsi: Imsi) -> AuthVector:
    hss = hss_config(config)
    if not str(imsi).startswith(LABORATORY):
        raise ProvisioningRefused(f"{imsi} is not of the laboratory ({LABORATORY}…); its vectors are for its network")
    custodian = Custodian(open_master(hss.master_key, os.urandom))
    with changing(hss.database, custodian, actor(), now) as change:
        change.record("subscriber.vector", str(imsi))
    database = Database(hss.database)
    await database.open()
    try:
        service = HssService(database, custodian, os.urandom, wall_clock_ms, hss.instance)
        (found,) = await service.vectors(VectorRequest(imsi, _NODE, from_aaa=False))
    except ServiceRefused as refused:
        raise ProvisioningRefused(str(refused)) from None
    finally:
        await database.close()
    return found
