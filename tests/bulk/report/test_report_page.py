from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import LimitKey, Message, SendMessage, SendMessageToWhatsApp
from cleverapp_async.bulk.report.html import foreign, plain, shortened, tag
from cleverapp_async.bulk.report.page import write_page
from cleverapp_async.journal import (
    ErrorRecord,
    JournalEntry,
    JournalSession,
    JournalState,
    JournalSummary,
)
from tests.bulk.report import campaigns
from tests.bulk.report.campaigns import BEGUN, HOSTILE, Row, entries_of, session, summarise, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from cleverapp_async.bulk.report.figures import ReportFigures

# What a message may hold: it refuses blank texts and half characters by itself.
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
ANY_TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(alphabet=st.characters()))


class Skeleton(HTMLParser):
    """The page as a parser takes it: its elements with their attributes' names, and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.texts: list[str] = []
        self.others: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        for name, value in attrs:
            if name in {"href", "src"}:
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        """Keep a comment."""
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        """Keep a declaration."""
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        """Keep a processing instruction."""
        self.others.append(data)

    @property
    def said(self) -> str:
        """All texts, one after the other."""
        return " ".join(self.texts)


def page_of(figures: ReportFigures, name: str = "run.db") -> str:
    """The page, its times in UTC."""
    return write_page(figures, name, UTC)


def everywhere(foreign_text: str, message_text: str) -> str:
    """A page on which a text stands wherever a text of somebody else can stand."""
    key = LimitKey(7, foreign_text)
    row = Row(key, JournalState.UNKNOWN, BEGUN, BEGUN + 9, 1.0, 1.0)
    triple = SendMessage(
        bot_id=7, messenger=message_text, contact_external_id=message_text, text=message_text
    )
    direct = SendMessageToWhatsApp(
        bot_id=7, phone="79990000000", text=message_text, name=message_text
    )
    error = ErrorRecord(type=foreign_text, message=foreign_text, status=500)
    field = (foreign_text or "field", foreign_text, (), foreign_text)
    refused = ErrorRecord(type="ValidationError", message=foreign_text, fields=(field,))
    summary = JournalSummary(
        created_at=BEGUN,
        origin=foreign_text,
        complete=True,
        purged=False,
        messages=2,
        duplicates=1,
        deduplicated=True,
        by_key={key: {JournalState.UNKNOWN: 2}},
        sessions=(
            JournalSession(
                started_at=BEGUN,
                ended_at=BEGUN + 9,
                pid=1,
                host=foreign_text,
                ended=foreign_text,
            ),
        ),
    )
    unknown = [
        JournalEntry(index=0, message=triple, key=key, state=row.state, intent_at=BEGUN),
        JournalEntry(index=1, message=direct, key=key, state=row.state, intent_at=BEGUN),
    ]
    figures = told(summary, [row], [(error, 1), (refused, 1)], unknown)
    return page_of(figures, foreign_text)


PLAIN = Skeleton(everywhere("x", "x"))


@given(ANY_TEXTS, TEXTS)
def test_no_text_adds_an_element(foreign_text: str, message_text: str) -> None:
    """Whatever the texts, the page has the elements and attributes of the template, no others."""
    page = everywhere(foreign_text, message_text)
    skeleton = Skeleton(page)
    assert skeleton.elements == PLAIN.elements
    assert skeleton.links == PLAIN.links
    assert skeleton.ids == PLAIN.ids
    assert not skeleton.others
    assert plain(shortened(foreign_text, 60)) in skeleton.said
    assert plain(shortened(message_text, 60)).removesuffix("…") in skeleton.said
    page.encode()


@given(ANY_TEXTS)
def test_markup_gives_every_text_back(text: str) -> None:
    """A text is read from an element, and from an attribute, as it was put in."""
    skeleton = Skeleton(tag("p", text, foreign(text, 10_000), data_label=text).source)
    assert skeleton.elements == [("p", ("data-label",)), ("bdi", ())]
    assert "".join(skeleton.texts) == plain(text) + plain(shortened(text, 10_000))


@pytest.mark.parametrize(
    "made", [campaigns.finished, campaigns.running, campaigns.empty, campaigns.hostile]
)
def test_the_page_asks_for_nothing(made: Callable[[], ReportFigures]) -> None:
    """There is no script, no address but anchors on the page itself, and a policy against both."""
    page = page_of(made())
    skeleton = Skeleton(page)
    names = {name for name, _ in skeleton.elements}
    assert not names & {"script", "img", "link", "iframe", "object", "form", "base"}
    attributes = {name for _, given_ in skeleton.elements for name in given_}
    assert not {name for name in attributes if name.startswith("on")} | (attributes & {"style"})
    assert all(link.startswith("#") and link[1:] in skeleton.ids for link in skeleton.links)
    assert len(set(skeleton.ids)) == len(skeleton.ids)
    style = re.search(r"<style>(.*)</style>", page, re.DOTALL)
    assert style is not None
    assert not re.search(r"url\(|@import|expression", style[1])
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert "default-src &#x27;none&#x27;" in page
    assert f"style-src &#x27;sha256-{digest}&#x27;" in page


def test_every_chart_has_words_and_a_table() -> None:
    """Each drawing has a title and a description, and its numbers stand in a table."""
    figures = campaigns.running()
    page = page_of(figures)
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) == 1 + 1 + 1 + 8
    for drawing in drawings:
        names = re.search(r'role="img" aria-labelledby="(\S+) (\S+)"', drawing)
        assert names is not None
        assert f'<title id="{names[1]}">' in drawing
        assert f'<desc id="{names[2]}">' in drawing
    assert figures.timeline is not None
    sent = [f"{count:,}" for count in figures.timeline.all.counts if count]
    listed = re.findall(
        r'<tr><th scope="row" class="when">[^<]*</th><td class="figure">(\d[^<]*)<', page
    )
    assert listed == sent


def test_a_finished_campaign_says_so() -> None:
    """The verdict, the counts and the duplicates of a campaign that has ended are told."""
    said = Skeleton(page_of(campaigns.finished())).said
    assert "2,616 of 2,690 messages accepted" in said
    assert "Nothing is left to send." in said
    assert "17 duplicates left out" in said
    assert "Поле text обязательно для заполнения" in said
    assert "cleverapp send" not in said


def facts_of(page: str) -> dict[str, str]:
    """What the head of the page says of the campaign."""
    found = re.search(r'<dl class="facts">(.*?)</dl>', page, re.DOTALL)
    assert found is not None
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", found[1], re.DOTALL)
    return {name: "".join(Skeleton(told).texts).replace("\xa0", " ") for name, told in pairs}


def test_the_head_names_the_journal_the_duration_and_the_zone() -> None:
    """Which campaign it is, when it was sent, for how long, and in which zone, stand at the top."""
    page = page_of(campaigns.finished())
    assert facts_of(page) == {
        "Journal": "run.db",
        "Sent": "2026-09-21 14:13:18 to 2026-09-21 14:48:20",
        "Duration": "35 min 2 s, in 2 runs that took 34 min 57 s together",
        "Through": "https://app.cleverapp.pro/api/v1",
        "As of": "2026-09-21 14:49:10",
        "Time zone": "UTC",
    }
    assert page.index("Duration") < page.index("Sends over time")


def test_a_campaign_has_the_title_that_it_is_given() -> None:
    """A title stands in the place of the journal's name, which the page still tells."""
    page = write_page(campaigns.finished(), "run.db", UTC, title="Spring <sale>")
    assert "<title>Campaign Spring &lt;sale&gt;</title>" in page
    assert "<h1>Campaign <bdi>Spring &lt;sale&gt;</bdi></h1>" in page
    assert facts_of(page)["Journal"] == "run.db"
    assert "cleverapp campaign unknown run.db" in write_page(
        campaigns.hostile(), "run.db", UTC, title="Spring"
    )


