// Counts requests by status and reason. Doesn't use the DOM.
import { statusOf } from "./words.js";

/** @param {Pick<Summary, "response">} entry */
export const statusName = (entry) => String(statusOf(entry) ?? "none");

/**
 * The totals plus later requests; requests already counted are left out.
 * @param {Totals} totals
 * @param {Pick<Summary, "id" | "response" | "reason">[]} arrived
 * @returns {Totals}
 */
export function withArrived(totals, arrived) {
  const { newest } = totals;
  const fresh = arrived.filter(({ id }) => newest === null || id > newest);
  const statuses = { ...totals.statuses };
  const reasons = { ...totals.reasons };
  for (const each of fresh) {
    add(statuses, statusName(each));
    add(reasons, each.reason.objection);
  }
  const latest = [newest ?? "", ...fresh.map(({ id }) => id)].sort().at(-1) || null;
  return { ...totals, counted: totals.counted + fresh.length, newest: latest, statuses, reasons };
}

/**
 * @param {Record<string, number>} counts
 * @param {string} name
 */
function add(counts, name) {
  counts[name] = (counts[name] ?? 0) + 1;
}

/**
 * How many match the filters; reasons are counted under all filters but that one.
 * @param {Totals} totals
 * @param {string | null} reason the one that is filtered by
 */
export function matching({ reasons }, reason) {
  return reason ? (reasons[reason] ?? 0) : Object.values(reasons).reduce((sum, count) => sum + count, 0);
}
