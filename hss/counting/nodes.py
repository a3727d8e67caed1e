"""Each requesting node's own IND, given once, and the moments that it may use (TS 33.102 Annex C.1.2)."""

from sqlalchemy import ColumnElement, Connection, Update, case, insert, select, update

from hss.counting.sqn import free_ind
from hss.models import AlgorithmProfile, RequestingNode
from hss.models.node import NODE_LENGTH
from wire.aka.sqn import IND_BITS
from wire.frozen import dataclass

SPAN_MS = 60_000
"""How much time a node is granted at once: so often does a time-based profile write."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A node that this process has taken over: it alone may use the moments in (`low_ms`, `high_ms`]."""

    ind: int
    epoch: int
    low_ms: int
    high_ms: int


def ind_of(connection: Connection, name: str, ind_bits: int = IND_BITS) -> int:
    """The IND of node `name`, its own from now on; NodesExhausted when all are taken, ValueError for no name.

    Run it in a writing transaction: who gives an IND out holds the profiles until it ends, so that no other process
    gives the same one.
    """
    name = name.lower()
    if not 0 < len(name) <= NODE_LENGTH:
        raise ValueError(f"a node's name has 1 to {NODE_LENGTH} characters")
    inds = select(RequestingNode.ind).where(RequestingNode.ind_bits == ind_bits)
    found = connection.scalar(inds.where(RequestingNode.name == name))
    if found is not None:
        return found
    names = select(AlgorithmProfile.name).order_by(AlgorithmProfile.name)
    connection.execute(names.with_for_update(key_share=True)).all()
    taken: dict[str, int] = {row.name: row.ind for row in connection.execute(inds.add_columns(RequestingNode.name))}
    if name in taken:
        return taken[name]
    ind = free_ind(set(taken.values()), ind_bits)
    connection.execute(insert(RequestingNode).values(name=name, ind_bits=ind_bits, ind=ind))
    return ind


def claim(connection: Connection, name: str, ind_bits: int, now_ms: int) -> Claim:
    """Take node `name` over: whoever had it before issues no more, and what it may have used is never used again."""
    ind = ind_of(connection, name, ind_bits)
    taken = _later(now_ms).values(epoch=RequestingNode.epoch + 1).where(*_named(name, ind_bits))
    epoch, high = connection.execute(taken.returning(RequestingNode.epoch, RequestingNode.horizon)).one()
    return Claim(ind, epoch, high - SPAN_MS, high)


def extend(connection: Connection, name: str, ind_bits: int, epoch: int, until_ms: int) -> int | None:
    """The last moment that the node may use now, after `until_ms`; None when another process has taken it over."""
    later = _later(until_ms).where(*_named(name, ind_bits), RequestingNode.epoch == epoch)
    return connection.scalar(later.returning(RequestingNode.horizon))


def _named(name: str, ind_bits: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return RequestingNode.name == name.lower(), RequestingNode.ind_bits == ind_bits


def _later(moment_ms: int) -> Update:
    further = case((RequestingNode.horizon < moment_ms, moment_ms), else_=RequestingNode.horizon)
    return update(RequestingNode).values(horizon=further + SPAN_MS)
