"""What an import needs before its first row: the file, its header, the mapping's keys, and the store's profiles."""

from collections.abc import Mapping as Map
from dataclasses import dataclass

from hss.algorithms import AlgorithmSettings
from hss.provisioning.importing.batches import Refused
from hss.provisioning.importing.causes import RowRefused
from hss.provisioning.importing.layout import Layout
from hss.provisioning.importing.mapping import Mapping
from hss.provisioning.importing.rows import NewRow, RowReader
from hss.provisioning.importing.source import Chunk, Source


@dataclass(frozen=True, slots=True)
class Plan:
    """A file and how it is read; the first row is behind `position`."""

    source: Source
    mapping: Mapping
    layout: Layout
    reader: RowReader
    position: int
    line: int

    def rows(self, chunk: Chunk) -> tuple[list[NewRow], list[Refused]]:
        """What the lines of `chunk` are: subscribers to be, and rows for quarantine."""
        rows: list[NewRow] = []
        refused: list[Refused] = []
        for number, line in chunk.lines:
            imsi = None
            try:
                values = self.layout.columns(line)
                if values is not None:
                    imsi = self.reader.imsi(values)
                    rows.append(self.reader.row(number, imsi, values))
            except RowRefused as error:
                refused.append(Refused(number, imsi, error.cause, str(error)))
        return rows, refused


def prepare(
    source: Source,
    mapping: Mapping,
    settings: Map[str, AlgorithmSettings],
    environment: Map[str, str],
    *,
    default_apn: str,
) -> Plan:
    """The plan; MappingRefused when file and mapping do not fit, or a transport key is missing."""
    header, position, line = source.head(mapping)
    layout = Layout(mapping, header)
    return Plan(source, mapping, layout, RowReader(mapping, settings, environment, default_apn), position, line)
