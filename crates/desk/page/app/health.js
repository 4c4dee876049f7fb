// The state of PBXs, targets and the journal, and charts of the last hour.

import * as api from './api.js';
import { confirmCommand } from './command.js';
import { Charts } from './charts.js';
import { Delivery } from './deliveries.js';
import { store } from './store.js';
import { PROSE, clean } from './text.js';
import { millis, when } from './time.js';
import { Timer } from './timers.js';
import { Badge, Component, Empty, Prose, Wire, html } from './ui.js';
import { openCall } from './route.js';
import { describeError, words } from './words.js';

const POLL = 5_000;
const DEAD = 20;
const PBX = {
  inSync: ['talking', 'ok'],
  connected: ['talking', 'ok'],
  connecting: ['ringing', 'wait'],
  refused: ['missed', 'bad'],
  unreachable: ['missed', 'bad'],
};
const TARGET = {
  ok: ['talking', 'ok'],
  failing: ['missed', 'warn'],
  misconfigured: ['missed', 'warn'],
  paused: ['held', 'held'],
  disabled: ['missed', 'bad'],
};

export class Health extends Component {
  state = { pbxs: null, targets: null, dead: [], error: null };

  componentDidMount() {
    this.end = store.on('health', this.load);
    this.timer = setInterval(() => document.hidden || this.load(), POLL);
    this.load();
  }

  componentWillUnmount() {
    this.isUnmounted = true;
    this.end();
    clearInterval(this.timer);
  }

  load = async () => {
    if (this.loading) return;
    this.loading = true;
    try {
      const [pbxs, targets, dead] = await Promise.all([
        api.get('api/v1/pbxs'),
        api.get('api/v1/targets'),
        store.can('admin') ? api.get('api/v1/deliveries', { state: 'dead', limit: DEAD }) : null,
      ]);
      if (!this.isUnmounted) this.setState({ pbxs, targets, dead: dead?.deliveries ?? [], error: null });
    } catch (error) {
      store.onRequestError(error);
      if (!this.isUnmounted) this.setState({ error: describeError(error) });
    } finally {
      this.loading = false;
    }
  };

  render(_, { pbxs, targets, dead, error }) {
    const text = words.health;
    return html`<div class="health" data-view="health">
      ${error && html`<p class="wrong" role="alert">${text.failed} ${error}</p>`}
      ${!pbxs && !error && html`<p class="quiet" role="status">${words.loading}</p>`}
      ${
        pbxs &&
        html`<div class="components">
        <section class="panel" aria-labelledby="pbxs"><div class="bar"><h2 id="pbxs">${text.pbxs}</h2></div>
          ${pbxs.length === 0 && html`<${Empty} title=${text.noPbxs} />`}${pbxs.map((pbx) => html`<${Pbx}
            key=${pbx.name} pbx=${pbx} />`)}</section>
        <${OtherComponents} />
      </div>`
      }
      ${
        targets &&
        html`<section class="panel" aria-labelledby="targets"><div class="bar"><h2 id="targets">${text.targets}
          </h2><span class="count">${text.sinceStart}</span></div>
        ${targets.length === 0 && html`<${Empty} title=${text.noTargets} />`}
          ${targets.map((target) => html`<${Target} key=${target.name} target=${target}
          onChange=${this.load} />`)}</section>`
      }
      <${Charts} />
      ${
        dead.length > 0 &&
        html`<section class="panel" aria-labelledby="dead"><div class="bar"><h2 id="dead">${text.dead}</h2></div>
          <p class="quiet">${text.deadLead}</p>
        <ul class="dead">${dead.map(
          (delivery) => html`<${Delivery} key=${delivery.id} delivery=${delivery} onChange=${this.load}
          withCall=${html`<button type="button" class="plain" onClick=${() => openCall(delivery.call)}><${Wire}
            text=${delivery.call} /></button>`} />`,
        )}</ul></section>`
      }
    </div>`;
  }
}

