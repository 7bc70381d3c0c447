// The admin API, as the page asks it.

/**
 * JSON from the admin API. Throws `Refused`.
 * @param {string} path
 */
export async function get(path) {
  return (await answer(path)).json();
}

export async function text(path) {
  return (await answer(path)).text();
}

export async function send(method, path, body) {
  const got = await answer(path, {
    method,
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const content = await got.text();
  return content ? JSON.parse(content) : null;
}

/** What the admin API refused: `problem` has the members of its answer. */
class Refused extends Error {
  /**
   * @param {number} status
   * @param {Record<string, any>} problem
   */
  constructor(status, problem) {
    super(problem.detail || `The sandbox answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }
}

/**
 * What the admin API answers. Throws `Refused`.
 * @param {string} path
 * @param {RequestInit} [options]
 */
export async function answer(path, options = {}) {
  let got;
  try {
    got = await fetch(path, { ...options, headers: { accept: "application/json", ...options.headers } });
  } catch {
    throw new Error("The sandbox doesn't answer. Is it still running?");
  }
  if (got.ok) return got;
  throw new Refused(got.status, await got.json().catch(() => ({})));
}

let known;
export function config(again = false) {
  if (!known || again) (known = get("config")).catch(() => (known = null));
  return known;
}
