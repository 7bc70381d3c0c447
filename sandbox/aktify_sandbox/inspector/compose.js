// Composes a lead, sends it through the server and shows the answer.
import { go } from "./address.js";
import { badge, button, fill, h, options } from "./dom.js";
import { indented } from "./json.js";
import { closeDialog, dialog, isDialogOpen, messageOf, oneAtATime, sayProblem, trying } from "./messages.js";
import { get, send } from "./server.js";

const OTHER = "other";
const NONE = "none";

/** The last text, kept if the dialog is closed by mistake. */
let written = "";

export async function compose() {
  const found = await trying(() => get("keys"));
  if (!found || isDialogOpen()) return; // another was opened meanwhile
  const keys = found.keys.filter(({ revoked }) => !revoked);
  const { body, key, other, otherField, problem, answered } = partsFor(keys);
  const post = oneAtATime(async () => {
    written = body.value;
    sayProblem(problem, "");
    fill(answered, h("p", { class: "dim" }, "Sending…"));
    try {
      /** @type {Resent} */
      const done = await send("POST", "requests", { body: body.value, ...chosen(keys, key.value, other.value) });
      fill(answered, answerOf(done));
    } catch (error) {
      fill(answered);
      sayProblem(problem, messageOf(error));
    }
  });
  body.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) post();
  });
  dialog(
    "New lead",
    [
      h("label", { for: body.id }, "Body of POST /api/v1/leads"),
      body,
      h("label", { for: key.id }, "x-api-key"),
      key,
      otherField,
      problem,
      answered,
    ],
    [button("Close", closeDialog), button("Send", post, { class: "primary", title: "Ctrl-Enter" })],
  );
  body.focus();
}

/** @param {Key[]} keys */
function partsFor(keys) {
  const body = h("textarea", { id: "compose-body", rows: 9, spellcheck: "false", value: written || example() });
  const key = keySelect(keys);
  const other = h("input", { id: "compose-other", spellcheck: "false", autocomplete: "off" });
  const otherField = h("div", { hidden: true }, h("label", { for: other.id }, "Other key"), other);
  key.addEventListener("change", () => {
    otherField.hidden = key.value !== OTHER;
  });
  const problem = h("p", { class: "problem-line", role: "alert", hidden: true });
  const answered = h("div", { id: "compose-answer", "aria-live": "polite" });
  return { body, key, other, otherField, problem, answered };
}

/** A lead that is accepted, with a fictional number. */
function example() {
  const number = String(Math.floor(Math.random() * 40)).padStart(2, "0");
  const area = 201 + Math.floor(Math.random() * 8) * 100;
  const lead = { phoneNumber: `(${area}) 555-01${number}`, region: "CA", firstName: "Ann", source: "landing page" };
  return JSON.stringify(lead, null, 2);
}

/** @param {Key[]} keys */
function keySelect(keys) {
  const select = h("select", { id: "compose-key" });
  const known = keys.map(({ key, campaign, answer }, index) => {
    const more = answer === "ordinary" ? "" : `, ${answer}`;
    return /** @type {const} */ ([String(index), `${key} (${campaign}${more})`]);
  });
  select.append(...options([...known, [OTHER, "Other key…"], [NONE, "No key"]]));
  return select;
}

/**
 * @param {Key[]} keys
 * @param {string} choice
 * @param {string} other
 */
function chosen(keys, choice, other) {
  if (choice === NONE) return {};
  if (choice === OTHER) return { apiKey: other.trim() };
  const { key, campaign } = keys[Number(choice)];
  return { key, campaign };
}

/** @param {Resent} done */
function answerOf({ request, status, outcome, body }) {
  const open = () => {
    closeDialog();
    if (request) go(new URLSearchParams({ request }));
  };
  return [
    h(
      "p",
      { class: "actions" },
      badge(status || null, "big"),
      status && outcome !== "answered" && h("span", {}, outcome),
      request && button(`Open ${request}`, open, { class: "small" }),
    ),
    body && h("div", { class: "code" }, h("pre", { tabindex: "0", "aria-label": "Answer" }, indented(body))),
  ];
}
