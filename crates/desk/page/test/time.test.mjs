import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayBounds, delay, isDay, millis, span, timer } from '../app/time.js';

test('timers are as short as they can be', () => {
  for (const [seconds, text] of [
    [0, '0:00'],
    [7.9, '0:07'],
    [65, '1:05'],
    [754, '12:34'],
    [3723, '1:02:03'],
    [86_400 * 2 + 3600 * 3, '2 d 3 h'],
    [-5, '0:00'],
  ]) {
    assert.equal(timer(seconds * 1000), text);
  }
  assert.equal(timer(NaN), '');
});

test('spans are in words', () => {
  for (const [seconds, text] of [
    [7, '7 s'],
    [61, '1 min 1 s'],
    [720, '12 min'],
    [3720, '1 h 2 min'],
    [7200, '2 h'],
    [86_400 * 3 + 3600 * 4, '3 d 4 h'],
  ]) {
    assert.equal(span(seconds * 1000), text);
  }
});

test('delays have the unit that fits', () => {
  for (const [ms, text] of [
    [3.4, '3 ms'],
    [1234, '1.2 s'],
    [240_000, '4 min'],
  ])
    assert.equal(delay(ms), text);
});

test('a day goes from midnight to midnight of the zone', () => {
  const { since, until } = dayBounds('2026-11-21');
  assert.equal(new Date(since).getHours(), 0);
  assert.equal(new Date(until).getDate(), 22);
  assert.ok(isDay('2026-11-21'));
  assert.ok(!isDay(''));
  assert.ok(!isDay('2026-13-45'));
});

test('what is no time is none', () => assert.ok(Number.isNaN(millis('soon')) && Number.isNaN(millis(undefined))));