def test_the_duration_of_runs_that_have_not_ended_in_order() -> None:
    """A run that is at work lasts until now, one that died until its last send or to nothing."""
    sent = [Row(LimitKey(7, "viber"), JournalState.ACCEPTED, BEGUN + 59.5, BEGUN + 60)]
    died = summarise(sent, sessions=[session(BEGUN, None, None)])
    assert facts_of(page_of(told(died, sent)))["Duration"] == "1 min"
    silent = summarise([], pending={None: 1}, sessions=[session(BEGUN, None, None)])
    assert facts_of(page_of(told(silent)))["Duration"] == "0 ms"
    facts = facts_of(page_of(told(silent, running=True, written_at=BEGUN + 90)))
    assert facts["Sent"].endswith(" to now")
    assert facts["Duration"] == "1 min 30 s"
    unbegun = facts_of(page_of(told(summarise([], pending={None: 1}))))
    assert not {"Sent", "Duration"} & set(unbegun)


def test_everything_accepted_is_told_as_that() -> None:
    """A campaign that everybody got has nothing to look at."""
    sent = [Row(LimitKey(7, "viber"), JournalState.ACCEPTED, BEGUN, BEGUN, 0.0, 0.1)] * 3
    said = Skeleton(page_of(told(summarise(sent), sent))).said
    assert "All 3 messages accepted" in said
    assert "To look at" not in said
    assert "Errors" not in said
    one = Skeleton(page_of(told(summarise(sent[:1]), sent[:1]))).said
    assert "The message is accepted" in one


