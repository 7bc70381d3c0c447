// Numbers and addresses are masked in lists, as in the terminal's lines.
import { choices } from "./choices.js";
import { memory } from "./memory.js";

let masking = memory.get("mask") !== "off";
export const masks = () => masking;
export function setMasks(on) {
  masking = on;
  memory.set("mask", on ? "on" : "off");
}

export const phone = (number) => (!number ? "–" : masking ? `${number.slice(0, 5)}***${number.slice(-4)}` : number);

let rules;
function compiled() {
  const { email, number, spared } = choices.masking;
  rules ??= { email: new RegExp(email, "g"), number: new RegExp(number, "g"), spared: new RegExp(`^(?:${spared})$`) };
  return rules;
}

/** A sentence without the numbers and addresses in it, by the server's rules. */
export function masked(sentence) {
  if (!masking) return sentence;
  const { email, number, spared } = compiled();
  const found = sentence.replace(email, "$1***@$2");
  return found.replace(number, (digits) => (spared.test(digits) ? digits : `${digits.slice(0, 3)}***`));
}
