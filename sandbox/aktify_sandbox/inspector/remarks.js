// Remarks on a request's body, each with its source.
import { h } from "./dom.js";
import { rulingLink, withCode } from "./rulings.js";

/** @typedef {import("./annotations.js").Remark} Remark */

/** @param {Remark} each */
export function remark(each) {
  const said = each.field && !each.message.startsWith(each.field) ? `${each.field}: ` : "";
  return h(
    "div",
    { class: `remark ${each.kind}`, "data-field": each.field },
    h("span", { class: "away" }, `${each.kind === "note" ? "Note on" : "Problem in"} ${said || "the body: "}`),
    h("span", {}, each.message),
    each.hint && h("span", { class: "hint" }, " ", each.hint),
    wordOf(each),
  );
}

/**
 * The source: Aktify's page, a ruling, HTTP, or a limit of the sandbox.
 * @param {Pick<LeadProblem, "source" | "quote" | "ruling">} problem
 */
export function wordOf({ source, quote, ruling }) {
  if (ruling) return [" ", rulingLink(ruling)];
  if (source === "documented")
    return h("span", { class: "word" }, " documented by Aktify: ", h("q", {}, withCode(quote ?? "")));
  if (source === "http") return h("span", { class: "word" }, ` HTTP (${quote})`);
  return source === "limit" && h("span", { class: "word" }, " limit of the sandbox");
}
