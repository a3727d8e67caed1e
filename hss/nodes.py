"""Each requesting node's own IND, given once (TS 33.102 Annex C.1.2)."""

from sqlalchemy import Connection, insert, select

from hss.models import DIAMETER_IDENTITY_LENGTH, RequestingNode
from hss.sqn import free_ind
from wire.aka.sqn import IND_BITS


def ind_of(connection: Connection, name: str) -> int:
    """The IND of node `name`, its own from now on; NodesExhausted when all are taken, ValueError for no name.

    Run it in a writing transaction, which nobody else's can come between.
    """
    name = name.lower()
    if not 0 < len(name) <= DIAMETER_IDENTITY_LENGTH:
        raise ValueError(f"a node's name has 1 to {DIAMETER_IDENTITY_LENGTH} characters")
    inds = select(RequestingNode.ind).where(RequestingNode.ind_bits == IND_BITS)
    found = connection.scalar(inds.where(RequestingNode.name == name))
    if found is not None:
        return found
    ind = free_ind(set(connection.scalars(inds)))
    connection.execute(insert(RequestingNode).values(name=name, ind_bits=IND_BITS, ind=ind))
    return ind
