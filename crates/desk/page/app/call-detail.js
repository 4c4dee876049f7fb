// The details of one call: its facts, timeline and deliveries, and the explanation.

import * as api from './api.js';
import { closeCall } from './route.js';
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
  PhoneNumber,
  Person,
  AnsweredBy,
  Wire,
  callerText,
  createRef,
  html,
  answeredByText,
} from './ui.js';
import { describeError, words } from './words.js';

/** How soon the call is loaded again after an event, and while a delivery is pending. */
const AFTER_EVENT = 1_000;
const WHILE_PENDING = 3_000;

export class CallDetail extends Component {
  state = { record: null, error: null, isGone: false, copied: false };
  heading = createRef();

  componentDidMount() {
    this.focusedBefore = document.activeElement;
    this.heading.current.focus();
    this.end = store.on('calls', () => {
      const seq = store.calls.calls.get(this.props.id)?.seq;
      if (seq && seq !== this.seq) this.reloadIn(AFTER_EVENT);
      this.seq = seq;
    });
    this.load();
  }

  componentWillUnmount() {
    this.end();
    clearTimeout(this.timer);
    this.isUnmounted = true;
    const row = this.focusedBefore?.isConnected
      ? this.focusedBefore
      : document.querySelector(`[data-call="${CSS.escape(this.props.id)}"]`);
    row?.focus?.();
  }

  reloadIn(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.load, wait);
  }

  load = async () => {
    try {
      const record = await api.get(`api/v1/calls/${encodeURIComponent(this.props.id)}`);
      if (this.isUnmounted) return;
      this.setState({ record, error: null, isGone: false });
      if ((record.deliveries ?? []).some(({ state }) => state === 'pending' || state === 'retry')) this.reloadIn(WHILE_PENDING);
    } catch (error) {
      if (this.isUnmounted) return;
      store.onRequestError(error);
      this.setState({ error: error.status === 404 ? null : describeError(error), isGone: error.status === 404 });
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

  onKey = (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    closeCall();
  };

  render({ id }, { record, error, isGone, copied }) {
    const text = words.call;
    return html`<aside class="call-detail" data-call-detail=${id} aria-labelledby="detail-title" onKeyDown=${this.onKey}>
      <div class="detail-head">
        <h2 id="detail-title" tabIndex=${-1} ref=${this.heading}>${text.title}</h2>
        <button type="button" class="bare" onClick=${closeCall} title=${words.close} aria-label=${words.close}><${Icon}
          name="close" /></button>
      </div>
      ${error && html`<${Empty} title=${text.failed} hint=${error}><button type="button" onClick=${this.load}>
        ${words.today.retry}</button></${Empty}>`}
      ${isGone && html`<${Empty} title=${text.gone} />`}
      ${!record && !error && !isGone && html`<p class="quiet" role="status">${words.loading}</p>`}
      ${record && html`<${LoadedCall} record=${record} copied=${copied} onCopy=${this.copy} onChange=${this.load} />`}
    </aside>`;
  }
}

function LoadedCall({ record: { call, events = [], deliveries = [], explanation }, copied, onCopy, onChange }) {
  const text = words.call;
  const { tone, text: outcome, icon } = result(call);
  const now = store.now();
  const fact = (name, value) => value && html`<div><dt>${text.facts[name]}</dt><dd>${value}</dd></div>`;
  const time = (timestamp) => timestamp && html`<time datetime=${timestamp}>${when(millis(timestamp), now)}</time>`;
  return html`<div class="detail-top">
      <${Icon} name=${call.direction} label=${words.direction[call.direction]} />
      <div class="detail-who"><p class="detail-name"><${Wire}
        text=${callerText(call)} /></p>
        <p class="dim">${call.fromName && html`<${PhoneNumber} number=${call.from} /> → `}<${PhoneNumber} number=${call.to} />
          </p></div>
      <${Badge} state=${tone} icon=${icon} text=${outcome} />
    </div>
    <dl class="facts">
      ${fact('startedAt', time(call.startedAt))}${fact('answeredAt', time(call.answeredAt))}
        ${fact('endedAt', call.endedAt && html`${time(call.endedAt)}
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
    <ol class="timeline">${events.map((event) => html`<${TimelineEvent} key=${event.id} event=${event}
      startedAt=${millis(call.startedAt)} />`)}</ol>
    <h3>${text.deliveries}</h3>
    ${deliveries.length === 0 ? html`<p class="quiet">${text.noDeliveries}</p>` : html`<${Deliveries}
      deliveries=${deliveries} onChange=${onChange} />`}
    ${
      explanation?.length > 0 &&
      html`<details class="explanation"><summary><h3>${text.explanation} <span class="count">${explanation.length}</span></h3></summary>
      <ol>${explanation.map((step) => html`<${ExplanationStep} step=${step} />`)}</ol></details>`
    }`;
}

function TimelineEvent({ event, startedAt }) {
  const at = Number.isFinite(millis(event.time)) ? millis(event.time) : millis(event.recordedAt);
  return html`<li data-event=${event.event}>
    <time class="event-time" datetime=${event.time ?? event.recordedAt} title=${exactClock(at)}>
      ${exactClock(at).slice(0, 8)}</time>
    <span class="event-offset">+${timer(at - startedAt)}</span>
    <span class="event-text"><${Icon} name=${EVENT_ICONS[event.event] ?? 'wait'} /><span><bdi>${describeEvent(event)}</bdi>
      ${event.recovered && html` <span class="tag" title=${words.recoveredHint}>${words.recovered}</span>`}</span></span>
  </li>`;
}

const EVENT_ICONS = {
  newCall: 'in',
  ringing: 'ringing',
  answer: 'talking',
  hold: 'held',
  unhold: 'talking',
  transfer: 'out',
  hangup: 'ended',
};

function describeEvent(event) {
  const text = words.call.event;
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
        event.transferTarget ? clean(event.transferTarget) : '',
      );
    case 'hangup':
      return text.hangup(
        event.cause === 'normalClearing' ? '' : (words.cause[event.cause] ?? clean(event.cause)).toLowerCase(),
      );
    default:
      return text[event.event]?.(name(event.user)) ?? clean(event.event);
  }
}

/** A step of the explanation: the decision in words, the rule, and the event it followed from. */
function ExplanationStep({ step: { time, source, rule, text } }) {
  return html`<li><time class="event-time" datetime=${time}>${exactClock(millis(time))}</time>
    <div><p><bdi>${clean(text, PROSE)}</bdi>${rule && html` <span class="tag"><${Wire} text=${rule} /></span>`}</p>
      ${source && html`<p class="source"><code><bdi>
        ${clean([source.event, source.channel, source.with].filter(Boolean).join(' · '), PROSE)}</bdi></code></p>`}</div></li>`;
}
