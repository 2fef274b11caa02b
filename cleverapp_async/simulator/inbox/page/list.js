// The list of messages: it is live, and only the rows that are in sight exist as elements.

import { api, byId, el, params } from "./dom.js";
import { counted, language, t } from "./texts.js";

const ROW = 64; // pixels, as in inbox.css
const MOST = 20_000; // rows that the page keeps
const PAGE = 1000;
const AROUND = 8; // rows beyond what is in sight

const list = byId("list");
const sheet = byId("rows");
const clock = new Intl.DateTimeFormat(language, { timeStyle: "medium", hourCycle: "h23" });

let rows = []; // ascending by id: the newest is the last
let known = new Set();
let query = "";
let meanwhile = []; // what came while the first page was read
let loaded = null; // the query whose rows are shown
let source = null;
let loading = 0; // the number of the latest load
let chosen = null;
let drawn = new Map(); // element by the id of its row
let scheduled = false;
let counting = null; // what waits to say how many there are
let openMessage = () => {};
let onSetting = () => {};

/** The word for what became of a message, and the class that colours it. */
export function verdictOf(row) {
  if (row.kind === "received") return [t("received"), "received"];
  if (row.verdict === "accepted" && row.fault) return [t("v_fault"), "fault"];
  if (row.verdict === "accepted") return [t("v_accepted"), "accepted"];
  const kind =
    row.verdict === "fault" ? "fault" : row.verdict.startsWith("refused") ? "refused" : "invalid";
  return [t(`v_${row.verdict}`), kind];
}

/** Whom a message goes to, in one line. */
export function whom(row) {
  if (row.name && row.to) return `${row.name} · ${row.to}`;
  return row.name ?? row.to ?? (row.kind === "call" ? row.method || t("call") : t("nobody"));
}

/** Where a message goes through. */
export function route(row) {
  const parts = [row.messenger, row.bot_id === null ? null : t("bot", { id: row.bot_id })];
  return parts.filter(Boolean).join(" · ");
}

function draw(row, index) {
  const [word, kind] = verdictOf(row);
  const text =
    row.text || (row.attached ? t(row.attached) : row.kind === "call" ? row.method : t("noText"));
  const node = el(
    "div",
    { class: "row", role: "option", id: `row-${row.id}`, onclick: () => choose(row.id, true) },
    el("span", { class: `badge ${kind}` }, word),
    el(
      "span",
      { class: "head" },
      el("span", { class: "whom" }, whom(row)),
      el("small", {}, route(row)),
    ),
    el("time", { datetime: row.at }, clock.format(new Date(row.at))),
    el("span", { class: "text", dir: "auto" }, text),
  );
  place(node, row, index);
  return node;
}

function place(node, row, index) {
  node.style.transform = `translateY(${index * ROW}px)`;
  node.setAttribute("aria-posinset", index + 1);
  node.setAttribute("aria-setsize", rows.length);
  node.setAttribute("aria-selected", row.id === chosen);
}

function render() {
  scheduled = false;
  sheet.style.height = `${rows.length * ROW}px`;
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - AROUND);
  const last = Math.min(
    rows.length,
    Math.ceil((list.scrollTop + list.clientHeight) / ROW) + AROUND,
  );
  const inSight = new Map();
  for (let index = first; index < last; index += 1) {
    const row = rows[rows.length - 1 - index];
    const node = drawn.get(row.id);
    if (node) place(node, row, index);
    inSight.set(row.id, node ?? draw(row, index));
  }
  for (const [id, node] of drawn) if (!inSight.has(id)) node.remove();
  // In the order of the list, so that a screen reader reads them so.
  let after = null;
  for (const node of inSight.values()) {
    if (node.previousSibling !== after || !node.parentNode)
      sheet.insertBefore(node, after ? after.nextSibling : sheet.firstChild);
    after = node;
  }
  drawn = inSight;
  if (chosen !== null && drawn.has(chosen))
    list.setAttribute("aria-activedescendant", `row-${chosen}`);
  else list.removeAttribute("aria-activedescendant");
  // Of what has not been answered yet nothing is known: neither how many there are, nor that there are none.
  const asked = loaded !== query;
  if (!asked && counting === null) {
    count();
    counting = setTimeout(() => {
      counting = null;
      count();
    }, 1000);
  }
  const empty = byId("empty");
  empty.hidden = asked || rows.length > 0;
  empty.textContent = t(query.trim() ? "emptyFilter" : "empty");
}

/** Say how many there are; in a burst once a second, since screen readers read it aloud. */
function count() {
  const words = rows.length >= MOST ? t("countMost", { n: MOST }) : counted("count", rows.length);
  if (byId("count").textContent !== words) byId("count").textContent = words;
}

function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(render);
}

