// The story of one call: when, what happened, who was told and what they said.

import * as api from './api.js';
import { closeStory } from './route.js';
import { store } from './store.js';
import { result } from './today.js';
import { Deliveries } from './deliveries.js';
import { PROSE, clean, label } from './text.js';
import { exactClock, millis, timer, when } from './time.js';
import {
  Badge,
  Component,
  Empty,
  Icon,
  Number_,
  Person,
  AnsweredBy,
  Wire,
  callerText,
  createRef,
  html,
  answeredByText,
} from './ui.js';
import { why, words } from './words.js';

/** How soon the story is read again after something happened to its call, or while a delivery is under way. */
const AGAIN = 1_000;
const UNDER_WAY = 3_000;

export class Story extends Component {
  state = { story: null, error: null, gone: false, copied: false };
  heading = createRef();

  componentDidMount() {
    this.back = document.activeElement;
    this.heading.current.focus();
    this.end = store.on('calls', () => {
      const seq = store.calls.calls.get(this.props.id)?.seq;
      if (seq && seq !== this.seq) this.plan(AGAIN);
      this.seq = seq;
    });
    this.load();
  }

  componentWillUnmount() {
    this.end();
    clearTimeout(this.timer);
    this.left = true;
    const row = this.back?.isConnected
      ? this.back
      : document.querySelector(`[data-call="${CSS.escape(this.props.id)}"]`);
    row?.focus?.();
  }

  plan(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.load, wait);
  }

  load = async () => {
    try {
      const story = await api.get(`api/v1/calls/${encodeURIComponent(this.props.id)}`);
      if (this.left) return;
      this.setState({ story, error: null, gone: false });
      if ((story.deliveries ?? []).some(({ state }) => state === 'pending' || state === 'retry')) this.plan(UNDER_WAY);
    } catch (error) {
      if (this.left) return;
      store.refused(error);
      this.setState({ error: error.status === 404 ? null : why(error), gone: error.status === 404 });
    }
  };

  copy = async () => {
    try {
      await navigator.clipboard.writeText(this.props.id);
      this.setState({ copied: true });
    } catch {
      // Not allowed here; the id can be marked by hand.
    }
  };

  key = (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    closeStory();
  };

  render({ id }, { story, error, gone, copied }) {
    const text = words.story;
    return html`<aside class="story" data-story=${id} aria-labelledby="story-title" onKeyDown=${this.key}>
      <div class="story-head">
        <h2 id="story-title" tabIndex=${-1} ref=${this.heading}>${text.title}</h2>
        <button type="button" class="bare" onClick=${closeStory} title=${words.close} aria-label=${words.close}><${Icon}
          name="close" /></button>
      </div>
      ${error && html`<${Empty} title=${text.failed} hint=${error}><button type="button" onClick=${this.load}>
        ${words.today.retry}</button></${Empty}>`}
      ${gone && html`<${Empty} title=${text.gone} />`}
      ${!story && !error && !gone && html`<p class="quiet" role="status">${words.loading}</p>`}
      ${story && html`<${Told} story=${story} copied=${copied} onCopy=${this.copy} onChange=${this.load} />`}
    </aside>`;
  }
}