def test_a_running_campaign_says_what_is_to_go() -> None:
    """While it runs nobody is told to resume it, and what is left is counted."""
    said = Skeleton(page_of(campaigns.running())).said
    assert "It runs now; 60,040 messages to go." in said
    assert "it runs now" in said
    assert "it died" in said
    assert "Resume" not in said
    assert "4 more count in the chart of all sends" in said


def test_a_stopped_campaign_says_how_to_go_on() -> None:
    """What is left of a campaign that does not run comes with the command that resumes it."""
    key = LimitKey(7, "viber")
    summary = summarise([], pending={key: 5}, sessions=[session(BEGUN, BEGUN + 1, "interrupted")])
    said = Skeleton(page_of(told(summary), "my run.db")).said
    assert "It does not run now; 5 messages to go." in said
    assert "cleverapp send --journal 'my run.db'" in said


def test_a_campaign_that_was_never_read_in_says_so() -> None:
    """Where reading the messages did not end, nothing is called sent or resumable."""
    summary = summarise([], pending={None: 5}, complete=False)
    said = Skeleton(page_of(told(summary))).said
    assert "Nothing is sent yet" in said
    assert "cleverapp send" not in said


def test_an_empty_campaign_has_a_page() -> None:
    """A campaign without messages says so, without charts."""
    page = page_of(campaigns.empty())
    assert "This campaign has no messages" in page
    assert "<svg" not in page


def test_a_purged_campaign_lists_no_recipients() -> None:
    """Of a purged journal the numbers are told, and that the rest was erased."""
    sent = [Row(LimitKey(7, "viber"), JournalState.UNKNOWN, BEGUN, BEGUN)] * 3
    said = Skeleton(page_of(told(summarise(sent, purged=True), sent))).said
    assert "Recipients and texts were erased." in said
    assert "Its recipients and texts were erased: nothing more is sent." in said
    assert "3 messages" in said


def test_of_many_unknown_the_first_are_listed() -> None:
    """A thousand are listed, and how to get all is told."""
    page = page_of(campaigns.hostile())
    assert page.count('data-label="recipient"') == 1000
    assert "And 4,000 more; all of them:" in page
    assert "cleverapp campaign unknown run.db" in page


