from wire.diameter.dictionary import Kind, by_code
from wire.diameter.enumerations import CLOSED_ENUMERATIONS, Mip6FeatureVector, ServerAssignmentType


def test_closed_enumerations_are_enumerated_avps() -> None:
    assert len(CLOSED_ENUMERATIONS) >= 10
    for code, vendor in CLOSED_ENUMERATIONS:
        definition = by_code(code, vendor)
        assert definition is not None
        assert definition.kind is Kind.ENUMERATED


def test_server_assignment_types_are_those_of_ts_29_229() -> None:
    assert CLOSED_ENUMERATIONS[614, 10415] == frozenset(range(15))
    assert ServerAssignmentType(13) is ServerAssignmentType.PGW_UPDATE


def test_feature_bits_are_combined() -> None:
    both = Mip6FeatureVector.MIP6_INTEGRATED | Mip6FeatureVector.IP4_HOA_SUPPORTED
    assert int(both) == 0x0000020000000001
