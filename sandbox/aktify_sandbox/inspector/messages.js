// What is said to the user: short messages, one dialog at a time.
import { $, button, fill, h } from "./dom.js";

/** A short message that goes away by itself. */
export function toast(message, kind = "good", more = null) {
  const shown = h("div", { class: `toast ${kind}` }, h("span", {}, message), more);
  $("#toasts").append(shown);
  while ($("#toasts").childElementCount > 3) $("#toasts").firstChild.remove();
  setTimeout(() => shown.remove(), kind === "bad" ? 9000 : 5000);
}

let saidAt = 0;
/** For those who listen to the page: what they didn't ask for not more often than they can hear. */
export function say(words, asked = false) {
  if (!asked && Date.now() - saidAt < 5000) return;
  saidAt = Date.now();
  $("#said").textContent = words;
}

/** Do it, and say in a message what went wrong. */
export async function trying(work) {
  try {
    return await work();
  } catch (error) {
    toast(error.message, "bad");
    return undefined;
  }
}

export function dialog(title, content, actions) {
  const box = $("#dialog");
  fill(box, h("h2", { id: "dialog-title" }, title), content, h("div", { class: "actions" }, actions));
  if (!box.open) box.showModal();
  return box;
}

export const closeDialog = () => $("#dialog").close();

/** Ask before something is lost. */
export function confirmed(title, words, action) {
  return new Promise((resolve) => {
    const box = $("#dialog");
    let answer = false;
    const yes = button(action, () => ((answer = true), box.close()), { class: "danger" });
    dialog(title, h("p", {}, words), [button("Cancel", () => box.close(), { autofocus: true }), yes]);
    box.addEventListener("close", () => resolve(answer), { once: true });
  });
}
