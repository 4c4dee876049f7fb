// Live calls, folded from their events by the daemon's rules. Pure: no page, no clock.

import { label } from './text.js';
import { millis } from './time.js';

/** How long a call that ended stays in the list, and one that was missed. */
export const LINGER = 8_000;
export const LINGER_MISSED = 20_000;

/** More ended calls are not kept in the list: nobody can read dozens a second. */
const LINGERING = 40;

const MOST_ENDED = 5_000;
const MOST_MISSED = 50;
const MOST_USERS = 10_000;
const MOST_QUEUES = 500;

/**
 * Live calls and, for some seconds, those that ended. Each change makes a new object of a call, so that identity shows
 * whether it changed.
 */
export class Calls {
  constructor() {
    this.calls = new Map();
    this.users = new Map();
    this.queues = new Map();
    this.missed = [];
    this.endedSeqs = new Map();
    this.lingering = [];
    this.sorted = null;
    this.cleared = -Infinity;
  }

  /** Replaces everything by the daemon's snapshot. Calls that are not in it have ended. */
  load(live) {
    this.calls = new Map();
    this.endedSeqs = new Map();
    this.lingering = [];
    const waitsSince = new Map();
    this.queues = new Map();
    for (const queue of live.queues ?? []) {
      this.queues.set(`${queue.pbx}\n${queue.name}`, { pbx: queue.pbx, name: queue.name });
      for (const waiting of queue.waiting ?? []) waitsSince.set(waiting.call, millis(waiting.since));
    }
    for (const call of live.calls ?? []) {
      const startedAt = millis(call.startedAt);
      this.calls.set(call.id, {
        ...call,
        users: call.users ?? [],
        startedAt,
        answeredAt: millis(call.answeredAt),
        heldSince: millis(call.heldSince),
        waitsSince: waitsSince.get(call.id) ?? startedAt,
      });
    }
    this.users = new Map();
    this.sorted = null;
    for (const user of live.users ?? []) this.users.set(`${user.pbx}\n${user.endpoint}`, partyOf(user, user.pbx));
  }

  /**
   * Applies one event; returns the call if it just ended as missed, else null. Repeated events change nothing.
   * `now` is the time of an event that has none.
   */
  apply(event, now) {
    const at = Number.isFinite(millis(event.time))
      ? millis(event.time)
      : Number.isFinite(millis(event.recordedAt))
        ? millis(event.recordedAt)
        : now;
    const known = this.calls.get(event.call);
    if (event.seq <= (known?.seq ?? this.endedSeqs.get(event.call) ?? 0) || this.endedSeqs.has(event.call)) return null;
    this.#rememberParties(event);
    if (event.event === 'hangup' && !known) {
      this.#rememberEnded(event.call, event.seq);
      return null;
    }
    const call = applyEvent(known ?? newCall(event, at), event, at);
    if (call.state === 'ended') call.removeAt = now + (call.missed ? LINGER_MISSED : LINGER);
    this.calls.set(event.call, call);
    if (call.state !== 'ended') return null;
    this.#rememberEnded(event.call, event.seq);
    this.lingering.push(event.call);
    if (this.lingering.length > LINGERING) this.calls.delete(this.lingering.shift());
    if (!call.missed) return null;
    this.missed.unshift(call);
    this.missed.length = Math.min(this.missed.length, MOST_MISSED);
    return call;
  }

  /** Adds stored calls, latest first, that were missed before the page was opened. */
  recall(records) {
    const known = new Set(this.missed.map((call) => call.id));
    const unseen = records
      .map((call) => ({ ...call, recalled: true, startedAt: millis(call.startedAt), endedAt: millis(call.endedAt) }))
      .filter((call) => !known.has(call.id) && call.endedAt > this.cleared);
    this.missed = [...this.missed, ...unseen].sort((left, right) => right.endedAt - left.endedAt).slice(0, MOST_MISSED);
  }

  /** Forgets the missed calls, for good. */
  clearMissed(now) {
    this.missed = [];
    this.cleared = now;
  }

