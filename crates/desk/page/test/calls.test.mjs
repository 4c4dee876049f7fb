import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overview } from '../app/overview.js';
import { Calls, LINGER, LINGER_MISSED } from '../app/calls.js';

const T0 = Date.parse('2026-11-21T10:00:00Z');
const ALICE = { endpoint: 'PJSIP/alice', extension: '101', name: 'Alice Adams' };
const BOB = { endpoint: 'PJSIP/bob', extension: '102', name: 'Bob Bauer' };

/** Events of one call: each is `[seconds, what]`, numbered as they come. */
function events(list, facts = {}) {
  return list.map(([seconds, what], at) => ({
    id: `c/${at + 1}`,
    call: 'c',
    seq: at + 1,
    time: new Date(T0 + seconds * 1000).toISOString(),
    pbx: 'main',
    direction: 'in',
    from: '491761234567',
    to: '4930100',
    ...facts,
    ...what,
  }));
}

function callsAfter(list, facts) {
  const calls = new Calls();
  for (const event of events(list, facts)) calls.apply(event, T0);
  return calls;
}

function check(list, facts, expected) {
  const call = callsAfter(list, facts).calls.get('c');
  for (const [field, value] of Object.entries(expected)) assert.deepEqual(call[field], value, field);
}

const NEW = [0, { event: 'newCall', users: [ALICE] }];
const RINGS_BOB = [2, { event: 'ringing', user: BOB }];
const BOB_ANSWERS = [5, { event: 'answer', answeredBy: { kind: 'user', ...BOB } }];
const HOLD = [8, { event: 'hold', user: BOB }];
const UNHOLD = [9, { event: 'unhold', user: BOB }];
const MISSED = [30, { event: 'hangup', cause: 'cancel' }];

test('a call rings', () => check([NEW, RINGS_BOB], {}, { state: 'ringing', users: [ALICE, BOB], startedAt: T0, seq: 2 }));
test('a call in a queue waits', () => check([NEW], { queue: 'support' }, { state: 'waiting', waitsSince: T0 }));
test('a call is answered', () => check([NEW, BOB_ANSWERS], {}, { state: 'talking', answeredAt: T0 + 5000 }));
test('a call is held', () => check([NEW, BOB_ANSWERS, HOLD], {}, { state: 'held', heldSince: T0 + 8000 }));
test('a call is taken back', () => check([NEW, BOB_ANSWERS, HOLD, UNHOLD], {}, { state: 'talking', heldSince: NaN }));
test('a call that is taken over keeps the time of its first answer', () => {
  const passed = [12, { event: 'transfer', kind: 'blind', user: BOB, transferTarget: '101' }];
  check(
    [NEW, BOB_ANSWERS, HOLD, passed, [14, { event: 'answer', answeredBy: { kind: 'user', ...ALICE } }]],
    {},
    {
      state: 'talking',
      answeredBy: { kind: 'user', ...ALICE },
      answeredAt: T0 + 5000,
      transferred: { kind: 'blind', transferTarget: '101' },
    },
  );
});
test('an inbound call that nobody answered is missed', () =>
  check([NEW, MISSED], {}, { state: 'ended', was: 'ringing', missed: true, cause: 'cancel' }));
test('an outbound call that nobody answered is not', () => check([NEW, MISSED], { direction: 'out' }, { missed: false }));

test('repeated events change nothing', () => {
  const calls = new Calls();
  const [first, second, third] = events([NEW, BOB_ANSWERS, HOLD]);
  for (const event of [first, second, third]) calls.apply(event, T0);
  const known = calls.calls.get('c');
  for (const event of [second, first, third]) calls.apply(event, T0);
  assert.equal(calls.calls.get('c'), known);
});

test('a call that ended does not come back, even after it has left the list', () => {
  const list = [NEW, BOB_ANSWERS, [30, { event: 'hangup', cause: 'normalClearing' }]];
  const calls = callsAfter(list);
  assert.ok(!calls.sweep(T0 + LINGER - 1));
  assert.ok(calls.sweep(T0 + LINGER));
  for (const event of events(list)) calls.apply(event, T0);
  assert.equal(calls.calls.size, 0);
});

test('a missed call stays longer, and is remembered once', () => {
  const calls = callsAfter([NEW, MISSED]);
  assert.ok(!calls.sweep(T0 + LINGER));
  assert.ok(calls.sweep(T0 + LINGER_MISSED));
  for (const event of events([NEW, MISSED])) calls.apply(event, T0);
  assert.equal(calls.missed.length, 1);
});

