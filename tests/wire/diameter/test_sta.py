from tests.wire.diameter.foreign import plain, tree
from tests.wire.diameter.samples import STA_DEA, STA_DER, numbered
from wire.diameter.sta import DEA, DER


def test_python_diameter_reads_a_der_of_sta() -> None:
    avps = dict(tree(plain(numbered(STA_DER.message()).build()).avps))
    assert avps["Auth-Application-Id"] == 16777250
    assert avps["Calling-Station-Id"] == "00-10-A4-23-19-C0"
    assert (avps["RAT-Type"], avps["MIP6-Feature-Vector"]) == (0, 1)


def test_python_diameter_reads_how_far_a_network_is_trusted() -> None:
    avps = dict(tree(plain(STA_DEA.message(numbered(STA_DER.message())).build()).avps))
    assert (avps["AN-Trusted"], avps["Context-Identifier"]) == (0, 1)


def test_sta_has_what_a_trusted_network_says() -> None:
    assert {(1504, 10415), (1520, 10415), (1509, 10415)} <= set(DER)
    assert DER[1531, 10415].most == 2
    assert {(1503, 10415), (1521, 10415), (1535, 10415)} <= set(DEA)
