// Deliveries as a list: what was sent to each target, with the attempts and replies.

import { confirmCommand } from './command.js';
import { store } from './store.js';
import { PROSE, clean } from './text.js';
import { clock, delay, millis, when } from './time.js';
import { Badge, Component, Wire, html } from './ui.js';
import { words } from './words.js';

const TONE = {
  pending: 'waiting',
  retry: 'ringing',
  delivered: 'talking',
  dead: 'missed',
  expired: 'missed',
  dropped: 'ended',
  unknown: 'missed',
  paused: 'held',
};
const ICON = {
  pending: 'wait',
  retry: 'warn',
  delivered: 'ok',
  dead: 'bad',
  expired: 'bad',
  dropped: 'bad',
  unknown: 'warn',
  paused: 'held',
};

/** Deliveries of one call, by target. */
export function Deliveries({ deliveries, onChange }) {
  const byTarget = new Map();
  for (const delivery of deliveries)
    byTarget.set(delivery.target, [...(byTarget.get(delivery.target) ?? []), delivery]);
  return [...byTarget].map(
    ([target, list]) => html`<section class="target-deliveries" key=${target}>
    <h4><${Wire} text=${target} /> <span class="dim">
      ${list.filter(({ state }) => state === 'delivered').length}/${list.length}</span></h4>
    <ul>${list.map((delivery) => html`<${Delivery} key=${delivery.id} delivery=${delivery} onChange=${onChange} />`)}</ul>
  </section>`,
  );
}

/** One delivery, with its attempts to unfold. */
export class Delivery extends Component {
  state = { open: false };

  toggle = () => this.setState(({ open }) => ({ open: !open }));

  render({ delivery, withCall, onChange }, { open }) {
    const { id, state, kind, attempts = [], reason, dueAt, changedAt } = delivery;
    const now = store.now();
    const attemptCount = attempts.length || delivery.failures + (state === 'delivered' ? 1 : 0);
    return html`<li class="delivery" data-delivery=${id} data-delivery-state=${state}>
      <div class="delivery-line">
        <${Badge} state=${TONE[state] ?? 'ended'} icon=${ICON[state] ?? 'wait'}
          text=${words.delivery[state] ?? clean(state)} />
        <span class="delivery-kind">${words.call.kind[kind] ?? clean(kind)}</span>
        ${withCall && html`<span class="dim"><${Wire} text=${delivery.target} /></span>`}
        ${
          attempts.length > 0
            ? html`<button type="button" class="plain" aria-expanded=${open} onClick=${this.toggle}>
              ${words.call.attempts(attemptCount)}</button>`
            : html`<span class="dim">${attemptCount > 0 ? words.call.attempts(attemptCount) : words.call.notAttempted}</span>`
        }
        <time class="delivery-time" datetime=${changedAt}>${when(millis(changedAt), now)}</time>
      </div>
      <div class="delivery-more"><div>
          ${reason && state !== 'delivered' && html`<p class="reason"><bdi>${clean(reason, PROSE)}</bdi></p>`}
          ${dueAt && (state === 'retry' || state === 'pending') && html`<p class="dim">
            ${words.call.nextAttempt(clock(millis(dueAt)))}</p>`}
          ${withCall}</div>
        ${store.can('admin') && html`<${Commands} delivery=${delivery} onChange=${onChange} />`}</div>
      ${open && html`<ol class="attempts">${attempts.map((attempt) => html`<${Attempt} attempt=${attempt} />`)}</ol>`}
    </li>`;
  }
}

function Attempt({ attempt: { at, durationMs, outcome, status, reply } }) {
  return html`<li><time>${clock(millis(at))}</time> <span>${clean(outcome, PROSE)}${status ? ` · HTTP ${status}` : ''}
    </span> <span class="dim">${words.call.took(delay(durationMs))}</span>
    ${
      reply &&
      html`<pre class="reply" tabIndex=${0} aria-label=${words.call.reply}>${reply
        .split('\n')
        .map((line) => clean(line, PROSE))
        .join('\n')}</pre>`
    }</li>`;
}

function Commands({ delivery: { id, target, kind, state }, onChange }) {
  const event = words.call.kind[kind] ?? clean(kind);
  const path = (command) => `api/v1/deliveries/${encodeURIComponent(id)}/${command}`;
  const retry = () =>
    confirmCommand(
      {
        title: words.command.retryAsk(event, clean(target)),
        body: words.command.retryBody,
        action: words.command.retry,
        path: path('retry'),
      },
      onChange,
    );
  const drop = () =>
    confirmCommand(
      {
        title: words.command.dropAsk(event, clean(target)),
        body: words.command.dropBody,
        action: words.command.drop,
        danger: true,
        path: path('drop'),
      },
      onChange,
    );
  const canRetry = state !== 'delivered' && state !== 'pending';
  const canDrop = ['pending', 'retry', 'dead', 'expired', 'paused'].includes(state);
  if (!canRetry && !canDrop) return null;
  return html`<div class="commands">${canRetry && html`<button type="button" class="plain" onClick=${retry}>
    ${words.command.retry}</button>`}${canDrop && html`<button type="button" class="plain" onClick=${drop}>
    ${words.command.drop}</button>`}</div>`;
}
