"""A row becomes a subscriber to be: every value checked, every secret column opened, OP turned into OPc."""

import hmac
from collections.abc import Callable
from collections.abc import Mapping as Map
from dataclasses import dataclass
from functools import lru_cache

from hss.algorithms import AlgorithmSettings, derive_opc, key_lengths
from hss.api import ApnProfile, PdnType
from hss.auc import SubscriberKeys
from hss.keys.custody import key_check
from hss.provisioning.apns import ApnRefused, apn_profiles
from hss.provisioning.importing.causes import Cause, RowRefused
from hss.provisioning.importing.keys_source import KeyMissing
from hss.provisioning.importing.mapping import SECRET_COLUMNS, Constants, Mapping, MappingRefused
from hss.provisioning.importing.transport import TransportKey, TransportRefused
from wire.identity import Imsi
from wire.secret import Secret

_PDN_TYPES = {
    "ipv4": PdnType.IPV4,
    "ipv6": PdnType.IPV6,
    "ipv4v6": PdnType.IPV4V6,
    "ipv4-or-ipv6": PdnType.IPV4_OR_IPV6,
}


@dataclass(frozen=True, slots=True)
class NewRow:
    """A subscriber to be, out of line `line`."""

    line: int
    imsi: str
    keys: SubscriberKeys
    amf: int
    msisdn: str | None
    settings: AlgorithmSettings
    apns: tuple[ApnProfile, ...]


class RowReader:
    """Makes subscribers of a file's values. MappingRefused when the mapping's keys or constants are of no use."""

    def __init__(
        self, mapping: Mapping, settings: Map[str, AlgorithmSettings], environment: Map[str, str], default_apn: str
    ) -> None:
        config = mapping.config
        self._settings = settings
        self._columns = config.columns.named()
        self._imsi_length = config.imsi_length
        self._swapped = config.columns.imsi.nibble_swapped
        self._constants = config.constants
        if config.constants.profile not in settings:
            raise MappingRefused(f"mapping {mapping.name}: there is no algorithm profile {config.constants.profile}")
        self._amf = int(config.constants.amf, 16)
        self._apns = _apn_reader(config.constants, config.apn_separator, default_apn)
        try:
            self._transport = {
                name: TransportKey(found, found.read(environment), f"mapping {mapping.name}, transport key {name}")
                for name, found in config.transport_keys.items()
            }
            self._shared_op = config.shared_op.read(environment) if config.shared_op is not None else None
        except (KeyMissing, TransportRefused) as error:
            raise MappingRefused(str(error)) from None

    def imsi(self, values: Map[str, str]) -> str:
        """The IMSI of a row, leading zeros and all; RowRefused when it is none."""
        text = _unswapped(values["imsi"]) if self._swapped else values["imsi"]
        try:
            Imsi(text)
        except ValueError:
            raise RowRefused(Cause.IMSI, "the IMSI is not 6 to 15 digits") from None
        if self._imsi_length is not None and len(text) != self._imsi_length:
            lost = "a spreadsheet may have dropped leading zeros"
            raise RowRefused(Cause.IMSI, f"the IMSI has {len(text)} digits instead of {self._imsi_length}: {lost}")
        return text

    def row(self, line: int, imsi: str, values: Map[str, str]) -> NewRow:
        """The subscriber that the row describes; RowRefused names what is wrong with it."""
        settings = self._profile(values.get("profile"))
        k = self._key("k", values.get("k", ""))
        lengths = key_lengths(settings)
        if len(k) not in lengths.k:
            takes = " or ".join(map(str, lengths.k))
            raise RowRefused(Cause.KEY_LENGTH, f"K has {len(k)} octets; {settings.algorithm.value} takes {takes}")
        opc = self._opc(values, k, settings, lengths.opc)
        _check_value("K", k, values.get("k_check"))
        _check_value("OPc", opc, values.get("opc_check"))
        return NewRow(
            line=line,
            imsi=imsi,
            keys=SubscriberKeys(k, opc),
            amf=_amf(values.get("amf"), self._amf),
            msisdn=_msisdn(values.get("msisdn")),
            settings=settings,
            apns=self._apns(values.get("apn", "")),
        )

    def _profile(self, name: str | None) -> AlgorithmSettings:
        found = self._settings.get(name or self._constants.profile)
        if found is None:
            raise RowRefused(Cause.PROFILE, "the row names an algorithm profile that is not there; make it first")
        return found

    def _key(self, name: str, text: str) -> Secret:
        label = _LABELS[name]
        if not text:
            raise RowRefused(Cause.KEY_FORM, f"{label} is missing")
        try:
            octets = Secret.fromhex(text)
        except ValueError:
            raise RowRefused(Cause.KEY_FORM, f"{label} is not hex") from None
        key = self._columns[name].transport_key
        return self._transport[key].open(octets) if key else octets

    def _opc(self, values: Map[str, str], k: Secret, settings: AlgorithmSettings, length: int) -> Secret:
        op = self._key("op", values["op"]) if values.get("op") else self._shared_op
        opc = self._key("opc", values["opc"]) if values.get("opc") else None
        if opc is None and op is None:
            raise RowRefused(Cause.OPC, "the row has neither OPc nor OP")
        for label, octets in (("OP", op), ("OPc", opc)):
            if octets is not None and len(octets) != length:
                raise RowRefused(Cause.KEY_LENGTH, f"{label} has {len(octets)} octets instead of {length}")
        if op is None:
            return opc or Secret()
        derived = derive_opc(settings, k, op)
        if opc is not None and not hmac.compare_digest(opc, derived):
            raise RowRefused(Cause.OPC, "OPc is not that of OP and K: one column is misnamed, or a transport key wrong")
        return derived


