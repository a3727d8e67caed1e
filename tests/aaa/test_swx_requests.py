"""RTR and PPR are answered: this AAA server keeps nothing of a user that it has authenticated."""

import pytest
from structlog.testing import capture_logs

from aaa.swx_requests import swx_requests
from tests.wire.diameter.samples import MAR, PPR, RTR, numbered
from wire.diameter.admission import check_answer
from wire.diameter.avp import AvpFault
from wire.diameter.command import Identity
from wire.diameter.message import Message
from wire.diameter.swx import PushProfileRequest, RegistrationTerminationAnswer, RegistrationTerminationRequest

AAA = Identity("aaa.example", "example")


@pytest.mark.parametrize(("request_", "command"), [(RTR, "RTR"), (PPR, "PPR")])
async def test_user_is_not_known(request_: RegistrationTerminationRequest | PushProfileRequest, command: str) -> None:
    message = numbered(request_.message())
    with capture_logs() as lines:
        answer = Message.parse((await swx_requests(AAA)("hss", message)).build())
    check_answer(answer)
    assert (answer.command, answer.hop_by_hop) == (message.command, message.hop_by_hop)
    read = RegistrationTerminationAnswer.parse(answer)
    assert (read.result, read.origin_host) == ("5001 USER_UNKNOWN (3GPP)", "aaa.example")
    (line,) = lines
    assert (line["log_level"], line["command"], line["imsi"]) == ("info", command, RTR.user_name)


async def test_nothing_else_is_served() -> None:
    with pytest.raises(AvpFault) as caught:
        await swx_requests(AAA)("hss", MAR.message())
    assert caught.value.result == 3001
