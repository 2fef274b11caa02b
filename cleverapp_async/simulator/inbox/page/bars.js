// Windows of limits as bars of slots, and arrivals against the limit as a strip.

import { brief, el, svg } from "./dom.js";
import { counted, t } from "./texts.js";

const SLOTS = 40; // up to here every slot is drawn by itself

/** In words how full a window is. */
function inWords(window) {
  const full = t("slots", { used: window.used, limit: window.limit, period: brief(window.period) });
  if (!window.used) return `${full} — ${t("allFree")}`;
  return `${full} — ${t("nextFree", { s: brief(window.free_in[0] ?? 0) })}`;
}

/**
 * A bar of slots. A slot in use shows how much of the period it is still taken for; `mine` marks the
 * slot of the message itself, or the refusal that found none.
 */
export function windowBar(title, window, mine = null) {
  const words = inWords(window);
  const bar = el("div", { class: "slots", role: "img", "aria-label": `${title}: ${words}` });
  if (window.limit <= SLOTS) {
    for (let index = 0; index < window.limit; index += 1) {
      const used = index < window.used;
      const own = mine === "taken" && index === window.used - 1;
      const slot = el("span", { class: `slot${used ? " used" : ""}${own ? " own" : ""}` });
      if (used) {
        const fill = el("i");
        const left = (window.free_in[index] ?? window.period) / window.period;
        fill.style.width = `${Math.max(6, Math.min(100, left * 100))}%`;
        slot.append(fill);
      }
      bar.append(slot);
    }
  } else {
    const fill = el("i");
    fill.style.width = `${Math.min(100, (window.used / window.limit) * 100)}%`;
    bar.append(el("span", { class: "slot used whole" }, fill));
  }
  if (mine === "refused") bar.append(el("span", { class: "slot refused" }, "✕"));
  const note =
    mine === "refused"
      ? t("tooMuch")
      : mine === "taken" && window.limit <= SLOTS
        ? t("thisOne")
        : null;
  return el(
    "figure",
    { class: "window" },
    el("figcaption", {}, el("b", {}, title), ` ${words}`),
    bar,
    note === null ? null : el("p", { class: `note ${mine}` }, note),
  );
}

const WIDTH = 600;
const HEIGHT = 90;
const BOTTOM = HEIGHT - 12;

/** How many of these arrivals the window of a period held at each of them, the oldest first. */
function heldAt(marks, period) {
  const ages = marks.map(([ago]) => ago); // falling
  let first = 0;
  return ages.map((ago, index) => {
    while (ages[first] - ago >= period) first += 1;
    return index - first + 1;
  });
}

/** Arrivals of the last seconds as ticks, the number in the window above them, the limit dashed. */
export function strip(told, seconds) {
  const { marks } = told;
  const window = told.windows[told.windows.length - 1] ?? null;
  const x = (ago) => ((seconds - ago) / seconds) * WIDTH;
  const picture = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    class: "strip",
    role: "img",
    "aria-label": t("stripLabel"),
  });
  const words = [counted("arrivals", marks.length)];
  if (window !== null) {
    const held = heldAt(marks, window.period);
    const most = Math.max(0, ...held);
    const top = Math.max(window.limit, most) * 1.15;
    const y = (count) => BOTTOM - (count / top) * (BOTTOM - 4);
    picture.append(...area(marks, held, window.period, x, y));
    picture.append(
      svg("line", { x1: 0, x2: WIDTH, y1: y(window.limit), y2: y(window.limit), class: "limit" }),
    );
    words.push(t("most", { n: most, period: brief(window.period) }));
  } else words.push(t("noLimit"));
  for (const [ago, refused] of marks) {
    picture.append(
      svg("rect", {
        x: x(ago) - 1,
        y: BOTTOM + 2,
        width: 2.5,
        height: 10,
        class: refused ? "no" : "yes",
      }),
    );
  }
  const refused = marks.filter((mark) => mark[1]).length;
  if (refused) words.push(t("refusedCount", { n: refused }));
  return el(
    "figure",
    { class: "arrivals" },
    picture,
    el(
      "div",
      { class: "axis" },
      el("span", {}, t("ago", { s: seconds })),
      el("span", {}, t("now")),
    ),
    el("figcaption", {}, words.join(", ")),
  );
}

/** The count in the window over time: it rises with each arrival, and falls a period later. */
function area(marks, held, period, x, y) {
  const events = [];
  for (const [ago] of marks) {
    events.push([ago, 1]);
    if (ago - period > 0) events.push([ago - period, -1]);
  }
  if (!events.length) return [];
  events.sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  let count = 0;
  let path = `M ${x(events[0][0])} ${y(0)}`;
  for (const [ago, step] of events) {
    path += ` H ${x(ago)}`;
    count += step;
    path += ` V ${y(count)}`;
  }
  return [svg("path", { d: `${path} H ${WIDTH} V ${y(0)} Z`, class: "held" })];
}
