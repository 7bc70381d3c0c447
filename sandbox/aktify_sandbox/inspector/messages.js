// Messages to the user: toasts, and one dialog at a time.
import { $, button, h } from "./dom.js";

/** @typedef {import("./dom.js").Child} Child */

/**
 * Show a message for a few seconds.
 * @param {string} message
 * @param {"good" | "bad"} [kind]
 * @param {Child} [more]
 */
export function toast(message, kind = "good", more = null) {
  const shown = h("div", { class: `toast ${kind}` }, h("span", {}, message), more);
  const box = $("#toasts");
  box.append(shown);
  while (box.childElementCount > 3) box.firstElementChild?.remove();
  setTimeout(() => shown.remove(), kind === "bad" ? 9000 : 5000);
}

let saidAt = 0;
/**
 * Announce to screen readers; unrequested messages are announced less often.
 * @param {string} words
 * @param {boolean} [asked]
 */
export function say(words, asked = false) {
  if (!asked && Date.now() - saidAt < 5000) return;
  saidAt = Date.now();
  $("#said").textContent = words;
}

/** @param {unknown} thrown */
export const asError = (thrown) => (thrown instanceof Error ? thrown : new Error(String(thrown)));

/** @param {unknown} thrown */
export const messageOf = (thrown) => asError(thrown).message;

/**
 * Run it, and show a message if it fails.
 * @template T
 * @param {() => T | Promise<T>} work
 */
export async function trying(work) {
  try {
    return await work();
  } catch (error) {
    toast(messageOf(error), "bad");
    return undefined;
  }
}

/**
 * The same, but not while it runs: a double click would send twice.
 * @param {() => unknown} work
 */
export function oneAtATime(work) {
  let isRunning = false;
  return async () => {
    if (isRunning) return;
    isRunning = true;
    try {
      await work();
    } finally {
      isRunning = false;
    }
  };
}

/**
 * Show or hide the error line.
 * @param {HTMLElement} line
 * @param {string} words empty: nothing is
 */
export function sayProblem(line, words) {
  line.hidden = !words;
  line.textContent = words;
}

/**
 * Show the state of the connection.
 * @param {string} word
 */
export function showState(word) {
  const line = $("#state");
  line.dataset.state = word;
  line.textContent = word.endsWith("connecting") ? `${word}…` : word;
}

/** @returns {HTMLDialogElement | null} */
const openDialog = () => document.querySelector("dialog[open]");

/**
 * Show a dialog in place of the one that is open.
 *
 * Each is an element of its own, since the event that says it was closed comes later than the next one may be opened.
 * @param {string} title
 * @param {Child} content
 * @param {Child} actions
 */
export function dialog(title, content, actions) {
  closeDialog();
  const box = h(
    "dialog",
    { "aria-label": title },
    h("h2", {}, title),
    content,
    h("div", { class: "actions" }, actions),
  );
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  return box;
}

export const isDialogOpen = () => openDialog() !== null;

export const closeDialog = () => openDialog()?.close();

/**
 * Ask for confirmation.
 * @param {string} title
 * @param {string} words
 * @param {string} action
 * @returns {Promise<boolean>}
 */
export function confirmed(title, words, action) {
  return new Promise((resolve) => {
    let answer = false;
    const confirm = () => {
      answer = true;
      closeDialog();
    };
    const actions = [button("Cancel", closeDialog, { autofocus: true }), button(action, confirm, { class: "danger" })];
    const box = dialog(title, h("p", {}, words), actions);
    box.addEventListener("close", () => resolve(answer), { once: true });
  });
}
