"""/v1/subscribers/{imsi}/vectors: authentication vectors, for whoever has the role of their own."""

from typing import Annotated

from fastapi import APIRouter, Depends

from hss.api import AuthenticationCentre, VectorRequest
from hss.provisioning.tokens import Role
from hss.rest.access import needs
from hss.rest.answers import VectorAnswer, VectorsAnswer
from hss.rest.bodies import EapAkaPrimeVectors, EutranVectors, VectorBody
from hss.rest.gate import Visitor
from hss.rest.problems import documented
from hss.rest.subscribers import ImsiInPath
from wire.aka.vector import AuthVector, EpsVector
from wire.identity import EapMethod, Imsi

_METHODS = {"eap-aka": EapMethod.AKA, "eap-aka-prime": EapMethod.AKA_PRIME}


def routes(centre: AuthenticationCentre) -> APIRouter:
    """The route on this `centre`."""
    router = APIRouter(tags=["vectors"])

    @router.post("/v1/subscribers/{imsi}/vectors", responses=documented(404, 409, 422))
    async def get_vectors(
        imsi: ImsiInPath, body: VectorBody, visitor: Annotated[Visitor, Depends(needs(Role.VECTORS))]
    ) -> VectorsAnswer:
        """Vectors, each with an SQN that was never used before; with `resynchronisation`, after what the USIM says.

        Every token is a requesting node with an IND of its own.
        """
        request = request_of(Imsi(imsi), body, visitor.caller.name)
        if isinstance(body, EutranVectors):
            return VectorsAnswer(vectors=[_eps(one) for one in await centre.eps_vectors(request)])
        return VectorsAnswer(vectors=[_umts(one) for one in await centre.vectors(request)])

    return router


def request_of(imsi: Imsi, body: VectorBody, caller: str) -> VectorRequest:
    """What the HSS is asked."""
    resynchronisation = body.resynchronisation
    return VectorRequest(
        imsi=imsi,
        node=f"api:{caller}",
        method=_METHODS.get(body.access),
        count=body.count,
        network_name=body.network_name if isinstance(body, EapAkaPrimeVectors) else None,
        resynchronisation=resynchronisation.octets() if resynchronisation else None,
        from_aaa=False,
        serving_network=bytes.fromhex(body.serving_network) if isinstance(body, EutranVectors) else None,
    )


def _umts(vector: AuthVector) -> VectorAnswer:
    return VectorAnswer(
        rand=vector.rand.hex(), autn=vector.autn.hex(), xres=vector.xres.hex(), ck=vector.ck.hex(), ik=vector.ik.hex()
    )


def _eps(vector: EpsVector) -> VectorAnswer:
    return VectorAnswer(
        rand=vector.rand.hex(), autn=vector.autn.hex(), xres=vector.xres.hex(), kasme=vector.kasme.hex()
    )
