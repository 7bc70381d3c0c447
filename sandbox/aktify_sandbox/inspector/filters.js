// The filter form above the list; the values are in the address bar.
import { change, filters, query, whenTyped } from "./address.js";
import { choices, pairs } from "./choices.js";
import { $, fill, h, options } from "./dom.js";
import { sayProblem } from "./messages.js";
import { get } from "./server.js";

/** @type {HTMLFormElement} */
const form = $("#filters");

export function start() {
  fill($("[name=status]", form), options([["", "Any status"], ...pairs(choices.statusFilters)]));
  form.addEventListener("input", () => whenTyped(filterAsWritten));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    filterAsWritten();
  });
  $("#clear-filters").addEventListener("click", clear);
  $("#more-filters").addEventListener("click", unfold);
  form.addEventListener("focusin", suggest, { once: true });
}

/** @returns {HTMLInputElement} */
export const searching = () => $("[name=search]", form);

/** The named fields; selects are used like inputs. */
const fields = () => /** @type {HTMLInputElement[]} */ ([...form.elements]).filter(({ name }) => name);

/**
 * The values from the address.
 * @param {URLSearchParams} wanted
 */
export function write(wanted) {
  for (const field of fields()) {
    const value = wanted.get(field.name) || "";
    if (field.type === "checkbox") field.checked = value === "yes";
    else if (field.tagName === "SELECT") choose(field, value);
    else if (field !== document.activeElement || !value) field.value = value;
  }
  $("#clear-filters").hidden = !wanted.toString();
  $("#more-filters").textContent = wanted.size ? `Filters (${wanted.size})` : "Filters";
}

/**
 * @param {HTMLElement} field
 * @param {string} value one that isn't offered is added
 */
function choose(field, value) {
  const select = /** @type {HTMLSelectElement} */ (field);
  if (![...select.options].some((option) => option.value === value)) select.append(h("option", { value }, value));
  select.value = value;
}

function filterAsWritten() {
  const parts = Object.fromEntries(fields().map((field) => [field.name, textOf(field)]));
  if (!parts.forced && query().get("forced") !== "yes") delete parts.forced;
  change(parts, { replace: true });
}

/** @param {HTMLInputElement} field */
const textOf = ({ type, checked, value }) => (type === "checkbox" ? (checked ? "yes" : null) : value.trim() || null);

export function clear() {
  form.reset();
  filterAsWritten();
  change({ forced: null, reason: null }, { replace: true });
  searching().focus();
}

function unfold() {
  const opened = form.classList.toggle("unfolded");
  $("#more-filters").setAttribute("aria-expanded", String(opened));
}

/**
 * The query without unfinished values; empty if there are none.
 * @param {URLSearchParams} wanted
 */
export function mistakeIn(wanted) {
  const phone = wanted.get("phone") || "";
  const known = phone.replace(/[^0-9]/g, "").length >= 4 || !phone;
  return known ? "" : `“${phone}” is too short for a phone number. Write at least its last four digits.`;
}

/** @param {string} words empty: nothing is wrong */
export function tellProblem(words) {
  sayProblem($("#filter-problem"), words);
  for (const field of fields()) {
    const isMeant = Boolean(field.value) && words.startsWith(`“${filters().get(field.name)}”`);
    field.setAttribute("aria-invalid", String(isMeant));
  }
}

/** Load campaigns and keys when the user begins to choose. */
async function suggest() {
  const found = await Promise.all([get("campaigns"), get("keys")]).catch(() => null);
  if (!found) return;
  const [{ campaigns }, { keys }] = found;
  fill($("#campaigns"), suggestions(campaigns.map((each) => each.campaign)));
  fill($("#keys"), suggestions(keys.map((each) => each.key)));
}

/** @param {string[]} values */
const suggestions = (values) => [...new Set(values)].map((value) => h("option", { value }));
