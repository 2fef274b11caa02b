"""What became of a campaign, for people: a page, and all messages as CSV."""

from __future__ import annotations

from .export import export_csv
from .write import write_report

__all__ = ["export_csv", "write_report"]
