// Times, sizes and counts in words.

const pad = (number, width = 2) => String(number).padStart(width, "0");

/** The local time of day; with the date when that is not today's. */
export function clock(moment) {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return String(moment);
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

export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

export const statusOf = (record) => record.response?.status ?? null;
