"""What the HSS asks of the AAA server: RTR and PPR (TS 29.273 §8.1.2.3)."""

from runtime.diameter.settings import Handler
from runtime.logs import get_logger
from wire.diameter.avp import AvpFault
from wire.diameter.command import ExperimentalResult, Identity
from wire.diameter.commands import name_of
from wire.diameter.message import Message
from wire.diameter.results import ExperimentalResultCode, ResultCode
from wire.diameter.swx import (
    PushProfileAnswer,
    PushProfileRequest,
    RegistrationTerminationAnswer,
    RegistrationTerminationRequest,
    SwxCommand,
)

log = get_logger("aaa.swx")


def swx_requests(identity: Identity) -> Handler:
    """Answers USER_UNKNOWN: once a user is authenticated, this AAA server keeps nothing of him that could be ended."""

    async def serve(peer: str, message: Message) -> Message:
        request, kind = _read(message)
        log.info("nothing kept of this user", command=name_of(message), imsi=request.user_name, peer=peer)
        answer = kind(
            session_id=request.session_id,
            origin_host=identity.origin_host,
            origin_realm=identity.origin_realm,
            experimental_result=ExperimentalResult(code=ExperimentalResultCode.USER_UNKNOWN),
        )
        return answer.message(message)

    return serve


def _read(
    message: Message,
) -> tuple[
    RegistrationTerminationRequest | PushProfileRequest, type[RegistrationTerminationAnswer] | type[PushProfileAnswer]
]:
    match message.command:
        case SwxCommand.REGISTRATION_TERMINATION:
            return RegistrationTerminationRequest.parse(message), RegistrationTerminationAnswer
        case SwxCommand.PUSH_PROFILE:
            return PushProfileRequest.parse(message), PushProfileAnswer
        case _:
            raise AvpFault(5, f"no AAA server serves command {message.command}", ResultCode.COMMAND_UNSUPPORTED)
