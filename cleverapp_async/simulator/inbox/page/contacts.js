// Contacts with their tags and variables: search, add one, let one write to its bot.

import { api, byId, el, labelled, params, sayer } from "./dom.js";
import { t } from "./texts.js";

const view = byId("contacts-view");
const found = el("ul", { class: "contacts", "aria-label": t("contacts") });
const search = el("input", {
  type: "search",
  maxlength: 100,
  "aria-label": t("searchContacts"),
  placeholder: t("searchContacts"),
  autocomplete: "off",
});
const more = el("button", { type: "button", hidden: true, onclick: () => load(next) }, t("more"));
const none = el("p", { class: "hint", hidden: true }, t("noContacts"));
let next = null;
let latest = 0;
let waiting = null;

/** Show the contacts. */
export function show() {
  if (!view.hasChildNodes()) {
    search.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => load(null), 200);
    });
    view.append(
      el("h2", {}, t("contacts")),
      adding(),
      el("div", { class: "searching", role: "search" }, search),
      none,
      found,
      more,
    );
  }
  return load(null);
}

/** Read the contacts anew, unless something is being written. */
export const changed = () => load(null, true);

/** Read contacts: those after an id, or all anew; `gently` leaves a text that is being written. */
async function load(after, gently = false) {
  latest += 1;
  const mine = latest;
  const told = await api(`contacts${params({ query: search.value.trim(), after_id: after })}`);
  if (mine !== latest || (gently && found.querySelector("form"))) return;
  next = told.next_id;
  const items = told.contacts.map(item);
  if (after === null) found.replaceChildren(...items);
  else found.append(...items);
  more.hidden = next === null;
  none.hidden = found.hasChildNodes() || search.value.trim() !== "";
}

function item(contact) {
  const who = contact.name ?? t("contact", { id: contact.id });
  const facts = [
    contact.messenger,
    t("bot", { id: contact.bot_id }),
    contact.external_id,
    contact.phone === contact.external_id ? null : contact.phone,
    contact.email,
  ];
  const tags = contact.tags.map((tag) => el("span", { class: "tag" }, tag));
  const variables = contact.variables.map((one) =>
    el("div", {}, el("dt", {}, one.name), el("dd", { dir: "auto" }, one.value)),
  );
  const node = el(
    "li",
    { class: "card" },
    el("h3", {}, who, contact.name === null ? null : el("small", {}, ` ${contact.id}`)),
    el("p", { class: "route" }, facts.filter(Boolean).join(" · ")),
    tags.length ? el("p", { class: "tags", "aria-label": t("tags") }, ...tags) : null,
    variables.length
      ? el("dl", { class: "pairs", "aria-label": t("variables") }, ...variables)
      : null,
    el(
      "button",
      { type: "button", onclick: (event) => writing(event.target, contact, who) },
      t("write"),
    ),
  );
  return node;
}

function writing(button, contact, who) {
  const text = el("textarea", {
    required: true,
    maxlength: 4096,
    rows: 2,
    "aria-label": t("writeText", { who }),
  });
  const said = sayer();
  const form = el("form", { class: "writing" }, text, el("button", {}, t("send")), said.node);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await api(`contacts/${contact.id}/messages`, { method: "POST", body: { text: text.value } });
      form.replaceWith(button);
      button.focus();
    } catch (error) {
      said.say(`${t("failed")}: ${error.message}`, true);
    }
  });
  button.replaceWith(form);
  text.focus();
}

function adding() {
  const bot = el("input", { type: "number", min: 1, required: true, value: 1 });
  const messenger = el("input", { required: true, value: "telegram", list: "messengers" });
  const external = el("input", { required: true });
  const [name, phone, tags] = [el("input"), el("input", { inputmode: "tel" }), el("input")];
  const variables = el("textarea", { rows: 2 });
  const said = sayer();
  const form = el(
    "form",
    { class: "fields" },
    labelled(t("botId"), bot),
    labelled(t("messenger"), messenger),
    labelled(t("externalId"), external),
    labelled(t("name"), name),
    labelled(t("phone"), phone),
    labelled(t("tags"), tags, t("tagsHint")),
    labelled(t("variables"), variables, t("variablesHint")),
    el(
      "datalist",
      { id: "messengers" },
      ...["telegram", "whatsapp", "viber", "vk", "icq"].map((one) => el("option", { value: one })),
    ),
    el("div", { class: "ending" }, el("button", {}, t("add")), said.node),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = {
      bot_id: Number(bot.value),
      messenger: messenger.value.trim(),
      external_id: external.value.trim(),
      name: name.value.trim() || null,
      phone: phone.value.trim() || null,
      tags: tags.value
        .split(",")
        .map((one) => one.trim())
        .filter(Boolean),
      variables: variables.value
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean)
        .map((line) => {
          const at = line.indexOf("=");
          return {
            name: line.slice(0, at < 0 ? line.length : at).trim(),
            value: at < 0 ? "" : line.slice(at + 1).trim(),
          };
        }),
    };
    try {
      const made = await api("contacts", { method: "POST", body });
      external.value = "";
      said.say(t("added", { id: made.id }));
      await changed();
    } catch (error) {
      said.say(`${t("failed")}: ${error.message}`, true);
    }
  });
  return el("details", { class: "card" }, el("summary", {}, t("addContact")), form);
}
