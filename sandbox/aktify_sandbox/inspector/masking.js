// Numbers and addresses are masked in lists, as in the terminal's lines.
import { memory } from "./memory.js";

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
