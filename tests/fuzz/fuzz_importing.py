"""Vendors' files and backups: whatever stands in them, a row is read or refused, a backup opened or refused."""

import io
from collections.abc import Callable
from random import Random

from hss.algorithms import AlgorithmSettings
from hss.keys.vault import Vault
from hss.provisioning.backups.container import BackupRefused, BackupWriter, read_backup
from hss.provisioning.backups.wrapping import MasterWrapper
from hss.provisioning.importing.causes import RowRefused
from hss.provisioning.importing.layout import Layout
from hss.provisioning.importing.mapping import MappingRefused, load
from hss.provisioning.importing.rows import NewRow, RowReader
from wire.errors import DecodeError
from wire.secret import Secret

K = "465b5ce8b199b49faa5f0a2ee238a6bc"
OPC = "cd63cb71954a9f4e48a5994e37a02baf"
SETTINGS = {"milenage": AlgorithmSettings("milenage")}
WRAPPER = MasterWrapper(Vault({1: Secret(bytes(range(32)))}, random=Random(1).randbytes))


def reader_of(name: str, header: bytes | None) -> Callable[[bytes], NewRow | None]:
    layout = Layout(load(name), header)
    reader = RowReader(load(name), SETTINGS, {"AKADIA_TRANSPORT_KEY": K + K[:16]}, "internet")

    def read(line: bytes) -> NewRow | None:
        try:
            values = layout.columns(line)
            return None if values is None else reader.row(1, reader.imsi(values), values)
        except RowRefused as error:
            raise DecodeError(0, str(error)) from None

    return read


def headed(header: bytes) -> Layout:
    try:
        return Layout(load("pysim"), header)
    except MappingRefused as error:
        raise DecodeError(0, str(error)) from None


def backup() -> bytes:
    file = io.BytesIO()
    writer = BackupWriter(file, WRAPPER, Random(2).randbytes)
    writer.write(b'{"schema": "0003"}\n')
    writer.finish()
    return file.getvalue()


def opened(octets: bytes) -> bytes:
    try:
        return b"".join(read_backup(io.BytesIO(octets), WRAPPER))
    except BackupRefused as error:
        raise DecodeError(0, str(error)) from None


CSV_HEADER = b"IMSI,KI,OPC,AMF,MSISDN,APN,PROFILE,KI_KCV\n"
CSV_SEEDS = (
    f"001010000000001,{K},{OPC},8000,+491234567,internet ims,milenage,7d2ed9\r\n".encode(),
    f'"001010000000001","{K}","{OPC}",,,,,\n'.encode(),
)

ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "hss.provisioning.importing: pysim": (reader_of("pysim", CSV_HEADER), CSV_SEEDS),
    "hss.provisioning.importing: outfile-3des": (
        reader_of("outfile-3des", b"var_out:IMSI/KI/OPC\n"),
        (f"001010000000001 {K}\t{OPC}\n".encode(), b"* a comment\n"),
    ),
    "hss.provisioning.importing: header": (headed, (CSV_HEADER, b'"iccid","imsi","ki","op"\n')),
    "hss.provisioning.backups.container.read_backup": (opened, (backup(),)),
}
