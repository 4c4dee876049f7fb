// The last hour by minute, as columns for charts, with totals. Pure.

import { millis } from './time.js';

const COLUMNS = [
  'calls',
  'answered',
  'missed',
  'ringMedian',
  'ringMax',
  'talkMedian',
  'talkMax',
  'delayMedian',
  'delayMax',
];

/** The columns of `list`: seconds since 1970 in `at`, null where there is no value; `sums` has totals, maxima and medians. */
export function minutes(list) {
  const columns = { at: list.map((minute) => millis(minute.at) / 1000) };
  for (const name of COLUMNS) columns[name] = list.map((minute) => minute[name] ?? null);
  const sum = (name) => columns[name].reduce((total, value) => total + (value ?? 0), 0);
  const max = (name) => columns[name].reduce((most, value) => Math.max(most, value ?? 0), 0);
  columns.sums = {
    calls: sum('calls'),
    answered: sum('answered'),
    missed: sum('missed'),
    ringMax: max('ringMax'),
    talkMax: max('talkMax'),
    delayMedian: median(columns.delayMedian),
    delayMax: max('delayMax'),
  };
  return columns;
}

function median(values) {
  const there = values.filter((value) => value !== null).sort((left, right) => left - right);
  return there.length ? there[Math.floor(there.length / 2)] : 0;
}
