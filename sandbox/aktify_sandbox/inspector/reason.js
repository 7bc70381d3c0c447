// The reason for an answer, with its source.
import { h, link, statusClass } from "./dom.js";
import { phone } from "./masking.js";
import { rulingLink } from "./rulings.js";
import { bytes, clock, duration, statusOf } from "./words.js";

/** @param {RecordedRequest} entry */
export function why(entry) {
  const { reason } = entry;
  return h(
    "section",
    { class: `why ${statusClass(statusOf(entry))}`, "aria-label": "Why" },
    h("p", { class: "reason" }, reason.rule),
    reason.scenario && h("p", {}, "Forced by ", forcedBy(reason.scenario, entry.forcedBy)),
    reason.ruling && h("p", {}, "Decided by ", rulingLink(reason.ruling)),
    entry.hungUpAfterMs != null && h("p", {}, `The client hung up after ${duration(entry.hungUpAfterMs)}.`),
    entry.truncated && h("p", {}, `Only the beginning of the body is recorded; it had ${bytes(entry.bodyBytes)}.`),
    entry.bodyOmitted && h("p", {}, "The body is not recorded: --fictional-only is on."),
  );
}

/**
 * Links to the rule, forced answer, key or number that decided the answer.
 * @param {string} label
 * @param {Origin | undefined} origin
 */
function forcedBy(label, origin) {
  switch (origin?.kind) {
    case "scenario":
      return link({ view: "scenarios", scenario: origin.name ?? "", rule: String(origin.rule) }, label, {
        "data-forced": true,
      });
    case "force":
    case "key":
    case "number":
      return link({ view: "scenarios", part: origin.kind }, label);
    default:
      return h("strong", {}, label);
  }
}

/** @param {RecordedRequest} entry */
export function facts(entry) {
  const moment = h("time", { datetime: entry.receivedAt, title: entry.receivedAt }, clock(entry.receivedAt));
  return h(
    "dl",
    { class: "facts" },
    fact("Received", moment),
    fact("Took", duration(entry.durationMs)),
    entry.delayMs != null && fact("Forced delay", duration(entry.delayMs)),
    entry.hungUpAfterMs != null && fact("Client waited", duration(entry.hungUpAfterMs)),
    fact("Lead", entry.phone ? phone(entry.phone) : "unknown"),
    fact("Campaign", entry.campaign || "unknown"),
    fact("Key", h("code", {}, entry.key || "no key")),
    fact("Client", entry.client || "unknown"),
  );
}

/**
 * @param {string} name
 * @param {import("./dom.js").Child} value
 */
const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
