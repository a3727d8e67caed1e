"""What an operator does with the APNs of one subscriber; the serving AAA server is told by a PPR."""

from dataclasses import replace

from hss.api import ApnProfile
from hss.provisioning.apn_rows import add_apn, change_apn, make_default, next_context_id, remove_apn
from hss.provisioning.change import Change, NotThere, ProvisioningRefused
from hss.provisioning.description import Account
from hss.provisioning.subscribers import changed_apns, show
from wire.identity import Imsi


def add(change: Change, imsi: Imsi, apn: ApnProfile, *, default: bool, if_revision: int | None = None) -> Account:
    """Add an APN, as the default if `default` or if it is the only one; its Context-Identifier is chosen here."""
    before = show(change.connection, imsi)
    if any(one.name == apn.name for one in before.profile.apns):
        raise ProvisioningRefused(f"subscriber {imsi} has APN {apn.name} already; use: akadia apn update")
    chosen = replace(apn, context_id=next_context_id(change.connection, str(imsi)))
    add_apn(change.connection, str(imsi), chosen, is_default=False)
    if default or not before.profile.apns:
        make_default(change.connection, str(imsi), chosen.context_id)
    return changed_apns(change, before, "apn.add", if_revision)


def update(change: Change, imsi: Imsi, apn: ApnProfile, if_revision: int | None = None) -> Account:
    """Give the APN of this name the values of `apn`."""
    before = show(change.connection, imsi)
    change_apn(change.connection, str(imsi), replace(apn, context_id=_named(before, apn.name).context_id))
    return changed_apns(change, before, "apn.update", if_revision)


def remove(change: Change, imsi: Imsi, name: str, if_revision: int | None = None) -> Account:
    """Take an APN away; ProvisioningRefused for the default one while there are others."""
    before = show(change.connection, imsi)
    apn = _named(before, name)
    if apn.context_id == before.profile.default_context_id and len(before.profile.apns) > 1:
        raise ProvisioningRefused(f"APN {name} is the default; first: akadia apn set-default {imsi} ANOTHER")
    remove_apn(change.connection, str(imsi), apn.context_id)
    return changed_apns(change, before, "apn.remove", if_revision)


def set_default(change: Change, imsi: Imsi, name: str, if_revision: int | None = None) -> Account:
    """Let this APN be the default one."""
    before = show(change.connection, imsi)
    make_default(change.connection, str(imsi), _named(before, name).context_id)
    return changed_apns(change, before, "apn.set-default", if_revision)


def _named(account: Account, name: str) -> ApnProfile:
    found = next((apn for apn in account.profile.apns if apn.name == name.lower()), None)
    if found is None:
        names = ", ".join(apn.name for apn in account.profile.apns) or "none"
        raise NotThere(f"subscriber {account.profile.imsi} has no APN {name}; it has {names}")
    return found
