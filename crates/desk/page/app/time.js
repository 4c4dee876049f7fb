// Times and spans as people read them. Times are milliseconds since 1970; spans are milliseconds.

const DAY = 86_400_000;

/** A timestamp of the wire in milliseconds, or NaN. */
export function millis(timestamp) {
  return timestamp == null ? NaN : Date.parse(timestamp);
}

/** A running timer: `0:07`, `12:45`, `1:02:03`, `2 d 3 h`. */
export function timer(span) {
  if (!Number.isFinite(span)) return '';
  const seconds = Math.max(0, Math.floor(span / 1000));
  if (seconds >= 86_400) return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
  const tail = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)}:${tail}`;
  return tail.startsWith('0') ? tail.slice(1) : tail;
}

/** A span of the past in words, to one unit and a half: `7 s`, `12 min`, `1 h 2 min`, `3 d 4 h`. */
export function span(length) {
  if (!Number.isFinite(length)) return '';
  const seconds = Math.max(0, Math.round(length / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10 && seconds % 60) return `${minutes} min ${seconds % 60} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${Math.floor(hours / 24)} d`;
}

/** Milliseconds as a delay: `3 ms`, `1.2 s`, `4 min`. */
export function delay(length) {
  if (!Number.isFinite(length)) return '';
  if (length < 1000) return `${Math.round(length)} ms`;
  return length < 60_000 ? `${(length / 1000).toFixed(1)} s` : span(length);
}

/** The time of day in the browser's zone: `12:03:10`. */
export function clock(time) {
  if (!Number.isFinite(time)) return '';
  const date = new Date(time);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The time of day with milliseconds, for a call's timeline. */
export function exactClock(time) {
  return Number.isFinite(time) ? `${clock(time)}.${String(new Date(time).getMilliseconds()).padStart(3, '0')}` : '';
}

/** The time of day; with the date where it is not today's. */
export function when(time, now) {
  if (!Number.isFinite(time)) return '';
  return dayStart(time) === dayStart(now) ? clock(time) : `${day(time)} ${clock(time)}`;
}

/** The date as an input of type `date` has it: `2026-11-21`, in the browser's zone. */
export function day(time) {
  const date = new Date(time);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** From and until of a date of `day`, as the API wants them; in the browser's zone, whatever the clocks did that day. */
export function dayBounds(date) {
  const [year, month, dayOfMonth] = date.split('-').map(Number);
  return {
    since: new Date(year, month - 1, dayOfMonth).toISOString(),
    until: new Date(year, month - 1, dayOfMonth + 1).toISOString(),
  };
}

/** Whether `date` has the form that `dayBounds` understands. */
export function isDay(date) {
  return /^\d{4}-\d{2}-\d{2}$/.test(date) && Number.isFinite(Date.parse(date));
}

function dayStart(time) {
  return new Date(time).setHours(0, 0, 0, 0);
}

function two(number) {
  return String(number).padStart(2, '0');
}

export { DAY };
