// The result of checking a file, or why it couldn't be checked.
import { choices } from "./choices.js";
import { save } from "./clipboard.js";
import { button, h, table, td, tr } from "./dom.js";
import { short, shortHint, visible } from "./file-texts.js";
import { grouped, plural } from "./words.js";

const MOST_LEFT_OUT = 200;

/**
 * @param {HTMLElement} title
 * @param {Refusal} refusal
 */
export const refusalCard = (title, { message, fix, line }) =>
  h(
    "section",
    { class: "card", "aria-labelledby": "check-name" },
    h("div", { class: "card-top" }, title, h("span", { class: "tag bad" }, "can’t be checked")),
    h("p", { class: "problem-line" }, line && `line ${line}: `, short(message)),
    fix && h("p", {}, h("strong", {}, "Fix: "), short(fix)),
  );

/**
 * @param {HTMLElement} title
 * @param {string} file its name
 * @param {Findings} findings
 */
export const findingCards = (title, file, findings) => [
  summaryCard(title, file, findings),
  findings.kinds.length > 0 && problemCard(findings.kinds),
  findings.summary.notes.length > 0 && noteCard(findings.summary.notes),
];

/**
 * @param {HTMLElement} title
 * @param {string} file its name
 * @param {Findings} findings
 */
function summaryCard(title, file, { summary, rejects, fixed }) {
  const { form, counts, duplicates, repairs, leftOut, advice } = summary;
  const left = leftOut.slice(0, MOST_LEFT_OUT).map((each) => h("li", { class: "dim" }, "Left out: ", short(each)));
  const legend =
    "Rejects: refused rows, with problem and fix. Fixed: rows that would be accepted, as they are or repaired.";
  return h(
    "section",
    { class: "card", "aria-labelledby": "check-name" },
    title,
    h("p", { class: "dim" }, form),
    h("p", { id: "check-counts" }, counts),
    duplicates && h("p", {}, duplicates),
    repairs && h("p", {}, repairs),
    advice.map((each) => h("p", {}, short(each))),
    left.length > 0 && h("ul", { "aria-label": "Left out" }, left),
    h(
      "div",
      { class: "actions files" },
      download(file, "rejects", rejects),
      download(file, "fixed", fixed, "primary"),
      h("span", { class: "dim" }, legend),
    ),
  );
}

/**
 * @param {string} file its name
 * @param {string} part
 * @param {FilePart} content
 * @param {string} [kind] the button's class
 */
function download(file, part, { rows, content }, kind = "") {
  const stem = file.replace(/\.[^.]*$/, "").replace(/[^A-Za-z0-9_-]+/g, "_");
  const name = `${stem.slice(0, 80) || "leads"}-${part}.csv`;
  const label = `Download ${part} (${grouped(rows)})`;
  return button(label, () => save(content, "text/csv", name), { disabled: !rows, class: kind });
}

/** @param {Kind[]} kinds */
function problemCard(kinds) {
  const count = kinds.reduce((sum, { problems }) => sum + problems, 0);
  const heads = ["Count", "What is wrong", "Fix", "Whose word", "Where"];
  return h(
    "section",
    { class: "card", "aria-label": "Problems" },
    h("h2", {}, `${plural(count, "problem")}, by kind`),
    table(heads, kinds.map(kindRow), { class: "kinds" }),
  );
}

/** @param {string[]} notes */
const noteCard = (notes) =>
  h(
    "section",
    { class: "card", "aria-label": "Notices" },
    h("h2", {}, "Accepted, but worth a look"),
    h(
      "ul",
      {},
      notes.map((each) => h("li", {}, short(each))),
    ),
  );

/** @param {Kind} kind */
function kindRow({ problems, field, what, fix, fixes, word, rows }) {
  const isImpersonal = choices.masking.impersonalFields.includes(field);
  const hint = isImpersonal ? visible : shortHint;
  return tr(
    h("td", { class: "count" }, grouped(problems)),
    td(isImpersonal ? visible(what) : short(what)),
    h("td", {}, fixes.length > 0 ? fixes.map((each) => h("div", {}, hint(each))) : hint(fix)),
    h("td", { class: "dim" }, word),
    td(rows),
  );
}
