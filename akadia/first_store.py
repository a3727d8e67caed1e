"""What a laboratory's store holds at first: a subscriber, and a token of the REST API."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hss.auc import SubscriberKeys
from hss.audit import Actor
from hss.config import HssConfig
from hss.keys.custody import Custodian
from hss.keys.vault import open_vault, write_master_key
from hss.provisioning import subscribers, tokens
from hss.provisioning.apns import apn_profiles
from hss.provisioning.change import ProvisioningRefused, begin
from hss.provisioning.tokens import Role
from hss.store import schema
from hss.store.engines import transaction
from hss.store.location import describe, parse_location
from runtime.config import read_config
from wire.identity import Imsi
from wire.sansio import RandomBytes
from wire.secret import Secret

AMF = 0x8000
"""The test subscriber's AMF: the separation bit is 1 (TS 33.102 Annex H)."""
TOKEN_NAME = "laboratory"  # noqa: S105 - a name, not what opens
_TOKEN_LIFE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class FirstContents:
    """The subscriber's card as a USIM file, and the token in ASCII."""

    card: str
    token: Secret


def require_fresh(database: str) -> None:
    """ProvisioningRefused unless the PostgreSQL database of this URL has no schema yet; StoreError."""
    try:
        location = parse_location(database, Path())
    except ValueError as error:
        raise ProvisioningRefused(f"--database {error}") from None
    if isinstance(location, Path):
        raise ProvisioningRefused("--database takes a URL postgresql://USER@HOST/DATABASE; leave it out for SQLite")
    found = schema.current(location)
    if found is not None:
        raise ProvisioningRefused(f"{describe(location)}: holds a store already (schema {found}); name another one")


def fill(config: Path, imsi: Imsi, apn: str, random: RandomBytes) -> FirstContents:
    """Make the store that `config` names, with its master key; raises what the store raises."""
    hss = read_config(config).section("hss", HssConfig)
    key = config.with_name("master.key")
    write_master_key(key, random)
    schema.upgrade(hss.database)
    keys = SubscriberKeys(Secret(random(16)), Secret(random(16)))
    new = subscribers.NewSubscriber(imsi, keys, AMF, apn_profiles((apn,), ambr=None))
    with transaction(hss.database) as connection:
        change = begin(connection, Custodian(open_vault(key, random), random), Actor("akadia", "init"), _now)
        subscribers.add(change, new)
        token = tokens.issue(change, TOKEN_NAME, (Role.ADMIN, Role.VECTORS), _now() + _TOKEN_LIFE, random)
    card = (
        f'imsi = "{imsi}"  # the test subscriber\n'
        f'k = "{keys.k.hex()}"  # its key, which the HSS has too\n'
        f'opc = "{keys.opc.hex()}"  # the operator\'s value, made for this card\n'
    )
    return FirstContents(card, token)


def _now() -> datetime:
    return datetime.now(UTC)
