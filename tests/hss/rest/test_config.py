"""[hss.api], as it is written."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from hss.rest.config import ApiConfig
from runtime.config import ConfigError, read_config

TEXT = '[hss.api]\naddress = "127.0.0.2:8443"\ncertificate = "pki/hss.pem"\nkey = "pki/hss.key"\n'


def read(folder: Path, text: str = TEXT) -> ApiConfig | None:
    path = folder / "akadia.toml"
    path.write_text(text)
    return read_config(path).optional("hss.api", ApiConfig)


def test_what_is_not_written_is_careful(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found is not None
    assert (found.address, found.certificate) == (("127.0.0.2", 8443), tmp_path / "pki/hss.pem")
    assert found.addresses == (ip_network("127.0.0.0/8"), ip_network("::1/128")), "this machine alone"
    assert (found.imports, found.mappings) == (tmp_path / "imports", None)


def test_without_the_table_there_is_no_api(tmp_path: Path) -> None:
    assert read(tmp_path, "[hss]\n") is None


@pytest.mark.parametrize("line", ["requests_per_second = 0", "connections = 0", 'addresses = ["x"]', "plain = true"])
def test_what_cannot_be_is_one_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match=rf"hss\.api\.{line.split(' ', 1)[0]}"):
        read(tmp_path, TEXT + line)