test('earlier missed calls are recalled, unless they were cleared', () => {
  const calls = callsAfter([NEW, MISSED]);
  const record = (id, ended) => ({ id, from: '1', startedAt: ended, endedAt: ended });
  calls.recall([
    record('c', '2026-11-21T10:00:30Z'),
    record('b', '2026-11-21T09:00:00Z'),
    record('d', '2026-11-21T10:05:00Z'),
  ]);
  assert.deepEqual(
    calls.missed.map((call) => call.id),
    ['d', 'c', 'b'],
  );
  calls.clearMissed(T0);
  calls.recall([record('b', '2026-11-21T09:00:00Z'), record('d', '2026-11-21T10:05:00Z')]);
  assert.deepEqual(
    calls.missed.map((call) => call.id),
    ['d'],
  );
});

test('a hangup without its newCall shows nothing', () => {
  const calls = new Calls();
  calls.apply(events([NEW, MISSED])[1], T0);
  assert.equal(calls.calls.size, 0);
  assert.equal(calls.missed.length, 0);
});

test('a snapshot replaces everything, and events go on from it', () => {
  const calls = callsAfter([NEW, BOB_ANSWERS]);
  calls.load({
    cursor: 7,
    now: '2026-11-21T10:01:00Z',
    users: [{ pbx: 'main', ...ALICE, state: 'free' }],
    queues: [
      { pbx: 'main', name: 'sales', waiting: [{ call: 'd', from: '1', since: '2026-11-21T10:00:40Z' }], talking: 0 },
    ],
    calls: [
      {
        id: 'd',
        pbx: 'main',
        direction: 'in',
        from: '1',
        to: '2',
        queue: 'sales',
        state: 'waiting',
        users: [],
        startedAt: '2026-11-21T10:00:30Z',
        seq: 3,
      },
    ],
  });
  assert.deepEqual([...calls.calls.keys()], ['d']);
  assert.equal(calls.calls.get('d').waitsSince, T0 + 40_000);
  const [, event] = events([NEW, BOB_ANSWERS]);
  calls.apply({ ...event, call: 'd', seq: 3 }, T0);
  assert.equal(calls.calls.get('d').state, 'waiting');
  calls.apply({ ...event, call: 'd', seq: 4, queue: 'sales' }, T0);
  assert.equal(calls.calls.get('d').state, 'talking');
});

test('memory is bounded', () => {
  const calls = new Calls();
  for (let at = 0; at < 12_000; at += 1) {
    const facts = { call: `c${at}`, users: [{ endpoint: `PJSIP/${at}` }], queue: `q${at}` };
    for (const event of events(
      [
        [at, { event: 'newCall' }],
        [at + 1, { event: 'hangup', cause: 'cancel' }],
      ],
      facts,
    ))
      calls.apply(event, T0);
  }
  calls.sweep(T0 + LINGER_MISSED);
  assert.deepEqual(
    [calls.calls.size, calls.missed.length, calls.endedSeqs.size, calls.users.size, calls.queues.size],
    [0, 50, 5_000, 10_000, 500],
  );
});

test('the overview lists waiting calls first, queues by longest wait, and users with what they do', () => {
  const calls = new Calls();
  const apply = (call, seconds, what, facts = {}) =>
    events([[seconds, what]], { call, ...facts }).forEach((event) => calls.apply({ ...event, seq: what.seq ?? 1 }, T0));
  apply('talks', 0, NEW[1]);
  apply('talks', 1, { ...BOB_ANSWERS[1], seq: 2 });
  apply('second', 4, NEW[1], { queue: 'support' });
  apply('first', 3, NEW[1], { queue: 'support' });
  apply('last', 9, NEW[1]);
  const { rows, counts, queues, users } = overview(calls);
  assert.deepEqual(
    rows.map((call) => call.id),
    ['first', 'second', 'last', 'talks'],
  );
  assert.deepEqual(counts, { ringing: 1, waiting: 2, talking: 1, held: 0, live: 4 });
  assert.deepEqual(
    queues[0].waiting.map((call) => call.id),
    ['first', 'second'],
  );
  assert.deepEqual(
    users.map(({ label, state }) => [label, state]),
    [
      ['Alice Adams', 'ringing'],
      ['Bob Bauer', 'talking'],
    ],
  );
  assert.deepEqual(
    overview(calls, { text: 'bauer' }).rows.map((call) => call.id),
    ['talks'],
  );
  assert.equal(overview(calls, { direction: 'out' }).rows.length, 0);
});
