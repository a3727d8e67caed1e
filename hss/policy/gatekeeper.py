"""Stands before every face of the HSS: judges each request by its peer's policy, or learns from it."""

from collections.abc import Callable, Mapping

from hss.metrics import POLICY_REFUSALS
from hss.policy.asking import asked
from hss.policy.learning import Learning
from hss.policy.rules import RESULTS, PeerPolicies
from hss.service import VECTORS_MAX
from hss.telling.routes import Routes
from runtime.diameter.settings import Handler
from wire.diameter.avp import AvpFault
from wire.diameter.message import Message
from wire.diameter.results import ResultCode


class Gatekeeper:
    """`serve` is a handler for `runtime.diameter.server.DiameterServer`.

    `faces` has the handler of each application. With `learning` nothing is refused by a policy. `clock` is in seconds
    and only rises; `routes` learn through whom a node is reached.
    """

    def __init__(
        self,
        faces: Mapping[int, Handler],
        policies: PeerPolicies,
        *,
        learning: Learning | None,
        routes: Routes,
        clock: Callable[[], float],
        vectors_max: int = VECTORS_MAX,
    ) -> None:
        self._faces = faces
        self._policies = policies
        self._learning = learning
        self._routes = routes
        self._clock = clock
        self._vectors_max = vectors_max

    async def serve(self, peer: str, message: Message) -> Message:
        """The answer of the application's face; AvpFault 5003 or 3004 for what the policy refuses."""
        face = self._faces.get(message.application)
        if face is None:
            reason = f"the HSS serves no command {message.command} of application {message.application}"
            raise AvpFault(5, reason, ResultCode.COMMAND_UNSUPPORTED)
        self._routes.learn(peer, message)
        if self._learning is not None:
            self._learning.note(peer, asked(message, self._vectors_max), self._clock())
        elif self._policies.limits(peer):
            self._judge(peer, message)
        return await face(peer, message)

    def _judge(self, peer: str, message: Message) -> None:
        violation = self._policies.judge(peer, asked(message, self._vectors_max), self._clock())
        if violation is not None:
            POLICY_REFUSALS.count(peer, violation.cause.value)
            raise AvpFault(0, violation.reason, RESULTS[violation.cause])
