// Faults, latency and limits: as they are, and set from here.

import { api, byId, el, labelled, sayer } from "./dom.js";
import { counted, t } from "./texts.js";

const view = byId("settings-view");

// The kinds of faults, and which number each takes besides.
const KINDS = {
  server_error: ["status", 500],
  html: ["status", 502],
  too_many: ["retry_after", 3],
  hang: ["seconds", 5],
  reset_after: null,
  reset_before: null,
  truncated_body: null,
  malformed: null,
  slow_body: null,
  redirect: null,
  oversized_header: null,
  oversized_body: null,
};
const NUMBERS = {
  status: "statusOption",
  seconds: "secondsOption",
  retry_after: "retryAfterOption",
};
const UNTAKEN = new Set(["too_many", "reset_before"]); // kinds without a choice of taken

const faults = el("section", { class: "card" });
const latency = el("section", { class: "card" });
const limits = el("section", { class: "card" });
const sections = { faults: showFaults, latency: showLatency, limits: showLimits };

/** Show all settings. */
export function show() {
  if (!view.hasChildNodes()) view.append(el("h2", {}, t("settings")), faults, latency, limits);
  return Promise.all(Object.values(sections).map((draw) => draw()));
}

/** Show one setting anew: this page or another has changed it. */
export function changed(name) {
  if (name === "all") return show();
  return sections[name]?.();
}

const seen = {};

/** Whether the server tells something new: else what somebody is writing stays. */
function isNews(name, told) {
  const text = JSON.stringify(told);
  if (seen[name] === text) return false;
  seen[name] = text;
  return true;
}

/** Do what a form asks for, and say what came of it. */
async function attempt(said, act) {
  try {
    await act();
    said.say(t("saved"));
  } catch (error) {
    said.say(`${t("failed")}: ${error.message}`, true);
  }
}

// --- faults ------------------------------------------------------------------------------------

const faultSaid = sayer();

async function showFaults() {
  const told = await api("faults");
  const items = told.faults.map((fault, index) =>
    el(
      "li",
      {},
      el(
        "span",
        {},
        el("b", {}, fault.kind),
        ` ${describe(fault)} — ${counted("struck", told.struck[index])}`,
      ),
      el(
        "button",
        {
          type: "button",
          "aria-label": `${t("remove")}: ${fault.kind}`,
          onclick: () => put(told.faults.filter((_, at) => at !== index)),
        },
        t("remove"),
      ),
    ),
  );
  const form = faults.querySelector("form") ?? faultForm();
  faults.replaceChildren(
    el("h3", {}, t("faults")),
    items.length
      ? el("ul", { class: "armed" }, ...items)
      : el("p", { class: "hint" }, t("noFaults")),
    items.length > 1
      ? el("button", { type: "button", onclick: () => put([]) }, t("removeAll"))
      : "",
    form,
    faultSaid.node,
  );
}

const describe = (fault) =>
  Object.entries(fault)
    .filter(([name]) => name !== "kind")
    .map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(" ");

function put(list) {
  return attempt(faultSaid, async () => {
    if (list.some((fault) => "when" in fault)) throw new Error(t("pythonFaults"));
    await api("faults", { method: "PUT", body: { faults: list } });
  });
}

function faultForm() {
  const kind = el(
    "select",
    {},
    ...Object.keys(KINDS).map((one) => el("option", { value: one }, one)),
  );
  const number = el("input", { type: "number", min: 0, step: "any" });
  const numberField = labelled("", number);
  const taken = el("input", { type: "checkbox" });
  const takenField = el("label", { class: "check" }, taken, " ", el("span", {}, t("taken")));
  const which = el(
    "select",
    {},
    ...["each", "chance", "nth", "everyNth"].map((one) => el("option", { value: one }, t(one))),
  );
  const value = el("input", { type: "number", min: 0, step: "any" });
  const valueField = labelled(t("value"), value);
  const endpoint = el("input", { placeholder: t("anyEndpoint"), list: "endpoints" });
  const times = el("input", { type: "number", min: 1 });

  const adapt = () => {
    const own = KINDS[kind.value];
    numberField.hidden = own === null;
    if (own !== null) {
      numberField.firstChild.textContent = t(NUMBERS[own[0]]);
      number.value = own[1];
    }
    takenField.hidden = UNTAKEN.has(kind.value);
    endpoint.disabled = kind.value === "reset_before";
  };
  const adaptWhich = () => {
    valueField.hidden = which.value === "each";
    value.required = which.value !== "each";
    value.value = { chance: "0.1", nth: "1", everyNth: "10" }[which.value] ?? "";
  };
  kind.addEventListener("change", adapt);
  which.addEventListener("change", adaptWhich);
  const form = el(
    "form",
    { class: "fields" },
    labelled(t("kind"), kind),
    numberField,
    takenField,
    labelled(t("which"), which),
    valueField,
    labelled(t("endpoint"), endpoint),
    labelled(t("times"), times),
    el(
      "datalist",
      { id: "endpoints" },
      ...["sendMessage", "sendMessageToWhatsApp", "sendMessageToQueue", "getContacts"].map((one) =>
        el("option", { value: one }),
      ),
    ),
    el("div", { class: "ending" }, el("button", {}, t("addFault"))),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fault = { kind: kind.value };
    const own = KINDS[kind.value];
    if (own !== null && number.value !== "") fault[own[0]] = Number(number.value);
    if (!UNTAKEN.has(kind.value)) fault.taken = taken.checked;
    const trigger = { chance: "probability", nth: "on", everyNth: "every" }[which.value];
    if (trigger) fault[trigger] = Number(value.value);
    if (endpoint.value.trim() && !endpoint.disabled) fault.endpoint = endpoint.value.trim();
    if (times.value !== "") fault.times = Number(times.value);
    const told = await api("faults");
    await put([...told.faults, fault]);
  });
  adapt();
  adaptWhich();
  return form;
}

