// What every view needs: the server, times and numbers in words, the clipboard, short messages, one dialog.
import { $, button, fill, h } from "./dom.js";

/** JSON from our door. Throws an Error whose message is the problem's `detail`. */
export async function get(path) {
  return (await answer(path)).json();
}

export async function text(path) {
  return (await answer(path)).text();
}

export async function send(method, path, body) {
  const got = await answer(path, {
    method,
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const content = await got.text();
  return content ? JSON.parse(content) : null;
}

/** What our door answers; throws an Error that has the problem's members in `problem`. */
export async function answer(path, options = {}) {
  let got;
  try {
    got = await fetch(path, { ...options, headers: { accept: "application/json", ...options.headers } });
  } catch {
    throw new Error("The sandbox doesn't answer. Is it still running?");
  }
  if (got.ok) return got;
  const problem = await got.json().catch(() => ({}));
  const error = new Error(problem.detail || `The sandbox answered ${got.status}.`);
  error.status = got.status;
  error.problem = problem;
  throw error;
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

let known;
export function config(again = false) {
  if (!known || again) (known = get("config")).catch(() => (known = null));
  return known;
}

/** What this browser remembers; some are told to remember nothing. */
export const memory = {
  get(name) {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(name, value);
    } catch {
      // it holds until the page is left
    }
  },
};

// words

const pad = (number, width = 2) => String(number).padStart(width, "0");

/** The local time of day; with the date when that is not today's. */
export function clock(moment) {
  const at = new Date(moment);
  if (isNaN(at)) return String(moment);
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}.${pad(at.getMilliseconds(), 3)}`;
  const today = at.toDateString() === new Date().toDateString();
  if (today) return time;
  const year = at.getFullYear() === new Date().getFullYear() ? "" : `${at.getFullYear()}-`;
  return `${year}${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${time.slice(0, 8)}`;
}

export function duration(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

export function bytes(count) {
  if (count < 1000) return `${count} B`;
  return count < 1_000_000 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}

export const plural = (count, one, many = one + "s") => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

export const statusOf = (record) => record.response?.status ?? null;

export function badge(status, more = "") {
  const kind = status === null ? "none" : { 401: "401", 409: "409" }[status] || `${Math.floor(status / 100)}xx`;
  return h("span", { class: `badge b-${kind} ${more}`, title: status === null ? "no answer" : null }, status ?? "none");
}

export const ordinary = (record) => record.method === "POST" && record.path === "/api/v1/leads" && !record.query;

// masking: numbers and addresses in lists, as in the terminal's lines

let masking = memory.get("mask") !== "off";
export const masks = () => masking;
export function setMasks(on) {
  masking = on;
  memory.set("mask", on ? "on" : "off");
}

export const phone = (number) => (!number ? "–" : masking ? `${number.slice(0, 5)}***${number.slice(-4)}` : number);

const NUMBER = /\+?[0-9](?:(?:[^0-9\n]|[ ().\-/]{2,3})?[0-9]){6,}/g;
const EMAIL = /([^@\s]?)[^@\s]*@([^@\s]+)/g;

/** A sentence without the numbers and addresses in it. Fiction's own (555-01NN) name a rule and stay. */
export function masked(sentence) {
  if (!masking) return sentence;
  return sentence.replace(EMAIL, "$1***@$2").replace(NUMBER, (found) => {
    const digits = found.replace(/[^0-9]/g, "");
    return digits.length === 7 && digits.startsWith("55501") ? found : `${found.slice(0, 3)}***`;
  });
}

// clipboard

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
  dialog(`Copy ${label}`, [h("p", {}, "The browser refuses the clipboard here: copy it by hand."), area], [
    button("Close", closeDialog),
  ]);
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

// messages

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

// one dialog at a time

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
