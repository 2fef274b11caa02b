"""What a handler of one of the API's methods works with, and what it decides.

A page of the API is one module of ``pages``: handlers, and a table of endpoints that names
them. ``router`` puts the tables together.

Handlers of many pages look up a contact or a bot before anything else. An unknown contact or bot is
a failed validation (``exists``), another unknown id is 404 (both *assumed*).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar, cast, get_args

from attrs import define, field, frozen, validators

from .laravel.parameters import Parameters, as_integer
from .laravel.replies import Reply, error_reply, json_reply, page_body
from .laravel.rules import Errors, Rules, integer, missing_row, required
from .limits import RateLimiter
from .request_log import ArrivalVerdict
from .state.store import State

if TYPE_CHECKING:
    from .state.records import SimulatedContact

Channel: TypeAlias = tuple[int | None, str | None]
"""The bot and the messenger a request goes through, as far as they are known."""

FORBIDDEN_STATUS: Final = 403
"""The status of ``{"message": "Forbidden"}`` (*assumed*)."""

MESSENGER_LIMIT_STATUS: Final = 422
"""The status of a messenger limit's refusal (*assumed*)."""

UNSUPPORTED_STATUS: Final = 422
"""The status of an unsupported messenger's refusal (*assumed*)."""

NO_CHANNEL: Final[Channel] = (None, None)

PER_PAGE: Final = 100
"""Rows on a page where the request does not say (that of getListSchemas; elsewhere *assumed*)."""

Row = TypeVar("Row")


@frozen
class Decision:
    """What the server decided about a request."""

    verdict: ArrivalVerdict
    reply: Reply
    taken: bool = False


@frozen
class Refusals:
    """What the server refuses beyond the limits, and with which statuses.

    Args:
        forbidden_bots: Bots the account has no access to.
        unsupported_messengers: Messengers nothing can be sent to.
        forbidden_status: The status of a forbidden bot's refusal.
        messenger_limit_status: The status of a messenger limit's refusal.
        unsupported_status: The status of an unsupported messenger's refusal.
    """

    forbidden_bots: frozenset[int] = frozenset()
    unsupported_messengers: frozenset[str] = frozenset()
    forbidden_status: int = FORBIDDEN_STATUS
    messenger_limit_status: int = MESSENGER_LIMIT_STATUS
    unsupported_status: int = UNSUPPORTED_STATUS


VariablesShape: TypeAlias = Literal["current", "older"]
"""How a contact's variable is answered; see :class:`AnswerVariants`."""

DateStyle: TypeAlias = Literal["offset", "zulu"]
"""How a date is spelled; see :class:`AnswerVariants`."""

CountReferralsShape: TypeAlias = Literal["data", "bare"]
"""How getCountReferrals answers; see :class:`AnswerVariants`."""

EmptyObjects: TypeAlias = Literal["object", "array"]
"""How an empty object is encoded; see :class:`AnswerVariants`."""

VARIABLES_SHAPES: Final[tuple[str, ...]] = get_args(VariablesShape)
DATE_STYLES: Final[tuple[str, ...]] = get_args(DateStyle)
COUNT_REFERRALS_SHAPES: Final[tuple[str, ...]] = get_args(CountReferralsShape)
EMPTY_OBJECTS: Final[tuple[str, ...]] = get_args(EmptyObjects)


