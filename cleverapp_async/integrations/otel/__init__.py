"""Spans and metrics by OpenTelemetry; needs the extra ``otel``.

::

    telemetry = OpenTelemetry()
    async with CleverAppClient(token, telemetry=telemetry) as client:
        ...
"""

from __future__ import annotations

from ..._imports import missing_extra

try:
    from .telemetry import OpenTelemetry
except ModuleNotFoundError as _missing:
    if _missing.name is None or _missing.name.split(".")[0] != "opentelemetry":
        raise
    raise ModuleNotFoundError(
        missing_extra(__name__, "otel"), name=_missing.name, path=_missing.path
    ) from None

__all__ = ["OpenTelemetry"]
