// One request: request, answer, reason, and other requests of the same lead.
import { change } from "./address.js";
import { choices } from "./choices.js";
import { copy } from "./clipboard.js";
import { $, badge, button, fill, h, released } from "./dom.js";
import { firstPost } from "./first-post.js";
import { masks } from "./masking.js";
import { messageOf, oneAtATime, say } from "./messages.js";
import { facts, why } from "./reason.js";
import { editAndSend, sendAgain } from "./resend.js";
import { getForm, getRequest, order } from "./server.js";
import { sides } from "./sides.js";
import { sameLead, timeline } from "./timeline.js";
import { statusOf, targetOf } from "./words.js";

const box = $("#detail");
/** @type {string | null} the id of what is shown or on its way */
let open = null;
/** @type {RecordedRequest | null} what is shown, whole */
let shown = null;
/** Whether it is shown with personal data masked. */
let isMasked = false;
/** @type {HTMLElement[]} the parts of what is shown that later requests and a client that hangs up change */
let changing = [];
const inOrder = order();

/**
 * `again`: it is already shown, so draw only what changed.
 * @param {string} id
 * @param {{ again?: boolean }} [how]
 */
export async function show(id, { again = false } = {}) {
  if (open === id && shown && !again) return;
  open = id;
  if (!again) shown = null;
  const masking = masks();
  const isNews = inOrder();
  let found;
  let drawn;
  try {
    [found, drawn] = await Promise.all([getRequest(id), masking && getRequest(id, true)]);
  } catch (error) {
    if (open === id && isNews()) drawMissing(messageOf(error));
    return;
  }
  const same = await sameLead(found);
  await released;
  if (open !== id || !isNews()) return;
  const isShown = shown?.id === id && shown.receivedAt === found.receivedAt && isMasked === masking;
  shown = found;
  isMasked = masking;
  if (isShown) renew(drawn || found, same);
  else draw(drawn || found, same);
}

export async function redraw() {
  if (open) await show(open, { again: true });
}

export function hide() {
  open = null;
  shown = null;
  box.hidden = true;
}

/** @param {Summary} summary */
export function amended(summary) {
  if (summary.id === open) redraw();
}

/**
 * Add a later request of the same lead to the timeline.
 * @param {Summary[]} summaries
 */
export function arrived(summaries) {
  if (!shown?.phone) return;
  const { phone, campaign } = shown;
  if (summaries.some((each) => each.phone === phone && each.campaign === campaign)) redraw();
}

/** @param {string} message */
function drawMissing(message) {
  shown = null;
  box.hidden = false;
  fill(box, header("Not found"), h("div", { class: "why b-none" }, h("p", {}, message)));
}

/**
 * @param {RecordedRequest} entry
 * @param {Summary[]} same
 */
const changingParts = (entry, same) =>
  [why(entry), facts(entry), timeline(entry, same), firstPost(entry)].map(
    (part) => part ?? h("section", { hidden: true }),
  );

/**
 * @param {RecordedRequest} entry
 * @param {Summary[]} same
 */
function draw(entry, same) {
  const status = statusOf(entry);
  const where = `${entry.method} ${targetOf(entry)}`.trim() || "not an HTTP request";
  box.hidden = false;
  changing = changingParts(entry, same);
  fill(
    box,
    header(entry.id, badge(status, "big"), h("code", { class: "where" }, where)),
    actions(entry),
    changing,
    sides(entry),
  );
  box.scrollTop = 0;
  say(`${entry.id} is open: ${status ?? "no answer"}, ${entry.reason.rule}`, true);
  if (!$("#list").offsetParent) box.focus(); // on a narrow screen it replaces the list
}

/**
 * Keep focus, selection and scroll position in the rest.
 * @param {RecordedRequest} entry
 * @param {Summary[]} same
 */
function renew(entry, same) {
  changing = changingParts(entry, same).map((part, index) => {
    const old = changing[index];
    if (old.isEqualNode(part)) return old;
    const focused = old.contains(document.activeElement) && document.activeElement?.getAttribute("href");
    old.replaceWith(part);
    if (focused) $(`a[href="${CSS.escape(focused)}"]`, part)?.focus();
    return part;
  });
}

function close() {
  change({ request: null });
  $("#list").focus({ preventScroll: true });
}

/**
 * @param {string} title
 * @param {...import("./dom.js").Child} more
 */
function header(title, ...more) {
  return h(
    "header",
    { class: "detail-top" },
    button("Back", close, { class: "quiet narrow-only" }),
    more,
    h("h2", {}, title),
    h("span", { class: "grow" }),
    button("✕", close, { class: "quiet round wide-only", "aria-label": "Close the request", title: "Close (Esc)" }),
  );
}

/** @param {RecordedRequest} entry as it is drawn */
function actions(entry) {
  const whole = /** @type {RecordedRequest} */ (shown);
  const copies = choices.forms.map(({ value: form, label }) =>
    button(label, () => copyAs(entry.id, form, label), {
      class: "small",
      "data-copy": form,
      "aria-label": `Copy as ${label}`,
    }),
  );
  return h(
    "div",
    { class: "actions" },
    h("span", { class: "group" }, h("span", { class: "dim" }, "Copy as"), copies),
    h("span", { class: "grow" }),
    button(
      "Send again",
      oneAtATime(() => sendAgain(whole, entry)),
      { "data-do": "resend" },
    ),
    button("Edit and send…", () => editAndSend(whole, entry), { "data-do": "edit" }),
  );
}

/**
 * Copies are masked like the page, and say so.
 * @param {string} id
 * @param {string} form
 * @param {string} label
 * @param {boolean} [masking]
 */
export function copyAs(id, form, label, masking = masks()) {
  const more = masking ? button("Copy it whole", () => copyAs(id, form, label, false)) : null;
  copy(getForm(id, form, masking), label, { note: masking ? ", with personal data masked" : "", more });
}
