// Exports and clears requests: those that match the filters, or all.
import { filters } from "./address.js";
import { button, h } from "./dom.js";
import { closeDialog, confirmed, dialog, toast, trying } from "./messages.js";
import { send } from "./server.js";
import { plural } from "./words.js";

const FORMATS = /** @type {const} */ ([
  ["jsonl", "JSON Lines"],
  ["json", "JSON"],
  ["har", "HAR"],
  ["curl", "curl commands"],
  ["http", "HTTP file"],
]);

export function exportRequests() {
  const wanted = filters();
  const which = wanted.size ? "the requests that match the filters" : "all requests";
  const links = FORMATS.map(([format, label], index) => {
    const href = `requests/export?${new URLSearchParams([...wanted, ["format", format]])}`;
    const download = `requests.${format === "curl" ? "sh" : format}`;
    return h("a", { class: "button", href, download, onclick: closeDialog, autofocus: index === 0 }, label);
  });
  dialog(
    "Export requests",
    [
      h("p", {}, `Exports ${which}, oldest first. Keys are masked; phone numbers are not.`),
      h("p", { class: "actions" }, links),
    ],
    [button("Close", closeDialog)],
  );
}

export async function clearRequests() {
  const wanted = filters();
  const [which, act] = wanted.size
    ? ["the requests that match the filters", "Clear matching"]
    : ["all requests", "Clear all"];
  const words = `This deletes ${which} from the record. Leads stay, so posting one of them again still returns 409.`;
  if (!(await confirmed("Clear requests", words, act))) return;
  /** @type {{ cleared: number } | undefined} */
  const done = await trying(() => send("DELETE", `requests?${wanted}`));
  if (done) toast(`${plural(done.cleared, "request")} cleared.`);
}
