// What became of an answer on its way to the client.
import { statusOf } from "./words.js";

/**
 * Why a client had to send again: it never had its answer, or was told to come back; empty if neither.
 * @param {Pick<Summary, "response" | "hungUpAfterMs" | "fault">} entry
 * @param {Pick<Choices, "faults" | "retriedStatuses">} choices
 */
export function reasonToRetry(entry, { faults, retriedStatuses }) {
  const status = statusOf(entry);
  const isBroken = faults.some(({ value, losesAnswer }) => losesAnswer && value === entry.fault);
  if (status === null || entry.hungUpAfterMs != null || isBroken) return "answer lost";
  return retriedStatuses.includes(status) ? "try again" : "";
}
