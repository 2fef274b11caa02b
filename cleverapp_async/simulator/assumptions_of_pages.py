"""What is assumed of the pages beyond «Сообщения»; see ``assumptions``."""

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


PAGES: Final[tuple[Assumption, ...]] = (
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
)
