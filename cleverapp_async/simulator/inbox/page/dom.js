// Makes elements and asks the server. Texts of others become text nodes, and nothing else.

import { language, t } from "./texts.js";

/**
 * Make an element. Properties that begin with `on` are listeners, the others attributes; false and
 * null leave an attribute out. Children are elements or texts.
 */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** Make an element of SVG. */
export function svg(tag, properties = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(properties)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

export const byId = (id) => document.getElementById(id);

export class ApiError extends Error {
  constructor(status, place, message) {
    super(place ? `${place}: ${message}` : message);
    this.status = status;
    this.place = place;
  }
}

/** Ask the API below `api/`; give the JSON, or throw an ApiError. */
export async function api(path, { method = "GET", body } = {}) {
  const options = { method, headers: { "Accept-Language": language } };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(`api/${path}`, options).catch(() => {
    throw new ApiError(0, "", t("offline")); // the browser's own words are English
  });
  const told = await answer.json();
  if (!answer.ok) throw new ApiError(answer.status, told.place, told.error);
  return told;
}

/** A query string of what is not empty. */
export function params(values) {
  const kept = Object.entries(values).filter(([, value]) => value !== "" && value !== null);
  return kept.length ? `?${new URLSearchParams(kept)}` : "";
}

/** Seconds with two digits at most. */
export const brief = (seconds) => String(Math.round(seconds * 100) / 100);

/** A line that says what came of a form, to people who see it and to those who hear it. */
export function sayer() {
  const node = el("p", { class: "said", role: "status" });
  return {
    node,
    say(text, failed = false) {
      node.textContent = text;
      node.classList.toggle("error", failed);
    },
  };
}

/** A field of a form with its label. */
export function labelled(text, field, hint = "", wide = false) {
  const words = hint ? [text, el("small", {}, ` ${hint}`)] : [text];
  return el("label", { class: wide ? "field wide" : "field" }, el("span", {}, ...words), field);
}
