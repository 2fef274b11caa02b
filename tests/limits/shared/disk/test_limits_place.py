"""Where the file of limits lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleverapp_async.limits.shared.disk.machine import default_folder, prepare
from cleverapp_async.limits.shared.messages import LogCallError


@pytest.mark.parametrize(
    ("mounted", "network"),
    [("fuse.sshfs", True), ("nfs4", True), ("ext4", False), ("tmpfs", False)],
)
def test_no_file_lies_on_a_network_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounted: str, network: bool
) -> None:
    """There other machines would use it, whose clocks are others."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"36 35 98:0 / {tmp_path} rw - {mounted} server:/export rw\n")
    monkeypatch.setattr("cleverapp_async._mounts._MOUNTS", mounts)
    if network:
        with pytest.raises(LogCallError, match=mounted) as caught:
            prepare(tmp_path / "folder" / "x.sqlite3")
        assert caught.value.fault.lasting
    else:
        prepare(tmp_path / "folder" / "x.sqlite3")


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By XDG's rules, unless an environment variable names another."""
    monkeypatch.delenv("CLEVERAPP_STATE_DIR")
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    found = [default_folder()]
    for given in ("/state", "relative"):
        monkeypatch.setenv("XDG_STATE_HOME", given)
        found.append(default_folder())
    monkeypatch.setenv("CLEVERAPP_STATE_DIR", str(tmp_path))
    found.append(default_folder())
    assert found == [
        Path("/home/somebody/.local/state/cleverapp/limits"),
        Path("/state/cleverapp/limits"),
        Path("/home/somebody/.local/state/cleverapp/limits"),
        tmp_path / "limits",
    ]


def test_other_systems_have_other_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """MacOS and Windows keep such files where users expect them."""
    monkeypatch.delenv("CLEVERAPP_STATE_DIR")
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setattr("sys.platform", "darwin")
    assert default_folder().parts[-4:] == ("Library", "Application Support", "cleverapp", "limits")
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/data")
    assert default_folder() == Path("/data/cleverapp/limits")


def test_a_user_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing says where the file could lie: the remedy is named."""
    monkeypatch.delenv("CLEVERAPP_STATE_DIR")
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(LogCallError, match="CLEVERAPP_STATE_DIR") as caught:
        default_folder()
    assert caught.value.fault.lasting
