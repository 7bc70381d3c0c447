// Formats times, sizes and counts.

const MINUTE = 60_000; // milliseconds
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * @param {number} number
 * @param {number} [width]
 */
const pad = (number, width = 2) => String(number).padStart(width, "0");

/**
 * The local time of day; with the date when that is not today's.
 * @param {string} moment
 */
export function clock(moment) {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return moment;
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}.${pad(at.getMilliseconds(), 3)}`;
  const today = at.toDateString() === new Date().toDateString();
  if (today) return time;
  const year = at.getFullYear() === new Date().getFullYear() ? "" : `${at.getFullYear()}-`;
  return `${year}${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${time.slice(0, 8)}`;
}

/**
 * The local day: `Tue, Nov 24, 2026`.
 * @param {string} moment
 */
export function day(moment) {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return "";
  return at.toLocaleDateString("en", { weekday: "short", day: "numeric", month: "short", year: "numeric" });
}

/** @param {number} ms */
export function duration(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 2 * HOUR) return `${Math.round(ms / MINUTE)} min`;
  return ms < 2 * DAY ? `${Math.round(ms / HOUR)} h` : `${Math.round(ms / DAY)} days`;
}

/** @param {number} count */
export function bytes(count) {
  if (count < 1000) return `${count} B`;
  return count < 1_000_000 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}

/** @param {number} number */
export const grouped = (number) => number.toLocaleString("en");

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export const plural = (count, one, many = `${one}s`) => `${grouped(count)} ${count === 1 ? one : many}`;

/** @param {Pick<Summary, "response">} entry */
export const statusOf = (entry) => entry.response?.status ?? null;

/** @param {Pick<Summary, "path" | "query">} entry */
export const targetOf = ({ path, query }) => (query ? `${path}?${query}` : path);