@frozen
class AnswerVariants:
    """Which of the known shapes an answer takes.

    Args:
        variables: ``current`` names a variable beside its value (CleverApp's page), ``older``
            inside ``variable`` only, with dates and pages (a sibling brand's page).
        dates: ``offset`` is ``2019-05-10T10:38:28+00:00`` (CleverApp's pages), ``zulu``
            ``2024-12-01T10:00:00.000000Z`` (seen in practice).
        count_referrals: ``data`` is ``{"data": {"count": 1}}``, ``bare`` ``{"count": 1}``;
            the body is not documented.
        empty_objects: ``object`` is ``{}``, ``array`` is ``[]``: what PHP makes of an empty array,
            whichever of the two was meant.

    Raises:
        ValueError: A name is not one of these.
    """

    variables: VariablesShape = field(default="current", validator=validators.in_(VARIABLES_SHAPES))
    dates: DateStyle = field(default="offset", validator=validators.in_(DATE_STYLES))
    count_referrals: CountReferralsShape = field(
        default="data", validator=validators.in_(COUNT_REFERRALS_SHAPES)
    )
    empty_objects: EmptyObjects = field(default="object", validator=validators.in_(EMPTY_OBJECTS))

    def encodable(self, body: object) -> object:
        """A body as it is encoded, its empty objects in the shape that was chosen."""
        if self.empty_objects == "object":
            return body
        if isinstance(body, Mapping):
            shown = cast("Mapping[str, object]", body)
            return {name: self.encodable(value) for name, value in shown.items()} or []
        if isinstance(body, list):
            return [self.encodable(value) for value in cast("list[object]", body)]
        return body

    def date(self, moment: int) -> str:
        """Spell a moment, given in Unix seconds."""
        when = datetime.fromtimestamp(moment, UTC)
        if self.dates == "offset":
            return when.isoformat()
        return f"{when.isoformat(timespec='microseconds').removesuffix('+00:00')}Z"


@define
class Context:
    """What handlers know and change.

    ``links_url`` is the URL before the methods' names that the links of a page show.
    """

    state: State
    variants: AnswerVariants
    limiter: RateLimiter
    refusals: Refusals
    links_url: str


@frozen
class Call:
    """One valid request on its way through a handler."""

    context: Context
    endpoint: str
    parameters: Parameters
    channel: Channel
    now: float
    wants_json: bool

    @property
    def state(self) -> State:
        """What the server knows."""
        return self.context.state

    @property
    def variants(self) -> AnswerVariants:
        """In which forms the server answers."""
        return self.context.variants

    def text(self, name: str) -> str | None:
        """Return a parameter that is a string, else None."""
        return text_of(self.parameters, name)

    def integer(self, name: str) -> int | None:
        """Return a parameter that is an integer, else None."""
        return as_integer(self.parameters.get(name))

    def answer(self, data: object, *, created: bool = False) -> Decision:
        """Accept, with the answer in the usual envelope.

        Args:
            data: What was asked for.
            created: Whether it is a resource that did not exist before.
        """
        status = HTTPStatus.CREATED if created else HTTPStatus.OK
        return self.answer_bare({"data": data}, status)

    def answer_bare(self, body: object, status: int = HTTPStatus.OK) -> Decision:
        """Accept, with an answer that is not in an envelope."""
        return Decision("accepted", json_reply(self.variants.encodable(body), status))

    def succeed(self) -> Decision:
        """Accept, with an answer that says only so."""
        return self.answer_bare({"success": True})

    def answer_page(
        self, rows: Sequence[Row], show: Callable[[Row], object], per_page: int = PER_PAGE
    ) -> Decision:
        """Accept, with the page of these rows that is asked for.

        The page's number is read as Laravel's paginator does: what is not a positive integer is
        page 1.

        Args:
            rows: All the rows; only those of the page are looked at.
            show: Gives a row its shape.
            per_page: Rows on a page.
        """
        number = max(1, self.integer("page") or 1)
        url = f"{self.context.links_url}/{self.endpoint}"
        return self.answer_bare(page_body(rows, show, number=number, per_page=per_page, url=url))

    def missing(self) -> Decision:
        """Refuse: what an id names does not exist (status and text are *assumed*)."""
        data = {"message": "No query results."}
        return Decision("missing", error_reply(404, data, wants_json=self.wants_json))

    def invalid(self, errors: Errors) -> Decision:
        """Refuse with validation errors."""
        return invalid(errors, wants_json=self.wants_json)

    def refuse_bot(self) -> Decision | None:
        """Refuse when the account has no access to the bot."""
        if self.channel[0] not in self.context.refusals.forbidden_bots:
            return None
        return Decision(
            "forbidden",
            json_reply({"message": "Forbidden"}, self.context.refusals.forbidden_status),
        )

    def refuse_messenger(self) -> Decision | None:
        """Refuse when the messenger is not one that can be written to."""
        messenger = self.channel[1]
        if messenger not in self.context.refusals.unsupported_messengers:
            return None
        text = (
            "На данный момент не реализована отправка сообщений "
            f"в мессенджер контакта ({messenger})"
        )
        return Decision(
            "unsupported", json_reply({"error": text}, self.context.refusals.unsupported_status)
        )

    def refuse_limit(self, bot_id: int, messenger: str) -> Decision | None:
        """Count the message, or refuse it when its bot and messenger have had enough."""
        scope = (self.endpoint, bot_id, messenger)
        if self.context.limiter.admit(scope, self.now):
            return None
        text = f"Достигнут лимит отправки сообщений для {messenger}"
        return Decision(
            "refused_messenger",
            json_reply({"error": text}, self.context.refusals.messenger_limit_status),
        )


