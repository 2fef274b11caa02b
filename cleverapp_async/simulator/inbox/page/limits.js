// The limits now: how full each window is, and the arrivals of the last minute against it.

import { strip, windowBar } from "./bars.js";
import { api, byId, el } from "./dom.js";
import { route } from "./list.js";
import { t } from "./texts.js";

const SECONDS = 60;
const view = byId("limits-view");
let timer = null;
let asking = false;

const cards = el("div", { class: "cards" });
const rest = el("p", { class: "hint" });
const pause = el("button", { type: "button", onclick: () => (timer === null ? show() : hide()) });

/** Show the limits, and keep them up to date until `hide`. */
export function show() {
  if (!view.hasChildNodes()) {
    const told = el("p", { class: "hint" }, t("refresh", { s: SECONDS }), " ", pause);
    view.append(el("h2", {}, t("limits")), told, cards, rest);
  }
  if (timer === null) timer = setInterval(refresh, 1000);
  pause.textContent = t("pause");
  return refresh();
}

/** Stop asking. */
export function hide() {
  clearInterval(timer);
  timer = null;
  pause.textContent = t("resume");
}

async function refresh() {
  if (asking || document.hidden) return;
  asking = true;
  try {
    draw(await api(`keys?seconds=${SECONDS}`));
  } catch {
    // The line at the top says that there is no connection.
  } finally {
    asking = false;
  }
}

function draw(told) {
  cards.replaceChildren(
    card(t("accountWindow"), told.account),
    ...told.keys.map((key) => card(nameOf(key), key)),
  );
  const nothing = told.account.arrivals ? "" : t("noKeys");
  rest.textContent = told.left_out ? t("leftOut", { n: told.left_out }) : nothing;
}

const nameOf = (key) =>
  key.method === "sendMessage" ? route(key) : `${route(key)} · ${key.method}`;

function card(title, told) {
  const bars = told.windows.map((window) => windowBar(t("windowNow"), window));
  return el("article", { class: "card" }, el("h3", {}, title), strip(told, SECONDS), ...bars);
}
