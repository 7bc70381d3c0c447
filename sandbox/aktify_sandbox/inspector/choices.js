// Choices and their labels from the server, loaded before anything is drawn.
import { config } from "./server.js";

/** @type {Choices} */
export let choices;

/** @param {Choices} found */
export function setChoices(found) {
  choices = found;
}

export const loadChoices = async () => setChoices((await config()).choices);

/**
 * Options of a select.
 * @param {Choice[]} list
 * @returns {[string, string][]}
 */
export const pairs = (list) => list.map(({ value, label }) => [value, label]);