// --- latency -----------------------------------------------------------------------------------

const latencySaid = sayer();
const latencyText = el("input", { list: "latencies", required: true, spellcheck: "false" });

async function showLatency() {
  const told = await api("latency");
  if (isNews("latency", told)) latencyText.value = told.latency;
  if (latency.hasChildNodes()) return;
  const form = el(
    "form",
    { class: "fields" },
    labelled(t("latency"), latencyText, t("latencyHint"), true),
    el(
      "datalist",
      { id: "latencies" },
      ...["none", "50ms", "20ms-80ms", "lognormal:50ms:1.0", "2s"].map((one) =>
        el("option", { value: one }),
      ),
    ),
    el("div", { class: "ending" }, el("button", {}, t("set")), latencySaid.node),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(latencySaid, () =>
      api("latency", { method: "PUT", body: { latency: latencyText.value.trim() } }),
    );
  });
  latency.append(el("h3", {}, t("latency")), form);
}

// --- limits ------------------------------------------------------------------------------------

const limitsSaid = sayer();

/** One quota that can be switched off; `read` gives it as the API writes it. */
function quotaRow(name, quota, removable = false) {
  const on = el("input", { type: "checkbox", "aria-label": `${name}: ${t("on")}` });
  const limit = el("input", {
    type: "number",
    min: 1,
    required: true,
    "aria-label": `${name}: ${t("requestsIn")}`,
  });
  const seconds = el("input", {
    type: "number",
    min: 0.001,
    max: 86_400,
    step: "any",
    required: true,
    "aria-label": `${name}: ${t("seconds")}`,
  });
  on.checked = quota !== null;
  limit.value = quota?.limit ?? 10;
  seconds.value = quota?.seconds ?? 10;
  const adapt = () => {
    limit.disabled = !on.checked;
    seconds.disabled = !on.checked;
  };
  on.addEventListener("change", adapt);
  adapt();
  const node = el(
    "div",
    { class: "quota", role: "group", "aria-label": name },
    el("label", { class: "check" }, on, " ", el("span", {}, name)),
    limit,
    el("span", {}, t("requestsIn")),
    seconds,
    el("span", {}, t("seconds")),
  );
  const row = {
    name,
    node,
    read: () =>
      on.checked ? { limit: Number(limit.value), seconds: Number(seconds.value) } : null,
  };
  if (removable) {
    row.gone = false;
    node.append(
      el(
        "button",
        {
          type: "button",
          "aria-label": `${t("remove")}: ${name}`,
          onclick: () => {
            row.gone = true;
            node.remove();
          },
        },
        "✕",
      ),
    );
  }
  return row;
}

async function showLimits() {
  const told = await api("limits");
  if (!isNews("limits", told)) return;
  const kinds = ["sliding", "fixed", "bucket"];
  const window = el(
    "select",
    {},
    ...kinds.map((one) => el("option", { value: one, selected: one === told.window }, t(one))),
  );
  const messengers = Object.entries(told.limits.messengers ?? {}).map(([name, quota]) =>
    quotaRow(name, quota, true),
  );
  const others = quotaRow(t("others"), told.limits.other_messengers);
  const direct = quotaRow(t("direct"), told.limits.whatsapp_direct);
  const account = (told.limits.account ?? []).map((quota, index) =>
    quotaRow(`${t("account")} ${index + 1}`, quota),
  );
  if (!account.length) account.push(quotaRow(t("account"), null));
  const place = el("div", {}, ...messengers.map((row) => row.node));
  const name = el("input", { "aria-label": t("newMessenger"), placeholder: t("newMessenger") });
  const more = el(
    "button",
    {
      type: "button",
      onclick: () => {
        if (!name.value.trim()) return;
        const row = quotaRow(name.value.trim(), { limit: 10, seconds: 10 }, true);
        messengers.push(row);
        place.append(row.node);
        name.value = "";
      },
    },
    t("add"),
  );
  const form = el(
    "form",
    {},
    labelled(t("window"), window, "", true),
    ...account.map((row) => row.node),
    place,
    others.node,
    direct.node,
    el("div", { class: "ending" }, name, more),
    el("div", { class: "ending" }, el("button", {}, t("set")), limitsSaid.node),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const quotas = account.map((row) => row.read()).filter(Boolean);
    const kept = messengers.filter((row) => !row.gone);
    // Without messengers of its own, what is off for the others is off for all.
    const named =
      kept.length || others.read() !== null
        ? Object.fromEntries(kept.map((row) => [row.name, row.read()]))
        : null;
    const body = {
      window: window.value,
      limits: {
        messengers: named,
        other_messengers: others.read(),
        whatsapp_direct: direct.read(),
        account: quotas.length ? quotas : null,
      },
    };
    attempt(limitsSaid, () => api("limits", { method: "PUT", body }));
  });
  limits.replaceChildren(el("h3", {}, t("quotas")), form);
}
