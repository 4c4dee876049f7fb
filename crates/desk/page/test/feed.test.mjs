import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Feed } from '../app/feed.js';

/** A world in which time and the daemon do what the test says. */
function world() {
  const it = {
    sources: [],
    timers: new Map(),
    said: [],
    journal: 10,
    loads: 0,
    letIn: true,
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
    addEventListener(name, take) {
      this.handlers[name] = take;
    }
    close() {
      this.readyState = 2;
    }
    say(name, data, lastEventId = '') {
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
        return { journal: it.journal };
      },
      isLetIn: async () => it.letIn,
      now: () => it.time,
      later: (what, wait) => {
        it.timers.set(++it.ids, { what, at: it.time + wait });
        return it.ids;
      },
      cancel: (id) => it.timers.delete(id),
      random: () => 0.5,
    },
    {
      picture: (live) => it.said.push(`picture ${live.journal}`),
      call: (event) => it.said.push(`call ${event.id}`),
      health: () => it.said.push('health'),
      version: () => {},
      state: ({ live, why }) => it.said.push(live ? 'live' : `lost ${why}`),
      signedOut: () => it.said.push('signed out'),
    },
  );
  it.source = () => it.sources.at(-1);
  it.settle = () => new Promise((done) => setImmediate(done));
  it.pass = async (ms) => {
    it.time += ms;
    for (const [id, timer] of [...it.timers].sort((left, right) => left[1].at - right[1].at)) {
      if (timer.at <= it.time && it.timers.delete(id)) timer.what();
    }
    await it.settle();
  };
  it.start = async () => {
    await it.feed.start();
    it.source().say('hello', { journal: it.journal });
  };
  return it;
}

test('the stream begins where the picture ends', async () => {
  const it = world();
  await it.start();
  assert.equal(it.source().path, 'events?last_event_id=10');
  assert.deepEqual(it.said, ['picture 10', 'live']);
});

test('what is replayed is shown as old until the replay has caught up', async () => {
  const it = world();
  await it.start();
  it.source().fail(false);
  it.source().say('hello', { journal: 12 });
  assert.deepEqual(it.said.slice(2), ['lost gone']);
  it.source().say('call', { id: 'a/1', journal: 11 }, '11');
  it.source().say('call', { id: 'a/2', journal: 12 }, '12');
  assert.deepEqual(it.said.slice(2), ['lost gone', 'call a/1', 'call a/2', 'live']);
});

test('a replay that does not come is given up for a new picture', async () => {
  const it = world();
  await it.start();
  it.source().fail(false);
  it.source().say('hello', { journal: 12 });
  await it.pass(5_000);
  assert.equal(it.loads, 2);
});

test('another journal, a reset and a long gap want a new picture', async () => {
  for (const frame of [
    ['hello', { journal: 3 }],
    ['reset', {}],
    ['hello', { journal: 100_000 }],
  ]) {
    const it = world();
    await it.start();
    it.source().say(...frame);
    await it.settle();
    assert.equal(it.loads, 2, frame.join());
    assert.equal(it.sources[0].readyState, 2);
  }
});

test('where the browser gives up, another stream is made after a pause, from the last place', async () => {
  const it = world();
  await it.start();
  it.source().say('call', { id: 'a/1', journal: 11 }, '11');
  it.source().fail(true);
  assert.equal(it.sources.length, 1);
  await it.pass(1_000);
  assert.equal(it.sources.length, 2);
  assert.equal(it.source().path, 'events?last_event_id=11');
  it.source().say('hello', { journal: 11 });
  assert.equal(it.said.at(-1), 'live');
  assert.equal(it.loads, 1);
});

test('pauses grow while it goes on failing', async () => {
  const it = world();
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

test('who is not let in any more is sent to the form', async () => {
  const it = world();
  await it.start();
  it.letIn = false;
  it.source().fail(true);
  await it.pass(1_000);
  assert.equal(it.said.at(-1), 'signed out');

  const other = world();
  other.failure = { status: 401 };
  await other.feed.start();
  assert.deepEqual(other.said, ['signed out']);
});

test('a daemon that cannot be asked is asked again', async () => {
  const it = world();
  it.failure = { status: 0 };
  await it.feed.start();
  assert.deepEqual(it.said, ['lost gone']);
  it.failure = null;
  await it.pass(1_000);
  assert.deepEqual(it.said, ['lost gone', 'picture 10']);
});

test('events without a place are told and leave the place as it is', async () => {
  const it = world();
  await it.start();
  it.source().say('call', { id: 'a/1', journal: null }, '10');
  assert.equal(it.feed.last, 10);
  assert.equal(it.said.at(-1), 'call a/1');
});

test('a stream that is silent is compared with the picture', async () => {
  const it = world();
  await it.start();
  await it.pass(30_000);
  assert.deepEqual([it.loads, it.sources.length], [2, 1]);
  it.journal = 15;
  await it.pass(30_000);
  assert.deepEqual([it.loads, it.sources.length], [4, 2]);
});

test('a page that slept says that it does not know, until it does', async () => {
  const it = world();
  await it.start();
  it.time += 40_000;
  await it.feed.wake();
  assert.deepEqual(it.said.slice(-2), ['lost checking', 'live']);
});

test('a frame that cannot be read is passed over', async () => {
  const it = world();
  await it.start();
  it.source().handlers.call({ data: 'not json', lastEventId: '11' });
  assert.equal(it.said.at(-1), 'live');
});

test('nothing is heard after the end', async () => {
  const it = world();
  await it.start();
  const source = it.source();
  it.feed.stop();
  source.say('call', { id: 'a/1', journal: 11 }, '11');
  await it.pass(120_000);
  assert.equal(it.said.at(-1), 'live');
  assert.equal(it.timers.size, 0);
});
