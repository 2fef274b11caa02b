"""What checkers say of the public modules: checked by mypy and pyright, never run."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

from cleverapp_async import CleverAppClient, LimiterRegistry, LimitKey, Quota, Schedule, bulk
from cleverapp_async.endpoints import ENDPOINTS, Endpoint
from cleverapp_async.events import Event, EventCallback
from cleverapp_async.integrations.otel import OpenTelemetry
from cleverapp_async.journal import (
    CampaignReader,
    JournalError,
    JournalReader,
    JournalSummary,
    SqliteJournal,
)
from cleverapp_async.limits import (
    Limiter,
    LimiterFactory,
    OnUnavailable,
    PacedLimiter,
    SharedLimiterRegistry,
    SlidingWindowLimiter,
)
from cleverapp_async.models import Contact, Page

if TYPE_CHECKING:
    from cleverapp_async.errors import JournalLostError
    from cleverapp_async.telemetry import Telemetry


async def campaigns(client: CleverAppClient, journal: SqliteJournal) -> None:
    """What is imported when it is asked for has its type all the same."""
    run = client.run_campaign(journal)
    assert_type(run, bulk.BulkRun)
    assert_type(run.progress, bulk.BulkProgress)
    assert_type(run.summary, JournalSummary | None)
    client.send_many([], schedule=Schedule())
    with JournalReader("run.db") as reader:
        assert_type(reader.summary(), JournalSummary)
        told: CampaignReader = reader
        assert_type(told.summary(), JournalSummary)


def lost(error: JournalLostError) -> JournalError:
    """An error is the same class in each module that gives it."""
    return error


def limits(policy: OnUnavailable) -> None:
    """A factory of a limiter is one of ours or of the user's own."""
    assert_type(LimiterRegistry.shared("redis://x", on_unavailable=policy), SharedLimiterRegistry)
    assert_type(LimiterRegistry.on_disk("x", on_unavailable="process"), SharedLimiterRegistry)

    def paced(_: LimitKey | object, quotas: tuple[Quota, ...]) -> Limiter:
        return PacedLimiter(*quotas) if quotas else SlidingWindowLimiter()

    factory: LimiterFactory = paced
    LimiterRegistry(factory=factory)


def events() -> None:
    """A callback takes any event."""

    def told(event: Event) -> None:
        assert_type(event.attempt, int)

    callback: EventCallback = told
    assert_type(callback(Event("1", "getMe", 1)), None)


def telemetry(token: str) -> None:
    """What speaks to OpenTelemetry is telemetry, and a client takes it."""
    told: Telemetry = OpenTelemetry()
    assert_type(CleverAppClient(token, telemetry=told), CleverAppClient)


async def models(client: CleverAppClient) -> None:
    """Answers are of the classes that the module of models gives."""
    assert_type(await client.get_contacts(), Page[Contact])
    assert_type(ENDPOINTS["getMe"], Endpoint)
