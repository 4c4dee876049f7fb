// How PBXs, endpoints and the journal do, and the last hour.

import * as api from './api.js';
import { ask } from './ask.js';
import { Charts } from './charts.js';
import { Delivery } from './deliveries.js';
import { store } from './store.js';
import { PROSE, clean } from './text.js';
import { millis, when } from './time.js';
import { Timer } from './timers.js';
import { Badge, Component, Empty, Prose, Wire, html } from './ui.js';
import { openStory } from './route.js';
import { why, words } from './words.js';

const POLL = 5_000;
const DEAD = 20;
const PBX = {
  reconciled: ['talking', 'well'],
  connected: ['talking', 'well'],
  connecting: ['ringing', 'wait'],
  refused: ['missed', 'bad'],
  unreachable: ['missed', 'bad'],
};
const ENDPOINT = {
  well: ['talking', 'well'],
  failing: ['missed', 'warn'],
  held: ['missed', 'warn'],
  paused: ['held', 'held'],
  disabled: ['missed', 'bad'],
};

export class Health extends Component {
  state = { pbxs: null, endpoints: null, dead: [], error: null };

  componentDidMount() {
    this.end = store.on('health', this.load);
    this.timer = setInterval(() => document.hidden || this.load(), POLL);
    this.load();
  }

  componentWillUnmount() {
    this.left = true;
    this.end();
    clearInterval(this.timer);
  }

  load = async () => {
    if (this.loading) return;
    this.loading = true;
    try {
      const [pbxs, endpoints, dead] = await Promise.all([
        api.get('api/v1/pbxs'),
        api.get('api/v1/endpoints'),
        store.can('admin') ? api.get('api/v1/deliveries', { state: 'dead', limit: DEAD }) : null,
      ]);
      if (!this.left) this.setState({ pbxs, endpoints, dead: dead?.deliveries ?? [], error: null });
    } catch (error) {
      store.refused(error);
      if (!this.left) this.setState({ error: why(error) });
    } finally {
      this.loading = false;
    }
  };

  render(_, { pbxs, endpoints, dead, error }) {
    const text = words.health;
    return html`<div class="health" data-view="health">
      ${error && html`<p class="wrong" role="alert">${text.failed} ${error}</p>`}
      ${!pbxs && !error && html`<p class="quiet" role="status">${words.loading}</p>`}
      ${
        pbxs &&
        html`<div class="parts">
        <section class="panel" aria-labelledby="pbxs"><div class="bar"><h2 id="pbxs">${text.pbxs}</h2></div>
          ${pbxs.length === 0 && html`<${Empty} title=${text.noPbxs} />`}${pbxs.map((pbx) => html`<${Pbx}
            key=${pbx.name} pbx=${pbx} />`)}</section>
        <${Rest} />
      </div>`
      }
      ${
        endpoints &&
        html`<section class="panel" aria-labelledby="endpoints"><div class="bar"><h2 id="endpoints">${text.endpoints}
          </h2><span class="count">${text.sinceStart}</span></div>
        ${endpoints.length === 0 && html`<${Empty} title=${text.noEndpoints} />`}
          ${endpoints.map((endpoint) => html`<${Endpoint} key=${endpoint.name} endpoint=${endpoint}
          onChange=${this.load} />`)}</section>`
      }
      <${Charts} />
      ${
        dead.length > 0 &&
        html`<section class="panel" aria-labelledby="dead"><div class="bar"><h2 id="dead">${text.dead}</h2></div>
          <p class="quiet">${text.deadLead}</p>
        <ul class="dead">${dead.map(
          (delivery) => html`<${Delivery} key=${delivery.id} delivery=${delivery} onChange=${this.load}
          withCall=${html`<button type="button" class="plain" onClick=${() => openStory(delivery.call)}><${Wire}
            text=${delivery.call} /></button>`} />`,
        )}</ul></section>`
      }
    </div>`;
  }
}

function Pbx({ pbx }) {
  const text = words.health;
  const [tone, icon] = PBX[pbx.state] ?? ['ended', 'wait'];
  return html`<article class="part" data-pbx=${pbx.name} data-part-state=${pbx.state}>
    <${PartHead} name=${pbx.name} detail=${pbx.address} tone=${tone} icon=${icon}
      word=${text.pbx[pbx.state] ?? clean(pbx.state)} since=${pbx.since} />
    <${Reason} reason=${pbx.detail} hint=${pbx.hint} />
    <dl class="figures">
      ${figure(text.calls, pbx.calls)}${figure(text.channels, pbx.channels)}
        ${figure(text.lastEvent, pbx.lastEvent ? html`<${Timer} since=${millis(pbx.lastEvent)}
        ago=${words.health.ago} />` : words.none)}
      ${figure(text.reconnects, pbx.reconnects)}${pbx.version && figure(text.version, html`<${Wire} text=${pbx.version} />`)}
    </dl>
  </article>`;
}

