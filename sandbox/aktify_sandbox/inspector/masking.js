// Masks phone numbers, e-mail addresses and last names by the server's rules.
import { choices } from "./choices.js";
import { storage } from "./storage.js";

let masking = storage.get("mask") !== "off";
export const masks = () => masking;

/** @param {boolean} on */
export function setMasks(on) {
  masking = on;
  storage.set("mask", on ? "on" : "off");
}

/** @param {string | null} number in E.164 */
export const phone = (number) => (!number ? "–" : masking ? `${number.slice(0, 5)}***${number.slice(-4)}` : number);

/** @type {{ email: RegExp, lastName: RegExp, number: RegExp, spared: RegExp, e164: RegExp, beforeArea: RegExp, examples: string[] } | undefined} */
let rules;
function compiled() {
  if (rules) return rules;
  const { email, lastName, number, spared, e164, beforeArea, examples } = choices.masking;
  rules = {
    email: new RegExp(email, "g"),
    lastName: new RegExp(lastName, "g"),
    number: new RegExp(number, "g"),
    spared: new RegExp(`^(?:${spared})$`),
    e164: new RegExp(`^(?:${e164})$`),
    beforeArea: new RegExp(beforeArea),
    examples,
  };
  return rules;
}

/**
 * Mask numbers and addresses in a sentence by the server's rules.
 * @param {string} sentence
 */
export function masked(sentence) {
  if (!masking) return sentence;
  const { email, lastName, number, spared, e164, beforeArea } = compiled();
  const found = sentence.replace(email, "$1***@$2").replace(lastName, "$1$2***");
  return found.replace(number, (digits) => {
    if (spared.test(digits)) return digits;
    return e164.test(digits) ? phone(digits) : `${digits.replace(beforeArea, "").slice(0, 3)}***`;
  });
}

/**
 * Mask a hint, except for the server's own examples.
 * @param {string} hint
 * @returns {string}
 */
export function maskedHint(hint) {
  if (!masking) return hint;
  const example = compiled().examples.find((each) => hint.includes(each));
  if (!example) return masked(hint);
  const at = hint.indexOf(example);
  return maskedHint(hint.slice(0, at)) + example + maskedHint(hint.slice(at + example.length));
}
