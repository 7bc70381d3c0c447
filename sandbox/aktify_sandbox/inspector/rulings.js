// A ruling: the meaning of its value, its other values, and the flag for each.
import { copyButton } from "./clipboard.js";
import { button, h, link, rowHead, table, td, tr } from "./dom.js";
import { closeDialog, dialog, trying } from "./messages.js";
import { config } from "./server.js";
import { day } from "./words.js";

/**
 * A link to a ruling; a click shows it in place.
 * @param {string} name
 */
export const rulingLink = (name) =>
  link({ view: "setup", ruling: name }, `ruling ${name}`, { onclick: (event) => showInstead(event, name) });

/**
 * @param {MouseEvent} event
 * @param {string} name
 */
async function showInstead(event, name) {
  if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const found = await trying(() => config());
  const ruling = found?.rulings.find((each) => each.name === name);
  if (!found || !ruling) return;
  dialog(
    `Ruling ${name}`,
    [
      h("p", {}, "Our choice where Aktify's page is silent: ", withCode(ruling.reason), "."),
      verdict(name, found.calibration),
      values(ruling),
    ],
    [
      link({ view: "setup", ruling: name }, "All rulings", { onclick: closeDialog }),
      button("Close", closeDialog, { class: "primary", autofocus: true }),
    ],
  );
}

/**
 * What a real endpoint decides; null if that isn't known.
 * @param {string} name
 * @param {Calibration | null} calibration
 */
export function verdict(name, calibration) {
  if (!calibration) return null;
  const on = day(calibration.startedAt);
  const other = calibration.differing[name];
  if (other !== undefined) return h("span", { class: "tag bad" }, `${other} at the endpoint on ${on}`);
  return calibration.verified.includes(name) ? h("span", { class: "tag" }, `verified on ${on}`) : null;
}

/**
 * All values with their meanings and flags.
 * @param {Ruling} ruling
 */
export function values({ name, value, default: usual, meanings, free }) {
  const known = Object.entries(meanings);
  if (!(value in meanings)) known.push([value, "as set here"]);
  const rows = known.map(([word, meaning]) =>
    tr(
      rowHead([h("code", {}, word), word === value && h("span", { class: "tag" }, "in force")]),
      td(withCode(meaning), word === usual && h("span", { class: "dim" }, " (default)")),
      h("td", { class: "end" }, flagButton(name, word)),
    ),
  );
  return [
    table(["Value", "Meaning", "Flag"], rows, { class: "values" }, { areHeadsHidden: true }),
    free &&
      h("p", { class: "dim" }, `Or ${free === "url" ? "a URL" : "a number"}: --ruling ${name}=${free.toUpperCase()}`),
  ];
}

/**
 * @param {string} name
 * @param {string} value
 */
function flagButton(name, value) {
  const flag = `--ruling ${name}=${value}`;
  return h("span", { class: "flag" }, h("code", {}, flag), copyButton(flag, flag));
}

/** @param {string} text with code in backticks */
export const withCode = (text) => text.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part));
