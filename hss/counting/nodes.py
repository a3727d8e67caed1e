"""Each requesting node's own IND, and the moments that it may use (TS 33.102 Annex C.1.2).

An IND is one node's until it is given back, and then another's. SEQs differ anyway where they are counted; what the
next owner must not do is to come below what was used with the IND, which the USIM has seen:

- By the clock it begins above the last moment that anybody before may have used, which the IND keeps (`horizon`).
- Counted, a SEQ is new when it is given out; only what was reserved before is dropped (hss.counting.sequences).
- A process that still takes the IND for the old owner's finds another epoch beside it, or another generation of all
  INDs beside a SEQ that it has counted, and asks for an IND again.
"""

from sqlalchemy import ColumnElement, Connection, Update, case, delete, func, insert, select, update

from hss.counting.sqn import free_ind
from hss.models import AlgorithmProfile, FreedInd, IndGeneration, RequestingNode
from hss.models.node import NODE_LENGTH
from wire.aka.sqn import IND_BITS
from wire.frozen import dataclass

SPAN_MS = 60_000
"""How much time a node is granted at once: so often does a time-based profile write."""


@dataclass(frozen=True, slots=True)
class Held:
    """The IND of a node: its own in this `epoch`, and as long as the generation of all INDs is this one."""

    ind: int
    epoch: int
    generation: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A node that this process has taken over: it alone may use the moments in (`low_ms`, `high_ms`]."""

    ind: int
    epoch: int
    low_ms: int
    high_ms: int


def ind_of(connection: Connection, name: str, ind_bits: int = IND_BITS) -> int:
    """As `hold`, the IND alone."""
    return hold(connection, name, ind_bits).ind


def hold(connection: Connection, name: str, ind_bits: int = IND_BITS) -> Held:
    """The IND of node `name`, its own from now on; NodesExhausted when all are taken, ValueError for no name.

    That the node asks is noted. Run it in a writing transaction: who gives an IND out holds the profiles until it ends,
    so that no other process gives the same one.
    """
    name = name.lower()
    if not 0 < len(name) <= NODE_LENGTH:
        raise ValueError(f"a node's name has 1 to {NODE_LENGTH} characters")
    # before the node: whatever is given back in between makes this number an old one
    generation = connection.execute(select(IndGeneration.generation)).scalar_one()
    found = _found(connection, name, ind_bits)
    if found is None:
        lock_inds(connection)
        found = _found(connection, name, ind_bits) or _given(connection, name, ind_bits)
    ind, epoch = found
    return Held(ind, epoch, generation)


def claim(connection: Connection, name: str, ind_bits: int, now_ms: int) -> Claim:
    """Take node `name` over: whoever had it before issues no more, and what it may have used is never used again."""
    ind = ind_of(connection, name, ind_bits)
    taken = _later(now_ms).values(epoch=RequestingNode.epoch + 1).where(*_named(name, ind_bits))
    epoch, high = connection.execute(taken.returning(RequestingNode.epoch, RequestingNode.horizon)).one()
    return Claim(ind, epoch, high - SPAN_MS, high)


def extend(connection: Connection, name: str, ind_bits: int, ind: int, epoch: int, until_ms: int) -> int | None:
    """The last moment that the node may use now, after `until_ms`; None when it is another process's, or no more."""
    mine = (*_named(name, ind_bits), RequestingNode.ind == ind, RequestingNode.epoch == epoch)
    return connection.scalar(_later(until_ms).where(*mine).returning(RequestingNode.horizon))


def give_back(connection: Connection, name: str, ind_bits: int) -> None:
    """Let other nodes have the IND of `name` in time: the one that nobody has had for the longest comes first.

    Run it in a writing transaction that holds the INDs (`lock_inds`).
    """
    gone = delete(RequestingNode).where(*_named(name, ind_bits))
    row = connection.execute(gone.returning(RequestingNode.ind, RequestingNode.horizon, RequestingNode.epoch)).one()
    freed = {"ind_bits": ind_bits, "ind": row.ind, "horizon": row.horizon, "epoch": row.epoch + 1}
    connection.execute(insert(FreedInd).values(**freed, freed=func.current_timestamp()))
    connection.execute(update(IndGeneration).values(generation=IndGeneration.generation + 1))


def lock_inds(connection: Connection) -> None:
    """Nobody else gives INDs out or back until this transaction ends."""
    names = select(AlgorithmProfile.name).order_by(AlgorithmProfile.name)
    connection.execute(names.with_for_update(key_share=True)).all()


def _found(connection: Connection, name: str, ind_bits: int) -> tuple[int, int] | None:
    asks = update(RequestingNode).where(*_named(name, ind_bits)).values(used=func.current_timestamp())
    row = connection.execute(asks.returning(RequestingNode.ind, RequestingNode.epoch)).first()
    return None if row is None else (row.ind, row.epoch)


def _given(connection: Connection, name: str, ind_bits: int) -> tuple[int, int]:
    taken = set(connection.scalars(select(RequestingNode.ind).where(RequestingNode.ind_bits == ind_bits)))
    # whose vectors may still be somewhere comes last, and behind it whose clock was far ahead
    columns = select(FreedInd.ind, FreedInd.horizon, FreedInd.epoch).where(FreedInd.ind_bits == ind_bits)
    oldest = columns.order_by(FreedInd.horizon, FreedInd.freed, FreedInd.ind)
    freed = {row.ind: row for row in connection.execute(oldest)}
    if freed and len(taken) + len(freed) == 1 << ind_bits:
        row = next(iter(freed.values()))
        connection.execute(delete(FreedInd).where(FreedInd.ind_bits == ind_bits, FreedInd.ind == row.ind))
        values = {"ind": row.ind, "horizon": row.horizon, "epoch": row.epoch}
    else:
        values = {"ind": free_ind(taken | set(freed), ind_bits)}
    new = insert(RequestingNode).values(name=name, ind_bits=ind_bits, used=func.current_timestamp(), **values)
    given = connection.execute(new.returning(RequestingNode.ind, RequestingNode.epoch)).one()
    return given.ind, given.epoch


def _named(name: str, ind_bits: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return RequestingNode.name == name.lower(), RequestingNode.ind_bits == ind_bits


def _later(moment_ms: int) -> Update:
    further = case((RequestingNode.horizon < moment_ms, moment_ms), else_=RequestingNode.horizon)
    return update(RequestingNode).values(horizon=further + SPAN_MS, used=func.current_timestamp())
