"""Everything the simulator does that the API's documentation does not say."""

from __future__ import annotations

from typing import Final

from attrs import frozen


@frozen
class Assumption:
    """One choice where the documentation is silent.

    Args:
        topic: What it is about.
        behaviour: What the simulator does.
        why: Why this was chosen.
    """

    topic: str
    behaviour: str
    why: str


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
    # Of the pages beyond «Сообщения».
    Assumption(
        "Everybody is a contact",
        "Without given contacts, a method other than sendMessage that names a contact's id makes"
        " that contact (bot 1, Telegram) and keeps it; getContacts lists what is kept.",
        "A convenience: any id can be tried.",
    ),
    Assumption(
        "Unknown ids",
        "An unknown contact, bot, tag, variable or field is 422 with the exists text; an unknown"
        ' account, list or item is 404 {"message": "No query results."}. An unknown bot_id filters'
        " to nothing.",
        "Not documented; both statuses are there, so that a client meets both.",
    ),
    Assumption(
        "Bots without access",
        "Forbidden for every method that names the bot or what belongs to it; getContacts without"
        " bot_id leaves their contacts out.",
        "The body Forbidden is documented, its reach is not.",
    ),
    Assumption(
        "Answers of attach, detach, delete and setYsellStatus",
        '{"success": true}; also where a tag was attached already, or was not attached.',
        "Not documented; this is sendMessage's answer.",
    ),
    Assumption(
        "Order of rows",
        "Contacts by id; everything else in the order it came.",
        "Not documented.",
    ),
    Assumption(
        "Size of a page",
        "100 rows; count of getContacts is 1 to 500 (the upper bound is documented), limit of"
        " getListItems as well.",
        "100 is on the page of getListSchemas.",
    ),
    Assumption(
        "Number of a page",
        "What is no positive integer is page 1; beyond the last page data is empty. meta.links"
        " names the pages around it, as below a table.",
        "Laravel's paginator.",
    ),
    Assumption(
        "Span of dates",
        "date_from and date_to belong to it.",
        "The documentation gives the unit only.",
    ),
    Assumption(
        "Matching of createOrUpdateContact",
        "By bot, messenger and the id in that messenger (in WhatsApp, and where no such id is"
        " sent, the phone number); otherwise a contact is created. What is absent stays as it was;"
        " tags are added. An id may be a string or an integer.",
        "The matching key is not documented.",
    ),
    Assumption(
        "Lengths of texts",
        "255 characters for names, tags, descriptions and the like; no limit for messages and"
        " values of variables.",
        "Laravel's default column; sizes are not documented.",
    ),
    Assumption(
        "Tags",
        "attachTagToContact makes the bot's tag if there is none of the name; tag_id wins over"
        " name.",
        "Not documented.",
    ),
    Assumption(
        "Variables",
        "One id per bot and name; id wins over name when deleting; deletable becomes false when"
        " it is not sent. with=variables gives name and value.",
        "The sample shows the variable's id as the value's; 0 is the documented default.",
    ),
    Assumption(
        "Accounts",
        "A contact may have several of one currency; a currency is three capital letters, of crypto"
        " accounts 2 to 16 capital letters and digits. amount is above 0 and the balance at most"
        " 2^63 - 1 minor units, of crypto accounts 10^30. Deleting does not ask for the balance.",
        "Not documented.",
    ),
    Assumption(
        "amount_note",
        "The amount in the major unit with the currency, such as 150.00 RUB.",
        "Only the name is documented.",
    ),
    Assumption(
        "Amounts of crypto accounts",
        "A decimal in a JSON string, at most 18 digits after the point; a JSON number is read too.",
        "A string keeps it exact; the documentation says decimal.",
    ),
    Assumption(
        "Insufficient funds",
        "422, of amount: Недостаточно средств на счете.",
        "Not documented.",
    ),
    Assumption(
        "getReferrers",
        "The contact itself with its referrers above it, 10 of them when depth is absent; flat,"
        " the same people from the contact up.",
        "The sample is the tree; the flat form is only named.",
    ),
    Assumption(
        "getReferrals and getCountReferrals",
        "The contacts which a contact brought itself. tag_name and tag_id must both hold; of a list"
        " one suffices. Other filters are ignored. The count is inside data, or bare on demand.",
        "Not documented.",
    ),
    Assumption(
        "Fields of lists",
        "A new field has name and type (string, number, bool or contact), and flags that are false"
        " when absent. addListSchemaField takes the slug inside field, or a field by its slug. A"
        " slug is a letter, then letters, digits, - and _, at most 64, and not id, created_at or"
        " updated_at.",
        "The types are those seen; the shape of field is not documented.",
    ),
    Assumption(
        "Values of list items",
        "Checked by the field's type and kept in it; unknown slugs are refused; null takes a value"
        " away. A schema_id that is not the item's is 404. addListItem and updateListItem answer"
        " the item, the methods that change fields the list.",
        "Not documented.",
    ),
    Assumption(
        "getListItems",
        "contact_id keeps the items which have it in a field of type contact; bot_id those of a"
        " bot's list or with a contact of the bot. order_by takes a slug, id, created_at or"
        " updated_at, then asc or desc.",
        "The parameters are documented, their effect is not.",
    ),
    Assumption(
        "sendMessageToQueue",
        "message_id is optional, made up when absent, and protects from nothing. No messenger limit"
        " is kept. With given contacts, an unknown phone or bitrix_contact_id is 422.",
        "Brands differ on message_id.",
    ),
    Assumption(
        "getMe",
        "id, name and email, or what the seed says.",
        "The fields are not documented.",
    ),
    Assumption(
        "decodeShortLink",
        "What the seed says of the link, else an invented link that expires in an hour.",
        "The real links are signed by the service.",
    ),
    Assumption(
        "Incoming webhook",
        'A POST to webhook_path, whatever its body, is 200 {"success": true}, and counts for no'
        " limit. Where the body has contact_by and search, the contact of that telegram_id,"
        " viber_id, vk_user_id, phone or id gets the variables, each as text, and new ones are"
        " created; with given contacts, one that is not found is 404"
        ' {"message": "No query results."}.',
        "A sibling brand documents that variables are created; contact_by was seen with telegram_id"
        " only, and no answer is documented.",
    ),
)
"""Everything that the simulator assumes where the documentation is silent."""
