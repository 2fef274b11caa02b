"""The page on testing one's own code: its tests pass, and faults end as its table says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import (
    CleverAppClient,
    CleverAppError,
    ClientConfig,
    LimiterRegistry,
    RetryPolicy,
    errors,
)
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.documents import examples_of
from tests.paths import DOCS, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

pytestmark = pytest.mark.no_cover  # others have measured what these repeat

PAGE = DOCS / "testing.md"
INVALID = {"errors": {"phone": ["Поле phone обязательно для заполнения."]}}
FAULTS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "Fault.reset_after(taken=True)": (
        {"faults": [Fault.reset_after(taken=True)]},
        "OutcomeUnknownError",
    ),
    "Fault.truncated_body()": ({"faults": [Fault.truncated_body()]}, "UnexpectedResponseError"),
    "Fault.server_error(503)": ({"faults": [Fault.server_error(503)]}, "ServerError"),
    "Fault.html(502)": ({"faults": [Fault.html(502)]}, "ServerError"),
    "Fault.hang(seconds=60)": ({"faults": [Fault.hang(seconds=60)]}, "OutcomeUnknownError"),
    "Fault.answer(422, body)": ({"faults": [Fault.answer(422, INVALID)]}, "ValidationError"),
    "@pytest.mark.cleverapp(forbidden_bots=[7])": ({"forbidden_bots": [7]}, "ForbiddenError"),
    'CleverAppClient("another", base_url=cleverapp_simulator.base_url)': (
        {"api_token": "not-another"},
        "AuthenticationError",
    ),
}


def test_the_tests_of_the_page_pass(tmp_path: Path) -> None:
    """The blocks of the page, put into one file, are tests that pytest runs."""
    blocks = [str(example.parsed) for example in examples_of(PAGE)]
    (tmp_path / "test_page.py").write_text("\n".join(blocks), encoding="utf-8")
    (settings,) = re.findall(
        r"^```toml\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    options = ["-p", "no:cacheprovider"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-W", "error::ResourceWarning", *options],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    written = {name for block in blocks for name in re.findall(r"\bdef (test_\w+)", block)}
    passed = set(re.findall(r"^PASSED .*::(test_\w+)$", ended.stdout, re.MULTILINE))
    assert passed == written


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_ends_as_the_table_says(fault: str) -> None:
    """Each fault of the table gives the error that stands in its row."""
    settings, wanted = FAULTS[fault]
    (row,) = [line for line in PAGE.read_text("utf-8").splitlines() if f"`{fault}`" in line[:160]]
    assert f"`{wanted}`" in row
    async with (
        Simulator(limits=SimulatorLimits.none(), **settings) as simulator,
        CleverAppClient(
            "another" if "api_token" in settings else simulator.api_token,
            base_url=simulator.base_url,
            limits=LimiterRegistry.unlimited(),
            config=ClientConfig(
                retry=RetryPolicy(base=0.001), attempt_timeout=0.1 if "hang" in fault else 30
            ),
        ) as client,
    ):
        with pytest.raises(CleverAppError) as caught:
            await client.send_message_to_whatsapp(bot_id=7, phone="79991234567", text="Hi")
    assert isinstance(caught.value, getattr(errors, wanted))


def test_no_row_of_the_table_is_left_untried() -> None:
    """What the table says to add is in the test above, or in a test of the page itself."""
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| [^|]+ \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    told = {one for row in rows for one in re.findall(r"`([^`]*\([^`]*)`", row)}
    assert told - set(FAULTS) == {
        "with cleverapp_simulator.refusing():",
        "Fault.too_many(retry_after=1, on=1)",
    }