def test_of_many_errors_the_first_are_listed() -> None:
    """A hundred kinds of errors are listed, the rest is counted."""
    skeleton = Skeleton(page_of(campaigns.hostile()))
    assert f"And {len(HOSTILE) + 1 + 150 - 100} more." in skeleton.texts


def test_of_many_runs_the_last_are_listed() -> None:
    """Fifty runs are listed with their numbers, the earlier ones are counted."""
    sessions = [session(BEGUN + place, BEGUN + place + 1, "interrupted") for place in range(60)]
    said = Skeleton(page_of(told(summarise([], sessions=sessions)))).said
    assert "10 earlier runs are left out." in said
    assert said.count("interrupted") == 50


def test_of_many_keys_the_rest_counts_in_the_total() -> None:
    """That keys are left out of the table is said below it."""
    sent = [
        Row(LimitKey(bot, "viber"), JournalState.ACCEPTED, BEGUN, BEGUN) for bot in range(1, 104)
    ]
    said = Skeleton(page_of(told(summarise(sent), sent))).said
    assert "The first 100; 3 more count in the last row alone." in said


def test_messages_of_every_kind_are_listed() -> None:
    """Each way of addressing, and each kind of content, is shown in the list of unknown."""
    key = LimitKey(7, "viber")
    messages: list[Message] = [
        SendMessage(contact_id=41, text="by contact"),
        SendMessage(contact_id=42, image="https://example.com/a.png"),
        SendMessage(contact_id=43, file="https://example.com/a.pdf"),
        SendMessageToWhatsApp(bot_id=7, phone="79991234567", text="by phone", name="Анна"),
    ]
    entries = [
        JournalEntry(index=place, message=message, key=key, state=JournalState.UNKNOWN)
        for place, message in enumerate(messages)
    ]
    sent = [Row(key, JournalState.UNKNOWN, None, BEGUN)] * len(entries)
    said = Skeleton(page_of(told(summarise(sent), sent, unknown=entries))).said
    for shown in ("contact 41", "a.png", "a.pdf", "79991234567", "Анна", "by phone", "#4"):
        assert shown in said


def test_an_intent_of_a_dead_run_is_listed() -> None:
    """Before a killed campaign is resumed, what it had on the way counts as in doubt."""
    key = LimitKey(7, "telegram")
    sent = [Row(key, JournalState.INTENT, BEGUN, BEGUN)]
    summary = summarise(sent, sessions=[session(BEGUN, None, None)])
    said = Skeleton(page_of(told(summary, unknown=entries_of(sent, ["text"])))).said
    assert "no result" in said
    assert "it died" in said
    assert "cleverapp campaign resolve run.db" in said


def test_times_that_nobody_tells_have_no_table() -> None:
    """Where messages tell how long they were on the wire alone, there is no table of waits."""
    sent = [Row(LimitKey(7, "viber"), JournalState.ACCEPTED, BEGUN, BEGUN, None, 0.1)]
    said = Skeleton(page_of(told(summarise(sent), sent))).said
    assert "On the wire" in said
    assert "Waited for limits" not in said


def test_a_run_that_sent_nothing_is_listed_and_not_drawn() -> None:
    """A run before the first send, or after the last one, is in the table and not in the strip."""
    sent = [Row(LimitKey(7, "viber"), JournalState.ACCEPTED, BEGUN, BEGUN, 0.0, 0.1)]
    sessions = [
        session(BEGUN - 5000, BEGUN - 4000, "interrupted"),
        session(BEGUN - 1, BEGUN + 1, "interrupted"),
        session(BEGUN + 5000, BEGUN + 5001, "finished"),
    ]
    page = page_of(told(summarise(sent, sessions=sessions), sent))
    strip = re.search(r'<svg class="strip".*?<path d="([^"]*)"', page, re.DOTALL)
    assert strip is not None
    assert strip[1].count("M") == 1
    assert all(f"#{place}</span>" in page for place in (1, 2, 3))
