// The live stream: begins where the picture of /api/v1/live ends, goes on after a loss, and knows when it is not current.
// Everything it needs of the world is handed in, so that it can be tested without a browser.

/** A gap longer than this many events is cheaper to skip: the picture is loaded anew. */
const LONGEST_REPLAY = 5_000;
/** How long a replay may take that the greeting announced before the picture is loaded anew instead. */
const CATCH_UP = 5_000;
/** A stream that said nothing for so long is compared with the picture: a dead connection looks like a quiet one. */
const SILENCE = 30_000;
const PAUSES = [1_000, 2_000, 4_000, 8_000, 15_000];

/**
 * `world`: {EventSource, loadLive() → live, isLetIn() → bool, now(), later(fn, ms) → id, cancel(id), random()}.
 * `on`: {picture(live), call(event), health(json), version(text), state({live, since, why}), signedOut()}.
 */
export class Feed {
  #world;
  #on;
  #source = null;
  #timers = {};
  #failures = 0;
  #goal = 0;
  #heard = 0;
  #stopped = true;
  #run = 0;
  last = 0;

  constructor(world, on) {
    this.#world = world;
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

  /** To be called when the page was asleep, or is looked at again: what is shown may be old. */
  async wake() {
    if (this.#stopped || this.#world.now() - this.#heard < SILENCE) return;
    this.#lost('checking');
    await this.#compare();
  }

  /** Loads the picture, then listens from there. */
  async #begin() {
    const run = ++this.#run;
    this.#close();
    let live;
    try {
      live = await this.#world.loadLive();
    } catch (error) {
      if (run !== this.#run) return;
      if (error.status === 401) this.#on.signedOut();
      else this.#again(() => this.#begin(), error.status ? 'refused' : 'gone');
      return;
    }
    if (run !== this.#run) return;
    this.last = live.journal ?? 0;
    this.#on.picture(live);
    this.#listen();
  }

  #listen() {
    this.#close();
    const source = new this.#world.EventSource(`events?last_event_id=${this.last}`);
    this.#source = source;
    const handle = (name, take) =>
      source.addEventListener(name, (frame) => {
        if (source !== this.#source) return;
        this.#heard = this.#world.now();
        const data = parse(frame.data);
        if (data) take(data, frame);
      });
    handle('hello', (data) => this.#greeted(data));
    handle('call', (data, frame) => {
      const place = Number(data.journal ?? (frame.lastEventId || 0));
      if (place > this.last) this.last = place;
      this.#on.call(data);
      if (this.#goal && this.last >= this.#goal) this.#caughtUp();
    });
    handle('health', (data) => this.#on.health(data));
    handle('reset', () => this.#begin());
    source.onerror = () => {
      if (source === this.#source) this.#failed();
    };
  }

  #greeted({ journal, version }) {
    if (version) this.#on.version(version);
    const behind = (journal ?? 0) - this.last;
    if (behind < 0 || behind > LONGEST_REPLAY) return void this.#begin();
    this.#goal = journal ?? 0;
    if (behind === 0) this.#caughtUp();
    else this.#set('catchUp', () => this.#begin(), CATCH_UP);
  }

  #caughtUp() {
    this.#goal = 0;
    this.#failures = 0;
    this.#clear('catchUp');
    this.#on.state({ live: true, since: this.#world.now() });
    this.#watch();
  }

  #watch() {
    const silent = this.#world.now() - this.#heard;
    if (silent >= SILENCE) this.#compare();
    else this.#set('silence', () => this.#watch(), SILENCE - silent);
  }

  /** Whether the stream tells all that the daemon knows; if it does not, another one is made. */
  async #compare() {
    const run = this.#run;
    try {
      const live = await this.#world.loadLive();
      if (run !== this.#run) return;
      this.#heard = this.#world.now();
      if (live.journal === this.last) this.#caughtUp();
      else this.#begin();
    } catch {
      if (run === this.#run) this.#begin();
    }
  }

  /** The browser tries again by itself after a broken connection, but gives up for good on an HTTP error. */
  #failed() {
    const closed = this.#source.readyState === 2;
    this.#clear('silence');
    this.#clear('catchUp');
    this.#goal = 0;
    if (!closed) {
      this.#lost('gone');
      return;
    }
    this.#close();
    this.#again(() => this.#reopen(), 'gone');
  }

  async #reopen() {
    const run = this.#run;
    const letIn = await this.#world.isLetIn();
    if (run !== this.#run) return;
    if (letIn === false) this.#on.signedOut();
    else if (letIn === null) this.#again(() => this.#reopen(), 'gone');
    else this.#listen();
  }

  #again(what, why) {
    const pause = PAUSES[Math.min(this.#failures, PAUSES.length - 1)];
    this.#failures += 1;
    this.#lost(why);
    this.#set('again', what, pause * (0.8 + 0.4 * this.#world.random()));
  }

  #lost(why) {
    this.#on.state({ live: false, since: this.#world.now(), why });
  }

  #close() {
    this.#source?.close();
    this.#source = null;
    this.#goal = 0;
  }

  #set(name, what, wait) {
    this.#clear(name);
    this.#timers[name] = this.#world.later(() => {
      delete this.#timers[name];
      if (!this.#stopped) what();
    }, wait);
  }

  #clear(name) {
    if (this.#timers[name] !== undefined) this.#world.cancel(this.#timers[name]);
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
