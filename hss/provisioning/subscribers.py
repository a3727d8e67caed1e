"""What an operator does with subscribers; keys go in and never come out, and the audit trail hears of each change."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from hss.algorithms import AlgorithmSettings, KeyLengths, derive_opc, key_lengths, read_settings
from hss.api import ApnProfile
from hss.auc import SubscriberKeys
from hss.counting.profile_change import columns_of_change
from hss.counting.sqn import SequenceExhausted
from hss.models import DEFAULT_PROFILE, Custody, Subscriber, SubscriberState
from hss.profiles import profile_of
from hss.provisioning.apn_rows import add_apn, replace_apns
from hss.provisioning.change import Change, Conflict, NotThere, ProvisioningRefused
from hss.provisioning.description import Account, described, differences
from hss.provisioning.keys_input import KeysInput
from hss.registrations import forget, serving_aaa
from hss.telling.notices import tell_deregistered, tell_profile_changed
from wire.errors import EncodeError
from wire.identity import Imsi
from wire.secret import Secret


@dataclass(frozen=True, slots=True)
class NewSubscriber:
    """All that `add` needs; `amf` 16 bits, the first of `apns` is the default, `profile` an algorithm profile."""

    imsi: Imsi
    keys: SubscriberKeys
    amf: int
    apns: Sequence[ApnProfile]
    msisdn: str | None = None
    profile: str = DEFAULT_PROFILE


@dataclass(frozen=True, slots=True)
class Update:
    """What `update` changes: what is None stays as it is; `msisdn` "" takes the number away.

    With `apns` the subscriber has these and no others, the first of them the default.
    """

    msisdn: str | None = None
    amf: int | None = None
    keys: SubscriberKeys | None = None
    profile: str | None = None
    state: SubscriberState | None = None
    apns: tuple[ApnProfile, ...] | None = None


def add(change: Change, new: NewSubscriber) -> Account:
    """Add a subscriber, enabled, with SEQ_HE 0. ProvisioningRefused when the IMSI or a Home Address is taken."""
    imsi = str(new.imsi)
    if change.connection.scalar(select(Subscriber.imsi).where(Subscriber.imsi == imsi)) is not None:
        raise ProvisioningRefused(f"subscriber {imsi} is there already; remove it first, or add another IMSI")
    settings = settings_named(change.connection, new.profile)
    row = _sealed(change, imsi, new.keys, settings)
    change.connection.execute(
        insert(Subscriber).values(imsi=imsi, **row, amf=new.amf, msisdn=new.msisdn, profile=new.profile)
    )
    for number, apn in enumerate(new.apns):
        add_apn(change.connection, imsi, apn, is_default=number == 0)
    account = show(change.connection, new.imsi)
    change.record("subscriber.add", imsi, after=described(account))
    return account


def show(connection: Connection, imsi: Imsi) -> Account:
    """The subscriber without its keys; ProvisioningRefused when there is none."""
    row = connection.execute(select(*_SHOWN).where(Subscriber.imsi == str(imsi))).first()
    profile = profile_of(connection, imsi)
    if row is None or profile is None:
        raise _unknown(imsi)
    return Account(
        profile=profile,
        state=row.state,
        amf=row.amf,
        seq=row.seq,
        algorithm_profile=row.profile,
        k_check=row.k_check,
        opc_check=row.opc_check,
        serving_aaa=serving_aaa(connection, str(imsi)),
        created=row.created,
        updated=row.updated,
        revision=row.revision,
        batch_id=row.batch_id,
    )


def change_subscriber(change: Change, imsi: Imsi, wanted: Update, if_revision: int | None = None) -> Account:
    """Change what `wanted` names; Conflict when the revision is another one, ProvisioningRefused when it cannot be.

    New keys are a new card; SEQ goes on from where it was, because it never goes back.
    """
    before = show(change.connection, imsi)
    _check_revision(before, if_revision)
    values: dict[str, object] = {}
    if wanted.state is not None:
        values["state"] = wanted.state
    if wanted.state is SubscriberState.BARRED and before.state is not SubscriberState.BARRED:
        _end_registration(change.connection, str(imsi))
    if wanted.apns is not None:
        replace_apns(change.connection, before.profile, wanted.apns)
    if wanted.profile is not None:
        values |= _new_profile(change.connection, before, wanted)
    if wanted.keys is not None:
        settings = settings_named(change.connection, wanted.profile or before.algorithm_profile)
        values |= _sealed(change, str(imsi), wanted.keys, settings)
    if wanted.amf is not None:
        values["amf"] = wanted.amf
    if wanted.msisdn is not None:
        values["msisdn"] = wanted.msisdn or None
    return _write(change, before, values, "subscriber.update", if_revision)


def enable(change: Change, imsi: Imsi, if_revision: int | None = None) -> Account:
    """Let the subscriber use non-3GPP access; ProvisioningRefused when there is none."""
    before = show(change.connection, imsi)
    return _write(change, before, {"state": SubscriberState.ENABLED}, "subscriber.enable", if_revision)


def disable(change: Change, imsi: Imsi, if_revision: int | None = None) -> Account:
    """Bar the subscriber and end its registration: the serving AAA server is told by an RTR."""
    before = show(change.connection, imsi)
    _end_registration(change.connection, str(imsi))
    return _write(change, before, {"state": SubscriberState.BARRED}, "subscriber.disable", if_revision)


def remove(change: Change, imsi: Imsi, if_revision: int | None = None) -> None:
    """Delete the subscriber with its keys and everything that is its: the serving AAA server is told by an RTR."""
    before = show(change.connection, imsi)
    _check_revision(before, if_revision)
    tell_deregistered(change.connection, str(imsi), "the subscription has ended")
    change.connection.execute(delete(Subscriber).where(Subscriber.imsi == str(imsi)))
    change.record("subscriber.remove", str(imsi), before=described(before))


def changed_apns(change: Change, before: Account, action: str, if_revision: int | None = None) -> Account:
    """After the APNs of a subscriber have changed: count, record, and tell the serving AAA server by a PPR."""
    return _write(change, before, {}, action, if_revision)


def settings_named(connection: Connection, name: str) -> AlgorithmSettings:
    """The algorithm profile `name`; ProvisioningRefused when there is none."""
    found = read_settings(connection).get(name)
    if found is None:
        raise NotThere(f"there is no algorithm profile {name}; see them with: akadia profile list")
    return found


def card_keys(connection: Connection, read: KeysInput, profile: str) -> SubscriberKeys:
    """K and OPc of what was read, OP made OPc as the profile does it; ProvisioningRefused when it cannot."""
    settings = settings_named(connection, profile)
    if read.op is None:
        return SubscriberKeys(read.k, read.opc or Secret())
    try:
        return SubscriberKeys(read.k, derive_opc(settings, read.k, read.op))
    except EncodeError as error:
        raise ProvisioningRefused(f"profile {profile}: {error}; give such keys, or name another profile") from None


_SHOWN = (
    Subscriber.state,
    Subscriber.amf,
    Subscriber.seq,
    Subscriber.profile,
    Subscriber.k_check,
    Subscriber.opc_check,
    Subscriber.created,
    Subscriber.updated,
    Subscriber.revision,
    Subscriber.batch_id,
)


_PUSHED = frozenset({"apns", "msisdn"})
"""What of an account the AAA server has in Non-3GPP-User-Data (TS 29.273 §8.2.3.1)."""


def _sealed(change: Change, imsi: str, keys: SubscriberKeys, settings: AlgorithmSettings) -> dict[str, object]:
    lengths = key_lengths(settings)
    if len(keys.k) not in lengths.k or len(keys.opc) != lengths.opc:
        wanted = " or ".join(map(str, lengths.k))
        raise ProvisioningRefused(
            f"profile {settings.name} takes K of {wanted} octets and OPc of {lengths.opc}; give such keys"
        )
    return change.custodian.columns(imsi, keys, settings)


def _end_registration(connection: Connection, imsi: str) -> None:
    tell_deregistered(connection, imsi, "barred by the operator")
    forget(connection, imsi)


def _new_profile(connection: Connection, before: Account, wanted: Update) -> dict[str, object]:
    imsi, settings = before.profile.imsi, settings_named(connection, wanted.profile or "")
    if wanted.keys is None and _kept(settings) != _kept(settings_named(connection, before.algorithm_profile)):
        raise ProvisioningRefused(
            f"profile {settings.name} takes other keys than {before.algorithm_profile}; give the card's keys with it"
        )
    try:
        return columns_of_change(connection, str(imsi), settings) or {}
    except SequenceExhausted as error:
        raise ProvisioningRefused(f"{imsi} cannot have profile {settings.name}: {error}") from None


def _kept(settings: AlgorithmSettings) -> tuple[Custody, KeyLengths]:
    """Where K is, and how long keys are: a row that is sealed for one place opens at no other."""
    return settings.custody, key_lengths(settings)


def _write(change: Change, before: Account, values: dict[str, object], action: str, if_revision: int | None) -> Account:
    _check_revision(before, if_revision)
    imsi = before.profile.imsi
    counted = {"revision": before.revision + 1, "updated": func.current_timestamp()}
    row = update(Subscriber).where(Subscriber.imsi == str(imsi), Subscriber.revision == before.revision)
    if change.connection.execute(row.values(**values, **counted)).rowcount == 0:
        raise Conflict(f"subscriber {imsi} was changed meanwhile; look at it again")
    after = show(change.connection, imsi)
    was, now = differences(before, after)
    if "keys" in action or {"k", "opc"} & values.keys():
        now["keys"] = "replaced"
    if _PUSHED & was.keys() or "apn" in action:
        tell_profile_changed(change.connection, str(imsi))
    change.record(action, str(imsi), before=was, after=now)
    return after


def _check_revision(before: Account, if_revision: int | None) -> None:
    if if_revision is not None and if_revision != before.revision:
        imsi = before.profile.imsi
        raise Conflict(f"subscriber {imsi} is at revision {before.revision}, not {if_revision}; look at it again")


def _unknown(imsi: Imsi) -> NotThere:
    return NotThere(f"there is no subscriber {imsi}; see them with: akadia subscriber list")
