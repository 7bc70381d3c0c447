// The same request once more, by the server, which knows its key; as it was, or edited.

import { change } from "./address.js";
import { $, button, h, link } from "./dom.js";
import { pretty } from "./json.js";
import { closeDialog, dialog, toast } from "./messages.js";
import { send } from "./server.js";

const post = (id, more) => send("POST", `requests/${id}/resend`, more);

export async function sendAgain(record) {
  try {
    tell(await post(record.id, {}));
  } catch (error) {
    if (error.status === 409) editAndSend(record, error.message);
    else toast(error.message, "bad");
  }
}

function tell({ request, status, outcome }, { opened = false } = {}) {
  const words = status ? `Sent again: ${status}.` : `Sent again: ${outcome}.`;
  toast(words, "good", request && !opened && link({ request }, "Open it"));
}

/** `message` is why it couldn't go as it was: mostly a key that nobody knows any more. */
export function editAndSend(record, message = "") {
  const body = h("textarea", {
    id: "edit-body",
    rows: 14,
    spellcheck: "false",
    value: record.bodyEncoding ? "" : readable(record.body || ""),
  });
  const key = h("input", {
    id: "edit-key",
    spellcheck: "false",
    autocomplete: "off",
    placeholder: record.key ? `as before: ${record.key}` : "none",
  });
  const problem = h("p", { class: "problem-line", role: "alert", hidden: !message }, message);
  const go = async () => {
    problem.hidden = true;
    try {
      const done = await post(record.id, {
        body: body.value,
        ...(key.value.trim() ? { apiKey: key.value.trim() } : {}),
      });
      closeDialog();
      tell(done, { opened: true });
      if (done.request) change({ request: done.request });
    } catch (error) {
      problem.hidden = false;
      problem.textContent = error.message;
    }
  };
  dialog(
    "Edit and send",
    [
      h("p", { class: "dim" }, `${record.method} ${record.path}, with the headers of ${record.id}.`),
      h("label", { for: "edit-body" }, "Body"),
      body,
      h("label", { for: "edit-key" }, "x-api-key"),
      key,
      problem,
    ],
    [button("Cancel", closeDialog), button("Send", go, { class: "primary" })],
  );
  body.addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && go());
  $(message ? "#edit-key" : "#edit-body").focus();
}

/** With line breaks, and otherwise exactly as it was sent. */
function readable(body) {
  const lines = pretty(body);
  return lines
    ? lines.map(({ depth, parts }) => "  ".repeat(depth) + parts.map(([, part]) => part).join("")).join("\n")
    : body;
}
