// Sends a request again through the server, which knows its key: unchanged or edited.
import { change } from "./address.js";
import { button, h, link } from "./dom.js";
import { indented } from "./json.js";
import { closeDialog, dialog, isDialogOpen, messageOf, oneAtATime, sayProblem, toast } from "./messages.js";
import { RefusedError, send } from "./server.js";

/**
 * @param {string} id
 * @param {{ body?: string, apiKey?: string }} more
 * @returns {Promise<Resent>}
 */
const post = (id, more) => send("POST", `requests/${id}/resend`, more);

/**
 * @param {RecordedRequest} entry
 * @param {RecordedRequest} drawn see `editAndSend`
 */
export async function sendAgain(entry, drawn) {
  try {
    const { request, ...outcome } = await post(entry.id, {});
    toast(`Sent again: ${inWords(outcome)}.`, "good", request && link({ request }, "Open it"));
  } catch (error) {
    if (error instanceof RefusedError && error.status === 409 && !isDialogOpen())
      editAndSend(entry, drawn, error.message);
    else toast(messageOf(error), "bad");
  }
}

/** @param {Pick<Resent, "status" | "outcome">} sent */
const inWords = ({ status, outcome }) => status || outcome;

/**
 * `message` says why it couldn't be sent unchanged: usually its key is no longer known.
 * @param {RecordedRequest} entry
 * @param {RecordedRequest} drawn the same as the page shows it; a masked body is edited once it is shown whole
 * @param {string} [message]
 */
export function editAndSend(entry, drawn, message = "") {
  const body = bodyField(entry, drawn);
  const key = keyField(entry);
  const problem = h("p", { class: "problem-line", role: "alert", hidden: !message }, message);
  const go = oneAtATime(async () => {
    problem.hidden = true;
    try {
      const apiKey = key.value.trim();
      const done = await post(entry.id, { ...body.edited(), ...(apiKey ? { apiKey } : {}) });
      const { request } = done;
      const wasLeft = !box.open;
      box.close();
      toast(`Sent: ${inWords(done)}.`, "good", wasLeft && request && link({ request }, "Open it"));
      if (request && !wasLeft) change({ request });
    } catch (error) {
      sayProblem(problem, messageOf(error));
    }
  });
  const box = dialog(
    "Edit and send",
    [
      h("p", { class: "dim" }, `${entry.method} ${entry.path}, with the headers of ${entry.id}.`),
      h("label", { for: "edit-body" }, "Body"),
      body.masked,
      body.area,
      h("label", { for: "edit-key" }, "x-api-key"),
      key,
      problem,
    ],
    [button("Cancel", closeDialog), button("Send", go, { class: "primary", title: "Ctrl-Enter" })],
  );
  body.area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) go();
  });
  (message ? key : body.area).focus();
}

/**
 * The sent body, to edit. While masked it is read-only. An unchanged body isn't sent from here: the server sends
 * exactly what it recorded.
 * @param {RecordedRequest} entry
 * @param {RecordedRequest} drawn
 */
function bodyField(entry, drawn) {
  const text = textOf(entry);
  const area = h("textarea", {
    id: "edit-body",
    rows: 14,
    spellcheck: "false",
    placeholder: entry.bodyEncoding ? "Not text: sent as it was, unless you write another body" : null,
    value: text,
  });
  const toTop = () => area.setSelectionRange(0, 0);
  const edited = () => (area.readOnly || area.value === text ? {} : { body: area.value });
  const isMasked = drawn.body !== entry.body && !entry.bodyEncoding;
  if (isMasked) {
    area.readOnly = true;
    area.value = textOf(drawn);
  }
  toTop();
  const show = () => {
    masked.remove();
    area.readOnly = false;
    area.value = text;
    toTop();
    area.focus();
  };
  const words = "Personal data is masked here, and sent whole.";
  const masked = h(
    "p",
    { class: "actions", hidden: !isMasked },
    words,
    button("Show it to edit", show, { class: "small" }),
  );
  return { area, masked, edited };
}

/** @param {RecordedRequest} entry */
const textOf = ({ body, bodyEncoding }) => (bodyEncoding ? "" : indented(body ?? ""));

/** @param {RecordedRequest} entry */
const keyField = ({ key }) =>
  h("input", {
    id: "edit-key",
    spellcheck: "false",
    autocomplete: "off",
    placeholder: key ? `unchanged: ${key}` : "no key",
  });