_LABELS = dict(zip(SECRET_COLUMNS, ("K", "OP", "OPc"), strict=True))


def _unswapped(text: str) -> str:
    """The digits out of EF_IMSI, with its length octet or without (TS 31.102 §4.2.2)."""
    octets = text[2:] if len(text) % 2 == 0 and len(text) > 16 else text
    digits = "".join(octets[at + 1 : at + 2] + octets[at] for at in range(0, len(octets), 2))
    # the first digit holds parity and type of identity, the last may be filling (TS 24.008 §10.5.1.4)
    return digits[1:].rstrip("fF") if digits[:1] in {"1", "9"} else ""


def _check_value(label: str, key: Secret, text: str | None) -> None:
    """RowRefused when `text` is another check value than that of `key`; without one, nothing."""
    if text and text.lower() != key_check(key).hex():
        raise RowRefused(Cause.CHECK_VALUE, f"{label} has another check value: the transport key may be another")


def _amf(text: str | None, default: int) -> int:
    if not text:
        return default
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        octets = b""
    if len(octets) != 2:
        raise RowRefused(Cause.AMF, "AMF is not 4 hex digits")
    return int.from_bytes(octets, "big")


def _msisdn(text: str | None) -> str | None:
    digits = (text or "").removeprefix("+")
    if digits and not (digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 15):
        raise RowRefused(Cause.MSISDN, "the MSISDN is not 5 to 15 digits")
    return digits or None


def _apn_reader(constants: Constants, separator: str, default: str) -> Callable[[str], tuple[ApnProfile, ...]]:
    pdn_type = _PDN_TYPES[constants.pdn_type]
    usual = constants.apn or (default,)

    # most rows name the same few
    @lru_cache(maxsize=1024)
    def read(text: str) -> tuple[ApnProfile, ...]:
        names = [name for name in text.split(separator) if name] or usual
        try:
            return apn_profiles(names, pdn_type=pdn_type, ambr=None)
        except ApnRefused:
            raise RowRefused(Cause.APN, "an APN is no name such as internet, or there twice") from None

    return read
