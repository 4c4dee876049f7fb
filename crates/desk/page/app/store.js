// The state of the page, and its listeners. Events are applied at once and shown a few times a second.

import * as api from './api.js';
import { Calls } from './calls.js';
import { Feed } from './feed.js';
import { day, dayBounds } from './time.js';

/** The least time between two renderings. */
const RENDER_INTERVAL = 200;
/** In a hidden tab only the title changes. */
const HIDDEN_INTERVAL = 1_000;
const MOST_RECALLED = 20;

class Store {
  calls = new Calls();
  me = null;
  health = null;
  isLoaded = false;
  connection = { live: false, since: Date.now(), why: 'starting' };
  version = null;
  newVersion = null;
  events = 0;
  #skew = 0;
  #listeners = new Map();
  #dirty = new Set();
  #timer = null;
  #rendered = 0;
  #feed = null;

  /** The daemon's time. It stands still while the stream is lost, and so do all timers. */
  now() {
    return (
      (this.connection.live || this.connection.why === 'starting' ? Date.now() : this.connection.since) + this.#skew
    );
  }

  /** Calls `listener` after a change of `topic`: session, connection, calls, missed or health. Returns how to stop. */
  on(topic, listener) {
    if (!this.#listeners.has(topic)) this.#listeners.set(topic, new Set());
    this.#listeners.get(topic).add(listener);
    return () => this.#listeners.get(topic).delete(listener);
  }

  /** Marks `topic` as changed. Its listeners are called soon, about five times a second at most. */
  markChanged(topic) {
    this.#dirty.add(topic);
    if (this.#timer) return;
    const interval = document.hidden ? HIDDEN_INTERVAL : RENDER_INTERVAL;
    const wait = Math.max(0, this.#rendered + interval - performance.now());
    this.#timer = setTimeout(() => {
      this.#rendered = performance.now();
      this.#timer = null;
      const topics = [...this.#dirty];
      this.#dirty.clear();
      for (const topic of topics) this.notify(topic);
    }, wait);
  }

  notify(topic, value) {
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) listener(value);
  }

  can(role) {
    const order = ['viewer', 'agent', 'admin'];
    return order.indexOf(this.me?.role) >= order.indexOf(role);
  }

  /** Checks the session and starts the stream; notifies `session`. */
  async enter() {
    try {
      this.me = await api.get('api/v1/me');
    } catch (error) {
      if (error.status === 401) return this.#leave();
      this.#setConnection({ live: false, since: Date.now(), why: 'gone' });
      setTimeout(() => this.me || this.enter(), 2_000);
      return this.notify('session');
    }
    this.#feed ??= this.#makeFeed();
    this.#feed.start();
    this.notify('session');
  }

  async signOut() {
    await api.remove('api/v1/session').catch(() => {});
    this.#leave();
  }

  /** To be called with the error of every request: 401 ends the session. */
  onRequestError(error) {
    if (error?.status === 401) this.#leave();
  }

  /** Once a second: removes calls that ended some time ago. */
  tick() {
    if (this.connection.live && this.calls.sweep(this.now())) this.markChanged('calls');
  }

  wake() {
    this.#feed?.wake();
  }

  #leave() {
    this.#feed?.stop();
    this.me = false;
    this.health = null;
    this.calls = new Calls();
    this.isLoaded = false;
    this.markChanged('calls');
    this.markChanged('missed');
    this.notify('session');
  }

  #setConnection(state) {
    const wasLost = !state.live && !this.connection.live && this.connection.why !== 'starting';
    this.connection = wasLost ? { ...state, since: this.connection.since } : state;
    this.markChanged('connection');
    this.markChanged('calls');
  }

  async #askHealth() {
    try {
      this.health = await api.readiness();
      this.markChanged('health');
    } catch {
      // The stream reports the next change.
    }
  }

  /** Loads the calls that were missed today before this page was opened. */
  async #recall() {
    try {
      const { since } = dayBounds(day(this.now()));
      const { calls } = await api.get('api/v1/calls', { since, missed: 'true', limit: MOST_RECALLED });
      this.calls.recall(calls);
      this.markChanged('missed');
    } catch (error) {
      this.onRequestError(error);
    }
  }

  #makeFeed() {
    const env = {
      EventSource: class extends EventSource {
        constructor(path) {
          super(api.address(path));
        }
      },
      loadLive: () => api.get('api/v1/live'),
      hasSession: api.hasSession,
      now: () => Date.now(),
      later: (action, wait) => setTimeout(action, wait),
      cancel: (id) => clearTimeout(id),
      random: () => Math.random(),
    };
    return new Feed(env, {
      snapshot: (live) => {
        const daemonTime = Date.parse(live.now);
        if (Number.isFinite(daemonTime)) this.#skew = daemonTime - Date.now();
        this.calls.load(live);
        this.isLoaded = true;
        if (this.can('agent')) this.#recall();
        this.markChanged('calls');
      },
      call: (event) => {
        this.events += 1;
        if (this.calls.apply(event, this.now())) this.markChanged('missed');
        this.markChanged('calls');
      },
      health: (health) => {
        this.health = health;
        this.markChanged('health');
      },
      version: (version) => {
        this.version ??= version;
        if (version !== this.version && version !== this.newVersion) {
          this.newVersion = version;
          this.markChanged('connection');
        }
      },
      state: (state) => {
        this.#setConnection(state);
        if (state.live) this.#askHealth();
      },
      signedOut: () => this.#leave(),
    });
  }
}

export const store = new Store();
