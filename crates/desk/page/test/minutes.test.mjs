import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes } from '../app/minutes.js';

test('an hour becomes columns and sums', () => {
  const hour = minutes([
    {
      at: '2026-11-21T10:00:00Z',
      calls: 3,
      answered: 2,
      missed: 1,
      ringMedian: 5,
      ringMax: 9,
      delayMedian: 4,
      delayMax: 8,
    },
    {
      at: '2026-11-21T10:01:00Z',
      calls: 1,
      answered: 1,
      missed: 0,
      talkMedian: 60,
      talkMax: 61,
      delayMedian: 6,
      delayMax: 7,
    },
  ]);
  assert.equal(hour.at[1] - hour.at[0], 60);
  assert.deepEqual(hour.ringMedian, [5, null]);
  assert.deepEqual(hour.sums, {
    calls: 4,
    answered: 3,
    missed: 1,
    ringMax: 9,
    talkMax: 61,
    delayMedian: 6,
    delayMax: 8,
  });
});
