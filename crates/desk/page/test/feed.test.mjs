import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Feed } from '../app/feed.js';

/** A feed whose clock and daemon are under control of the test. */
function harness() {
  const it = {
    sources: [],
    timers: new Map(),
    seen: [],
    cursor: 10,
    loads: 0,
    isValid: true,
    time: 0,
    ids: 0,
    failure: null,
  };
  class Source {
    constructor(path) {
      this.path = path;
      this.readyState = 0;
      this.handlers = {};
      it.sources.push(this);
    }
    addEventListener(name, onFrame) {
      this.handlers[name] = onFrame;
    }
    close() {
      this.readyState = 2;
    }
    send(name, data, lastEventId = '') {
      this.handlers[name]({ data: JSON.stringify(data), lastEventId });
    }
    fail(closed) {
      this.readyState = closed ? 2 : 0;
      this.onerror();
    }
  }
  it.feed = new Feed(
    {
      EventSource: Source,
      loadLive: async () => {
        it.loads += 1;
        if (it.failure) throw it.failure;
        return { cursor: it.cursor };
      },
      hasSession: async () => it.isValid,
      now: () => it.time,
      later: (action, wait) => {
        it.timers.set(++it.ids, { action, at: it.time + wait });
        return it.ids;
      },
      cancel: (id) => it.timers.delete(id),
      random: () => 0.5,
    },
    {
      snapshot: (live) => it.seen.push(`snapshot ${live.cursor}`),
      call: (event) => it.seen.push(`call ${event.id}`),
      health: () => it.seen.push('health'),
      version: () => {},
      state: ({ live, why }) => it.seen.push(live ? 'live' : `lost ${why}`),
      signedOut: () => it.seen.push('signed out'),
    },
  );
  it.source = () => it.sources.at(-1);
  it.settle = () => new Promise((done) => setImmediate(done));
  it.pass = async (ms) => {
    it.time += ms;
    for (const [id, timer] of [...it.timers].sort((left, right) => left[1].at - right[1].at)) {
      if (timer.at <= it.time && it.timers.delete(id)) timer.action();
    }
    await it.settle();
  };
  it.start = async () => {
    await it.feed.start();
    it.source().send('hello', { cursor: it.cursor });
  };
  return it;
}

test('the stream begins where the snapshot ends', async () => {
  const it = harness();
  await it.start();
  assert.equal(it.source().path, 'events?last_event_id=10');
  assert.deepEqual(it.seen, ['snapshot 10', 'live']);
});

test('the page is out of date until the replay has caught up', async () => {
  const it = harness();
  await it.start();
  it.source().fail(false);
  it.source().send('hello', { cursor: 12 });
  assert.deepEqual(it.seen.slice(2), ['lost gone']);
  it.source().send('call', { id: 'a/1', cursor: 11 }, '11');
  it.source().send('call', { id: 'a/2', cursor: 12 }, '12');
  assert.deepEqual(it.seen.slice(2), ['lost gone', 'call a/1', 'call a/2', 'live']);
});

test('a replay that does not finish is replaced by a new snapshot', async () => {
  const it = harness();
  await it.start();
  it.source().fail(false);
  it.source().send('hello', { cursor: 12 });
  await it.pass(5_000);
  assert.equal(it.loads, 2);
});

test('another journal, a reset and a long gap need a new snapshot', async () => {
  for (const frame of [
    ['hello', { cursor: 3 }],
    ['reset', {}],
    ['hello', { cursor: 100_000 }],
  ]) {
    const it = harness();
    await it.start();
    it.source().send(...frame);
    await it.settle();
    assert.equal(it.loads, 2, frame.join());
    assert.equal(it.sources[0].readyState, 2);
  }
});

test('when the browser gives up, another stream resumes from the last cursor after a delay', async () => {
  const it = harness();
  await it.start();
  it.source().send('call', { id: 'a/1', cursor: 11 }, '11');
  it.source().fail(true);
  assert.equal(it.sources.length, 1);
  await it.pass(1_000);
  assert.equal(it.sources.length, 2);
  assert.equal(it.source().path, 'events?last_event_id=11');
  it.source().send('hello', { cursor: 11 });
  assert.equal(it.seen.at(-1), 'live');
  assert.equal(it.loads, 1);
});

test('delays grow with each failure', async () => {
  const it = harness();
  await it.start();
  for (const pause of [1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
    it.source().fail(true);
    const made = it.sources.length;
    await it.pass(pause - 1);
    assert.equal(it.sources.length, made, `${pause} ms`);
    await it.pass(1);
    assert.equal(it.sources.length, made + 1, `${pause} ms`);
  }
});

test('an expired session leads to the sign-in form', async () => {
  const it = harness();
  await it.start();
  it.isValid = false;
  it.source().fail(true);
  await it.pass(1_000);
  assert.equal(it.seen.at(-1), 'signed out');

  const other = harness();
  other.failure = { status: 401 };
  await other.feed.start();
  assert.deepEqual(other.seen, ['signed out']);
});

test('an unreachable daemon is asked again', async () => {
  const it = harness();
  it.failure = { status: 0 };
  await it.feed.start();
  assert.deepEqual(it.seen, ['lost gone']);
  it.failure = null;
  await it.pass(1_000);
  assert.deepEqual(it.seen, ['lost gone', 'snapshot 10']);
});

test('events without a cursor are shown and leave the cursor unchanged', async () => {
  const it = harness();
  await it.start();
  it.source().send('call', { id: 'a/1', cursor: null }, '10');
  assert.equal(it.feed.last, 10);
  assert.equal(it.seen.at(-1), 'call a/1');
});

test('a silent stream is compared with a snapshot', async () => {
  const it = harness();
  await it.start();
  await it.pass(30_000);
  assert.deepEqual([it.loads, it.sources.length], [2, 1]);
  it.cursor = 15;
  await it.pass(30_000);
  assert.deepEqual([it.loads, it.sources.length], [4, 2]);
});

test('a page that slept is out of date until it was compared', async () => {
  const it = harness();
  await it.start();
  it.time += 40_000;
  await it.feed.wake();
  assert.deepEqual(it.seen.slice(-2), ['lost checking', 'live']);
});

test('an unreadable frame is ignored', async () => {
  const it = harness();
  await it.start();
  it.source().handlers.call({ data: 'not json', lastEventId: '11' });
  assert.equal(it.seen.at(-1), 'live');
});

test('nothing is handled after the stop', async () => {
  const it = harness();
  await it.start();
  const source = it.source();
  it.feed.stop();
  source.send('call', { id: 'a/1', cursor: 11 }, '11');
  await it.pass(120_000);
  assert.equal(it.seen.at(-1), 'live');
  assert.equal(it.timers.size, 0);
});
