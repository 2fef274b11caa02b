from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.simulator import (
    SimulatedContact,
    SimulatedVariable,
    Simulator,
    SimulatorLimits,
)
from cleverapp_async.simulator.inbox import server
from tests.browser import Page, open_tabs

if TYPE_CHECKING:
    from tests.simulator.inbox.conftest import Open

pytestmark = pytest.mark.no_cover  # others have measured what these repeat

PAGE = Path(server.__file__).with_name("page")
HOSTILE = (
    "<img src=x onerror='window.struck=1'>",
    "<script>window.struck=1</script>",
    "</pre></div><iframe src='https://evil.example/'></iframe>",
    "{{constructor.constructor('window.struck=1')()}}",
    "\u202egnp.exe\u0000\u2028 `${window.struck=1}`",
    "javascript:window.struck=1",
)
CONTROLS = {"button", "checkbox", "combobox", "link", "listbox", "searchbox", "textbox"}


async def until(page: Page, condition: str) -> None:
    """Wait until something holds on the page."""
    look = f"const look = () => {{ if ({condition}) done(); else setTimeout(look, 10); }}; look();"
    async with asyncio.timeout(20):
        await page.evaluate(f"new Promise((done) => {{ {look} }})")


async def until_text(page: Page, selector: str, text: str) -> None:
    """Wait until an element holds a text."""
    found = f"document.querySelector({json.dumps(selector)})"
    await until(page, f"{found}?.textContent.includes({json.dumps(text)})")


async def click(page: Page, selector: str) -> None:
    """Click an element."""
    await page.evaluate(f"document.querySelector({json.dumps(selector)}).click()")


async def fill(page: Page, selector: str, text: str) -> None:
    """Write into a field, as somebody who types does."""
    field = f"document.querySelector({json.dumps(selector)})"
    await page.evaluate(
        f"{field}.value = {json.dumps(text)};"
        f"for (const name of ['input', 'change'])"
        f"  {field}.dispatchEvent(new Event(name, {{bubbles: true}}))"
    )


async def press(page: Page, key: str) -> None:
    """Press a key."""
    for kind in ("keyDown", "keyUp"):
        await page.command("Input.dispatchKeyEvent", type=kind, key=key)


