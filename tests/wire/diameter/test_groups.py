import pytest

from tests.wire.diameter.samples import APN, SAA
from wire.diameter.avp import AvpFault
from wire.diameter.dictionary import Kind, by_code
from wire.diameter.grammar import ANYTHING, check
from wire.diameter.groups import GROUPS
from wire.diameter.results import ResultCode
from wire.diameter.values import make


def test_every_format_is_of_a_grouped_avp() -> None:
    assert len(GROUPS) >= 15
    for code, vendor in GROUPS:
        definition = by_code(code, vendor)
        assert definition is not None
        assert definition.kind is Kind.GROUPED


def test_the_profile_of_a_subscription_passes() -> None:
    check(ANYTHING, SAA.to_avps(), groups=GROUPS)


def test_an_apn_without_its_name_is_5005() -> None:
    children = tuple(avp for avp in APN.to_avps() if avp.code != 493)
    with pytest.raises(AvpFault) as caught:
        check(ANYTHING, (make("APN-Configuration", children),), groups=GROUPS)
    assert caught.value.result is ResultCode.MISSING_AVP
    assert caught.value.failed[0].code == 493
