from tests.wire.diameter.foreign import plain, tree
from tests.wire.diameter.samples import SWM_DEA, SWM_DER, numbered
from wire.diameter.swm import AAR, DEA, DER


def test_python_diameter_reads_a_der_of_swm() -> None:
    avps = dict(tree(plain(numbered(SWM_DER.message()).build()).avps))
    assert avps["Auth-Application-Id"] == 16777264
    assert (avps["Service-Selection"], avps["RAT-Type"], avps["Emergency-Services"]) == ("ims", 0, 1)
    assert avps["Visited-Network-Identifier"] == b"mnc001.mcc001.3gppnetwork.org"
    assert avps["UE-Local-IP-Address"] == (1, "127.0.0.10")


def test_python_diameter_reads_every_apn_of_a_dea() -> None:
    avps = tree(plain(SWM_DEA.message(numbered(SWM_DER.message())).build()).avps)
    names = [dict(value)["Service-Selection"] for name, value in avps if name == "APN-Configuration"]  # type: ignore[call-overload]
    assert names == ["internet", "ims"]
    assert dict(avps)["AMBR"] == [("Max-Requested-Bandwidth-UL", 3_000_000), ("Max-Requested-Bandwidth-DL", 4_000_000)]


def test_swm_has_what_an_epdg_needs() -> None:
    assert {(462, 0), (1538, 10415), (621, 0)} <= set(DER)
    assert (487, 0) not in DER
    assert DEA[1430, 10415].most is None
    assert (1539, 10415) in AAR
