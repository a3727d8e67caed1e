"""Vectors over the API, opened by the USIM's own functions."""

import pytest
from pydantic import TypeAdapter

from hss.provisioning.tokens import Role
from hss.rest.bodies import EapAkaPrimeVectors, EapAkaVectors, EutranVectors, VectorBody
from hss.rest.vectors import request_of
from tests.hss.rest.asking import Client
from tests.hss.rest.conftest import IMSI, OPC, SUBSCRIBER, Api, K
from wire.aka.milenage import Milenage
from wire.aka.sqn import conceal, reveal
from wire.aka.vector import Autn, Auts
from wire.identity import EapMethod, Imsi
from wire.secret import Secret

PATH = f"/v1/subscribers/{IMSI}/vectors"
ANY = {"access": "eap-aka"}
CARD = Milenage(Secret.fromhex(K), Secret.fromhex(OPC))


BODY: TypeAdapter[EapAkaVectors | EapAkaPrimeVectors | EutranVectors] = TypeAdapter(VectorBody)


def sqn_of(vector: dict[str, str]) -> int:
    """SQN as the USIM reads it out of AUTN, of which MAC must be right (TS 33.102 §6.3.3)."""
    rand, autn = bytes.fromhex(vector["rand"]), Autn.parse(bytes.fromhex(vector["autn"]))
    sqn = reveal(autn.concealed_sqn, CARD.f2345(rand)[3])
    assert autn.mac_a == CARD.f1(rand, sqn.to_bytes(6, "big"), autn.amf)
    return sqn


async def test_vectors_are_distinct_and_rise(api: Api, provisioner: Client) -> None:
    await provisioner("PUT", f"/v1/subscribers/{IMSI}", SUBSCRIBER)
    asker = api.client(Role.VECTORS)
    found = (await asker("POST", PATH, ANY | {"count": 5})).json["vectors"]
    numbers = [sqn_of(vector) for vector in found]
    assert numbers == sorted(set(numbers))
    assert len({vector["rand"] for vector in found}) == 5
    assert {vector["kasme"] for vector in found} == {None}


async def test_resynchronisation_over_the_api_takes_one_request(api: Api, provisioner: Client) -> None:
    await provisioner("PUT", f"/v1/subscribers/{IMSI}", SUBSCRIBER)
    asker = api.client(Role.VECTORS)
    (first,) = (await asker("POST", PATH, ANY)).json["vectors"]
    rand, ahead = bytes.fromhex(first["rand"]), 1000 << 5
    mac_s = CARD.f1star(rand, ahead.to_bytes(6, "big"), b"\0\0")
    auts = Auts(conceal(ahead, CARD.f5star(rand)), mac_s).build()
    (second,) = (await asker("POST", PATH, ANY | {"resynchronisation": {"rand": rand.hex(), "auts": auts.hex()}})).json[
        "vectors"
    ]
    assert sqn_of(second) > ahead
    forged = auts[:-1] + bytes([auts[-1] ^ 1])
    status, detail = (
        await asker("POST", PATH, ANY | {"resynchronisation": {"rand": rand.hex(), "auts": forged.hex()}})
    ).problem
    assert (status, "MAC-S" in detail) == (409, True)
    (third,) = (await asker("POST", PATH, ANY)).json["vectors"]
    assert sqn_of(third) >> 5 == (sqn_of(second) >> 5) + 1, "a wrong MAC-S moves nothing"


async def test_e_utran_gets_kasme_alone(api: Api, provisioner: Client) -> None:
    await provisioner("PUT", f"/v1/subscribers/{IMSI}", SUBSCRIBER)
    asker = api.client(Role.VECTORS)
    (found,) = (await asker("POST", PATH, {"access": "eutran", "serving_network": "00f110"})).json["vectors"]
    assert (len(found["kasme"]), found["ck"], found["ik"]) == (64, None, None)
    assert (await asker("POST", PATH, {"access": "eutran"})).problem[0] == 422
    assert (await asker("POST", PATH, {"access": "eap-aka-prime"})).problem[0] == 422
    assert (await asker("POST", PATH, {"access": "eap-aka-prime", "network_name": "WLAN"})).status == 200


async def test_vectors_have_a_role_of_their_own(admin: Client, api: Api) -> None:
    assert (await admin("POST", PATH, ANY)).problem == (403, "token admin has not the role vectors")
    assert (await api.client(Role.VECTORS)("POST", PATH, ANY)).problem[0] == 404
    assert (await api.client(Role.VECTORS, name="other")("GET", PATH)).problem[0] == 405


@pytest.mark.parametrize(
    ("access", "method"),
    [("eap-aka", EapMethod.AKA), ("eap-aka-prime", EapMethod.AKA_PRIME), ("utran", None), ("eutran", None)],
)
def test_access_says_what_the_vector_is_for(access: str, method: EapMethod | None) -> None:
    more = {"eap-aka-prime": {"network_name": "WLAN"}, "eutran": {"serving_network": "00f110"}}.get(access, {})
    body = BODY.validate_python({"access": access} | more)
    request = request_of(Imsi(IMSI), body, "tester")
    assert (request.method, request.node, request.from_aaa) == (method, "api:tester", False)
