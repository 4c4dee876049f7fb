// Deliveries as a list: what each endpoint was told, how often it was tried, what it said.

import { ask } from './ask.js';
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
  paused: 'held',
};
const SHAPE = {
  pending: 'wait',
  retry: 'warn',
  delivered: 'well',
  dead: 'bad',
  expired: 'bad',
  dropped: 'bad',
  paused: 'held',
};

/** Deliveries of one call, by endpoint. */
export function Deliveries({ deliveries, onChange }) {
  const byEndpoint = new Map();
  for (const delivery of deliveries)
    byEndpoint.set(delivery.endpoint, [...(byEndpoint.get(delivery.endpoint) ?? []), delivery]);
  return [...byEndpoint].map(
    ([endpoint, list]) => html`<section class="endpoint-told" key=${endpoint}>
    <h4><${Wire} text=${endpoint} /> <span class="dim">
      ${list.filter(({ state }) => state === 'delivered').length}/${list.length}</span></h4>
    <ul>${list.map((delivery) => html`<${Delivery} key=${delivery.id} delivery=${delivery} onChange=${onChange} />`)}</ul>
  </section>`,
  );
}

/** One delivery; its tries can be unfolded. */
export class Delivery extends Component {
  state = { open: false };

  toggle = () => this.setState(({ open }) => ({ open: !open }));

  render({ delivery, withCall, onChange }, { open }) {
    const { id, state, kind, attempts = [], reason, due, changed } = delivery;
    const now = store.now();
    const tries = attempts.length || delivery.failures + (state === 'delivered' ? 1 : 0);
    return html`<li class="delivery" data-delivery=${id} data-delivery-state=${state}>
      <div class="delivery-line">
        <${Badge} state=${TONE[state] ?? 'ended'} icon=${SHAPE[state] ?? 'wait'}
          text=${words.delivery[state] ?? clean(state)} />
        <span class="delivery-kind">${words.story.kind[kind] ?? clean(kind)}</span>
        ${withCall && html`<span class="dim"><${Wire} text=${delivery.endpoint} /></span>`}
        ${
          attempts.length > 0
            ? html`<button type="button" class="plain" aria-expanded=${open} onClick=${this.toggle}>
              ${words.story.attempts(tries)}</button>`
            : html`<span class="dim">${tries > 0 ? words.story.attempts(tries) : words.story.notTried}</span>`
        }
        <time class="delivery-time" datetime=${changed}>${when(millis(changed), now)}</time>
      </div>
      <div class="delivery-more"><div>
          ${reason && state !== 'delivered' && html`<p class="reason"><bdi>${clean(reason, PROSE)}</bdi></p>`}
          ${due && (state === 'retry' || state === 'pending') && html`<p class="dim">
            ${words.story.nextTry(clock(millis(due)))}</p>`}
          ${withCall}</div>
        ${store.can('admin') && html`<${Orders} delivery=${delivery} onChange=${onChange} />`}</div>
      ${open && html`<ol class="attempts">${attempts.map((attempt) => html`<${Attempt} attempt=${attempt} />`)}</ol>`}
    </li>`;
  }
}

function Attempt({ attempt: { at, took, outcome, status, reply } }) {
  return html`<li><time>${clock(millis(at))}</time> <span>${clean(outcome, PROSE)}${status ? ` · HTTP ${status}` : ''}
    </span> <span class="dim">${words.story.took(delay(took))}</span>
    ${
      reply &&
      html`<pre class="reply" tabIndex=${0} aria-label=${words.story.reply}>${reply
        .split('\n')
        .map((line) => clean(line, PROSE))
        .join('\n')}</pre>`
    }</li>`;
}

function Orders({ delivery: { id, endpoint, kind, state }, onChange }) {
  const what = words.story.kind[kind] ?? clean(kind);
  const path = (order) => `api/v1/deliveries/${encodeURIComponent(id)}/${order}`;
  const retry = () =>
    ask(
      {
        title: words.order.retryAsk(what, clean(endpoint)),
        body: words.order.retryBody,
        action: words.order.retry,
        path: path('retry'),
      },
      onChange,
    );
  const drop = () =>
    ask(
      {
        title: words.order.dropAsk(what, clean(endpoint)),
        body: words.order.dropBody,
        action: words.order.drop,
        danger: true,
        path: path('drop'),
      },
      onChange,
    );
  const canRetry = state !== 'delivered' && state !== 'pending';
  const canDrop = ['pending', 'retry', 'dead', 'expired', 'paused'].includes(state);
  if (!canRetry && !canDrop) return null;
  return html`<div class="orders">${canRetry && html`<button type="button" class="plain" onClick=${retry}>
    ${words.order.retry}</button>`}${canDrop && html`<button type="button" class="plain" onClick=${drop}>
    ${words.order.drop}</button>`}</div>`;
}
