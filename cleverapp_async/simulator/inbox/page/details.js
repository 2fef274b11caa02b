// One message: what became of it and why, the limits it met, its request and its answer.

import { windowBar } from "./bars.js";
import { api, byId, el } from "./dom.js";
import { route, verdictOf, whom } from "./list.js";
import { knows, language, t } from "./texts.js";

const article = byId("details");
const date = new Intl.DateTimeFormat(language, {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});
let shown = null;

/** Show nothing but what to do. */
export function showNothing() {
  shown = null;
  article.replaceChildren(el("p", { class: "hint" }, t("choose")));
}

/** Show a message by its id. */
export async function showMessage(id) {
  if (shown === id && article.dataset.id === String(id)) return;
  shown = id;
  let message;
  try {
    message = await api(`messages/${id}`);
  } catch (error) {
    if (shown !== id) return;
    article.dataset.id = "";
    article.replaceChildren(
      backLink(),
      el("p", { class: "hint" }, error.status === 404 ? t("gone") : t("offline")),
    );
    return;
  }
  if (shown !== id) return;
  article.dataset.id = String(id);
  article.replaceChildren(...parts(message).filter(Boolean));
  article.scrollTop = 0;
}

const backLink = () => el("a", { href: "#messages", class: "back" }, `← ${t("back")}`);

function parts(message) {
  const [word, kind] = verdictOf(message);
  const received = message.kind === "received";
  return [
    backLink(),
    el(
      "h2",
      {},
      el("small", {}, received ? t("from") : message.kind === "call" ? message.method : t("to")),
      " ",
      whom(message),
    ),
    el("div", { class: `verdict ${kind}` }, el("b", {}, word), ` ${reason(message)}`),
    fieldErrors(message),
    text(message),
    facts(message),
    limits(message),
    message.kind === "received" ? null : request(message),
    message.kind === "received" ? null : answer(message),
    parameters(message),
  ];
}

/** Why it came as it came, in the reader's language. */
function reason(message) {
  if (message.kind === "received") return t("w_received");
  if (message.verdict === "accepted" && message.fault)
    return t("w_taken", { fault: message.fault });
  const key = `w_${message.verdict}`;
  return knows(key) ? t(key, { fault: message.fault ?? "" }) : (message.why ?? "");
}

function fieldErrors(message) {
  const fields = Object.entries(message.errors);
  if (!fields.length) return null;
  const rows = fields.map(([field, told]) =>
    el("div", {}, el("dt", {}, el("code", {}, field)), el("dd", {}, [told].flat().join(" "))),
  );
  return el("section", {}, el("h3", {}, t("fieldErrors")), el("dl", { class: "pairs" }, ...rows));
}

function text(message) {
  const attached = ["image", "file"].filter(
    (name) => message[name] !== null && message[name] !== undefined,
  );
  if (!message.text && !attached.length) return null;
  return el(
    "section",
    { class: "bubble" },
    message.text ? el("p", { class: "message-text", dir: "auto" }, message.text) : null,
    ...attached.map((name) =>
      el(
        "p",
        { class: "attached" },
        `${t(name)}: `,
        el("code", {}, plain(message[name])),
        el("small", {}, ` ${t("neverFetched")}`),
      ),
    ),
  );
}

const plain = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/** The name of a method, which breaks between its words where it has no room. */
const wordByWord = (name) =>
  name.split(/(?=[A-Z])/).flatMap((word, place) => (place ? [el("wbr"), word] : [word]));

function facts(message) {
  const pairs = [
    ["time", date.format(new Date(message.at))],
    ["method", message.method ? wordByWord(message.method) : null],
    ["messenger", message.messenger],
    ["botLabel", message.bot_id],
    ["contactLabel", message.contact_id],
    ["status", message.kind === "received" ? null : (message.status ?? t("noAnswer"))],
    ["faultLabel", message.fault],
    ["delivered", message.kind === "sent" ? t(message.taken ? "yes" : "no") : null],
  ];
  const shownPairs = pairs.filter(([, value]) => value !== null);
  return el(
    "dl",
    { class: "facts" },
    ...shownPairs.map(([key, value]) =>
      el("div", {}, el("dt", {}, t(key)), el("dd", {}, Array.isArray(value) ? value : String(value))),
    ),
  );
}

function limits(message) {
  const bars = [];
  const refusedBy = (window) => window.used >= window.limit;
  if (message.key_window) {
    const mine =
      message.verdict === "refused_messenger"
        ? "refused"
        : message.verdict === "accepted"
          ? "taken"
          : null;
    bars.push(windowBar(route(message), message.key_window, mine));
  }
  const full = message.account_windows.find(refusedBy);
  for (const window of message.account_windows) {
    const refused = message.verdict === "refused_account" && window === full;
    bars.push(windowBar(t("accountWindow"), window, refused ? "refused" : null));
  }
  return bars.length ? el("section", {}, el("h3", {}, t("windows")), ...bars) : null;
}

function request(message) {
  const told = message.request;
  if (told === null)
    return el("section", {}, el("h3", {}, t("request")), el("p", { class: "hint" }, t("notRead")));
  const lines = [
    `${told.method} ${told.target} ${told.version}`,
    ...told.headers.map(([name, value]) => `${name}: ${value}`),
  ];
  const withheld = {
    long: t("withheldLong", { size: told.size.toLocaleString(language) }),
    secret: t("withheldSecret"),
  };
  return el(
    "section",
    {},
    el("h3", {}, t("request")),
    code(told.body ? `${lines.join("\n")}\n\n${told.body}` : lines.join("\n"), t("request")),
    told.withheld === null ? null : el("p", { class: "hint" }, withheld[told.withheld]),
  );
}

function answer(message) {
  const told = message.answer;
  const body =
    told === null
      ? el("p", { class: "hint" }, message.fault ? t("faultAnswer") : t("noAnswer"))
      : code(
          `HTTP/1.1 ${told.status}\n${told.headers.map(([name, value]) => `${name}: ${value}`).join("\n")}\n\n${pretty(told.body)}`,
          t("answer"),
        );
  return el("section", {}, el("h3", {}, t("answer")), body);
}

function parameters(message) {
  const pairs = Object.entries(message.parameters);
  if (!pairs.length || message.kind === "received") return null;
  const rows = pairs.map(([name, value]) =>
    el("div", {}, el("dt", {}, el("code", {}, name)), el("dd", { dir: "auto" }, plain(value))),
  );
  return el("section", {}, el("h3", {}, t("parameters")), el("dl", { class: "pairs" }, ...rows));
}

const code = (words, label) =>
  el("pre", { tabindex: 0, role: "region", "aria-label": label }, words);

/** JSON with its escapes read and its members one a line; anything else as it is. */
function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