function Endpoint({ endpoint, onChange }) {
  const text = words.health;
  const { name, state } = endpoint;
  const [tone, icon] = ENDPOINT[state] ?? ['ended', 'wait'];
  return html`<article class="part" data-endpoint=${name} data-part-state=${state}>
    <${PartHead} name=${name} detail=${endpoint.dialect} tone=${tone} icon=${icon}
      word=${text.endpoint[state] ?? clean(state)} since=${endpoint.since}>
      ${store.can('admin') && html`<${Orders} endpoint=${endpoint} onChange=${onChange} />`}
    </${PartHead}>
    <${Reason} reason=${endpoint.reason} hint=${endpoint.hint} />
    <dl class="figures">${Object.entries(text.counts).map(([key, word]) => figure(word, html`${endpoint[key] ?? 0}
      ${key === 'waiting' && endpoint.more && html`<span title=${text.more}>+<span class="unseen"> ${text.more}</span>
      </span>`}`, (key === 'dead' || key === 'expired') && endpoint[key] > 0))}</dl>
  </article>`;
}

function Orders({ endpoint: { name, state, dead, expired, dropped }, onChange }) {
  const path = (order) => `api/v1/endpoints/${encodeURIComponent(name)}/${order}`;
  const button = (order, action, title, body, danger) =>
    html`<button type="button" data-order=${order}
      onClick=${() => ask({ title, body, action, danger, path: path(order) }, onChange)}>${action}</button>`;
  const text = words.order;
  const shown = clean(name);
  return html`<span class="orders">
    ${dead + expired + dropped > 0 && button('retry', text.retryAll, text.retryAllAsk(shown), text.retryAllBody)}
    ${['paused', 'disabled', 'held'].includes(state)
      ? button('resume', text.resume, text.resumeAsk(shown), text.resumeBody)
      : button('pause', text.pause, text.pauseAsk(shown), text.pauseBody, true)}
  </span>`;
}

/** What is neither a PBX nor an endpoint: the journal, the configuration. */
function Rest() {
  const parts = (store.health?.parts ?? []).filter(({ part }) => !/^(pbx|endpoint) /.test(part));
  if (parts.length === 0) return null;
  const text = words.health;
  return html`<section class="panel" aria-labelledby="rest"><div class="bar"><h2 id="rest">${words.product}</h2>
    <span class="count">${store.version}</span></div>
    ${parts.map(
      ({
        part,
        ok,
        state,
        reason,
        hint,
        since,
      }) => html`<article class="part" key=${part} data-part=${part} data-part-state=${ok ? 'well' : 'bad'}>
      <${PartHead} name=${text.part[part] ?? part} tone=${ok ? 'talking' : 'missed'} icon=${ok ? 'well' : 'bad'}
        word=${ok ? text.endpoint.well : (text.endpoint[state] ?? clean(state))} since=${since} />
      <${Reason} reason=${reason} hint=${hint} />
    </article>`,
    )}</section>`;
}

function PartHead({ name, detail, tone, icon, word, since, children }) {
  const time = millis(since);
  return html`<div class="part-head">
    ${name && html`<h3><${Wire} text=${name} /> <span class="dim">${detail && html`<${Wire} text=${detail} />`}</span></h3>`}
    <${Badge} state=${tone} icon=${icon} text=${word} />
    ${Number.isFinite(time) && html`<span class="dim part-since">${words.health.since(when(time, store.now()))}</span>`}
    ${children}
  </div>`;
}

function Reason({ reason, hint }) {
  if (!reason && !hint) return null;
  return html`<div class="reason">${reason && html`<p><bdi>${clean(reason, PROSE)}</bdi></p>`}
    ${hint && html`<p class="hint"><${Prose} text=${clean(hint, PROSE)} /></p>`}</div>`;
}

function figure(name, value, bad = false) {
  return html`<div data-bad=${bad}><dt>${name}</dt><dd>${value}</dd></div>`;
}
