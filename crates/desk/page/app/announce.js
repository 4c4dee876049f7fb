// Announcements for screen readers: missed calls and the connection, with pauses so that they do not drown the rest.

import { store } from './store.js';
import { clean } from './text.js';
import { callerText } from './ui.js';
import { words } from './words.js';

const PAUSE = 10_000;

/** Speaks through `region`, an aria-live element. */
export function startAnnouncements(region) {
  let known = new Set();
  let missed = 0;
  let latest = null;
  let timer = null;
  let live = null;

  const speak = (text) => {
    region.textContent = text;
  };
  const flush = () => {
    timer = null;
    if (!missed) return;
    const who = clean(callerText(latest));
    speak(missed === 1 ? words.announce.missed(who) : words.announce.manyMissed(missed, who));
    missed = 0;
    timer = setTimeout(flush, PAUSE);
  };
  store.on('missed', () => {
    const list = store.calls.missed;
    missed += list.filter((call) => !call.recalled && !known.has(call.id)).length;
    known = new Set(list.map((call) => call.id));
    latest = list[0];
    if (missed && timer === null) flush();
  });
  store.on('connection', () => {
    const now = store.connection.live;
    if (live !== null && now !== live && store.me) speak(now ? words.announce.back : words.announce.lost);
    live = now || live !== null ? now : null;
  });
}

/** Shows the number of ringing calls in the tab's title. */
export function startTitle() {
  const show = () => {
    let ringing = 0;
    for (const call of store.calls.calls.values())
      if (call.state === 'ringing' || call.state === 'waiting') ringing += 1;
    const lost = store.me && !store.connection.live && store.connection.why !== 'starting';
    const title = `${lost ? '(!) ' : ringing > 0 ? `(${ringing}) ` : ''}${words.product}`;
    if (document.title !== title) document.title = title;
  };
  store.on('calls', show);
  store.on('connection', show);
}
