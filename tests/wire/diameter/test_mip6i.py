import pytest

from tests.wire.diameter.foreign import plain, tree
from tests.wire.diameter.samples import MIP6I_DEA, MIP6I_DER, numbered
from wire.diameter.avp import AvpFault
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.diameter.mip6i import DEA, DER


def test_python_diameter_reads_a_der_of_mip6i() -> None:
    avps = tree(plain(numbered(MIP6I_DER.message()).build()).avps)
    assert dict(avps)["Auth-Application-Id"] == 7
    assert [value for name, value in avps if name == "MIP-Mobile-Node-Address"] == [
        (2, "2001:db8:1::10"),
        (1, "192.0.2.10"),
    ]


def test_python_diameter_reads_the_home_address_of_a_dea() -> None:
    avps = dict(tree(plain(MIP6I_DEA.message(numbered(MIP6I_DER.message())).build()).avps))
    assert (avps["MIP-Mobile-Node-Address"], avps["Service-Selection"]) == ((2, "2001:db8:1::10"), "internet")


@pytest.mark.parametrize("rules", [DER, DEA])
def test_a_mobile_node_has_two_addresses_at_most(rules: object) -> None:
    rule = (DER if rules is DER else DEA)[333, 0]
    assert rule.most == 2


def test_a_third_address_is_5009() -> None:
    address = MIP6I_DER.to_avps()[-1]
    with pytest.raises(AvpFault) as caught:
        check(DER, (*MIP6I_DER.to_avps(), address), groups=GROUPS)
    assert caught.value.result == 5009
