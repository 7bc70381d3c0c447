// Requests to the admin API.

/**
 * The JSON of each path.
 * @typedef {{
 *   campaigns: { campaigns: Campaign[] },
 *   config: Config,
 *   force: { forced: Forced[] },
 *   keys: { keys: Key[] },
 *   leads: LeadPage,
 *   requests: RequestPage,
 *   "requests/totals": Totals,
 *   scenarios: { scenarios: Scenario[] },
 *   status: Status,
 * }} Answers
 */

/**
 * JSON from the admin API. Throws `RefusedError`.
 * @template {keyof Answers} P
 * @param {P} path
 * @param {URLSearchParams} [query]
 * @returns {Promise<Answers[P]>}
 */
export async function get(path, query) {
  return (await answer(query ? `${path}?${query}` : path)).json();
}

/**
 * A request, whole or with personal data masked. Throws `RefusedError`.
 * @param {string} id
 * @param {boolean} [isMasked]
 * @returns {Promise<RecordedRequest>}
 */
export async function getRequest(id, isMasked = false) {
  return (await answer(`requests/${encodeURIComponent(id)}?${masking(isMasked)}`)).json();
}

/** @param {boolean} isMasked */
const masking = (isMasked) => (isMasked ? "mask=yes" : "");

/**
 * A request as curl, HAR or code. Throws `RefusedError`.
 * @param {string} id
 * @param {string} form
 * @param {boolean} isMasked
 * @returns {Promise<Copyable>}
 */
export async function getForm(id, form, isMasked) {
  const got = await answer(`requests/${id}/${form}?${masking(isMasked)}`);
  return { text: await got.text(), needs: got.headers.get("x-needs-variable") };
}

/**
 * Send a change to the admin API. Returns its JSON; null if there is none. Throws `RefusedError`.
 * @template [T=unknown]
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<T>}
 */
export async function send(method, path, body) {
  const got = await answer(path, {
    method,
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const content = await got.text();
  return JSON.parse(content || "null");
}

/** A refusal of the admin API: `problem` is its problem document. */
export class RefusedError extends Error {
  /**
   * @param {number} status
   * @param {{ detail?: string }} problem
   */
  constructor(status, problem) {
    super(problem.detail || `The sandbox answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }
}

/**
 * The admin API's response. Throws `RefusedError`.
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
  throw new RefusedError(got.status, await got.json().catch(() => ({})));
}

/**
 * Called before something is asked for: a function that says once it is answered whether that is news, since a later
 * answer may come first.
 */
export function order() {
  let asked = 0;
  let heard = 0;
  return () => {
    const mine = ++asked;
    return () => {
      if (mine < heard) return false;
      heard = mine;
      return true;
    };
  };
}

/** @type {Promise<Config> | null} */
let known = null;
export function config(again = false) {
  if (!known || again) {
    known = get("config");
    known.catch(() => {
      known = null;
    });
  }
  return known;
}
