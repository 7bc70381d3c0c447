// Earlier and later requests of the same lead.
import { choices } from "./choices.js";
import { badge, h, link } from "./dom.js";
import { masked } from "./masking.js";
import { reasonToRetry } from "./outcome.js";
import { get } from "./server.js";
import { clock, duration, statusOf } from "./words.js";

const MOST = 100;
const SHOWN = 9;

/**
 * The requests of the same lead, oldest first, including this one.
 * @param {RecordedRequest} entry
 * @returns {Promise<Summary[]>}
 */
export async function sameLead(entry) {
  const { phone, campaign, id } = entry;
  if (!phone || !campaign) return [];
  const asked = async (/** @type {Record<string, string>} */ more) => {
    const page = await get("requests", new URLSearchParams({ phone, campaign, ...more })).catch(() => null);
    return page ? page.requests.reverse() : [];
  };
  const newest = await asked({ limit: String(MOST) });
  if (newest.some((each) => each.id === id)) return newest;
  return [...(await asked({ limit: String(SHOWN - 1), before: id })), entry, ...newest].slice(0, MOST);
}

/**
 * The requests around the open one; nothing if there is only one.
 * @param {Summary} entry
 * @param {Summary[]} same
 */
export function timeline(entry, same) {
  if (same.length < 2) return null;
  const at = same.findIndex((each) => each.id === entry.id);
  const from = Math.max(0, Math.min(at - 4, same.length - SHOWN));
  const steps = same
    .slice(from, from + SHOWN)
    .map((each, index) => step(each, same[from + index - 1], each.id === entry.id));
  return h(
    "section",
    { class: "timeline", "aria-label": "Requests of the same lead" },
    h(
      "h3",
      {},
      "Requests of this lead ",
      h("span", { class: "dim" }, `${same.length >= MOST ? `${MOST}+` : same.length}`),
    ),
    h("ol", {}, steps),
  );
}

/**
 * @param {Summary} each
 * @param {Summary | undefined} previous
 * @param {boolean} isOpen
 */
function step(each, previous, isOpen) {
  const lost = reasonToRetry(each, choices);
  return h(
    "li",
    { class: lost ? "lost" : null, "aria-current": isOpen ? "true" : null },
    badge(statusOf(each)),
    h("span", { class: "gap" }, previous ? gap(each, previous) : clock(each.receivedAt)),
    isOpen ? h("b", {}, each.id) : link({ request: each.id }, each.id),
    lost && h("span", { class: "tag bad" }, lost),
    h("span", { class: "words" }, masked(each.reason.rule)),
  );
}

/**
 * @param {Summary} each
 * @param {Summary} previous
 */
function gap(each, previous) {
  const isRetry = reasonToRetry(previous, choices);
  return `${isRetry ? "retry " : ""}+${duration(Date.parse(each.receivedAt) - Date.parse(previous.receivedAt))}`;
}
