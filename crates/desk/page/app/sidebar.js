// The sidebar: queues with who waits, missed calls, users with what they do.

import { store } from './store.js';
import { clean } from './text.js';
import { clock, timer } from './time.js';
import { openCall } from './route.js';
import { showMissed } from './today.js';
import { Timer } from './timers.js';
import { Badge, Component, Icon, PhoneNumber, Pure, Wire, callerText, html } from './ui.js';
import { words } from './words.js';

const SHOWN_WAITING = 8;
const SHOWN_MISSED = 8;
const SHOWN_USERS = 150;

export function Queues({ queues }) {
  return html`<section class="panel" aria-labelledby="queues">
    <div class="bar"><h2 id="queues">${words.now.queues}</h2></div>
    ${queues.length === 0 && html`<p class="quiet">${words.now.noQueues}</p>`}
    ${queues.map(
      ({
        key,
        pbx,
        name,
        waiting,
        talking,
      }) => html`<${Queue} key=${key} name=${name} pbx=${pbx} talking=${talking} waits=${waiting.length}
      several=${queues.some((other) => other.pbx !== pbx)} calls=${waiting.slice(0, SHOWN_WAITING)} fingerprint=${waiting
        .slice(0, SHOWN_WAITING)
        .map((call) => `${call.id}/${call.from}/${call.fromName}`)
        .join('\n')} />`,
    )}
  </section>`;
}

class Queue extends Pure {
  // The list of calls is new on each render; `fingerprint` changes if what is shown changes.
  shouldComponentUpdate(props) {
    return ['name', 'several', 'talking', 'waits', 'fingerprint'].some((field) => props[field] !== this.props[field]);
  }

  render({ name, pbx, several, talking, waits, calls }) {
    return html`<div class="queue" data-queue=${name} data-waits=${waits > 0}>
      <div class="queue-head">
        <h3><${Wire} text=${name} />${several && html` <span class="dim"><${Wire} text=${pbx} /></span>`}</h3>
        <span class="queue-talks">${talking > 0 && words.now.talkingInQueue(talking)}</span>
        ${waits > 0 ? html`<span class="badge" data-tone="waiting"><${Icon} name="waiting" />${words.now.waits(waits)}
          </span>` : html`<span class="quiet-inline">${words.now.nobodyWaits}</span>`}
      </div>
      ${
        calls.length > 0 &&
        html`<ol class="waiting">${calls.map(
          (call) => html`<li key=${call.id}>
        <span class="who"><${Wire} text=${callerText(call)} />
          </span>
        <${Timer} since=${call.waitsSince} /></li>`,
        )}</ol>`
      }
      ${waits > calls.length && html`<p class="more">${words.now.moreRung(waits - calls.length)}</p>`}
    </div>`;
  }
}

export class Missed extends Component {
  componentDidMount() {
    this.end = store.on('missed', () => this.forceUpdate());
  }

  shouldComponentUpdate() {
    return false;
  }

  componentWillUnmount() {
    this.end();
  }

  clear = () => {
    store.calls.clearMissed(store.now());
    this.forceUpdate();
  };

  render() {
    const missed = store.calls.missed;
    const line = (
      call,
    ) => html`<span class="who"><span class="main-line"><${Wire}
      text=${callerText(call)} /></span>
        <span class="sub-line">${call.fromName && html`<${PhoneNumber} number=${call.from} /> `}
          ${call.queue && html`<span class="tag"><${Wire} text=${call.queue} /></span>`}</span></span>
      <span class="missed-time"><time>${clock(call.endedAt)}</time><span class="sub-line">
        ${words.now.rang(timer(call.endedAt - call.startedAt))}</span></span>`;
    return html`<section class="panel missed" aria-labelledby="missed" data-any=${missed.length > 0}
      data-fresh=${missed.some((call) => !call.recalled)}>
      <div class="bar"><h2 id="missed"><${Icon} name="missed" />
        ${words.now.missed} ${missed.length > 0 && html`<span class="count">${missed.length}</span>`}</h2>
        ${missed.length > 0 && html`<button type="button" class="plain" onClick=${this.clear}>${words.now.dismiss}
          </button>`}</div>
      ${missed.length === 0 && html`<p class="quiet">
        ${store.can('agent') ? words.now.noMissedToday : words.now.noMissed}</p>`}
      <ul>${missed.slice(0, SHOWN_MISSED).map((call) => html`<li key=${call.id}>
        ${store.can('agent') ? html`<button type="button" class="line" onClick=${() => openCall(call.id)}>${line(call)}
        </button>` : html`<span class="line">${line(call)}</span>`}</li>`)}</ul>
      ${missed.length > SHOWN_MISSED && (store.can('agent') ? html`<button type="button" class="plain wide"
        onClick=${showMissed}>${words.now.allMissed}</button>` : html`<p class="more">
        ${words.now.moreRung(missed.length - SHOWN_MISSED)}</p>`)}
    </section>`;
  }
}

export class Users extends Component {
  state = { showFree: false, limit: SHOWN_USERS };

  toggle = () => this.setState(({ showFree }) => ({ showFree: !showFree }));

  more = () => this.setState(({ limit }) => ({ limit: limit + SHOWN_USERS }));

  render({ users }, { showFree, limit }) {
    const busy = users.filter((user) => user.state !== 'free');
    const idle = users.length - busy.length;
    const few = users.length <= 30;
    const wanted = few || showFree ? users : busy;
    const shown = wanted.slice(0, limit);
    return html`<section class="panel users" aria-labelledby="users">
      <div class="bar"><h2 id="users">${words.now.users}</h2><span class="count">
        ${users.length > 0 && words.now.usersBusy(busy.length, users.length)}</span></div>
      ${users.length === 0 && html`<p class="quiet">${words.now.noUsers}</p>`}
      ${users.length > 0 && shown.length === 0 && html`<p class="quiet">${words.now.nobodyBusy}</p>`}
      <ul>${shown.map(
        ({
          key,
          label,
          user,
          state,
          call,
        }) => html`<${User} key=${key} label=${label} extension=${user.name ? user.extension : ''} state=${state}
        since=${since(call)} peer=${call ? peer(call, user) : ''} />`,
      )}</ul>
      ${wanted.length > limit && html`<button type="button" class="plain wide" onClick=${this.more}>
        ${words.now.moreUsers(wanted.length - limit)}</button>`}
      ${!few && idle > 0 && html`<button type="button" class="plain wide" aria-expanded=${showFree} onClick=${this.toggle}>
        ${showFree ? words.now.hideFree : words.now.showFree(idle)}</button>`}
    </section>`;
  }
}

class User extends Pure {
  render({ label, extension, state, since, peer }) {
    return html`<li class="user" data-user-state=${state}>
      <span class="who"><span class="main-line"><${Wire} text=${label} />${extension && html` <${Wire}
        class="number dim" text=${extension} />`}</span>
        ${peer && html`<span class="sub-line"><${Wire} text=${peer} /></span>`}</span>
      <span class="user-state"><${Badge} state=${state} />${Number.isFinite(since) && html`<${Timer} since=${since} />`}
        </span></li>`;
  }
}

function since(call) {
  if (!call) return NaN;
  return call.state === 'held' ? call.heldSince : call.state === 'talking' ? call.answeredAt : call.startedAt;
}

function peer(call, user) {
  const caller = callerText(call);
  const own = call.direction === 'out' && call.users.some((party) => party.endpoint === user.endpoint);
  return clean(own ? call.to : caller);
}
