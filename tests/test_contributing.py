"""What CONTRIBUTING.md says of the structure is what the checks hold."""

from __future__ import annotations

import re
import tomllib

from tests.paths import ROOT


def test_the_layers_are_those_of_the_contract() -> None:
    """The picture of the layers is the contract that ``lint-imports`` holds."""
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["id"] == "layers"]
    pictures = re.findall(r"```text\n(.*?)```", told, re.DOTALL)
    assert [picture.splitlines() for picture in pictures] == [layers]
