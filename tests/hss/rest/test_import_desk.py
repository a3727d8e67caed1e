"""One file at a time, and what is left of it when the HSS ends."""

from collections.abc import AsyncIterator

import pytest

from hss.audit import Actor
from hss.provisioning.importing import running
from hss.provisioning.importing.batches import ImportRefused
from hss.provisioning.importing.mapping import MappingRefused, built_in
from hss.rest.import_desk import ImportDesk
from runtime.config import ConfigError
from tests.hss.provisioning.desk import entries
from tests.hss.rest.conftest import NOW, Api
from tests.hss.rest.test_imports import rows

ACTOR = Actor("token importer", "api 192.0.2.7")


async def pieces(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_second_file_waits_for_its_turn(api: Api) -> None:
    batch = await api.desk.start("a.csv", "pysim", pieces(rows(2)), ACTOR)
    assert api.desk.work is not None
    with pytest.raises(ImportRefused, match=f"works on import {batch.id}; try again"):
        await api.desk.start("b.csv", "pysim", pieces(rows(2, first=5)), ACTOR)
    await api.desk.close()
    assert api.desk.work is None


async def test_import_that_the_end_interrupts_goes_on_with_the_same_file(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running.Importer.run, "__kwdefaults__", {"chunk_rows": 1})
    batch = await api.desk.start("a.csv", "pysim", pieces(rows(3)), ACTOR)
    await api.desk.close()
    assert "the HSS ended meanwhile" in api.desk.failures[batch.id]
    again = ImportDesk(api.desk._place, lambda: NOW, lambda: None)
    again.open()
    resumed = await again.start("a.csv", "pysim", pieces(rows(3)), ACTOR)
    assert resumed.id == batch.id
    assert 0 < resumed.added < 3
    for task in list(again._tasks):
        await task
    actions = [(one.action, one.actor) for one in entries(api.location) if one.action.startswith("import")]
    assert actions == [("import.begin", "token importer"), ("import.end", "token importer")]
    assert again.failures == {}


async def test_full_disk_is_told_as_the_cause(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(running.Importer, "run", fail)
    batch = await api.desk.start("a.csv", "pysim", pieces(rows(1)), ACTOR)
    await api.desk.close()
    assert "No space left on device" in api.desk.failures[batch.id]
    assert api.desk.work is None


async def test_files_of_a_killed_process_are_taken_away(api: Api) -> None:
    left = api.desk.quarantine(1).parent / "upload-dead"
    left.mkdir()
    (left / "cards.csv").write_bytes(b"keys")
    api.desk.quarantine(1).write_text("line,imsi,cause,what\n")
    api.desk.open()
    assert not left.exists()
    assert api.desk.quarantine(1).exists()


async def test_mapping_of_the_operators_own_folder_is_known_by_name(api: Api) -> None:
    folder = api.desk._place.mappings
    assert folder is not None
    (folder / "ours.toml").write_text(built_in()["pysim"])
    with pytest.raises(MappingRefused, match="there is no mapping others; there are ours, outfile, "):
        await api.desk.forecast("a.csv", "others", pieces(rows(1)))
    assert (await api.desk.forecast("a.csv", "ours", pieces(rows(1)))).added == 1


async def test_folder_of_mappings_that_is_not_there_is_said_at_the_start(api: Api) -> None:
    folder = api.desk._place.mappings
    assert folder is not None
    folder.rmdir()
    with pytest.raises(ConfigError, match=r'mappings: is no folder; correct mappings of \[hss\.api\], or write ""'):
        api.desk.open()
