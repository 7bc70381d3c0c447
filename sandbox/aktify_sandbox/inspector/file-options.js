// Options for reading a file of leads, and the assignment of its columns.
import { choices, pairs } from "./choices.js";
import { h, options, table, tr } from "./dom.js";
import { short } from "./file-texts.js";
import { grouped } from "./words.js";

const MOST_COLUMNS = 200;

/** @typedef {"encoding" | "delimiter" | "campaign"} Option */
/** @typedef {Partial<Record<Option, string>>} Options as the command's have them */
/** @typedef {{ column: string, field: string | null, control: HTMLSelectElement }} ColumnSelect */
/**
 * The chosen options; `columns` are those assigned to another field.
 * @typedef {{ options: Options, columns: [column: string, field: string][] }} Reading
 */

/**
 * @param {Pick<Refusal, "assignable" | "likely">} outcome
 * @param {Options} before
 * @param {string[]} campaigns
 * @param {(reading: Reading) => unknown} check
 */
export function readingCard({ assignable = null, likely = null }, before, campaigns, check) {
  const controls = controlsOf(before, campaigns);
  const columns = assignable ? columnSelects(assignable, likely) : [];
  const go = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    check({ options: chosenIn(controls), columns: changedIn(columns) });
  };
  return h(
    "section",
    { class: "card", "aria-label": "How the file is read" },
    h("h2", {}, "How it is read"),
    h(
      "form",
      { onsubmit: go },
      h(
        "div",
        { class: "force options" },
        controls.map(([name, control]) => h("div", { class: "labelled" }, labelOf(name), control)),
      ),
      assignable && columns.length > 0 && columnTable(columns, assignable.columns.length),
      h("div", { class: "actions" }, h("button", { type: "submit" }, "Check again")),
    ),
  );
}

/**
 * @param {Options} before
 * @param {string[]} campaigns
 * @returns {[Option, HTMLSelectElement][]}
 */
function controlsOf(before, campaigns) {
  const [first, ...others] = campaigns;
  /** @type {[Option, (readonly [string, string])[]][]} */
  const lists = [
    ["encoding", [["", "guessed"], ...pairs(choices.encodings)]],
    ["delimiter", [["", "guessed"], ...pairs(choices.delimiters)]],
  ];
  if (others.length)
    lists.push([
      "campaign",
      [["", `${first} (the first)`], ...others.map((name) => /** @type {const} */ ([name, name]))],
    ]);
  return lists.map(([name, list]) => {
    const control = h("select", { id: `check-${name}` }, options(list));
    control.value = before[name] || "";
    return [name, control];
  });
}

/** @param {Option} name */
const labelOf = (name) =>
  h("label", { for: `check-${name}` }, name[0].toUpperCase() + name.slice(1), " ", h("code", {}, `--${name}`));

/**
 * @param {[Option, HTMLSelectElement][]} controls
 * @returns {Options}
 */
const chosenIn = (controls) => Object.fromEntries(controls.map(([name, control]) => [name, control.value]));

/**
 * @param {ColumnSelect[]} columns
 * @returns {[string, string][]}
 */
const changedIn = (columns) =>
  columns
    .filter(({ field, control }) => control.value !== (field || ""))
    .map(({ column, control }) => [column, control.value]);

/**
 * @param {Assignable} assignable
 * @param {string | null} likely
 * @returns {ColumnSelect[]}
 */
function columnSelects({ columns, fields }, likely) {
  return columns.slice(0, MOST_COLUMNS).map(({ column, field, metadata }, index) => {
    const offered = [...new Set(["", ...fields, metadata, field || ""])];
    const choices = offered.map((value) => h("option", { value }, short(value) || "left out"));
    const control = h("select", { id: `check-column-${index}` }, choices);
    control.value = column === likely ? "phoneNumber" : field || "";
    return { column, field, control };
  });
}

/**
 * @param {ColumnSelect[]} columns
 * @param {number} all how many there are
 */
function columnTable(columns, all) {
  const rows = columns.map(({ column, control }) =>
    tr(
      h("td", {}, h("label", { for: control.id }, h("bdi", {}, short(column)))),
      h("td", { class: "labelled" }, control),
    ),
  );
  const caption = ["Columns ", h("code", {}, "--map")];
  const left = all - columns.length;
  return [
    table(["In the file", "Is"], rows, { class: "assign" }, { caption }),
    left > 0 && h("p", { class: "dim" }, `${grouped(left)} more columns; assign them with --map on the command line.`),
  ];
}
