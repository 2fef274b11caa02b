// The page: its sections, its filter, its keys.

import * as contacts from "./contacts.js";
import { showMessage, showNothing } from "./details.js";
import { api, byId, el } from "./dom.js";
import * as limits from "./limits.js";
import * as list from "./list.js";
import * as settings from "./settings.js";
import { t, translate } from "./texts.js";

const SECTIONS = ["messages", "limits", "contacts", "settings"];
const QUICK = [
  ["all", ""],
  ["v_accepted", "verdict:accepted"],
  ["v_refused_messenger", "verdict:refused"],
  ["v_invalid", "verdict:invalid"],
  ["v_fault", "fault:any kind:any"],
  ["received", "kind:received"],
];
const HELP = [
  ['word "two words" -word', "h_words"],
  ["to:", "h_to"],
  ["text:", "h_text"],
  ["bot:", "h_bot"],
  ["messenger:", "h_messenger"],
  ["verdict:", "h_verdict"],
  ["before: after:", "h_after"],
  ["fault:", "h_fault"],
  ["kind:", "h_kind"],
  ["/", "k_search"],
  ["↑ ↓ j k", "k_move"],
  ["Enter", "k_open"],
  ["Esc", "k_back"],
];
const query = byId("query");
const calls = byId("calls");
const narrow = matchMedia("(max-width: 55.99rem)");
let section = "messages";
let typing = null;

function go() {
  const [, message] = location.hash.match(/^#message\/(\d+)$/) ?? [];
  const named = location.hash.slice(1);
  section = SECTIONS.includes(named) ? named : "messages";
  for (const one of SECTIONS) byId(`${one}-view`).hidden = one !== section;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${section}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const before = document.body.classList.contains("reading-one");
  document.body.classList.toggle("reading-one", message !== undefined);
  limits.hide();
  if (section === "limits") limits.show();
  else if (section === "contacts") contacts.show();
  else if (section === "settings") settings.show();
  else if (message !== undefined) {
    list.choose(Number(message), false);
    showMessage(Number(message));
  } else showNothing();
  // On a narrow screen the message takes the list's place: who hears the page is led there and back.
  if (narrow.matches && section === "messages" && before !== (message !== undefined)) {
    byId(message === undefined ? "list" : "details").focus();
  }
}

function open(id) {
  // Going from message to message leaves one step back to the list.
  const url = `#message/${id}`;
  if (location.hash.startsWith("#message/")) {
    history.replaceState(null, "", url);
    go();
  } else location.hash = url;
}

async function filter() {
  clearTimeout(typing);
  const words = query.value.trim();
  const whole = calls.checked && !/(^|\s)-?kind:/i.test(words) ? `${words} kind:any`.trim() : words;
  for (const button of byId("quick").children)
    button.setAttribute("aria-pressed", button.dataset.query === words);
  try {
    await list.show(whole);
    byId("filter-error").textContent = "";
    query.removeAttribute("aria-invalid");
    history.replaceState(
      null,
      "",
      `${words ? `?query=${encodeURIComponent(words)}` : location.pathname}${location.hash}`,
    );
  } catch (error) {
    const refused = error.status === 400;
    const [, column = 1] = /column (\d+)/.exec(error.message) ?? [];
    byId("filter-error").textContent = refused
      ? t("filterWrong", { message: error.message, column })
      : t("offline");
    if (refused) query.setAttribute("aria-invalid", "true");
    else typing = setTimeout(filter, 2000);
  }
}

function changed(name) {
  if (section === "settings" && name !== "contacts") settings.changed(name);
  if (section === "contacts" && (name === "contacts" || name === "all")) contacts.changed();
}

function keys(event) {
  const writes = event.target.closest("input, textarea, select");
  if (event.key === "/" && !writes && !event.ctrlKey && !event.metaKey && !event.altKey) {
    location.hash = "#messages";
    query.focus();
    event.preventDefault();
  } else if (event.key === "Escape" && section === "messages" && (!writes || writes === query)) {
    if (location.hash.startsWith("#message/")) location.hash = "#messages";
    byId("list").focus();
  }
}

translate(document);
byId("quick").append(
  ...QUICK.map(([word, words]) =>
    el(
      "button",
      {
        type: "button",
        "data-query": words,
        "aria-pressed": false,
        onclick: () => {
          query.value = words;
          filter();
        },
      },
      t(word),
    ),
  ),
);
byId("help-list").append(
  ...HELP.map(([words, told]) =>
    el("div", {}, el("dt", {}, el("code", {}, words)), el("dd", {}, t(told))),
  ),
);
query.value = new URLSearchParams(location.search).get("query") ?? "";
query.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(filter, 250);
});
calls.addEventListener("change", filter);
byId("filter").addEventListener("submit", (event) => {
  event.preventDefault();
  filter();
});
byId("clear").addEventListener("click", () => {
  if (!confirm(t("clearSure"))) return;
  location.hash = "#messages";
  api("messages", { method: "DELETE" }).catch((error) => {
    byId("filter-error").textContent = `${t("failed")}: ${error.message}`;
  });
});
document.addEventListener("keydown", keys);
addEventListener("hashchange", go);
list.start(open, changed);
go();
filter();
