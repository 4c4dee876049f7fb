// The last hour by minute, as columns for charts, and what it adds up to. Pure.

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

/** Columns of `list`, seconds since 1970 in `at`, null where there was nothing; in `sums` totals, greatest and middle. */
export function minutes(list) {
  const columns = { at: list.map((minute) => millis(minute.at) / 1000) };
  for (const name of COLUMNS) columns[name] = list.map((minute) => minute[name] ?? null);
  const sum = (name) => columns[name].reduce((total, value) => total + (value ?? 0), 0);
  const greatest = (name) => columns[name].reduce((most, value) => Math.max(most, value ?? 0), 0);
  columns.sums = {
    calls: sum('calls'),
    answered: sum('answered'),
    missed: sum('missed'),
    ringMax: greatest('ringMax'),
    talkMax: greatest('talkMax'),
    delayMedian: middle(columns.delayMedian),
    delayMax: greatest('delayMax'),
  };
  return columns;
}

function middle(values) {
  const there = values.filter((value) => value !== null).sort((left, right) => left - right);
  return there.length ? there[Math.floor(there.length / 2)] : 0;
}
