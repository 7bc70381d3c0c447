// Elements are built here and nowhere else. What was recorded is hostile: it becomes text nodes and never markup.

/**
 * The first element of a selector; each that is asked for is there.
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {any}
 */
export const $ = (selector, root = document) => root.querySelector(selector);

/** An element with properties (`on…` are listeners, the rest attributes) and children (texts stay texts). */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  element.append(
    ...children
      .flat(9)
      .filter((child) => child != null && child !== false)
      .map(asNode),
  );
  return element;
}

const asNode = (child) => (child instanceof Node ? child : document.createTextNode(String(child)));

export const fill = (element, ...children) =>
  element.replaceChildren(
    ...children
      .flat(9)
      .filter((child) => child != null && child !== false)
      .map(asNode),
  );

export const button = (label, onclick, more = {}) => h("button", { type: "button", onclick, ...more }, label);

/** A link inside the page: main.js follows it without loading anew. */
export const link = (query, label, more = {}) =>
  h("a", { href: `?${new URLSearchParams(query)}`, "data-go": true, ...more }, label);

/** A status in its colour. */
export function badge(status, more = "") {
  const kind = status === null ? "none" : { 401: "401", 409: "409" }[status] || `${Math.floor(status / 100)}xx`;
  return h("span", { class: `badge b-${kind} ${more}`, title: status === null ? "no answer" : null }, status ?? "none");
}
