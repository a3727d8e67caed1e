"""/v1/imports: SIM vendors' files, what became of them, and how they are undone."""

import csv
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from hss.provisioning.importing import batches
from hss.provisioning.importing.batches import Batch
from hss.provisioning.importing.quarantine import HEADER
from hss.provisioning.tokens import Role
from hss.rest.access import needs
from hss.rest.answers import ForecastAnswer, ImportAnswer, ImportsAnswer, QuarantineAnswer, RefusedAnswer
from hss.rest.gate import FORECAST, IMPORTS, Visitor
from hss.rest.import_desk import ImportDesk, Work
from hss.rest.problems import documented
from hss.rest.subscribers import Reading
from hss.rest.transactions import Transactions

Importing = Annotated[Visitor, Depends(needs(Role.IMPORTER))]
Number = Annotated[int, Path(ge=1, lt=1 << 31)]
FileName = Annotated[str, Query(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$", description="as the trail calls it")]
MappingName = Annotated[str, Query(pattern="^[A-Za-z0-9_-]{1,64}$", description="pysim, or another mapping's name")]

_FILE = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def routes(transactions: Transactions, desk: ImportDesk) -> APIRouter:
    """The routes on these `transactions`; the work itself is done at `desk`."""
    router = APIRouter(tags=["imports"], responses=documented(422))
    _files(router, desk)
    _views(router, transactions, desk)

    @router.post(f"{IMPORTS}/{{number}}/rollback", status_code=202, responses=documented(404, 409, 422))
    async def roll_back(number: Number, visitor: Importing, *, keep_changed: bool = False) -> ImportAnswer:
        """Begin to remove what an import brought; subscribers that were changed since stop it, or are kept."""
        return _answer(await desk.roll_back(number, visitor.actor, keep_changed=keep_changed), desk, desk.work)

    return router


def _files(router: APIRouter, desk: ImportDesk) -> None:
    @router.post(IMPORTS, status_code=202, openapi_extra=_FILE, responses=documented(408, 409, 413, 422))
    async def import_file(
        request: Request, response: Response, visitor: Importing, name: FileName, mapping: MappingName
    ) -> ImportAnswer:
        """Import the file in the body. The answer comes when it has begun; see Location for how far it is.

        After an interruption the same request goes on where it was.
        """
        batch = await desk.start(name, mapping, request.stream(), visitor.actor)
        response.headers["Location"] = f"{IMPORTS}/{batch.id}"
        return _answer(batch, desk, desk.work)

    @router.post(FORECAST, openapi_extra=_FILE, responses=documented(408, 409, 413, 422))
    async def forecast(request: Request, _: Importing, name: FileName, mapping: MappingName) -> ForecastAnswer:
        """What an import of the file in the body would do; nothing is changed."""
        found = await desk.forecast(name, mapping, request.stream())
        examples = [
            RefusedAnswer(line=one.line, imsi=one.imsi, cause=one.cause.value, what=one.message)
            for one in found.first_refused
        ]
        return ForecastAnswer(added=found.added, refused=dict(found.causes), examples=examples)


def _views(router: APIRouter, transactions: Transactions, desk: ImportDesk) -> None:
    @router.get(IMPORTS)
    async def list_imports(_: Reading, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> ImportsAnswer:
        """Imports, the newest first."""
        found = await transactions.read(lambda connection: batches.listed(connection, limit))
        return ImportsAnswer(imports=[_answer(one, desk, desk.work) for one in found])

    @router.get(f"{IMPORTS}/{{number}}", responses=documented(404, 422))
    async def show_import(number: Number, _: Reading) -> ImportAnswer:
        """How far an import is."""
        # asked before the row is read: where nothing works on it any more, the row says how it ended
        before = desk.work
        return _answer(await transactions.read(lambda connection: batches.get(connection, number)), desk, before)

    @router.get(f"{IMPORTS}/{{number}}/quarantine", responses=documented(404, 422))
    async def show_quarantine(
        number: Number,
        _: Importing,
        after: Annotated[int, Query(ge=0, lt=1 << 31)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> QuarantineAnswer:
        """The rows that became no subscribers, by line; of imports that this HSS has run."""
        await transactions.read(lambda connection: batches.get(connection, number))
        return _page(desk.quarantine(number), after, limit)


def _answer(batch: Batch, desk: ImportDesk, under_way: Work | None) -> ImportAnswer:
    work = under_way if under_way is not None and under_way.batch.id == batch.id else None
    return ImportAnswer(
        number=batch.id,
        file=batch.file_name,
        mapping=batch.mapping,
        state=batch.state.value,
        active=work is not None,
        position=batch.position,
        size=work.size if work else None,
        added=batch.added,
        refused=batch.refused,
        failure=desk.failures.get(batch.id),
        started=batch.started,
        finished=batch.finished,
    )


def _page(path: FilePath, after: int, limit: int) -> QuarantineAnswer:
    rows: list[RefusedAnswer] = []
    for row in _rows(path):
        if row.line > after:
            if len(rows) == limit:
                return QuarantineAnswer(rows=rows, next=rows[-1].line)
            rows.append(row)
    return QuarantineAnswer(rows=rows, next=None)


def _rows(path: FilePath) -> Iterator[RefusedAnswer]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader, None)
        for row in reader:
            if len(row) != len(HEADER):
                # it is being written
                return
            line, imsi, cause, what = row
            yield RefusedAnswer(line=int(line), imsi=imsi or None, cause=cause, what=what)
