// The calls of a day: searched, filtered, read on.

import * as api from './api.js';
import { Called, Caller } from './call-row.js';
import { List, walkable } from './list.js';
import { goTo, openStory } from './route.js';
import { store } from './store.js';
import { day, dayBounds, isDay, millis, timer, when } from './time.js';
import { Badge, Component, Empty, Icon, Number_, Person, Pure, AnsweredBy, html } from './ui.js';
import { why, words } from './words.js';

const PAGE = 50;
const MOST = 1_000;
const JOINED = 4;
/** Typing is waited for. */
const PATIENCE = 250;
/** New calls are looked for at most this often. */
const REFRESH = 4_000;
const COLUMNS = ['time', 'way', 'caller', 'called', 'who', 'outcome', 'rang', 'talked'].map((name) => ({
  name,
  label: words.today.columns[name] ?? '',
}));
COLUMNS[1].label = html`<span class="unseen">${words.now.direction}</span>`;
const NO_FILTER = { q: '', missed: false, direction: '', user: '', queue: '' };

let wish = null;

/** Goes to the calls of today that were missed. */
export function showMissed() {
  wish = { missed: true };
  goTo('today');
}

function takeWish() {
  const taken = wish;
  wish = null;
  return taken;
}

export class Today extends Component {
  /** Without a `day` it is today, and goes on to be at midnight. */
  state = { day: null, ...NO_FILTER, ...takeWish(), calls: [], next: null, state: 'loading', error: null };
  asked = 0;

  componentDidMount() {
    this.end = store.on('calls', this.stir);
    this.load();
  }

  componentWillUnmount() {
    this.end();
    clearTimeout(this.typing);
    clearTimeout(this.stirring);
    this.abort?.abort();
  }

  turnTo = ({ target: { value } }) => this.set({ day: isDay(value) && value !== day(store.now()) ? value : null });

  day() {
    return this.state.day ?? day(store.now());
  }

  query() {
    const { q, missed, direction, user, queue } = this.state;
    return {
      ...dayBounds(this.day()),
      q: q.trim(),
      missed: missed ? 'true' : '',
      direction,
      user: user.trim(),
      queue: queue.trim(),
      limit: PAGE,
    };
  }

  /** Loads the first page anew; `quietly`, newer calls are put before the ones that are there. */
  async load(quietly = false) {
    const turn = ++this.asked;
    const date = this.day();
    this.abort?.abort();
    this.abort = new AbortController();
    if (!quietly) this.setState({ state: 'loading', error: null });
    try {
      const { calls, next } = await this.page(undefined, this.abort.signal);
      if (turn !== this.asked) return;
      const goesOn = quietly && date === this.shown;
      this.shown = date;
      this.setState((was) =>
        goesOn && was.calls.length > PAGE
          ? { calls: merge(calls, was.calls) }
          : { calls, next: next ?? null, state: 'there', error: null },
      );
    } catch (error) {
      this.failed(error, turn, quietly);
    }
  }

  /** Calls from `before` on. Pages can be short where a search finds little: some are joined. */
  async page(before, signal) {
    let calls = [];
    let next = before;
    for (let turn = 0; turn < JOINED && calls.length < PAGE / 2 && (turn === 0 || next); turn += 1) {
      const page = await api.get('api/v1/calls', { ...this.query(), before: next }, signal);
      calls = [...calls, ...page.calls];
      next = page.next;
    }
    return { calls, next };
  }

  more = async () => {
    const turn = ++this.asked;
    this.setState({ state: 'more' });
    try {
      const { calls, next } = await this.page(this.state.next);
      if (turn !== this.asked) return;
      this.setState((was) => ({ calls: merge(was.calls, calls), next: next ?? null, state: 'there' }));
    } catch (error) {
      this.failed(error, turn, false);
    }
  };

  failed(error, turn, quietly) {
    if (turn !== this.asked || error.name === 'AbortError') return;
    store.refused(error);
    this.setState(quietly ? {} : { state: 'failed', error: why(error) });
  }

  /** Something happened to calls: those shown may be others now. */
  stir = () => {
    if (
      this.stirring ||
      document.hidden ||
      !store.connection.live ||
      store.events === this.seen ||
      this.state.state !== 'there'
    )
      return;
    if (this.day() !== day(store.now())) return;
    this.stirring = setTimeout(() => {
      this.stirring = null;
      this.seen = store.events;
      this.load(true);
    }, REFRESH);
  };

