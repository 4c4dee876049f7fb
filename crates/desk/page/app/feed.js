// The live stream: starts where the snapshot of /api/v1/live ends, resumes after a loss, and knows when it is not current.
// Everything from outside is passed in, so that it can be tested without a browser.

/** If more events were missed, a new snapshot is cheaper than a replay. */
const LONGEST_REPLAY = 5_000;
/** If a replay takes longer, a new snapshot is loaded. */
const LONGEST_CATCH_UP = 5_000;
/** A stream that was silent for so long is compared with a snapshot: a dead connection looks like a quiet one. */
const SILENCE = 30_000;
const RETRY_DELAYS = [1_000, 2_000, 4_000, 8_000, 15_000];

/**
 * `env`: {EventSource, loadLive() → live, hasSession() → bool, now(), later(fn, ms) → id, cancel(id), random()}.
 * `on`: {snapshot(live), call(event), health(json), version(text), state({live, since, why}), signedOut()}.
 */
export class Feed {
  #env;
  #on;
  #source = null;
  #timers = {};
  #failures = 0;
  #catchUpTo = 0;
  #lastFrameAt = 0;
  #stopped = true;
  #run = 0;
  last = 0;

  constructor(env, on) {
    this.#env = env;
    this.#on = on;
  }

  start() {
    this.#stopped = false;
    return this.#begin();
  }

  stop() {
    this.#stopped = true;
    this.#run += 1;
    this.#close();
    for (const name of Object.keys(this.#timers)) this.#clear(name);
  }

  /** To be called when the page was asleep or is shown again: it may be out of date. */
  async wake() {
    if (this.#stopped || this.#env.now() - this.#lastFrameAt < SILENCE) return;
    this.#lost('checking');
    await this.#compare();
  }

  /** Loads a snapshot, then listens from its cursor. */
  async #begin() {
    const run = ++this.#run;
    this.#close();
    let live;
    try {
      live = await this.#env.loadLive();
    } catch (error) {
      if (run !== this.#run) return;
      if (error.status === 401) this.#on.signedOut();
      else this.#retryLater(() => this.#begin(), error.status ? 'refused' : 'gone');
      return;
    }
    if (run !== this.#run) return;
    this.last = live.cursor ?? 0;
    this.#on.snapshot(live);
    this.#listen();
  }

  #listen() {
    this.#close();
    const source = new this.#env.EventSource(`events?last_event_id=${this.last}`);
    this.#source = source;
    const handle = (name, onData) =>
      source.addEventListener(name, (frame) => {
        if (source !== this.#source) return;
        this.#lastFrameAt = this.#env.now();
        const data = parse(frame.data);
        if (data) onData(data, frame);
      });
    handle('hello', (data) => this.#onHello(data));
    handle('call', (data, frame) => {
      const cursor = Number(data.cursor ?? (frame.lastEventId || 0));
      if (cursor > this.last) this.last = cursor;
      this.#on.call(data);
      if (this.#catchUpTo && this.last >= this.#catchUpTo) this.#caughtUp();
    });
    handle('health', (data) => this.#on.health(data));
    handle('reset', () => this.#begin());
    source.onerror = () => {
      if (source === this.#source) this.#onError();
    };
  }

  #onHello({ cursor, version }) {
    if (version) this.#on.version(version);
    const behind = (cursor ?? 0) - this.last;
    if (behind < 0 || behind > LONGEST_REPLAY) return void this.#begin();
    this.#catchUpTo = cursor ?? 0;
    if (behind === 0) this.#caughtUp();
    else this.#set('catchUp', () => this.#begin(), LONGEST_CATCH_UP);
  }

  #caughtUp() {
    this.#catchUpTo = 0;
    this.#failures = 0;
    this.#clear('catchUp');
    this.#on.state({ live: true, since: this.#env.now() });
    this.#watch();
  }

  #watch() {
    const silent = this.#env.now() - this.#lastFrameAt;
    if (silent >= SILENCE) this.#compare();
    else this.#set('silence', () => this.#watch(), SILENCE - silent);
  }

  /** Checks that the stream has every event of the daemon; begins anew if not. */
  async #compare() {
    const run = this.#run;
    try {
      const live = await this.#env.loadLive();
      if (run !== this.#run) return;
      this.#lastFrameAt = this.#env.now();
      if (live.cursor === this.last) this.#caughtUp();
      else this.#begin();
    } catch {
      if (run === this.#run) this.#begin();
    }
  }

  /** The browser reconnects by itself after a broken connection, but not after an HTTP error. */
  #onError() {
    const closed = this.#source.readyState === 2;
    this.#clear('silence');
    this.#clear('catchUp');
    this.#catchUpTo = 0;
    if (!closed) {
      this.#lost('gone');
      return;
    }
    this.#close();
    this.#retryLater(() => this.#reopen(), 'gone');
  }

  async #reopen() {
    const run = this.#run;
    const isValid = await this.#env.hasSession();
    if (run !== this.#run) return;
    if (isValid === false) this.#on.signedOut();
    else if (isValid === null) this.#retryLater(() => this.#reopen(), 'gone');
    else this.#listen();
  }

  #retryLater(action, why) {
    const delay = RETRY_DELAYS[Math.min(this.#failures, RETRY_DELAYS.length - 1)];
    this.#failures += 1;
    this.#lost(why);
    this.#set('retry', action, delay * (0.8 + 0.4 * this.#env.random()));
  }

  #lost(why) {
    this.#on.state({ live: false, since: this.#env.now(), why });
  }

  #close() {
    this.#source?.close();
    this.#source = null;
    this.#catchUpTo = 0;
  }

  #set(name, action, wait) {
    this.#clear(name);
    this.#timers[name] = this.#env.later(() => {
      delete this.#timers[name];
      if (!this.#stopped) action();
    }, wait);
  }

  #clear(name) {
    if (this.#timers[name] !== undefined) this.#env.cancel(this.#timers[name]);
    delete this.#timers[name];
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
