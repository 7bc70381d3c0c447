// Totals above the list; a click filters by one.
import { change, query } from "./address.js";
import { choices } from "./choices.js";
import { matching, withArrived } from "./counts.js";
import { $, badge, fill, h, released } from "./dom.js";
import { get } from "./server.js";
import { grouped, plural } from "./words.js";

const AGAIN_AFTER = 2000;

const box = $("#totals");
/** @type {Totals | null} */
let totals = null;
/** @type {URLSearchParams} of what is counted */
let filters = new URLSearchParams();
let due = 0;
/** @type {Summary[] | null} arrived while the server counts */
let meanwhile = null;

/**
 * Count again.
 * @param {URLSearchParams} wanted
 */
export async function load(wanted) {
  clearTimeout(due);
  due = 0;
  filters = wanted;
  meanwhile = [];
  const found = await get("requests/totals", wanted).catch(() => null);
  if (filters !== wanted) return;
  totals = found && withArrived(found, meanwhile ?? []);
  meanwhile = null;
  draw();
}

/** Show no totals. */
export function hide() {
  clearTimeout(due);
  due = 0;
  filters = new URLSearchParams();
  totals = null;
  draw();
}

/**
 * Add requests that match the filters. With a filter by status or reason, the server counts.
 * @param {Summary[]} summaries
 */
export function arrived(summaries) {
  const isPartial = filters.has("status") || filters.has("reason");
  if (isPartial) due ||= setTimeout(() => load(filters), AGAIN_AFTER);
  else {
    meanwhile?.push(...summaries);
    totals &&= withArrived(totals, summaries);
    draw();
  }
}

async function draw() {
  await released;
  if (!totals?.counted) return fill(box);
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.chip;
  const { statuses, reasons, counted, isComplete } = totals;
  const count = matching(totals, filters.get("reason"));
  const words = isComplete ? plural(count, "request") : `${grouped(count)} of the newest ${grouped(counted)}`;
  fill(
    box,
    h("span", { class: "count", title: isComplete ? null : "Older requests are not counted." }, words),
    chips("status", statuses, (status) => badge(status === "none" ? null : Number(status))),
    chips("reason", reasons, (reason) => choices.reasons.find(({ value }) => value === reason)?.label ?? reason),
  );
  if (focused) $(`[data-chip="${CSS.escape(focused)}"]`, box)?.focus();
}

/**
 * Chips in an order that doesn't depend on the counts, so that they keep their places (an object sorts its numeric keys
 * first). A chip that is filtered by is always there.
 * @param {"status" | "reason"} name
 * @param {Record<string, number>} counts
 * @param {(value: string) => import("./dom.js").Child} labelOf
 */
function chips(name, counts, labelOf) {
  const chosen = filters.get(name);
  const isOwn = name === "reason" || /^(none|[0-9]+)$/.test(chosen ?? "");
  const all = chosen && isOwn && !(chosen in counts) ? { ...counts, [chosen]: 0 } : counts;
  const places = name === "reason" ? choices.reasons.map(({ value }) => value) : [];
  const sorted = Object.entries(all).sort(([one], [other]) => places.indexOf(one) - places.indexOf(other));
  return h(
    "span",
    { class: "group", role: "group", "aria-label": `By ${name}` },
    sorted.map(([value, count]) => {
      const toggle = () => change({ [name]: query().get(name) === value ? null : value });
      const properties = { type: "button", class: "chip", "data-chip": `${name} ${value}`, onclick: toggle };
      const isOn = String(value === chosen);
      return h("button", { ...properties, "aria-pressed": isOn }, labelOf(value), h("b", {}, grouped(count)));
    }),
  );
}
