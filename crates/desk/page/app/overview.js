// What the view Now shows: calls in order, queues with who waits, users with what they do. Pure.

import { anyHas } from './text.js';

const RANK = { ringing: 0, waiting: 0, talking: 1, held: 1 };
const USER_RANK = { free: 0, ringing: 1, held: 2, talking: 3 };

/** Rows of the calls that match `filter` (`{text, direction}`); counts, queues and users of all calls. */
export function overview(calls, filter = {}) {
  const all = [...calls.calls.values()];
  const counts = { ringing: 0, waiting: 0, talking: 0, held: 0, live: 0 };
  for (const call of all) {
    if (call.state === 'ended') continue;
    counts[call.state] += 1;
    counts.live += 1;
  }
  const rows = all.filter((call) => matches(call, filter)).sort(inOrder);
  return { rows, counts, queues: queues(calls, all), users: users(calls, all) };
}

/** Calls that need somebody come first, longest first; then those that are talked, latest first. */
function inOrder(left, right) {
  const rank = rankOf(left) - rankOf(right);
  if (rank) return rank;
  const time = rankOf(left) === 0 ? left.startedAt - right.startedAt : right.answeredAt - left.answeredAt;
  return time || (left.id < right.id ? -1 : 1);
}

function rankOf(call) {
  return RANK[call.state === 'ended' ? call.was : call.state] ?? 0;
}

function matches(call, { text, direction }) {
  if (direction && call.direction !== direction) return false;
  if (!text) return true;
  const needle = text.toLowerCase();
  if (anyHas(needle, [call.from, call.fromName, call.to, call.queue, call.id, call.pbx, call.trunk])) return true;
  return [...call.users, call.answeredBy ?? {}].some((party) =>
    anyHas(needle, [party.name, party.extension, party.endpoint, party.login, party.email, party.number]),
  );
}

function queues(calls, all) {
  const byKey = new Map();
  for (const [key, queue] of calls.queues) byKey.set(key, { ...queue, key, waiting: [], talking: 0 });
  for (const call of all) {
    const queue = call.queue && call.state !== 'ended' ? byKey.get(`${call.pbx}\n${call.queue}`) : null;
    if (!queue) continue;
    if (call.state === 'waiting') queue.waiting.push(call);
    else queue.talking += 1;
  }
  const list = [...byKey.values()];
  for (const queue of list) queue.waiting.sort((left, right) => left.waitsSince - right.waitsSince);
  return list.sort((left, right) => left.name.localeCompare(right.name) || left.pbx.localeCompare(right.pbx));
}

/** Who is busiest what in a call: once somebody has it the others' phones are silent; who calls out stays in it. */
export function engagedUsers(call) {
  if (call.state === 'ended') return [];
  const rung = !call.answeredBy || call.direction === 'out' ? call.users : [];
  return call.answeredBy?.kind === 'user' ? [call.answeredBy, ...rung] : rung;
}

function users(calls, all) {
  const busiest = new Map();
  for (const call of all) {
    const state = call.state === 'waiting' ? 'ringing' : call.state;
    for (const party of engagedUsers(call)) {
      const key = `${call.pbx}\n${party.endpoint}`;
      if (!(USER_RANK[busiest.get(key)?.state] >= USER_RANK[state])) busiest.set(key, { state, call });
    }
  }
  return calls.userList().map(({ key, user, label }) => {
    const busy = busiest.get(key);
    return { key, user, label, state: busy?.state ?? 'free', call: busy?.call };
  });
}
