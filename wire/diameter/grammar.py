"""Command formats in the notation of RFC 6733 §3.2, and the check of a message against one (RFC 6733 §7.1.5)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import field

from wire.diameter.avp import FLAG_VENDOR, Avp, AvpFault
from wire.diameter.dictionary import AvpDefinition, Kind, by_code, by_name
from wire.diameter.enumerations import CLOSED_ENUMERATIONS
from wire.diameter.results import ResultCode
from wire.diameter.values import Value, decode, invalid, number_length, shortest
from wire.frozen import dataclass

DEEPEST_GROUP = 8
"""Groups in groups; TS 29.273 needs four."""

_RULE = re.compile(r"\s*(?:(?P<least>\d*)(?P<star>\*)(?P<most>\d*)\s*)?(?P<open>[<{\[])\s*(?P<name>[\w-]+)\s*[>}\]]")


@dataclass(frozen=True, slots=True)
class Rule:
    """How often one AVP may come; `most` None for any number of times.

    `free` when every value of it will do, `octets` the length at which every value will do, 0 where there is none.
    """

    definition: AvpDefinition
    least: int
    most: int | None
    free: bool = field(init=False)
    octets: int = field(init=False)

    def __post_init__(self) -> None:
        definition = self.definition
        closed = (definition.code, definition.vendor) in CLOSED_ENUMERATIONS
        object.__setattr__(self, "free", _is_free(definition))
        object.__setattr__(self, "octets", 0 if closed else number_length(definition))


class Grammar(dict[tuple[int, int], Rule]):
    """(code, vendor) to its rule; `needed` are the rules that want an AVP. It does not change once it is made.

    Every grammar of ours ends in `* [ AVP ]`, so what it does not name may come as well.
    """

    def __init__(self, rules: Mapping[tuple[int, int], Rule] | None = None) -> None:
        super().__init__(rules or {})
        self.needed = tuple(rule for rule in self.values() if rule.least)

    def __or__(self, more: Mapping[tuple[int, int], Rule]) -> "Grammar":  # type: ignore[override]
        """The rules of both; where both have one for an AVP, that of `more`."""
        return Grammar({**self, **more})


ANYTHING = Grammar()
"""What a group is of which no format is known."""


def grammar(text: str) -> Grammar:
    """The rules of a command or group format: `< Session-Id > { Origin-Host } * [ Proxy-Info ] 1* { Vendor-Id }`."""
    rules: dict[tuple[int, int], Rule] = {}
    at = 0
    while at < len(text.rstrip()):
        match = _RULE.match(text, at)
        if match is None:
            raise ValueError(f"no rule of a command format: {text[at:]!r}")
        at = match.end()
        if match["name"] != "AVP":
            definition = by_name(match["name"])
            rules[definition.code, definition.vendor] = Rule(definition, *_counts(match))
    return Grammar(rules)


def _counts(match: re.Match[str]) -> tuple[int, int | None]:
    optional = match["open"] == "["
    if not match["star"]:
        return (0 if optional else 1), 1
    least = int(match["least"]) if match["least"] else (0 if optional else 1)
    return least, int(match["most"]) if match["most"] else None


def check(rules: Grammar, avps: Iterable[Avp], *, groups: dict[tuple[int, int], Grammar], depth: int = 0) -> None:
    """AvpFault unless `avps` follow `rules`, and every group in them its own of `groups`.

    5001 for an AVP that nobody knows and whose M bit is set, 3009 for a V bit with vendor 0, 5009, 5005, and for
    values 5014 and 5004.
    """
    seen: dict[tuple[int, int], int] = {}
    for avp in avps:
        key = (avp.code, avp.vendor)
        count = seen[key] = seen.get(key, 0) + 1
        rule = rules.get(key)
        if rule is None:
            _check_unnamed(avp, groups=groups, depth=depth)
            continue
        if rule.most is not None and count > rule.most:
            reason = f"{rule.definition.name} comes more than {rule.most} times"
            raise AvpFault(avp.offset, reason, ResultCode.AVP_OCCURS_TOO_MANY_TIMES, (avp,))
        plain = rule.free or len(avp.data) == rule.octets != 0
        if not plain or (avp.flags & FLAG_VENDOR and not avp.vendor):
            _check_value(rule.definition, avp, groups=groups, depth=depth)
    for rule in rules.needed:
        definition = rule.definition
        if seen.get((definition.code, definition.vendor), 0) < rule.least:
            raise AvpFault(0, f"{definition.name} is missing", ResultCode.MISSING_AVP, (shortest(definition),))


def _check_unnamed(avp: Avp, *, groups: dict[tuple[int, int], Grammar], depth: int) -> None:
    definition = by_code(avp.code, avp.vendor)
    if definition is None:
        _check_unknown(avp)
    else:
        _check_value(definition, avp, groups=groups, depth=depth)


def _is_free(definition: AvpDefinition) -> bool:
    return definition.kind is Kind.OCTET_STRING or definition.name == "Failed-AVP"


def _check_unknown(avp: Avp) -> None:
    if avp.flags & FLAG_VENDOR and avp.vendor == 0:
        reason = f"AVP {avp.code} has the V bit and vendor 0"
        raise AvpFault(avp.offset, reason, ResultCode.INVALID_AVP_BITS, (avp,))
    if avp.mandatory:
        reason = f"AVP {avp.code} of vendor {avp.vendor} is mandatory and unknown"
        raise AvpFault(avp.offset, reason, ResultCode.AVP_UNSUPPORTED, (avp,))


def _check_value(definition: AvpDefinition, avp: Avp, *, groups: dict[tuple[int, int], Grammar], depth: int) -> None:
    key = (avp.code, avp.vendor)
    if avp.flags & FLAG_VENDOR and avp.vendor == 0:
        reason = f"{definition.name} has the V bit and vendor 0"
        raise AvpFault(avp.offset, reason, ResultCode.INVALID_AVP_BITS, (avp,))
    if _is_free(definition):
        return
    value: Value = decode(definition, avp)
    if definition.kind is Kind.GROUPED and isinstance(value, tuple):
        _check_group(definition, avp, value, groups=groups, depth=depth)
    elif key in CLOSED_ENUMERATIONS and value not in CLOSED_ENUMERATIONS[key]:
        raise invalid(definition, avp, f"{value!r} is not one of its values")


def _check_group(
    definition: AvpDefinition,
    avp: Avp,
    children: tuple[Avp, ...],
    *,
    groups: dict[tuple[int, int], Grammar],
    depth: int,
) -> None:
    if depth == DEEPEST_GROUP:
        raise invalid(definition, Avp(avp.code, avp.vendor, avp.flags, b"", avp.offset), "groups nested too deeply")
    try:
        check(groups.get((avp.code, avp.vendor), ANYTHING), children, groups=groups, depth=depth + 1)
    except AvpFault as fault:
        # RFC 6733 §4.4: inside a group without the M bit a mandatory AVP may stay unknown
        if fault.result is ResultCode.AVP_UNSUPPORTED and not avp.mandatory:
            return
        raise