function Pbx({ pbx }) {
  const text = words.health;
  const [tone, icon] = PBX[pbx.state] ?? ['ended', 'wait'];
  return html`<article class="component" data-pbx=${pbx.name} data-component-state=${pbx.state}>
    <${ComponentHead} name=${pbx.name} detail=${pbx.address} tone=${tone} icon=${icon}
      label=${text.pbx[pbx.state] ?? clean(pbx.state)} since=${pbx.since} />
    <${Reason} reason=${pbx.detail} hint=${pbx.hint} />
    <dl class="figures">
      ${figure(text.calls, pbx.calls)}${figure(text.channels, pbx.channels)}
        ${figure(text.lastEvent, pbx.lastEvent ? html`<${Timer} since=${millis(pbx.lastEvent)}
        ago=${words.health.ago} />` : words.none)}
      ${figure(text.reconnects, pbx.reconnects)}${pbx.version && figure(text.version, html`<${Wire} text=${pbx.version} />`)}
    </dl>
  </article>`;
}

function Target({ target, onChange }) {
  const text = words.health;
  const { name, state } = target;
  const [tone, icon] = TARGET[state] ?? ['ended', 'wait'];
  return html`<article class="component" data-target=${name} data-component-state=${state}>
    <${ComponentHead} name=${name} detail=${target.dialect} tone=${tone} icon=${icon}
      label=${text.target[state] ?? clean(state)} since=${target.since}>
      ${store.can('admin') && html`<${Commands} target=${target} onChange=${onChange} />`}
    </${ComponentHead}>
    <${Reason} reason=${target.reason} hint=${target.hint} />
    <dl class="figures">${Object.entries(text.counts).map(([key, word]) => figure(word, html`${target[key] ?? 0}
      ${key === 'pending' && target.moreOnDisk && html`<span title=${text.more}>+<span class="unseen"> ${text.more}</span>
      </span>`}`, (key === 'dead' || key === 'expired') && target[key] > 0))}</dl>
  </article>`;
}

function Commands({ target: { name, state, dead, expired, dropped }, onChange }) {
  const path = (command) => `api/v1/targets/${encodeURIComponent(name)}/${command}`;
  const button = (command, action, title, body, danger) =>
    html`<button type="button" data-command=${command}
      onClick=${() => confirmCommand({ title, body, action, danger, path: path(command) }, onChange)}>${action}</button>`;
  const text = words.command;
  const shown = clean(name);
  return html`<span class="commands">
    ${dead + expired + dropped > 0 && button('retry', text.retryAll, text.retryAllAsk(shown), text.retryAllBody)}
    ${['paused', 'disabled', 'misconfigured'].includes(state)
      ? button('resume', text.resume, text.resumeAsk(shown), text.resumeBody)
      : button('pause', text.pause, text.pauseAsk(shown), text.pauseBody, true)}
  </span>`;
}

/** The components that are neither a PBX nor a target: the journal, the configuration. */
function OtherComponents() {
  const components = (store.health?.components ?? []).filter(({ name }) => !/^(pbx|target) /.test(name));
  if (components.length === 0) return null;
  const text = words.health;
  return html`<section class="panel" aria-labelledby="rest"><div class="bar"><h2 id="rest">${words.product}</h2>
    <span class="count">${store.version}</span></div>
    ${components.map(
      ({
        name,
        ok,
        state,
        reason,
        hint,
        since,
      }) => html`<article class="component" key=${name} data-component=${name} data-component-state=${ok ? 'ok' : 'bad'}>
      <${ComponentHead} name=${text.component[name] ?? name} tone=${ok ? 'talking' : 'missed'} icon=${ok ? 'ok' : 'bad'}
        label=${ok ? text.target.ok : (text.target[state] ?? clean(state))} since=${since} />
      <${Reason} reason=${reason} hint=${hint} />
    </article>`,
    )}</section>`;
}

function ComponentHead({ name, detail, tone, icon, label, since, children }) {
  const time = millis(since);
  return html`<div class="component-head">
    ${name && html`<h3><${Wire} text=${name} /> <span class="dim">${detail && html`<${Wire} text=${detail} />`}</span></h3>`}
    <${Badge} state=${tone} icon=${icon} text=${label} />
    ${Number.isFinite(time) && html`<span class="dim component-since">${words.health.since(when(time, store.now()))}</span>`}
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
