"""Everything the simulator does that the API's documentation does not say."""

from __future__ import annotations

from typing import Final

from .assumptions_of_pages import PAGES, Assumption

__all__ = ["ASSUMPTIONS", "Assumption"]

ASSUMPTIONS: Final[tuple[Assumption, ...]] = (
    Assumption(
        "Order of checks",
        "Route, HTTP method, size, token, account limit, parameters, contact, access to the"
        " bot, messenger, messenger limit.",
        "The order of Laravel's middleware, then of a controller.",
    ),
    Assumption(
        "Kind of window",
        "Sliding by default; fixed and token bucket on demand. A fixed window is opened by its"
        " first request, ends on a whole second and so is up to a second shorter than T (not where"
        " T is below a second). Windows are half open: requests at t and t + T are not in one.",
        "The documentation says how many, not how they are counted; Laravel counts in whole"
        " seconds.",
    ),
    Assumption(
        "What a window counts",
        "The account's quotas are throttles one behind the other, the longest period first: a"
        " request that 2 per second refuses is counted in 120 per minute. One that its messenger"
        " refused is counted for the account only, an invalid one for the account only.",
        "Laravel's throttle counts what it lets through, and the next one may still refuse it.",
    ),
    Assumption(
        "Answer of the account limit",
        'Status 429, {"message": "Too Many Attempts."}, Retry-After in whole seconds, and'
        " X-RateLimit-Reset, the Unix second in which that is over. Both are rounded up, or down:"
        " retry_after; then 0 is said as well.",
        "Only the status is documented; the rest is Laravel's throttle, which says 0 where it"
        " counts in Redis.",
    ),
    Assumption(
        "Headers of the limits",
        "X-RateLimit-Limit and X-RateLimit-Remaining are on every answer to a request that reached"
        " the account's limits: of the quota that refused, or of the last one that was passed.",
        "Laravel's throttle.",
    ),
    Assumption(
        "Status of a messenger limit",
        "422, or messenger_limit_status.",
        "Only the body is documented. A status that is not 429 shows whether a client reads"
        " the body.",
    ),
    Assumption(
        "Status of an unsupported messenger",
        "422, or unsupported_status. No messenger is unsupported unless it is named.",
        "Only the body is documented, and its sample names ICQ, which the same page lists"
        " among the messengers with a limit.",
    ),
    Assumption(
        "Status of Forbidden",
        "403, or forbidden_status; answered for the bots in forbidden_bots.",
        "Only the body is documented.",
    ),
    Assumption(
        "Token",
        'Read from the query or the body; a false or missing one is 401 {"message":'
        ' "Unauthenticated."}. An Authorization header is not read.',
        "The query is documented, the body is seen in working clients, the header is neither.",
    ),
    Assumption(
        "Unknown method, wrong HTTP method",
        '404 {"message": ""} and 405 with the methods that are taken, before the token is looked'
        " at. A GET method takes HEAD; OPTIONS of a method that exists is 200 with Allow and no"
        " body.",
        "Laravel finds the route first, and has HEAD and OPTIONS by itself.",
    ),
    Assumption(
        "Created resources",
        "201 for a contact, an account, a variable or a list's item that did not exist before;"
        " 200 for a list and for everything else.",
        "Laravel answers so for a resource made of a new row; no page tells.",
    ),
    Assumption(
        "Empty objects",
        "{}, or [] everywhere: empty_objects.",
        "PHP makes [] of an empty array, whichever of the two was meant.",
    ),
    Assumption(
        "Query and body together",
        "One set of parameters; where both name a parameter, the body wins. JSON is read when"
        " the content type says JSON; a body that is no valid JSON object holds no parameters.",
        "Laravel adds the query to the body's parameters.",
    ),
    Assumption(
        "Blanks and empty strings",
        "Strings are trimmed; an empty string or null is an absent parameter.",
        "Laravel's TrimStrings and ConvertEmptyStringsToNull, and fields that may be null.",
    ),
    Assumption(
        "Size of a request",
        "1000 fields, 64 brackets in a key, 511 levels of JSON, a body of 8 MiB (more is 413);"
        " a request line or a header beyond about 8 KiB is a 400 page.",
        "PHP's and common web servers' defaults.",
    ),
    Assumption(
        "Answers to a request that does not ask for JSON",
        "A failed validation redirects (302) to /, a false token to /login, other errors of the"
        " framework are HTML pages; answers of the method itself are JSON always.",
        "What Laravel does without X-Requested-With: XMLHttpRequest or Accept: application/json.",
    ),
    Assumption(
        "Texts of the rules that are in no sample",
        "Those of Laravel's Russian language pack: integer, string, exists, in, max, between...",
        "The documented texts are from that pack; these rules are not in the samples.",
    ),
    Assumption(
        "Types",
        "integer takes what PHP's FILTER_VALIDATE_INT takes (also digits in a string); string"
        " refuses a JSON number; url wants a scheme and a host; required refuses an empty list.",
        "Laravel's rules of these names.",
    ),
    Assumption(
        "Unknown contact",
        "422 with the exists text: on contact_id, on contact_external_id for a triple, on"
        " bot_id for an unknown bot of sendMessageToWhatsApp; looked up when all else is valid.",
        "The documentation says only that the contact must be among the bot's contacts.",
    ),
    Assumption(
        "Both addressings at once",
        "contact_id wins.",
        "The validation sample asks for one of the two and does not forbid both.",
    ),
    Assumption(
        "Messengers beyond the documented four",
        "Accepted; limited as Telegram.",
        "Sibling brands list more, without limits.",
    ),
    Assumption(
        "Limit of sendMessageToWhatsApp",
        "Counted per bot, apart from sendMessage to WhatsApp; refused with the same text.",
        "Documented is one message in a second, not whose.",
    ),
    Assumption(
        "Name in sendMessageToWhatsApp",
        "With given contacts, a first message to a number without name is 422 required; the"
        " number is then a contact. Without given contacts, name is optional.",
        "The page says that name is needed when writing to a contact for the first time.",
    ),
    Assumption(
        "Phone numbers",
        "Compared by their digits.",
        "The documentation shows bare digits only.",
    ),
    *PAGES,
)
