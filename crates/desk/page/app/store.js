// What the page knows, and who wants to hear of it. Events are taken at once and shown a few times a second.

import * as api from './api.js';
import { Calls } from './calls.js';
import { Feed } from './feed.js';
import { day, dayBounds } from './time.js';

/** The least time between two renderings. */
const CALM = 200;
/** In a tab that nobody looks at, only the title changes. */
const HIDDEN = 1_000;
const RECALLED = 20;

class Store {
  calls = new Calls();
  me = null;
  health = null;
  pictured = false;
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

  /** The daemon's time, as well as it is known. While the stream is lost it stands still: nothing shown goes on. */
  now() {
    return (
      (this.connection.live || this.connection.why === 'starting' ? Date.now() : this.connection.since) + this.#skew
    );
  }

  /** Calls `take` after a change of `topic`: session, connection, calls, missed, health or notice. Gives what ends it. */
  on(topic, take) {
    if (!this.#listeners.has(topic)) this.#listeners.set(topic, new Set());
    this.#listeners.get(topic).add(take);
    return () => this.#listeners.get(topic).delete(take);
  }

  /** Says that `topic` changed. Listeners hear of it soon, and not more than about five times a second. */
  touch(topic) {
    this.#dirty.add(topic);
    if (this.#timer) return;
    const calm = document.hidden ? HIDDEN : CALM;
    const wait = Math.max(0, this.#rendered + calm - performance.now());
    this.#timer = setTimeout(() => {
      this.#rendered = performance.now();
      this.#timer = null;
      const topics = [...this.#dirty];
      this.#dirty.clear();
      for (const topic of topics) this.tell(topic);
    }, wait);
  }

  tell(topic, value) {
    for (const take of [...(this.#listeners.get(topic) ?? [])]) take(value);
  }

  can(role) {
    const order = ['viewer', 'agent', 'admin'];
    return order.indexOf(this.me?.role) >= order.indexOf(role);
  }

  /** Asks who we are and begins to listen; tells `session` with how that went. */
  async enter() {
    try {
      this.me = await api.get('api/v1/me');
    } catch (error) {
      if (error.status === 401) return this.#leave();
      this.#setConnection({ live: false, since: Date.now(), why: 'gone' });
      setTimeout(() => this.me || this.enter(), 2_000);
      return this.tell('session');
    }
    this.#feed ??= this.#makeFeed();
    this.#feed.start();
    this.tell('session');
  }

  async signOut() {
    await api.remove('api/v1/session').catch(() => {});
    this.#leave();
  }

  /** For every answer of 401, wherever it came from. */
  refused(error) {
    if (error?.status === 401) this.#leave();
  }

  /** Once a second: calls that ended long enough ago go. */
  tick() {
    if (this.connection.live && this.calls.sweep(this.now())) this.touch('calls');
  }

  wake() {
    this.#feed?.wake();
  }

  #leave() {
    this.#feed?.stop();
    this.me = false;
    this.health = null;
    this.calls = new Calls();
    this.pictured = false;
    this.touch('calls');
    this.touch('missed');
    this.tell('session');
  }

  #setConnection(state) {
    const goesOn = !state.live && !this.connection.live && this.connection.why !== 'starting';
    this.connection = goesOn ? { ...state, since: this.connection.since } : state;
    this.touch('connection');
    this.touch('calls');
  }

  async #askHealth() {
    try {
      this.health = await api.readiness();
      this.touch('health');
    } catch {
      // The stream tells when it changes.
    }
  }

  /** Who is allowed to know what was also sees which calls were missed today while we did not listen. */
  async #recall() {
    try {
      const { since } = dayBounds(day(this.now()));
      const { calls } = await api.get('api/v1/calls', { since, missed: 'true', limit: RECALLED });
      this.calls.recall(calls);
      this.touch('missed');
    } catch (error) {
      this.refused(error);
    }
  }

  #makeFeed() {
    const world = {
      EventSource: class extends EventSource {
        constructor(path) {
          super(api.address(path));
        }
      },
      loadLive: () => api.get('api/v1/live'),
      isLetIn: api.isLetIn,
      now: () => Date.now(),
      later: (what, wait) => setTimeout(what, wait),
      cancel: (id) => clearTimeout(id),
      random: () => Math.random(),
    };
    return new Feed(world, {
      picture: (live) => {
        const told = Date.parse(live.now);
        if (Number.isFinite(told)) this.#skew = told - Date.now();
        this.calls.load(live);
        this.pictured = true;
        if (this.can('agent')) this.#recall();
        this.touch('calls');
      },
      call: (event) => {
        this.events += 1;
        if (this.calls.apply(event, this.now())) this.touch('missed');
        this.touch('calls');
      },
      health: (health) => {
        this.health = health;
        this.touch('health');
      },
      version: (version) => {
        this.version ??= version;
        if (version !== this.version && version !== this.newVersion) {
          this.newVersion = version;
          this.touch('connection');
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
