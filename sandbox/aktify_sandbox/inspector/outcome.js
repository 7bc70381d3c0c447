// Whether an answer reached the client, and what happened to it.
import { statusOf } from "./words.js";

/**
 * Why a client had to send again: no answer, or an answer that says to retry; empty if neither.
 * @param {Pick<Summary, "response" | "hungUpAfterMs" | "fault">} entry
 * @param {Pick<Choices, "faults" | "retriedStatuses">} choices
 */
export function reasonToRetry(entry, { faults, retriedStatuses }) {
  const status = statusOf(entry);
  const isBroken = faults.some(({ value, losesAnswer }) => losesAnswer && value === entry.fault);
  if (status === null || entry.hungUpAfterMs != null || isBroken) return "answer lost";
  return retriedStatuses.includes(status) ? "try again" : "";
}
