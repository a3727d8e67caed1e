"""Application-Ids in AVPs against that of the header, and one in each group of them (RFC 6733 §6.8, §6.9, §6.11)."""

from collections.abc import Mapping

from wire.diameter.avp import Avp, AvpFault
from wire.diameter.dictionary import by_name, key_of
from wire.diameter.results import ResultCode
from wire.diameter.values import shortest

_AUTH, _ACCT = key_of("Auth-Application-Id"), key_of("Acct-Application-Id")
_VENDOR_SPECIFIC = key_of("Vendor-Specific-Application-Id")


def check_application_ids(application: int, firsts: Mapping[tuple[int, int], Avp]) -> None:
    """AvpFault 5004 where an AVP of a request names another application than its header, which is `application`.

    5009 and 5005 for a Vendor-Specific-Application-Id, as `application_of`.
    """
    for key in (_AUTH, _ACCT):
        if key in firsts:
            _compare(application, firsts[key], firsts[key])
    group = firsts.get(_VENDOR_SPECIFIC)
    if group is not None:
        _compare(application, application_of(group), group)


def application_of(group: Avp) -> Avp:
    """The one Application-Id in a Vendor-Specific-Application-Id; AvpFault 5009 where it has both, 5005 for none."""
    named = [avp for avp in group.children if (avp.code, avp.vendor) in (_AUTH, _ACCT)]
    if len(named) > 1:
        reason = "Vendor-Specific-Application-Id names two applications"
        raise AvpFault(group.offset, reason, ResultCode.AVP_OCCURS_TOO_MANY_TIMES, tuple(named))
    if not named:
        examples = (shortest(by_name("Auth-Application-Id")), shortest(by_name("Acct-Application-Id")))
        reason = "Vendor-Specific-Application-Id names no application"
        raise AvpFault(group.offset, reason, ResultCode.MISSING_AVP, examples)
    return named[0]


def _compare(application: int, named: Avp, offending: Avp) -> None:
    number = int.from_bytes(named.data, "big")
    if number != application:
        reason = f"application {number} in a request of application {application}"
        raise AvpFault(offending.offset, reason, ResultCode.INVALID_AVP_VALUE, (offending,))
