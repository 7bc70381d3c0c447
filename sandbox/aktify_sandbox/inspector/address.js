// The state of the view, kept in the address bar so that a view can be shared.

export const FILTERS = ["search", "status", "reason", "campaign", "key", "phone", "forced"];

export const query = () => new URLSearchParams(location.search);

/** The filters only: they have the same names in the address, the list and the stream. */
export function filters(from = query()) {
  const kept = new URLSearchParams();
  for (const name of FILTERS) {
    const value = from.get(name);
    if (value) kept.set(name, value);
  }
  return kept;
}

const TYPED = 250; // milliseconds after the last key before what is typed is applied

let due = 0;
/** @type {(() => unknown) | null} */
let typed = null;

/**
 * Change the address after the last key, or before it changes in another way.
 * @param {() => unknown} work
 */
export function whenTyped(work) {
  clearTimeout(due);
  typed = work;
  due = setTimeout(applyTyped, TYPED);
}

function applyTyped() {
  const work = typed;
  typed = null;
  work?.();
}

let follow = () => {};
/** @param {() => void} listener */
export const onchange = (listener) => (follow = listener);

/**
 * Change parts of the address; null removes a part.
 * @param {Record<string, string | null>} parts
 * @param {{ replace?: boolean }} [how]
 */
export function change(parts, { replace = false } = {}) {
  applyTyped();
  const next = query();
  for (const [name, value] of Object.entries(parts)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  go(next, { replace });
}

/**
 * @param {URLSearchParams} next
 * @param {{ replace?: boolean }} [how]
 */
export function go(next, { replace = false } = {}) {
  applyTyped();
  const text = next.toString();
  const url = text ? `?${text}` : location.pathname;
  if (url !== (location.search || location.pathname)) history[replace ? "replaceState" : "pushState"](null, "", url);
  follow();
}

addEventListener("popstate", () => {
  typed = null; // in a view that was left
  follow();
});
