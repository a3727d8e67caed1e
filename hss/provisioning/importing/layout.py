"""Which part of a line is which column: by the header's names, by number, or by place."""

import csv
from collections.abc import Sequence

from hss.provisioning.importing.causes import Cause, RowRefused
from hss.provisioning.importing.mapping import Column, Mapping, MappingConfig, MappingRefused
from hss.provisioning.importing.source import LINE_LENGTH_MAX

_REQUIRED = ("imsi", "k")


class Layout:
    """Takes lines apart as a mapping says; `header` is the line with the names, where there is one."""

    def __init__(self, mapping: Mapping, header: bytes | None) -> None:
        self._config = config = mapping.config
        self._encoding = config.encoding
        self._comment = config.comment
        names = _names(config, header) if header is not None else ()
        places = {name: _place(column, names) for name, column in config.columns.named().items()}
        self._places = {name: place for name, place in places.items() if place is not None}
        self._check(mapping.name)
        self._width = max(place.stop or 0 for place in self._places.values())

    def columns(self, line: bytes) -> dict[str, str] | None:
        """The values of one line by the mapping's names; None for a line that is no row; RowRefused."""
        if len(line) >= LINE_LENGTH_MAX:
            raise RowRefused(Cause.FORM, f"the line is longer than {LINE_LENGTH_MAX} octets")
        try:
            text = line.decode(self._encoding).rstrip("\r\n")
        except UnicodeDecodeError:
            raise RowRefused(Cause.FORM, f"the line is not {self._encoding}") from None
        if not text.strip() or (self._comment and text.lstrip().startswith(self._comment)):
            return None
        fields = self._split(text)
        if len(fields) < self._width:
            what = "characters" if self._config.format == "fixed" else "columns"
            raise RowRefused(Cause.FORM, f"the line has {len(fields)} {what}, and the mapping needs {self._width}")
        return {name: "".join(fields[place]).strip() for name, place in self._places.items()}

    def _split(self, text: str) -> Sequence[str]:
        if self._config.format == "delimited":
            return _delimited(text, self._config.delimiter)
        return text.split() if self._config.format == "whitespace" else text

    def _check(self, name: str) -> None:
        # what stands in the header is not repeated: without a header it is a row, with its keys
        missing = [column for column in _REQUIRED if column not in self._places]
        if missing:
            raise MappingRefused(
                f"mapping {name}: the file's header names no column for {missing[0]}; correct its names"
            )
        if self._config.shared_op is None and not {"op", "opc"} & self._places.keys():
            raise MappingRefused(f"mapping {name}: the file's header names no column for opc; correct its names")


def _delimited(text: str, delimiter: str) -> list[str]:
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader((text,), delimiter=delimiter, strict=True))
    except csv.Error:
        raise RowRefused(Cause.FORM, "a quotation mark has no partner on its line") from None


def _names(config: MappingConfig, header: bytes) -> list[str]:
    try:
        text = header.decode(config.encoding).strip()[len(config.header_mark) :]
    except UnicodeDecodeError:
        raise MappingRefused(f"the header is not {config.encoding}; correct the mapping's encoding") from None
    if config.header_delimiter or config.format == "delimited":
        try:
            names = _delimited(text, config.header_delimiter or config.delimiter)
        except RowRefused as error:
            raise MappingRefused(f"the header cannot be read: {error}; choose another mapping") from None
    else:
        names = text.split()
    return [name.strip().upper() for name in names]


def _place(column: Column, names: Sequence[str]) -> slice | None:
    if column.start is not None and column.length is not None:
        return slice(column.start - 1, column.start - 1 + column.length)
    if column.position is not None:
        return slice(column.position - 1, column.position)
    found = next((names.index(name.upper()) for name in column.names if name.upper() in names), None)
    return None if found is None else slice(found, found + 1)
