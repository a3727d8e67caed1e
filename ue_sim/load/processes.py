"""The processes of a load: each has its share of the cards and of the pace, and its count comes back through a pipe."""

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess

from ue_sim.load.subscribers import LoadRefused
from ue_sim.load.tally import Tally

Work = Callable[[int, Callable[[int], None], Callable[[Callable[[], None]], None]], Tally]
"""One process's part: its number, whom to tell how many are done, and whom to tell how it is stopped."""

_FEW_COLLECTIONS = 200_000


def run(parts: int, work: Work, told: Callable[[int], None]) -> Tally:
    """Do `work` in so many processes at once; `told` hears how many authentications are over in all of them.

    SIGINT begins no more and waits for what is under way. LoadRefused when a process says so, or ends without a word.
    """
    context = multiprocessing.get_context("fork")
    pipes: dict[Connection, int] = {}
    children = []
    for part in range(parts):
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=_child, args=(part, work, theirs), daemon=True)
        child.start()
        theirs.close()
        pipes[ours] = part
        children.append(child)
    try:
        return _gathered(pipes, children, told)
    finally:
        for child in children:
            child.terminate()
            child.join()


def _gathered(pipes: dict[Connection, int], children: Sequence[ForkProcess], told: Callable[[int], None]) -> Tally:
    whole, done = Tally(), dict.fromkeys(pipes.values(), 0)
    while pipes:
        try:
            for pipe in wait(list(pipes)):
                if isinstance(pipe, Connection):
                    _hear(pipe, pipes, whole, done)
            told(sum(done.values()))
        except KeyboardInterrupt:
            # they begin no more, and tell what they have counted
            for child in children:
                os.kill(child.pid or 0, signal.SIGINT)
    return whole


def _hear(pipe: Connection, pipes: dict[Connection, int], whole: Tally, done: dict[int, int]) -> None:
    try:
        message = pipe.recv()
    except EOFError:
        raise LoadRefused("a process of the load ended without a word") from None
    match message:
        case int(ended):
            done[pipes[pipe]] = ended
        case Tally() as tally:
            whole.update(tally)
            del pipes[pipe]
        case str(refusal):
            raise LoadRefused(refusal)


def _child(part: int, work: Work, pipe: Connection) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # until there is something to stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    gc.set_threshold(_FEW_COLLECTIONS)
    # who is to hear of it may be gone
    with suppress(BrokenPipeError):
        try:
            pipe.send(work(part, pipe.send, _on_interrupt))
        except LoadRefused as refusal:
            pipe.send(str(refusal))
        except OSError as error:
            pipe.send(f"{error.strerror or error}")


def _on_interrupt(stop: Callable[[], None]) -> None:
    signal.signal(signal.SIGINT, lambda *_: stop())