Handler: TypeAlias = Callable[[Call], Decision]
"""Answers a request which keeps the rules of its method."""


@frozen
class Endpoint:
    """One method.

    Args:
        name: The last part of its path.
        http_method: The only HTTP method it takes.
        rules: Its validation.
        channel: Which bot and messenger a request addresses; never fails.
        handle: Answers a request which keeps the rules.
    """

    name: str
    http_method: Literal["GET", "POST"]
    rules: Rules
    channel: Callable[[Context, Parameters], Channel]
    handle: Handler


def text_of(parameters: Parameters, name: str) -> str | None:
    """Return a parameter that is a string, else None."""
    value = parameters.get(name)
    return value if isinstance(value, str) else None


def invalid(errors: Errors, *, wants_json: bool) -> Decision:
    """Refuse with validation errors, as Laravel words it (API docs: the page's samples)."""
    data = {"message": "The given data was invalid.", "errors": errors}
    return Decision("invalid", error_reply(422, data, wants_json=wants_json))


CONTACT_RULES: Rules = {"contact_id": (required, integer)}


def no_channel(context: Context, parameters: Parameters) -> Channel:
    """Tell that a method goes through no bot."""
    del context, parameters
    return NO_CHANNEL


def bot_channel(context: Context, parameters: Parameters) -> Channel:
    """Return the bot that is named, and no messenger, as the method has no limit per messenger."""
    del context
    return as_integer(parameters.get("bot_id")), None


def contact_channel(context: Context, parameters: Parameters) -> Channel:
    """Return the bot of the contact that is named, and no messenger, as none is limited."""
    contact_id = as_integer(parameters.get("contact_id"))
    contact = None if contact_id is None else context.state.contacts.by_id(contact_id)
    return NO_CHANNEL if contact is None else (contact.bot_id, None)


def of_contact(handle: Callable[[Call, SimulatedContact], Decision]) -> Handler:
    """Look up the contact, refuse what may not be seen, then handle."""

    def handler(call: Call) -> Decision:
        contact_id = call.integer("contact_id")
        contact = None if contact_id is None else call.state.contacts.obtain(contact_id)
        if contact is None:
            return call.invalid(missing_row("contact_id"))
        return call.refuse_bot() or handle(call, contact)

    return handler


def of_bot(handle: Callable[[Call, int], Decision]) -> Handler:
    """Look up the bot, refuse what may not be seen, then handle."""

    def handler(call: Call) -> Decision:
        bot_id = call.integer("bot_id")
        if bot_id is None or not call.state.contacts.has_bot(bot_id):
            return call.invalid(missing_row("bot_id"))
        return call.refuse_bot() or handle(call, bot_id)

    return handler
