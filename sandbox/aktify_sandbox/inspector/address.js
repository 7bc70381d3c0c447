// The address bar is the view's state, so that a view can be sent to a colleague.

export const FILTERS = ["search", "status", "campaign", "key", "phone", "forced"];

export const query = () => new URLSearchParams(location.search);

/** Only what narrows the list: the same names in the address, the list and the stream. */
export function filters(from = query()) {
  const kept = new URLSearchParams();
  for (const name of FILTERS) {
    const value = from.get(name);
    if (value) kept.set(name, value);
  }
  return kept;
}

let follow = () => {};
export const onchange = (listener) => (follow = listener);

/** Change parts of the address; null takes a part out. */
export function change(parts, { replace = false } = {}) {
  const next = query();
  for (const [name, value] of Object.entries(parts)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  go(next, { replace });
}

export function go(next, { replace = false } = {}) {
  const text = next.toString();
  const url = text ? `?${text}` : location.pathname;
  if (url !== (location.search || location.pathname)) history[replace ? "replaceState" : "pushState"](null, "", url);
  follow();
}

addEventListener("popstate", () => follow());
