// The calls of a day, with search and filters.

import * as api from './api.js';
import { Called, Caller } from './call-row.js';
import { List, rowProps } from './list.js';
import { goTo, openCall } from './route.js';
import { store } from './store.js';
import { day, dayBounds, isDay, millis, timer, when } from './time.js';
import { Badge, Component, Empty, Icon, PhoneNumber, Person, Pure, AnsweredBy, html } from './ui.js';
import { describeError, words } from './words.js';

const PAGE = 50;
const MOST_CALLS = 1_000;
/** A search that finds little gives short pages: so many are joined. */
const MOST_PAGES = 4;
/** How long to wait for more typing. */
const TYPING_PAUSE = 250;
/** The least time between two reloads because of new calls. */
const REFRESH = 4_000;
const COLUMNS = ['time', 'way', 'caller', 'called', 'who', 'outcome', 'rang', 'talked'].map((name) => ({
  name,
  label: words.today.columns[name] ?? '',
}));
COLUMNS[1].label = html`<span class="unseen">${words.now.direction}</span>`;
const NO_FILTER = { q: '', missed: false, direction: '', user: '', queue: '' };

let pendingFilter = null;

/** Goes to the calls of today that were missed. */
export function showMissed() {
  pendingFilter = { missed: true };
  goTo('today');
}

function takePendingFilter() {
  const filter = pendingFilter;
  pendingFilter = null;
  return filter;
}

export class Today extends Component {
  /** Without a `day` it is today, also after midnight. */
  state = { day: null, ...NO_FILTER, ...takePendingFilter(), calls: [], next: null, state: 'loading', error: null };
  lastRequest = 0;

  componentDidMount() {
    this.end = store.on('calls', this.onCalls);
    this.load();
  }

  componentWillUnmount() {
    this.end();
    clearTimeout(this.typing);
    clearTimeout(this.refreshTimer);
    this.abort?.abort();
  }

  onDay = ({ target: { value } }) => this.setFilter({ day: isDay(value) && value !== day(store.now()) ? value : null });

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

  /** Loads the first page; `inBackground`, newer calls are put before those that are shown. */
  async load(inBackground = false) {
    const request = ++this.lastRequest;
    const date = this.day();
    this.abort?.abort();
    this.abort = new AbortController();
    if (!inBackground) this.setState({ state: 'loading', error: null });
    try {
      const { calls, next } = await this.page(undefined, this.abort.signal);
      if (request !== this.lastRequest) return;
      const goesOn = inBackground && date === this.shown;
      this.shown = date;
      this.setState((was) =>
        goesOn && was.calls.length > PAGE
          ? { calls: merge(calls, was.calls) }
          : { calls, next: next ?? null, state: 'there', error: null },
      );
    } catch (error) {
      this.onFailure(error, request, inBackground);
    }
  }

  /** Calls older than `before`. */
  async page(before, signal) {
    let calls = [];
    let next = before;
    for (let turn = 0; turn < MOST_PAGES && calls.length < PAGE / 2 && (turn === 0 || next); turn += 1) {
      const page = await api.get('api/v1/calls', { ...this.query(), before: next }, signal);
      calls = [...calls, ...page.calls];
      next = page.next;
    }
    return { calls, next };
  }

  more = async () => {
    const request = ++this.lastRequest;
    this.setState({ state: 'more' });
    try {
      const { calls, next } = await this.page(this.state.next);
      if (request !== this.lastRequest) return;
      this.setState((was) => ({ calls: merge(was.calls, calls), next: next ?? null, state: 'there' }));
    } catch (error) {
      this.onFailure(error, request, false);
    }
  };

  onFailure(error, request, inBackground) {
    if (request !== this.lastRequest || error.name === 'AbortError') return;
    store.onRequestError(error);
    this.setState(inBackground ? {} : { state: 'failed', error: describeError(error) });
  }

  /** Reloads soon after a call changed. */
  onCalls = () => {
    if (
      this.refreshTimer ||
      document.hidden ||
      !store.connection.live ||
      store.events === this.seen ||
      this.state.state !== 'there'
    )
      return;
    if (this.day() !== day(store.now())) return;
    this.refreshTimer = setTimeout(() => {
      this.refreshTimer = null;
      this.seen = store.events;
      this.load(true);
    }, REFRESH);
  };

