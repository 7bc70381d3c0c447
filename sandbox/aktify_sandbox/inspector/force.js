// Forces the next answers and lists those that are pending.
import { choices, pairs } from "./choices.js";
import { $, button, fill, h, options } from "./dom.js";
import { phone } from "./masking.js";
import { messageOf, oneAtATime, sayProblem, toast, trying } from "./messages.js";
import { send } from "./server.js";
import { inline } from "./yaml.js";

/** @param {() => unknown} refresh after something was forced */
export function forceCard(refresh) {
  const controls = controlsOf();
  const { what, times, number, key, delay, any } = controls;
  const problem = h("p", { class: "problem-line", role: "alert", hidden: true });
  const go = oneAtATime(async () => {
    const order = orderOf(controls);
    try {
      await send("POST", "force", order);
      sayProblem(problem, "");
      toast(`The next ${order.times === 1 ? "answer is" : `${order.times} answers are`} forced: ${what.value}.`);
    } catch (error) {
      sayProblem(problem, messageOf(error));
    }
    await refresh();
  });
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    go();
  };
  return h(
    "section",
    { class: "card", id: "part-force", tabindex: "-1", "aria-label": "Force the next answers" },
    h("h2", {}, "Force the next answers"),
    h(
      "form",
      { class: "force", onsubmit: submit },
      labelled("Answer", what),
      labelled("Times", times),
      labelled("Only this phone", number),
      labelled("Only this key", key),
      labelled("Delay", delay),
      h("label", { class: "check" }, any, "Also answer invalid requests this way"),
      problem,
      h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Force")),
    ),
    h("div", { id: "waiting", "aria-live": "polite" }),
  );
}

/** @typedef {ReturnType<typeof controlsOf>} Controls */

function controlsOf() {
  const what = h(
    "select",
    { id: "force-what" },
    h("optgroup", { label: "A status" }, options(choices.forcedStatuses.map((code) => [code, code]))),
    h("optgroup", { label: "A fault" }, options(pairs(choices.faults))),
  );
  what.value = "503";
  const input = (/** @type {string} */ id, /** @type {import("./dom.js").Properties} */ more) =>
    h("input", { id, autocomplete: "off", spellcheck: "false", ...more });
  return {
    what,
    times: input("force-times", { type: "number", min: 1, max: 1000, value: 1 }),
    number: input("force-phone", { placeholder: "any", inputmode: "tel" }),
    key: input("force-key", { placeholder: "any" }),
    delay: input("force-delay", { placeholder: "e.g. 250ms" }),
    any: h("input", { id: "force-any", type: "checkbox" }),
  };
}

/**
 * @param {string} label
 * @param {HTMLElement} control
 */
const labelled = (label, control) => h("div", { class: "labelled" }, h("label", { for: control.id }, label), control);

/** @param {Controls} controls */
function orderOf({ what, times, number, key, delay, any }) {
  const status = Number(what.value);
  return {
    ...(choices.forcedStatuses.includes(status) ? { status } : { fault: what.value }),
    times: Number(times.value) || 1,
    ...filled({ phone: number.value, key: key.value, delay: delay.value }),
    ...(any.checked ? { applies: "any" } : {}),
  };
}

/** @param {Record<string, string>} parts */
const filled = (parts) =>
  Object.fromEntries(
    Object.entries(parts)
      .map(([name, value]) => [name, value.trim()])
      .filter(([, value]) => value),
  );

/**
 * @param {Forced[]} forced
 * @param {() => unknown} refresh after they were forgotten
 */
export function drawWaiting(forced, refresh) {
  const clear = async () => {
    await trying(() => send("DELETE", "force"));
    await refresh();
  };
  fill(
    $("#waiting"),
    h("h3", {}, "Waiting"),
    forced.length
      ? [h("ul", { class: "rules" }, forced.map(waitingLine)), button("Clear forced answers", clear)]
      : h("p", { class: "dim" }, "No forced answer is waiting."),
  );
}

/** @param {Forced} order */
function waitingLine({ id, left, times, ...what }) {
  const words = Object.entries(what).map(([name, value]) =>
    name === "phone" ? `phone: ${phone(String(value))}` : `${name}: ${inline(value, true)}`,
  );
  return h("li", {}, h("code", {}, words.join(", ")), h("span", { class: "hits some" }, `${left} of ${times} left`));
}