  set(change, patience = 0) {
    this.setState(change);
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.load(), patience);
  }

  render({ selected }, state) {
    const { calls, next } = state;
    const text = words.today;
    const filtered = Boolean(state.q || state.missed || state.direction || state.user || state.queue);
    return html`<div class="today" data-view="today">
      <div class="panel calls">
        <div class="bar filters" role="search">
          <h2>${text.title} <span class="count" aria-live="polite">
            ${state.state === 'there' && text.count(calls.length, next)}</span></h2>
          <label class="search"><span class="unseen">${text.search}</span><${Icon} name="search" />
            <input type="search" data-search value=${state.q} placeholder=${text.searchHint}
              onInput=${(event) => this.set({ q: event.target.value }, PATIENCE)} autocomplete="off"
              spellcheck=${false} /></label>
          <label class="switch" data-tone="missed"><input type="checkbox" checked=${state.missed}
            onChange=${(event) => this.set({ missed: event.target.checked })} /><span><${Icon} name="missed" />
            ${text.missedOnly}</span></label>
          <label><span class="unseen">${words.now.direction}</span><select value=${state.direction}
            onChange=${(event) => this.set({ direction: event.target.value })}>
            <option value="">${words.now.anyDirection}</option>
              ${Object.entries(words.direction).map(([value, word]) => html`<option value=${value}>${word}</option>`)}
              </select></label>
          <${Field} label=${text.user} value=${state.user} list=${userNames}
            onInput=${(value) => this.set({ user: value }, PATIENCE)} />
          <${Field} label=${text.queue} value=${state.queue} list=${queueNames}
            onInput=${(value) => this.set({ queue: value }, PATIENCE)} />
          <label><span class="unseen">${text.day}</span><input type="date" value=${this.day()} max=${day(store.now())}
            onChange=${this.turnTo} />
            </label>
          ${filtered && html`<button type="button" class="plain" onClick=${() => this.set(NO_FILTER)}>${text.reset}
            </button>`}
        </div>
        ${this.list(state, selected, filtered)}
      </div>
    </div>`;
  }

  list({ calls, next, state, error }, selected, filtered) {
    const text = words.today;
    if (state === 'failed')
      return html`<${Empty} title=${text.failed} hint=${error}><button type="button" onClick=${() => this.load()}>
        ${text.retry}</button></${Empty}>`;
    if (calls.length === 0 && !next) {
      if (state === 'loading') return html`<p class="quiet" role="status">${words.loading}</p>`;
      return filtered
        ? html`<${Empty} title=${text.filtered} />`
        : html`<${Empty} title=${text.empty} hint=${text.emptyHint} />`;
    }
    const today = day(store.now());
    return html`<div aria-busy=${state === 'loading'}><${List} kind="past" label=${text.title} columns=${COLUMNS}
      items=${calls}
        row=${(call) => html`<${PastRow} key=${call.id} call=${call} print=${print(call)} today=${today}
          selected=${selected === call.id} />`} /></div>
      ${next && (calls.length < MOST ? html`<button type="button" class="wide" disabled=${state === 'more'}
        onClick=${this.more}>${state === 'more' ? words.loading : text.more}</button>` : html`<p class="quiet">
        ${text.full}</p>`)}`;
  }
}

/** `first`, then what of `second` is not in it. */
function merge(first, second) {
  const known = new Set(first.map((call) => call.id));
  return [...first, ...second.filter((call) => !known.has(call.id))].slice(0, MOST);
}

function print(call) {
  const { ended, answered, cause, answeredBy, users, queue, from, fromName } = call;
  return [ended, answered, cause, answeredBy?.kind, answeredBy?.endpoint, users.length, queue, from, fromName].join('/');
}

function userNames() {
  return store.calls.userList().map((entry) => entry.label);
}

function queueNames() {
  return [...store.calls.queues.values()].map((queue) => queue.name);
}

/** A field that offers what is known, made when it is come to: there may be thousands. */
class Field extends Component {
  state = { names: [] };

  render({ label, value, list, onInput }, { names }) {
    const id = `names-${label}`;
    return html`<label><span class="unseen">${label}</span><input type="text" value=${value} placeholder=${label}
      list=${id} autocomplete="off" spellcheck=${false}
      onFocus=${() => this.setState({ names: [...new Set(list())].slice(0, 500) })}
      onInput=${(event) => onInput(event.target.value)} />
      <datalist id=${id}>${names.map((name) => html`<option value=${name}></option>`)}</datalist></label>`;
  }
}

class PastRow extends Pure {
  shouldComponentUpdate(props) {
    return ['print', 'today', 'selected'].some((field) => props[field] !== this.props[field]);
  }

  open = () => openStory(this.props.call.id);

  render({ call, selected }) {
    const row = walkable(this.open);
    const { tone, text, icon } = result(call);
    return html`<div role="row" tabIndex=${-1} ...${row} data-call=${call.id} data-state=${call.ended ? 'ended' : tone}
      data-missed=${call.missed || undefined} aria-selected=${selected}>
      <span role="gridcell" class="c-time"><time datetime=${call.began}>${when(millis(call.began), store.now())}</time>
        </span>
      <span role="gridcell" class="c-way"><${Icon} name=${call.direction} label=${words.direction[call.direction]} /></span>
      <span role="gridcell" class="c-caller"><${Caller} call=${call} /></span>
      <span role="gridcell" class="c-called"><${Called} call=${call} /></span>
      <span role="gridcell" class="c-who"><${With} call=${call} /></span>
      <span role="gridcell" class="c-outcome"><${Badge} state=${tone} icon=${icon} text=${text} /></span>
      <span role="gridcell" class="c-rang" data-label=${words.today.columns.rang}>
        ${call.rang != null && timer(call.rang * 1000)}</span>
      <span role="gridcell" class="c-talked" data-label=${words.today.columns.talked}>
        ${call.talked != null && timer(call.talked * 1000)}</span>
    </div>`;
  }
}

/** Who took a call; else, dimmed, whom it was for. */
function With({ call: { direction, answeredBy, to, users } }) {
  if (answeredBy) return html`<${AnsweredBy} answeredBy=${answeredBy} />`;
  if (direction === 'out') return html`<span class="dim"><${Number_} number=${to} /></span>`;
  return (
    users.length > 0 &&
    html`<span class="dim"><${Person} party=${users[0]} />
      ${users.length > 1 && ` ${words.now.moreRung(users.length - 1)}`}</span>`
  );
}

/** How a stored call came out: tone, word and shape. */
export function result(call) {
  if (!call.ended) return call.answered ? { tone: 'talking' } : { tone: call.queue ? 'waiting' : 'ringing' };
  if (call.missed) return { tone: 'missed', text: words.state.missed, icon: 'missed' };
  if (call.answeredBy?.kind === 'voicemail') return { tone: 'held', text: words.answeredBy.voicemail, icon: 'ended' };
  if (call.answered) return { tone: 'ended', text: words.state.ended, icon: 'ended' };
  return { tone: 'ended', text: words.cause[call.cause] ?? words.state.ended, icon: 'bad' };
}
