"""Domain names that the 3GPP derives from a PLMN (TS 23.003 §14.2, §19.2, §21.2)."""

import re
from dataclasses import dataclass

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Plmn:
    """A network: `mcc` 3 digits, `mnc` 2 or 3 digits as its operator writes it (TS 23.003 §2.2)."""

    mcc: str
    mnc: str

    def __post_init__(self) -> None:
        if not (_is_digits(self.mcc) and len(self.mcc) == 3):
            raise ValueError("an MCC has 3 digits")
        if not (_is_digits(self.mnc) and len(self.mnc) in (2, 3)):
            raise ValueError("an MNC has 2 or 3 digits")

    @property
    def mnc3(self) -> str:
        """The MNC as domain names carry it: 2 digits are padded with one 0 on the left (TS 23.003 §14.2)."""
        return self.mnc.rjust(3, "0")


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def visited_network(plmn: Plmn) -> str:
    """The Visited-Network-Identifier of `plmn` (TS 29.273 §9.2.3.1.2)."""
    return f"mnc{plmn.mnc3}.mcc{plmn.mcc}.3gppnetwork.org"


def epc_realm(plmn: Plmn) -> str:
    """The realm of the network's Diameter nodes (TS 23.003 §19.2)."""
    return f"epc.{visited_network(plmn)}"


def nai_realm(plmn: Plmn) -> str:
    """The realm of a user's NAI towards the EPC (TS 23.003 §19.3)."""
    return f"nai.{epc_realm(plmn)}"


def wlan_realm(plmn: Plmn) -> str:
    """The realm of a user's NAI in an interworking WLAN (TS 23.003 §14.2)."""
    return f"wlan.{visited_network(plmn)}"


def ha_apn_name(network_identifier: str, plmn: Plmn) -> str:
    """The name by which a UE finds its PDN GW for `network_identifier` (TS 23.003 §21.2).

    ValueError unless `network_identifier` is one or more DNS labels.
    """
    lowered = network_identifier.lower()
    if not all(_LABEL.fullmatch(label) for label in lowered.split(".")):
        raise ValueError("an APN network identifier is one or more DNS labels")
    if "ha-apn." in lowered or "w-apn." in lowered or lowered.endswith(".3gppnetwork.org"):
        raise ValueError("an APN network identifier holds no part of an operator identifier")
    return f"{network_identifier}.ha-apn.mnc{plmn.mnc3}.mcc{plmn.mcc}.pub.3gppnetwork.org"
