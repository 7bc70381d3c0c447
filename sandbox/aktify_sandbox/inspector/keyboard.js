// Keyboard shortcuts and their help.
import { $, button, h, rowHead, td, tr } from "./dom.js";
import { closeDialog, dialog, isDialogOpen } from "./messages.js";
import { storage } from "./storage.js";

/**
 * @typedef {object} Shortcut
 * @property {string} keys as the help names them
 * @property {string} words what they do
 * @property {Record<string, () => unknown>} [does] by `KeyboardEvent.key`
 * @property {boolean} [isOfList] whether it does nothing in other views
 */

const areSingleLettersOn = () => storage.get("shortcuts") !== "off";

/**
 * @param {Shortcut[]} shortcuts
 * @param {() => boolean} isListShown
 * @param {() => unknown} close what Escape does where it leaves no field
 */
export function listen(shortcuts, isListShown, close) {
  const byKey = new Map(
    shortcuts.flatMap((each) =>
      Object.entries(each.does ?? {}).map(([key, does]) => [key, { does, isOfList: each.isOfList }]),
    ),
  );
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isDialogOpen()) return;
    const field = fieldOf(event);
    if (event.key === "Escape") {
      if (field) leave(field);
      else close();
      return;
    }
    const shortcut = byKey.get(event.key);
    if (!shortcut || field || (shortcut.isOfList && !isListShown()) || !isMeant(event)) return;
    event.preventDefault();
    shortcut.does();
  });
}

/**
 * The field that receives the key, if any.
 * @param {KeyboardEvent} event
 * @returns {HTMLElement | null}
 */
const fieldOf = ({ target }) => /** @type {Element} */ (target).closest("input, textarea, select");

/** @param {HTMLElement} field */
function leave(field) {
  const list = $("#list");
  if (list.offsetParent) list.focus({ preventScroll: true });
  else field.blur();
}

/**
 * Arrows and Enter act only in the list; single-letter shortcuts can be switched off.
 * @param {KeyboardEvent} event
 */
function isMeant({ key, target }) {
  const isNamed = key.length > 1;
  return isNamed ? target === $("#list") || target === document.body : areSingleLettersOn();
}

/** @param {Shortcut[]} shortcuts */
export function showHelp(shortcuts) {
  const remember = (/** @type {Event} */ { target }) =>
    storage.set("shortcuts", /** @type {HTMLInputElement} */ (target).checked ? "on" : "off");
  const on = h("input", { type: "checkbox", checked: areSingleLettersOn(), onchange: remember });
  const rows = shortcuts.map(({ keys, words }) => tr(rowHead(h("kbd", {}, keys)), td(words)));
  dialog(
    "Keyboard",
    [
      h("table", { class: "keys" }, h("tbody", {}, rows)),
      h("label", { class: "check" }, on, "Single-letter shortcuts are on"),
    ],
    [button("Close", closeDialog, { class: "primary", autofocus: true })],
  );
}