async def hide(page: Page, *, hidden: bool) -> None:
    """Put a tab behind another one, or bring it to the front, as far as its scripts can tell."""
    await page.evaluate(
        "Object.defineProperty(document, 'hidden',"
        f" {{value: {json.dumps(hidden)}, configurable: true}});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )


async def complaints(page: Page, url: str) -> list[str]:
    """What the page complained of, and what it asked of anybody but the inbox."""
    await page.evaluate("1")
    told: list[str] = []
    for method, parameters in page.events:
        if method in {"Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"}:
            told.append(str(parameters))
        elif method == "Network.requestWillBeSent":
            request = parameters["request"]
            assert isinstance(request, dict)
            if not str(request["url"]).startswith(url):
                told.append(str(request["url"]))
    return told


async def test_messages_appear_in_every_tab_as_they_are_sent(
    open_inbox: Open, tmp_path: Path
) -> None:
    """Two tabs show each message within a second, why it was refused, and what a filter means."""
    limits = SimulatorLimits(messengers={"telegram": (3, 30.0)}, account=None)
    client = await open_inbox(Simulator(limits=limits))
    url = client.inbox.url
    async with open_tabs(tmp_path / "profile", 2, reach="127.0.0.1") as (page, other):
        for tab in (page, other):
            await tab.speak("en")
            await tab.go(url)
            await until_text(tab, "#state", "Live")
        took: list[float] = []
        for number in range(1, 5):
            before = time.monotonic()
            await client.call.send(5, text=f"order {number}")
            await until_text(page, f"#row-{number}", f"order {number}")
            took.append(time.monotonic() - before)
        assert min(took) < 1
        await until_text(other, "#count", "4 messages")
        await click(page, "#row-4")
        await until_text(page, "#details .verdict", "used all slots")
        bar = "document.querySelector('#details .slots')"
        assert await page.evaluate(f"{bar}.querySelectorAll('.used').length") == 3
        assert await page.evaluate(f"{bar}.querySelectorAll('.refused').length") == 1
        await until_text(page, "#details pre", "api_token=***")
        await click(page, "#row-3")
        await until(page, "document.querySelector('#details .slot.own')")
        await fill(other, "#query", "verdict:refused")
        await until_text(other, "#count", "1 message")
        await client.call.send(5, text="refused as well")
        await client.call.send(0, text="no contact")
        await until_text(other, "#count", "2 messages")
        await until_text(page, "#count", "6 messages")
        await fill(other, "#query", "verdict:what")
        await until_text(other, "#filter-error", "column 1")
        await page.evaluate("window.confirm = () => true")
        await click(page, "#clear")
        for tab in (page, other):
            await until_text(tab, "#count", "0 messages")
        refused = [one for one in await complaints(other, url) if "400" not in one]
        assert [*await complaints(page, url), *refused] == []


_NOTE_WHAT_IS_SAID = """
window.said = [];
document.addEventListener("DOMContentLoaded", () => {
  const [count, empty] = ["#count", "#empty"].map((one) => document.querySelector(one));
  const note = () => said.push(`${count.textContent} ${empty.hidden ? "" : empty.textContent}`);
  const all = { subtree: true, childList: true, attributes: true };
  new MutationObserver(note).observe(document.body, all);
});
"""


async def test_nothing_is_said_of_messages_before_they_were_asked_for(
    open_inbox: Open, tmp_path: Path
) -> None:
    """A page that opens says that it loads, then how many there are; never that there are none."""
    client = await open_inbox()
    for number in range(3):
        await client.call.send(5, text=f"order {number}")
    async with open_tabs(tmp_path / "profile", 1, reach="127.0.0.1") as (page,):
        await page.speak("en")
        await page.command("Page.addScriptToEvaluateOnNewDocument", source=_NOTE_WHAT_IS_SAID)
        await page.go(client.inbox.url)
        await until_text(page, "#count", "3 messages")
        said = str(await page.evaluate("said.join('|')"))
    assert "Loading" in said
    assert "0 messages" not in said
    assert "No message" not in said


async def test_hostile_texts_stay_texts(open_inbox: Open, tmp_path: Path) -> None:
    """Whatever a message or a contact holds is shown as it is, and nothing is fetched."""
    contacts = [
        SimulatedContact(
            number,
            1,
            text,
            f"x{number}",
            name=text,
            tags=(text,),
            variables=(SimulatedVariable(text, text),),
        )
        for number, text in enumerate(HOSTILE, 1)
    ]
    client = await open_inbox(Simulator(contacts=contacts, limits=SimulatorLimits.none()))
    url = client.inbox.url
    for number, text in enumerate(HOSTILE, 1):
        await client.call(
            "sendMessage",
            {"contact_id": str(number), "x": text, text: "name"},
            json={"text": text, "image": "https://evil.example/pixel.png"},
            headers={"X-Requested-With": "XMLHttpRequest", "Accept": "application/json"},
        )
    async with open_tabs(tmp_path / "profile", 1, reach="127.0.0.1") as (page,):
        await page.go(url)
        await until_text(page, "#count", str(len(HOSTILE)))
        tags = "document.querySelectorAll('main img, main script, main iframe, main a[href^=j]')"
        for number, text in enumerate(HOSTILE, 1):
            await page.evaluate(f"location.hash = '#message/{number}'")
            await until(page, f"document.querySelector('#details').dataset.id == '{number}'")
            shown = await page.evaluate("document.querySelector('.message-text').textContent")
            assert shown == text.strip("\0")
            assert await page.evaluate(f"{tags}.length") == 0
        await page.evaluate("location.hash = '#contacts'")
        await until(page, f"document.querySelectorAll('.contacts li').length == {len(HOSTILE)}")
        assert await page.evaluate(f"{tags}.length") == 0
        await page.evaluate("location.hash = '#limits'")
        await until(page, "document.querySelector('.cards')")
        assert await page.evaluate("window.struck") is None
        assert await complaints(page, url) == []


async def test_faults_and_contacts_are_set_on_the_page(open_inbox: Open, tmp_path: Path) -> None:
    """A fault that is set is met, a contact that is added writes, limits and latency hold."""
    client = await open_inbox()
    url = client.inbox.url
    async with open_tabs(tmp_path / "profile", 1, reach="127.0.0.1") as (page,):
        await page.speak("en")
        await page.go(f"{url}#settings")
        await until(page, "document.querySelector('#settings-view form')")
        form = "#settings-view .card:nth-of-type(1) form"
        await fill(page, f"{form} select", "too_many")
        await click(page, f"{form} button")
        await until_text(page, ".armed", "too_many retry_after=3")
        answer = await client.call.send(5)
        assert (answer.status, answer.headers["Retry-After"]) == (429, "3")
        await page.evaluate("location.hash = '#messages'")
        await until_text(page, "#rows", "Fault")
        await page.evaluate("location.hash = '#settings'")
        await until_text(page, ".armed", "struck 1 time")
        await click(page, ".armed button")
        await until_text(page, "#settings-view", "No fault is armed.")
        assert client.simulator.armed_faults == ()
        await fill(page, "#settings-view .card:nth-of-type(2) input", "1ms")
        await click(page, "#settings-view .card:nth-of-type(2) button")
        await until_text(page, "#settings-view .card:nth-of-type(2)", "Set.")
        assert client.simulator.latency.spell() == "1ms"
        await click(page, "#settings-view .quota .check input")
        await fill(page, "#settings-view .quota input[type=number]", "1")
        await click(page, "#settings-view .card:nth-of-type(3) form > .ending:last-child button")
        await until_text(page, "#settings-view .card:nth-of-type(3)", "Set.")
        assert client.simulator.limits == SimulatorLimits(None, None, None, ((1, 10.0),))
        await page.evaluate("location.hash = '#contacts'")
        await until(page, "document.querySelector('#contacts-view .fields')")
        for number, text in ((3, "tg9"), (4, "Вера"), (6, "vip, new"), (7, "size=L\nnote=a=b")):
            tag = "textarea" if number == 7 else "input"
            await fill(page, f"#contacts-view .field:nth-of-type({number}) {tag}", text)
        await click(page, "#contacts-view .fields button")
        await until_text(page, ".contacts", "Вера")
        [contact] = client.simulator.kept_contacts()
        assert (contact.external_id, contact.tags) == ("tg9", ("vip", "new"))
        assert [(one.name, one.value) for one in contact.variables] == [
            ("size", "L"),
            ("note", "a=b"),
        ]
        await click(page, ".contacts button")
        await fill(page, ".contacts textarea", "Где мой заказ?")
        await click(page, ".writing button")
        await page.evaluate("location.hash = '#messages'")
        await until_text(page, "#rows", "Где мой заказ?")
        await page.evaluate("location.hash = '#limits'")
        await until_text(page, "#limits-view", "1 arrival")
        assert await complaints(page, url) == []


async def test_ten_thousand_messages_scroll(open_inbox: Open, tmp_path: Path) -> None:
    """Of 10,000 messages only those in sight are elements, and the keyboard reaches all of them."""
    client = await open_inbox(keep=10_000)
    state = client.inbox._state
    contact = SimulatedContact(5, 1, "telegram", "5", name="Анна")
    for number in range(10_000):
        state.receive(contact, f"text {number}")
    async with open_tabs(tmp_path / "profile", 1, reach="127.0.0.1") as (page,):
        await page.speak("en")
        await page.look_like(1280, 800, "light")
        await page.go(client.inbox.url)
        await until_text(page, "#count", "10,000 messages")
        await page.evaluate("document.querySelector('#list').focus()")
        await press(page, "End")
        await until_text(page, "#row-1", "text 0")
        assert await page.evaluate("document.querySelectorAll('.row').length") < 60  # type: ignore[operator]
        row = "document.querySelector('#row-1')"
        assert await page.evaluate(f"{row}.getAttribute('aria-setsize')") == "10000"
        assert await page.evaluate(f"{row}.getAttribute('aria-selected')") == "true"
        assert await page.evaluate(
            "document.querySelector('#list').getAttribute('aria-activedescendant')"
        ) == ("row-1")
        await until_text(page, "#details", "text 0")
        await press(page, "ArrowUp")
        await until_text(page, "#details", "text 1")
        state.receive(contact, "one more")
        await until(page, "document.querySelector('#row-2')?.getAttribute('aria-setsize') > 10000")
        assert await page.evaluate(
            "(({top}, box) => top >= box.top && top < box.bottom)"
            "(document.querySelector('#row-2').getBoundingClientRect(),"
            " document.querySelector('#list').getBoundingClientRect())"
        )
        await press(page, "Home")
        await until_text(page, "#row-10001", "one more")
        await press(page, "/")
        assert await page.evaluate("document.activeElement.id") == "query"
        await press(page, "Escape")
        assert await page.evaluate("document.activeElement.id") == "list"


async def test_a_form_that_is_refused_says_so_in_the_pages_language(
    open_inbox: Open, tmp_path: Path
) -> None:
    """What is wrong is told in Russian on the Russian page, be it that nobody answers."""
    client = await open_inbox()
    async with open_tabs(tmp_path / "profile", 1, reach="127.0.0.1") as (page,):
        await page.speak("ru-RU")
        await page.go(f"{client.inbox.url}#settings")
        form = "#settings-view .card:nth-of-type(2)"
        await until(page, f"document.querySelector('{form} input')")
        await fill(page, f"{form} input", "soon")
        await click(page, f"{form} button")
        await until_text(page, form, "не задержка")
        await client.inbox.close()
        await click(page, f"{form} button")
        await until_text(page, form, "Нет связи")


async def test_the_page_fits_a_phone_and_names_its_controls(
    open_inbox: Open, tmp_path: Path
) -> None:
    """In Russian on a narrow screen nothing is cut off, and every control has a name."""
    client = await open_inbox(Simulator(contacts=[SimulatedContact(5, 7, "viber", "v5" * 60)]))
    await client.call.send(5, text="слово" * 100)
    await client.put("faults", {"faults": [{"kind": "hang", "every": 100}]})
    async with open_tabs(tmp_path / "profile", 1, reach="127.0.0.1") as (page,):
        await page.speak("ru-RU")
        await page.look_like(320, 640, "dark")
        await page.go(client.inbox.url)
        await until_text(page, "#count", "1 сообщение")
        assert await page.evaluate("document.documentElement.lang") == "ru"
        for place in ("#messages", "#message/1", "#limits", "#contacts", "#settings"):
            await page.evaluate(f"location.hash = '{place}'")
            await until(page, f"location.hash == '{place}' && document.querySelector('main')")
            name = "details" if "/" in place else f"{place[1:]}-view"
            await until(page, f"document.querySelector('#{name}').textContent.length > 30")
            wide = await page.evaluate("document.documentElement.scrollWidth")
            inner = await page.evaluate(f"document.querySelector('#{name}').scrollWidth")
            assert (wide, inner) == (320, 320), place
            tree = (await page.command("Accessibility.getFullAXTree"))["nodes"]
            assert isinstance(tree, list)
            nameless = [
                node
                for node in tree
                if not node["ignored"]
                and node["role"]["value"] in CONTROLS
                and not node.get("name", {}).get("value")
            ]
            assert nameless == [], place
        await page.evaluate("location.hash = '#message/1'")
        await until_text(page, "#details", "К списку")
        await click(page, ".back")
        await until(page, "document.querySelector('.reading').getClientRects().length")


async def test_nothing_is_hidden_or_broken_in_a_word_on_any_screen(
    open_inbox: Open, tmp_path: Path
) -> None:
    """All quick filters are in sight, on a desktop on one line; a method breaks at its words."""
    client = await open_inbox(Simulator())
    message = {"bot_id": "7", "phone": "79991234567", "text": "Hi", "name": "A"}
    await client.call("sendMessageToWhatsApp", message)
    buttons = "[...document.querySelectorAll('#quick button')]"
    chips = f"{buttons}.map((one) => one.getBoundingClientRect())"
    words = (
        "[...document.querySelectorAll('#details .facts dd')].find((one) => one.textContent ==="
        " 'sendMessageToWhatsApp').childNodes"
    )
    lines = (
        f"[...{words}].filter((one) => one.nodeType === 3).map((one) => {{ const range ="
        " document.createRange(); range.selectNode(one); return range.getClientRects().length; })"
    )
    async with open_tabs(tmp_path / "profile", 1, reach="127.0.0.1") as (page,):
        for language, width in (("ru", 320), ("ru", 390), ("en", 390), ("en", 1280)):
            await page.speak(language)
            await page.look_like(width, 800, "light")
            await page.go(client.inbox.url)
            await until(page, "document.querySelector('#row-1')")
            rights = await page.evaluate(f"{chips}.map((one) => one.right)")
            assert isinstance(rights, list)
            assert len(rights) == 6
            assert max(rights) <= width
            await page.evaluate("location.hash = '#message/1'")
            await until(page, "document.querySelector('#details .facts')")
            assert await page.evaluate(lines) == [1] * 5
        rows = await page.evaluate(f"new Set({chips}.map((one) => one.top)).size")
        assert rows == 1


async def test_the_page_finds_its_way_back(open_inbox: Open, tmp_path: Path) -> None:
    """When the inbox or the tab was away, the page shows what came meanwhile once it is back."""
    client = await open_inbox()
    await client.call.send(5, text="before")
    client.inbox.port = int(client.inbox.url.rstrip("/").rpartition(":")[2])
    async with open_tabs(tmp_path / "profile", 1, reach="127.0.0.1") as (page,):
        await page.speak("en")
        await page.go(f"{client.inbox.url}?query=to:5")
        await until_text(page, "#row-1", "before")
        await client.inbox.close()
        await until_text(page, "#state", "Not connected")
        await client.inbox.start()
        await client.call.send(5, text="after")
        await until_text(page, "#state", "Live")
        await until_text(page, "#row-2", "after")
        assert await page.evaluate("document.querySelector('#query').value") == "to:5"
        await hide(page, hidden=True)
        feed = client.inbox._state.feed
        async with asyncio.timeout(20):
            while feed._listeners:  # noqa: ASYNC110 - it waits for what no event tells
                await asyncio.sleep(0.01)
        await client.call.send(5, text="unseen")
        await hide(page, hidden=False)
        await until_text(page, "#row-3", "unseen")
        assert await page.evaluate("document.querySelectorAll('.row').length") == 3


def test_both_languages_have_all_texts() -> None:
    """Every text is there in English and in Russian, is asked for, and holds the same values."""
    source = (PAGE / "texts.js").read_text(encoding="utf-8")
    quoted = r"""(\w+):\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    english, russian = (dict(re.findall(quoted, part)) for part in source.split("const RU")[:2])
    assert len(english) > 100
    values = re.compile(r"\{\w+\}")
    for key, text in english.items():
        named = set(values.findall(text)), set(values.findall(russian[key]))
        assert named[0] == named[1] or key == "filterWrong", key
    few = {key.replace("_one", "_few") for key in english if key.endswith("_one")}
    assert set(russian) - set(english) == few
    page = "".join(
        file.read_text(encoding="utf-8")
        for file in (*PAGE.glob("*.js"), PAGE / "index.html")
        if file.name != "texts.js"
    )
    asked = re.findall(r'\bt\("(\w+)"|data-(?:t|label|hint)="(\w+)"', page)
    assert {key for pair in asked for key in pair if key} <= set(english)
    made = ("v_", "w_", "h_", "k_")  # of a verdict, or listed in the help
    for key in english:
        assert key.startswith(made) or f'"{re.sub("_(one|many)$", "", key)}"' in page, key


def test_the_page_asks_nobody_else() -> None:
    """No file of the page names another host, holds a style or script in itself, or makes HTML."""
    for file in PAGE.iterdir():
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|url\(|@import|//[a-z]+\.", text)
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|DOMParser", text)
        assert not re.search(r"<style|\sstyle=|\son\w+=|eval\(|new Function", text)
        assert len(text.splitlines()) <= 450