  setFilter(change, pause = 0) {
    this.setState(change);
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.load(), pause);
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
              onInput=${(event) => this.setFilter({ q: event.target.value }, TYPING_PAUSE)} autocomplete="off"
              spellcheck=${false} /></label>
          <label class="switch" data-tone="missed"><input type="checkbox" checked=${state.missed}
            onChange=${(event) => this.setFilter({ missed: event.target.checked })} /><span><${Icon} name="missed" />
            ${text.missedOnly}</span></label>
          <label><span class="unseen">${words.now.direction}</span><select value=${state.direction}
            onChange=${(event) => this.setFilter({ direction: event.target.value })}>
            <option value="">${words.now.anyDirection}</option>
              ${Object.entries(words.direction).map(([value, word]) => html`<option value=${value}>${word}</option>`)}
              </select></label>
          <${Field} label=${text.user} value=${state.user} list=${userNames}
            onInput=${(value) => this.setFilter({ user: value }, TYPING_PAUSE)} />
          <${Field} label=${text.queue} value=${state.queue} list=${queueNames}
            onInput=${(value) => this.setFilter({ queue: value }, TYPING_PAUSE)} />
          <label><span class="unseen">${text.day}</span><input type="date" value=${this.day()} max=${day(store.now())}
            onChange=${this.onDay} />
            </label>
          ${filtered && html`<button type="button" class="plain" onClick=${() => this.setFilter(NO_FILTER)}>${text.reset}
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
        row=${(call) => html`<${PastRow} key=${call.id} call=${call} fingerprint=${fingerprint(call)} today=${today}
          selected=${selected === call.id} />`} /></div>
      ${next && (calls.length < MOST_CALLS ? html`<button type="button" class="wide" disabled=${state === 'more'}
        onClick=${this.more}>${state === 'more' ? words.loading : text.more}</button>` : html`<p class="quiet">
        ${text.full}</p>`)}`;
  }
}

/** `first`, then what of `second` is not in it. */
function merge(first, second) {
  const known = new Set(first.map((call) => call.id));
  return [...first, ...second.filter((call) => !known.has(call.id))].slice(0, MOST_CALLS);
}

function fingerprint(call) {
  const { endedAt, answeredAt, cause, answeredBy, users, queue, from, fromName } = call;
  return [endedAt, answeredAt, cause, answeredBy?.kind, answeredBy?.endpoint, users.length, queue, from, fromName].join('/');
}

function userNames() {
  return store.calls.userList().map((entry) => entry.label);
}

function queueNames() {
  return [...store.calls.queues.values()].map((queue) => queue.name);
}

/** A text field with suggestions. They are made on focus, because there may be thousands. */
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
    return ['fingerprint', 'today', 'selected'].some((field) => props[field] !== this.props[field]);
  }

  open = () => openCall(this.props.call.id);

  render({ call, selected }) {
    const row = rowProps(this.open);
    const { tone, text, icon } = result(call);
    return html`<div role="row" tabIndex=${-1} ...${row} data-call=${call.id} data-state=${call.endedAt ? 'ended' : tone}
      data-missed=${call.missed || undefined} aria-selected=${selected}>
      <span role="gridcell" class="c-time"><time datetime=${call.startedAt}>${when(millis(call.startedAt), store.now())}</time>
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

/** Who answered the call, or else, dimmed, whom it was for. */
function With({ call: { direction, answeredBy, to, users } }) {
  if (answeredBy) return html`<${AnsweredBy} answeredBy=${answeredBy} />`;
  if (direction === 'out') return html`<span class="dim"><${PhoneNumber} number=${to} /></span>`;
  return (
    users.length > 0 &&
    html`<span class="dim"><${Person} party=${users[0]} />
      ${users.length > 1 && ` ${words.now.moreRung(users.length - 1)}`}</span>`
  );
}

/** The outcome of a stored call: tone, text and icon. */
export function result(call) {
  if (!call.endedAt) return call.answeredAt ? { tone: 'talking' } : { tone: call.queue ? 'waiting' : 'ringing' };
  if (call.missed) return { tone: 'missed', text: words.state.missed, icon: 'missed' };
  if (call.answeredBy?.kind === 'voicemail') return { tone: 'held', text: words.answeredBy.voicemail, icon: 'ended' };
  if (call.answeredAt) return { tone: 'ended', text: words.state.ended, icon: 'ended' };
  return { tone: 'ended', text: words.cause[call.cause] ?? words.state.ended, icon: 'bad' };
}