/** Add rows of the server, whatever their order, and leave what is read where it is. */
function merge(more) {
  const fresh = more.filter((row) => !known.has(row.id)).sort((a, b) => a.id - b.id);
  if (!fresh.length) return;
  const newest = rows.length ? rows[rows.length - 1].id : 0;
  const above = fresh.filter((row) => row.id > newest).length;
  for (const row of fresh) known.add(row.id);
  if (fresh[0].id > newest) rows.push(...fresh);
  else if (rows.length && fresh[fresh.length - 1].id < rows[0].id) rows.unshift(...fresh);
  else rows = [...rows, ...fresh].sort((a, b) => a.id - b.id);
  if (rows.length > MOST)
    for (const row of rows.splice(0, rows.length - MOST)) known.delete(row.id);
  if (list.scrollTop > 0 && rows.length > above) {
    sheet.style.height = `${rows.length * ROW}px`;
    list.scrollTop += above * ROW;
  }
  schedule();
}

function forget() {
  rows = [];
  known = new Set();
  list.scrollTop = 0;
  schedule();
}

/** Read the list anew; what is known already stays, unless the server has forgotten it. */
async function load() {
  loading += 1;
  const mine = loading;
  meanwhile = [];
  const seen = new Map(rows.map((row) => [row.id, row.at]));
  let page = await api(`search${params({ query, limit: PAGE })}`);
  if (mine !== loading) return;
  const goesOn = loaded === query && page.messages.some((row) => seen.get(row.id) === row.at);
  loaded = query;
  if (!goesOn) forget();
  merge([
    ...page.messages,
    ...meanwhile.filter((row) => !page.messages.some((one) => one.id === row.id)),
  ]);
  while (page.more && !goesOn && rows.length < MOST) {
    page = await api(
      `search${params({ query, limit: PAGE, before_id: page.messages[page.messages.length - 1].id })}`,
    );
    if (mine !== loading) return;
    merge(page.messages);
  }
}

function say(state) {
  const node = byId("state");
  if (node.dataset.state === state && node.textContent) return;
  node.dataset.state = state;
  node.textContent = t(state);
}

function connect() {
  source?.close();
  source = new EventSource(`api/events${params({ query })}`);
  // Whatever was missed while there was no connection: all is read anew.
  source.onopen = () => {
    say("live");
    load().catch(() => say("offline"));
    onSetting("all");
  };
  source.onerror = () => {
    say("offline");
    if (source?.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  };
  source.addEventListener("messages", (event) => {
    const more = JSON.parse(event.data);
    meanwhile = [...meanwhile, ...more].slice(-PAGE);
    merge(more);
  });
  source.addEventListener("cleared", () => {
    loading += 1;
    forget();
  });
  source.addEventListener("lost", () => load().catch(() => say("offline")));
  for (const name of ["faults", "latency", "limits", "contacts"]) {
    source.addEventListener(name, () => onSetting(name));
  }
}

// A browser keeps few connections to one host: a tab that nobody sees gives its own back.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && source === null) connect();
  else if (document.hidden) {
    source?.close();
    source = null;
  }
});

/** Show what a query means; throws the ApiError of one that means nothing. */
export async function show(text) {
  await api(`search${params({ query: text, limit: 1 })}`);
  query = text;
  connect();
}

/** Choose a row, and open its message if it is to be read. */
export function choose(id, read) {
  chosen = id;
  for (const [each, node] of drawn) node.setAttribute("aria-selected", each === id);
  schedule();
  if (read) openMessage(id);
}

/** Move the choice up or down, and keep it in sight. */
function move(steps) {
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.id === chosen);
  const index = (at < 0 ? -1 : rows.length - 1 - at) + steps;
  const next = Math.min(rows.length - 1, Math.max(0, index));
  const top = next * ROW;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + ROW > list.scrollTop + list.clientHeight)
    list.scrollTop = top + ROW - list.clientHeight;
  chosen = rows[rows.length - 1 - next].id;
  render();
  const wide = matchMedia("(min-width: 56rem)").matches;
  if (wide) openMessage(chosen);
}

/** Begin; `open` is called with the id of a message to read, `setting` with what was changed. */
export function start(open, setting) {
  openMessage = open;
  onSetting = setting;
  say("connecting");
  list.addEventListener("scroll", schedule, { passive: true });
  new ResizeObserver(schedule).observe(list);
  list.addEventListener("keydown", (event) => {
    const steps = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      PageDown: 10,
      PageUp: -10,
      Home: -Infinity,
      End: Infinity,
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) move(Math.max(-MOST, Math.min(MOST, steps[event.key])));
    else if (event.key === "Enter" && chosen !== null) {
      openMessage(chosen);
      byId("details").focus();
    } else return;
    event.preventDefault();
  });
}
