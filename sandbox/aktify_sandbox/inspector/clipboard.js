// What is handed over: the clipboard, and files to keep.
import { button, h } from "./dom.js";
import { closeDialog, dialog, toast, trying } from "./messages.js";

const WITHOUT_KEY = /AKTIFY_API_KEY(?!:-| \?\?|", ")/; // a key that everybody knows stands behind the name

/** Copy a text, or one that is still on its way (browsers want the request inside the click). */
export async function copy(what, label) {
  const words = Promise.resolve(what);
  try {
    if (!navigator.clipboard) throw new Error("This page has no clipboard.");
    if (typeof what === "string") await navigator.clipboard.writeText(what);
    else await navigator.clipboard.write([new ClipboardItem({ "text/plain": words.then(asBlob) })]);
    toast(`${label} copied.${label !== "HAR" && WITHOUT_KEY.test(await words) ? " Set AKTIFY_API_KEY first." : ""}`);
  } catch {
    const found = await trying(() => words);
    if (found !== undefined) byHand(found, label);
  }
}

const asBlob = (words) => new Blob([words], { type: "text/plain" });

/** Browsers refuse the clipboard to pages that aren't on localhost or https. */
function byHand(words, label) {
  const area = h("textarea", { readonly: true, rows: 10, "aria-label": label, value: words });
  dialog(
    `Copy ${label}`,
    [h("p", {}, "The browser refuses the clipboard here: copy it by hand."), area],
    [button("Close", closeDialog)],
  );
  area.select();
}

export const copyButton = (words, label) =>
  button("Copy", () => copy(words, label), { class: "small", "aria-label": `Copy ${label}` });

/** Give the browser a file to keep. */
export function save(content, type, name) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
