"""Drives Debian's eapol_test with our USIM behind its control socket."""

import asyncio
import contextlib
import re
import socket
import tempfile
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ue_sim.usim import Usim
from ue_sim.wpa_ctrl import answer

_INTERFACE = "test"
_SLACK = 5.0
"""Seconds that eapol_test has to end by itself, once its own time is over."""
_KEY = r"MS-MPPE-{}-Key \(\w+\) - hexdump\(len=32\): ([0-9a-f ]+)"
_AGREED = re.compile(r"MPPE keys OK: (\d+)  mismatch: 0$", re.MULTILINE)
_RECV, _SEND = re.compile(_KEY.format("Recv")), re.compile(_KEY.format("Send"))


@dataclass(frozen=True, slots=True)
class EapolTest:
    """One run of eapol_test: whom it is, which method it runs (`AKA` or `AKA'`) and how often it comes again.

    `anonymous` is what it says in EAP-Response/Identity instead of a permanent identity. With `encrypted`, it says
    that in AT_IDENTITY, and derives keys from `identity`.
    """

    program: str
    identity: str
    secret: str
    method: str = "AKA"
    result_ind: bool = False
    reauthentications: int = 0
    timeout: float = 30.0
    anonymous: str = ""
    encrypted: bytes = b""


@dataclass(frozen=True, slots=True)
class Report:
    """What eapol_test said; `msks` is MS-MPPE-Recv-Key and -Send-Key joined, one of 64 octets for each Accept."""

    exit_code: int
    output: str
    challenges: int

    @property
    def succeeded(self) -> bool:
        """Whether the last line is SUCCESS, which needs equal keys on both sides."""
        return self.exit_code == 0 and self.output.rstrip().endswith("SUCCESS")

    @property
    def msks(self) -> tuple[bytes, ...]:
        """MSK[0:64] as the RADIUS client got it."""
        pairs = zip(_RECV.findall(self.output), _SEND.findall(self.output), strict=True)
        return tuple(bytes.fromhex(recv + send) for recv, send in pairs)

    @property
    def keys_agreed(self) -> int:
        """How often the key of EAP was the key from the server; 0 when once they differed."""
        counts = _AGREED.findall(self.output)
        return int(counts[-1]) if counts else 0


Reply = Callable[[str], str | None]
"""The command that answers a line of the control interface, or None when that asks for nothing."""


async def run_eapol_test(test: EapolTest, host: str, port: int, usim: Usim | Reply) -> Report:
    """Run `test` against the RADIUS server at `host`:`port` with `usim` as its SIM; TimeoutError if it stays."""
    reply = usim if callable(usim) else partial(_ask, usim)
    with tempfile.TemporaryDirectory(prefix="eapol") as name:
        folder = Path(name)
        configuration = folder / "eapol.conf"
        configuration.write_text(_configuration(test, folder), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            test.program, "-c", str(configuration), "-a", host, "-p", str(port), "-s", test.secret,
            "-r", str(test.reauthentications), "-t", str(int(test.timeout)), "-W", "-i", _INTERFACE,
            stdout=PIPE, stderr=STDOUT,
        )  # fmt: skip
        try:
            async with asyncio.timeout(test.timeout + _SLACK):
                return await _attend(process, folder, reply)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _configuration(test: EapolTest, folder: Path) -> str:
    lines = ["key_mgmt=WPA-EAP", f"eap={test.method}", f'phase1="result_ind={int(test.result_ind)}"']
    if test.encrypted:
        lines += [f"identity={test.encrypted.hex()}", f'imsi_identity="{test.identity}"']
    else:
        lines.append(f'identity="{test.identity}"')
    if test.anonymous:
        lines.append(f'anonymous_identity="{test.anonymous}"')
    network = "".join(f"  {line}\n" for line in lines)
    return f"ctrl_interface={folder}\nexternal_sim=1\nnetwork={{\n{network}}}\n"


def _ask(usim: Usim, line: str) -> str | None:
    return answer(line, usim)


async def _attend(process: Process, folder: Path, reply: Reply) -> Report:
    control = folder / _INTERFACE
    for _ in range(500):
        if control.exists():
            break
        await asyncio.sleep(0.01)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as monitor:
        monitor.setblocking(False)
        monitor.bind(str(folder / "monitor"))
        monitor.connect(str(control))
        asked = [0]
        attending = asyncio.create_task(_answer_requests(monitor, reply, asked))
        output, _ = await process.communicate()
        attending.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await attending
    return Report(
        process.returncode if process.returncode is not None else -1, output.decode(errors="replace"), asked[0]
    )


async def _answer_requests(monitor: socket.socket, reply: Reply, asked: list[int]) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(monitor, b"ATTACH")
    while True:
        line = (await loop.sock_recv(monitor, 4096)).decode(errors="replace")
        command = reply(line)
        if command is not None:
            asked[0] += 1
            await loop.sock_sendall(monitor, command.encode())