  /** Removes calls that ended some time ago; returns whether there were any. */
  sweep(now) {
    const stay = this.lingering.filter((id) => this.calls.get(id)?.removeAt > now);
    if (stay.length === this.lingering.length) return false;
    for (const id of this.lingering) if (!(this.calls.get(id)?.removeAt > now)) this.calls.delete(id);
    this.lingering = stay;
    return true;
  }

  /** The users by name, each with key and label. Cached until one changes: there may be thousands. */
  userList() {
    if (!this.sorted) {
      const names = new Intl.Collator(undefined, { numeric: true });
      this.sorted = [...this.users].map(([key, user]) => ({ key, user, label: label(user) }));
      this.sorted.sort((left, right) => names.compare(left.label, right.label) || (left.key < right.key ? -1 : 1));
    }
    return this.sorted;
  }

  #rememberEnded(id, seq) {
    this.endedSeqs.set(id, seq);
    if (this.endedSeqs.size > MOST_ENDED) this.endedSeqs.delete(this.endedSeqs.keys().next().value);
  }

  #rememberParties(event) {
    const parties = [...(event.users ?? [])];
    if (event.event === 'ringing' && event.user) parties.push(event.user);
    if (event.answeredBy?.kind === 'user') parties.push(event.answeredBy);
    for (const party of parties) {
      const key = `${event.pbx}\n${party.endpoint}`;
      const known = this.users.get(key);
      if (known ? !sameParty(known, party) : this.users.size < MOST_USERS) {
        this.users.set(key, partyOf(party, event.pbx));
        this.sorted = null;
      }
    }
    const queue = event.queue && `${event.pbx}\n${event.queue}`;
    if (queue && !this.queues.has(queue) && this.queues.size < MOST_QUEUES)
      this.queues.set(queue, { pbx: event.pbx, name: event.queue });
  }
}

function newCall(event, at) {
  return {
    id: event.call,
    pbx: event.pbx,
    users: [],
    startedAt: at,
    answeredAt: NaN,
    heldSince: NaN,
    waitsSince: at,
    seq: 0,
    recovered: false,
  };
}

function applyEvent(call, event, at) {
  const now = {
    ...call,
    seq: event.seq,
    recovered: call.recovered || event.recovered === true,
    direction: event.direction,
    from: event.from,
    fromName: event.fromName,
    to: event.to,
    queue: event.queue,
    trunk: event.trunk,
  };
  if (event.queue && event.queue !== call.queue && call.seq > 0) now.waitsSince = at;
  switch (event.event) {
    case 'newCall':
      now.users = event.users ?? [];
      break;
    case 'ringing':
      if (event.user && !call.users.some((user) => user.endpoint === event.user.endpoint))
        now.users = [...call.users, event.user];
      break;
    case 'answer':
      now.answeredBy = event.answeredBy;
      if (!Number.isFinite(call.answeredAt)) now.answeredAt = at;
      now.heldSince = NaN;
      break;
    case 'hold':
      now.heldSince = at;
      break;
    case 'unhold':
      now.heldSince = NaN;
      break;
    case 'transfer':
      now.transferred = { kind: event.kind, transferTarget: event.transferTarget };
      break;
    case 'hangup':
      return endCall(now, event, at);
  }
  if (Number.isFinite(now.answeredAt)) now.state = Number.isFinite(now.heldSince) ? 'held' : 'talking';
  else now.state = now.queue ? 'waiting' : 'ringing';
  return now;
}

function endCall(call, event, at) {
  const missed = event.direction === 'in' && !Number.isFinite(call.answeredAt);
  return {
    ...call,
    was: call.state,
    state: 'ended',
    endedAt: at,
    cause: event.cause,
    answeredBy: event.answeredBy ?? call.answeredBy,
    missed,
  };
}

function partyOf(party, pbx) {
  return {
    pbx,
    endpoint: party.endpoint,
    extension: party.extension,
    name: party.name,
    login: party.login,
    email: party.email,
  };
}

function sameParty(left, right) {
  return ['extension', 'name', 'login', 'email'].every((field) => left[field] === right[field]);
}
