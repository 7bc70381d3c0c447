// Copies to the clipboard and downloads files.
import { button, h } from "./dom.js";
import { closeDialog, dialog, toast, trying } from "./messages.js";

/**
 * Copy a text or the promise of one (browsers require the copy inside the click).
 * @param {Copyable | Promise<Copyable>} what
 * @param {string} label
 * @param {{ note?: string, more?: HTMLElement | null }} [how] what is said of it, and what else can be done
 */
export async function copy(what, label, { note = "", more = null } = {}) {
  const awaited = Promise.resolve(what);
  try {
    if (!navigator.clipboard) throw new Error("This page has no clipboard.");
    if (what instanceof Promise)
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": what.then(asBlob) })]);
    else await navigator.clipboard.writeText(what.text);
    const { needs } = await awaited;
    toast(`${label} copied${note}.${needs ? ` Set ${needs} first.` : ""}`, "good", more);
  } catch {
    const found = await trying(() => awaited);
    if (found) byHand(found.text, label);
  }
}

/** @param {Copyable} what */
const asBlob = ({ text }) => new Blob([text], { type: "text/plain" });

/**
 * Copy without the clipboard API, which browsers allow only on localhost and https.
 * @param {string} text
 * @param {string} label
 */
function byHand(text, label) {
  const area = h("textarea", { readonly: true, rows: 10, "aria-label": label, value: text });
  dialog(
    `Copy ${label}`,
    [h("p", {}, "The browser doesn't allow copying here. Copy the text yourself."), area],
    [button("Close", closeDialog)],
  );
  area.select();
}

/**
 * @param {string} text
 * @param {string} label
 * @param {string | null} [needs] the environment variable that has to be set before the text is used
 */
export const copyButton = (text, label, needs = null) =>
  button("Copy", () => copy({ text, needs }, label), { class: "small", "aria-label": `Copy ${label}` });

/**
 * The first request, as a line for the shell.
 * @param {Pick<Config, "curl" | "curlNeeds">} config
 */
export const curlLine = ({ curl, curlNeeds }) =>
  curl && h("div", { class: "code" }, h("pre", { tabindex: "0" }, curl), copyButton(curl, "the curl line", curlNeeds));

/**
 * Download a file.
 * @param {string} content
 * @param {string} type
 * @param {string} name
 */
export function save(content, type, name) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