function Told({ story: { call, events = [], deliveries = [], story }, copied, onCopy, onChange }) {
  const text = words.story;
  const { tone, text: outcome, icon } = result(call);
  const now = store.now();
  const fact = (name, value) => value && html`<div><dt>${text.facts[name]}</dt><dd>${value}</dd></div>`;
  const time = (timestamp) => timestamp && html`<time datetime=${timestamp}>${when(millis(timestamp), now)}</time>`;
  return html`<div class="story-top">
      <${Icon} name=${call.direction} label=${words.direction[call.direction]} />
      <div class="story-who"><p class="story-name"><${Wire}
        text=${callerText(call)} /></p>
        <p class="dim">${call.fromName && html`<${Number_} number=${call.from} /> → `}<${Number_} number=${call.to} />
          </p></div>
      <${Badge} state=${tone} icon=${icon} text=${outcome} />
    </div>
    <dl class="facts">
      ${fact('began', time(call.began))}${fact('answered', time(call.answered))}
        ${fact('ended', call.ended && html`${time(call.ended)}
        ${call.cause && call.cause !== 'normalClearing' && html` <span class="dim">
        ${words.cause[call.cause] ?? clean(call.cause)}</span>`}`)}
      ${fact('rang', call.rang != null && timer(call.rang * 1000))}
      ${fact('talked', call.talked != null && timer(call.talked * 1000))}
      ${fact('answeredBy', call.answeredBy && html`<${AnsweredBy} answeredBy=${call.answeredBy} />`)}
      ${fact('users', call.users?.length > 0 && call.users.map((user, at) => html`${at > 0 && ', '}<${Person}
        party=${user} />`))}
      ${fact('queue', call.queue && html`<${Wire} text=${call.queue} />`)}
      ${fact('trunk', call.trunk && html`<${Wire} text=${call.trunk} />`)}${fact('pbx', html`<${Wire} text=${call.pbx} />`)}
      ${fact('id', html`<span class="copyable"><code><${Wire} text=${call.id} /></code> <button type="button"
        class="plain" onClick=${onCopy}>${copied ? text.copied : text.copy}</button></span>`)}
    </dl>
    ${call.recovered && html`<p class="remark"><${Icon} name="warn" />${words.recoveredHint}</p>`}
    <h3>${text.events}</h3>
    <ol class="timeline">${events.map((event) => html`<${Happened} key=${event.id} event=${event}
      began=${millis(call.began)} />`)}</ol>
    <h3>${text.deliveries}</h3>
    ${deliveries.length === 0 ? html`<p class="quiet">${text.noDeliveries}</p>` : html`<${Deliveries}
      deliveries=${deliveries} onChange=${onChange} />`}
    ${
      story?.length > 0 &&
      html`<details class="why"><summary><h3>${text.notes} <span class="count">${story.length}</span></h3></summary>
      <ol class="notes">${story.map((note) => html`<${Note} note=${note} />`)}</ol></details>`
    }`;
}

function Happened({ event, began }) {
  const at = Number.isFinite(millis(event.time)) ? millis(event.time) : millis(event.recorded);
  return html`<li data-event=${event.event}>
    <time class="story-time" datetime=${event.time ?? event.recorded} title=${exactClock(at)}>
      ${exactClock(at).slice(0, 8)}</time>
    <span class="story-after">+${timer(at - began)}</span>
    <span class="story-what"><${Icon} name=${SHAPE[event.event] ?? 'wait'} /><span><bdi>${sentence(event)}</bdi>
      ${event.recovered && html` <span class="tag" title=${words.recoveredHint}>${words.recovered}</span>`}</span></span>
  </li>`;
}

const SHAPE = {
  newCall: 'in',
  ringing: 'ringing',
  answer: 'talking',
  hold: 'held',
  unhold: 'talking',
  transfer: 'out',
  hangup: 'ended',
};

function sentence(event) {
  const text = words.story.event;
  const name = (party) => (party ? clean(label(party)) : '');
  switch (event.event) {
    case 'newCall':
      return text.newCall((event.users ?? []).map(name).join(', '));
    case 'answer':
      return text.answer(answeredByText(event.answeredBy));
    case 'transfer':
      return text.transfer(
        words.transfer[event.kind] ?? clean(event.kind),
        name(event.user),
        event.target ? clean(event.target) : '',
      );
    case 'hangup':
      return text.hangup(
        event.cause === 'normalClearing' ? '' : (words.cause[event.cause] ?? clean(event.cause)).toLowerCase(),
      );
    default:
      return text[event.event]?.(name(event.user)) ?? clean(event.event);
  }
}

/** A note of the one who follows the calls: what was heard, what was concluded from it, and by which rule. */
function Note({ note: { time, heard, rule, words: said } }) {
  return html`<li><time class="story-time" datetime=${time}>${exactClock(millis(time))}</time>
    <div><p><bdi>${clean(said, PROSE)}</bdi>${rule && html` <span class="tag"><${Wire} text=${rule} /></span>`}</p>
      ${heard && html`<p class="heard"><code><bdi>
        ${clean([heard.event, heard.channel, heard.with].filter(Boolean).join(' · '), PROSE)}</bdi></code></p>`}</div></li>`;
}
