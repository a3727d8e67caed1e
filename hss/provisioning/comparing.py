"""Whether keys that somebody has are those of a subscriber in the store, and the words for it."""

from typing import Any

from sqlalchemy import Connection

from hss.algorithms import read_settings
from hss.counting.rows import keys_of
from hss.keys.custody import Custodian
from hss.keys.verification import Given, Verdict, verify, verify_by_functions
from hss.models import Custody
from hss.provisioning.change import NotThere
from hss.provisioning.keys_input import KeysInput
from wire.identity import Imsi
from wire.sansio import RandomBytes


def compare(connection: Connection, custodian: Custodian, imsi: Imsi, read: KeysInput, random: RandomBytes) -> Verdict:
    """What `read` is to the stored keys; `custodian.keyring` is loaded. NotThere without such a subscriber."""
    row = keys_of(connection, str(imsi))
    if row is None:
        raise NotThere(f"there is no subscriber {imsi}; see them with: akadia subscriber list")
    settings = read_settings(connection)[row.profile]
    given = Given(read.k, read.opc, read.op, read.amf)
    if settings.custody is Custody.TOKEN:
        return verify_by_functions(given, custodian.functions(row, settings), row.amf, settings, random(16))
    return verify(given, custodian.open(row), row.amf, settings)


def in_words(verdict: Verdict) -> dict[str, Any]:
    """`verdict` as names and values; neither side's keys are shown."""
    return {
        "matches": verdict.matches,
        "k": "it is the stored K" if verdict.k else "it is another one",
        "opc": verdict.opc.value,
        "amf": verdict.amf_hint or ("it is the stored AMF" if verdict.amf else "not given"),
    }
