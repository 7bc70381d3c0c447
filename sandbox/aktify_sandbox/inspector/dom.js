// Builds all elements. Recorded data is hostile: it becomes text nodes, never markup.

/** @typedef {Node | string | number | false | null | undefined} Leaf */
/** @typedef {Leaf | readonly Child[]} Child what becomes of nothing and false: nothing */
/**
 * @typedef {{
 *   onclick?: (event: MouseEvent) => unknown,
 *   onchange?: (event: Event) => unknown,
 *   oninput?: (event: Event) => unknown,
 *   onsubmit?: (event: SubmitEvent) => unknown,
 *   [attribute: string]: string | number | boolean | null | undefined | ((event: never) => unknown),
 * }} Properties
 */

/**
 * The first element that matches; it must exist.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [root]
 */
export const $ = (selector, root = document) => /** @type {T} */ (root.querySelector(selector));

/**
 * An element with properties (`on…` are listeners, the rest are attributes) and children (texts become text nodes).
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (name === "value") /** @type {HTMLInputElement} */ (/** @type {Element} */ (element)).value = String(value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  element.append(...nodes(children));
  return element;
}

/**
 * @param {readonly Child[]} children
 * @returns {Node[]}
 */
const nodes = (children) =>
  /** @type {Leaf[]} */ (children.flat(9))
    .filter((child) => child != null && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));

/**
 * @param {Element} element
 * @param {...Child} children
 */
export const fill = (element, ...children) => element.replaceChildren(...nodes(children));

/** Fulfilled unless a mouse button is down: a click on what is replaced meanwhile would be lost. */
export let released = Promise.resolve();
addEventListener("pointerdown", () => {
  released = new Promise((resolve) => {
    addEventListener("pointerup", () => setTimeout(resolve), { once: true }); // after the click
    setTimeout(resolve, 1000); // it may be released elsewhere
  });
});

/**
 * @param {string} label
 * @param {(event: MouseEvent) => unknown} onclick
 * @param {Properties} [more]
 */
export const button = (label, onclick, more = {}) => h("button", { type: "button", onclick, ...more }, label);

/**
 * A link inside the page, which main.js follows without reloading.
 * @param {Record<string, string>} query
 * @param {string} label
 * @param {Properties} [more]
 */
export const link = (query, label, more = {}) =>
  h("a", { href: `?${new URLSearchParams(query)}`, "data-go": true, ...more }, label);

/**
 * @param {Child[]} heads
 * @param {Child} rows each a `tr`
 * @param {Properties} [properties]
 * @param {{ caption?: Child, areHeadsHidden?: boolean }} [more]
 */
export const table = (heads, rows, properties = {}, { caption = null, areHeadsHidden = false } = {}) =>
  h(
    "table",
    properties,
    caption && h("caption", {}, caption),
    h("thead", { class: areHeadsHidden ? "away" : null }, tr(heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, rows),
  );

/** @param {...Child} cells */
export const tr = (...cells) => h("tr", {}, cells);

/** @param {...Child} content */
export const td = (...content) => h("td", {}, content);

/**
 * The header cell of a row.
 * @param {Child} content
 * @param {string | null} [kind] its class
 */
export const rowHead = (content, kind = null) => h("th", { scope: "row", class: kind }, content);

/**
 * A box for wide content, which the keyboard can scroll.
 * @param {string} label
 * @param {...Child} content
 */
export const scrollable = (label, ...content) =>
  h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, content);

/**
 * The field that `/` focuses.
 * @param {string} label
 * @param {string} placeholder
 * @param {(event: Event) => unknown} oninput
 */
export const searchField = (label, placeholder, oninput) =>
  h(
    "label",
    { class: "field search" },
    h("span", { class: "away" }, label),
    h("input", { name: "search", type: "search", placeholder, spellcheck: "false", autocomplete: "off", oninput }),
    h("kbd", { "aria-hidden": "true" }, "/"),
  );

/**
 * @param {readonly (readonly [value: string | number, label: string | number])[]} pairs
 */
export const options = (pairs) => pairs.map(([value, label]) => h("option", { value }, label));

/** @param {number | null} status */
export const statusClass = (status) =>
  `b-${status === null ? "none" : status === 401 || status === 409 ? status : `${Math.floor(status / 100)}xx`}`;

/**
 * A status with its colour.
 * @param {number | null} status
 * @param {string} [more] its further classes
 */
export const badge = (status, more = "") =>
  h("span", { class: `badge ${statusClass(status)} ${more}` }, status ?? "no answer");
