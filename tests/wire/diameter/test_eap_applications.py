import pytest

from tests.wire.diameter.samples import EAP_DER, MIP6I_DER, S6B_DER, STA_DER, SWM_DER
from wire.diameter.commands import SESSION_APPLICATIONS
from wire.diameter.eap import DiameterEapRequest
from wire.diameter.eap_applications import ANSWERS, REQUESTS, read_eap_request


@pytest.mark.parametrize("der", [EAP_DER, MIP6I_DER, S6B_DER, SWM_DER, STA_DER], ids=lambda d: type(d).__name__)
def test_a_der_is_read_as_its_application_defines_it(der: DiameterEapRequest) -> None:
    read = read_eap_request(der.message())
    assert type(read) is type(der)
    assert read == der


def test_every_application_with_sessions_has_both_halves() -> None:
    assert set(REQUESTS) == set(ANSWERS) == set(SESSION_APPLICATIONS)
    assert all(kind(session_id="s", origin_host="h", origin_realm="r", destination_realm="d", eap_payload=b"")
               .header_application == application for application, kind in REQUESTS.items())  # fmt: skip
