"""Command formats in the notation of RFC 6733 §3.2, and the check of a message against one (RFC 6733 §7.1.5)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from wire.diameter.avp import FLAG_VENDOR, Avp, AvpFault
from wire.diameter.dictionary import AvpDefinition, Kind, by_code, by_name
from wire.diameter.enumerations import CLOSED_ENUMERATIONS
from wire.diameter.results import ResultCode
from wire.diameter.values import Value, decode, decoder, encode, invalid, number_length, shortest
from wire.frozen import dataclass

DEEPEST_GROUP = 8
"""Groups in groups; TS 29.273 needs four."""

_RULE = re.compile(r"\s*(?:(?P<least>\d*)(?P<star>\*)(?P<most>\d*)\s*)?(?P<open>[<{\[])\s*(?P<name>[\w-]+)\s*[>}\]]")


@dataclass(frozen=True, slots=True)
class Rule:
    """Whether one AVP has to come, and how often it may; `most` None for any number of times.

    `octets` is the length at which every value will do, 0 where there is none. `read` says by an AvpFault which value
    will not do; it is None where every value will (`free`), and where it is one of `closed` or `_check_value` has more
    to ask.
    """

    definition: AvpDefinition
    needed: bool
    most: int | None
    free: bool = field(init=False)
    octets: int = field(init=False)
    closed: frozenset[bytes] = field(init=False)
    read: Callable[[Avp], Value] | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        definition = self.definition
        free, members = _is_free(definition), CLOSED_ENUMERATIONS.get((definition.code, definition.vendor), ())
        plain = not (free or members or definition.kind is Kind.GROUPED)
        object.__setattr__(self, "closed", frozenset(encode(definition, member) for member in members))
        object.__setattr__(self, "free", free)
        object.__setattr__(self, "octets", number_length(definition) if plain else 0)
        object.__setattr__(self, "read", decoder(definition) if plain else None)


class Grammar(dict[tuple[int, int], Rule]):
    """(code, vendor) to its rule; `needed` are those that have to come. It does not change once it is made.

    Every grammar of ours ends in `* [ AVP ]`, so what it does not name may come as well.
    """

    def __init__(self, rules: Mapping[tuple[int, int], Rule] | None = None) -> None:
        super().__init__(rules or {})
        self.needed = frozenset(key for key, rule in self.items() if rule.needed)

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


def _counts(match: re.Match[str]) -> tuple[bool, int | None]:
    needed = match["open"] != "["
    if not match["star"]:
        return needed, 1
    least = int(match["least"] or needed)
    if least > 1:
        raise ValueError(f"no command of ours wants an AVP {least} times: {match[0]}")
    return bool(least), int(match["most"]) if match["most"] else None


def check(
    rules: Grammar,
    avps: Sequence[Avp],
    *,
    groups: dict[tuple[int, int], Grammar],
    firsts: Mapping[tuple[int, int], Avp] | None = None,
    depth: int = 0,
) -> None:
    """AvpFault unless `avps` follow `rules`, and every group in them its own of `groups`.

    5001 for an AVP that nobody knows and whose M bit is set, 3009 for a V bit with vendor 0, 5009, 5005, and for
    values 5014 and 5004. `firsts` are the `avps` by (code, vendor), where the caller has them so.
    """
    present = {(avp.code, avp.vendor): avp for avp in avps} if firsts is None else firsts
    # most messages have none twice, and need not be counted
    counts: dict[tuple[int, int], int] | None = {} if len(present) < len(avps) else None
    for avp in avps:
        rule = rules.get((avp.code, avp.vendor))
        if rule is None:
            _check_unnamed(avp, groups=groups, depth=depth)
            continue
        if counts is not None:
            _count(counts, rule, avp)
        if avp.flags & FLAG_VENDOR and not avp.vendor:
            raise _bad_bits(rule.definition.name, avp)
        if rule.read is None:
            if not rule.free and avp.data not in rule.closed:
                _check_value(rule.definition, avp, groups=groups, depth=depth)
        elif len(avp.data) != rule.octets:
            rule.read(avp)
    if not rules.needed <= present.keys():
        definition = next(rule.definition for key, rule in rules.items() if rule.needed and key not in present)
        raise AvpFault(0, f"{definition.name} is missing", ResultCode.MISSING_AVP, (shortest(definition),))


def _count(counts: dict[tuple[int, int], int], rule: Rule, avp: Avp) -> None:
    key = (avp.code, avp.vendor)
    counts[key] = counts.get(key, 0) + 1
    if rule.most is not None and counts[key] > rule.most:
        reason = f"{rule.definition.name} comes more than {rule.most} times"
        raise AvpFault(avp.offset, reason, ResultCode.AVP_OCCURS_TOO_MANY_TIMES, (avp,))


def _check_unnamed(avp: Avp, *, groups: dict[tuple[int, int], Grammar], depth: int) -> None:
    definition = by_code(avp.code, avp.vendor)
    if definition is None:
        _check_unknown(avp)
    else:
        _check_value(definition, avp, groups=groups, depth=depth)


def _is_free(definition: AvpDefinition) -> bool:
    return definition.kind is Kind.OCTET_STRING or definition.name == "Failed-AVP"


def _check_unknown(avp: Avp) -> None:
    if avp.flags & FLAG_VENDOR and not avp.vendor:
        raise _bad_bits(f"AVP {avp.code}", avp)
    if avp.mandatory:
        reason = f"AVP {avp.code} of vendor {avp.vendor} is mandatory and unknown"
        raise AvpFault(avp.offset, reason, ResultCode.AVP_UNSUPPORTED, (avp,))


def _bad_bits(name: str, avp: Avp) -> AvpFault:
    return AvpFault(avp.offset, f"{name} has the V bit and vendor 0", ResultCode.INVALID_AVP_BITS, (avp,))


def _check_value(definition: AvpDefinition, avp: Avp, *, groups: dict[tuple[int, int], Grammar], depth: int) -> None:
    key = (avp.code, avp.vendor)
    if avp.flags & FLAG_VENDOR and not avp.vendor:
        raise _bad_bits(definition.name, avp)
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
