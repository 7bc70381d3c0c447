// Texts from a file of leads, which may contain anything.
import { masked, maskedHint } from "./masking.js";

const LONGEST = 300;

/**
 * Escapes invisible characters and those that change the writing direction.
 * @param {string} text
 */
export const visible = (text) =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (sign) => `\\u${sign.codePointAt(0)?.toString(16).padStart(4, "0")}`);

/** @param {string} text */
export const shown = (text) => visible(masked(text));

/** @param {string} text */
export const short = (text) => (text.length > LONGEST ? `${shown(text.slice(0, LONGEST))}…` : shown(text));

/** @param {string} text */
export const shortHint = (text) =>
  text.length > LONGEST ? `${visible(maskedHint(text.slice(0, LONGEST)))}…` : visible(maskedHint(text));
