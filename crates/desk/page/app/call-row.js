// One live call as a row.

import { rowProps } from './list.js';
import { openCall } from './route.js';
import { timer } from './time.js';
import { Timer } from './timers.js';
import { Badge, Icon, PhoneNumber, Person, Pure, AnsweredBy, Wire, html } from './ui.js';
import { words } from './words.js';

const RUNG = 2;

/** A call; rendered again only when the call is another object. */
export class CallRow extends Pure {
  open = () => openCall(this.props.call.id);

  render({ call, canOpen, selected }) {
    const row = rowProps(canOpen && this.open);
    const tone = call.missed ? 'missed' : call.state;
    return html`<div role="row" tabIndex=${-1} ...${row} data-call=${call.id} data-state=${call.state}
      data-missed=${call.missed || undefined} aria-selected=${selected}>
      <span role="gridcell" class="c-way"><${Icon} name=${call.direction} label=${words.direction[call.direction]} /></span>
      <span role="gridcell" class="c-state"><${Badge} state=${tone}
        text=${call.state === 'ended' ? outcome(call) : undefined} /></span>
      <span role="gridcell" class="c-caller"><${Caller} call=${call} /></span>
      <span role="gridcell" class="c-who"><${Who} call=${call} /></span>
      <span role="gridcell" class="c-called"><${Called} call=${call} /></span>
      <span role="gridcell" class="c-time"><${Time} call=${call} /></span>
    </div>`;
  }
}

/** Why a call is over, in a word or two. */
export function outcome(call) {
  if (call.missed) return words.state.missed;
  if (call.answeredBy?.kind === 'voicemail') return words.answeredBy.voicemail;
  return Number.isFinite(call.answeredAt) ? words.state.ended : (words.cause[call.cause] ?? words.state.ended);
}

/** The number called, and the queue; for an outbound call that is whom it is with, so the trunk stands here. */
export function Called({ call }) {
  if (call.direction === 'out') return call.trunk && html`<span class="dim"><${Wire} text=${call.trunk} /></span>`;
  return html`<span class="main-line"><${PhoneNumber} number=${call.to} /></span>${call.queue && html`<span class="tag">
    <${Wire} text=${call.queue} /></span>`}`;
}

export function Caller({ call }) {
  const own = call.direction === 'out' ? call.users[0] : null;
  const name = call.fromName || own?.name;
  if (!name) return html`<span class="main-line"><${PhoneNumber} number=${call.from} /></span>`;
  return html`<span class="main-line"><${Wire} class="name" text=${name} /></span><span class="sub-line"><${PhoneNumber}
    number=${call.from} /></span>`;
}

function Who({ call }) {
  if (call.missed)
    return html`<span class="sub-line">${words.cause[call.cause] ?? words.state.ended}</span>
      ${call.users.length > 0 && html`<span class="sub-line"><${Rung} users=${call.users} /></span>`}`;
  const passed =
    call.transferred &&
    call.state !== 'ended' &&
    html`<span class="sub-line">${words.transfer[call.transferred.kind]}${call.transferred.transferTarget && html` → <${Wire}
      class="number" text=${call.transferred.transferTarget} />`}</span>`;
  if (call.answeredBy) return html`<span class="main-line"><${AnsweredBy} answeredBy=${call.answeredBy} /></span>${passed}`;
  if (call.direction === 'out')
    return html`<span class="main-line"><span class="dim">${words.now.rings}</span> <${PhoneNumber} number=${call.to} />
      </span>${passed}`;
  if (!call.users.length) return passed || null;
  return html`<span class="main-line"><span class="dim">${words.now.rings}</span> <${Rung} users=${call.users} /></span>
    ${passed}`;
}

function Rung({ users }) {
  const rest = users.slice(RUNG);
  return html`${users.slice(0, RUNG).map((user, at) => html`${at > 0 && ', '}<${Person} party=${user} />`)}
    ${rest.length > 0 && html` <span class="dim">${words.now.moreRung(rest.length)}</span>`}`;
}

function Time({ call }) {
  switch (call.state) {
    case 'held':
      return html`<${Timer} since=${call.heldSince} /><span class="sub-line"><${Timer} since=${call.answeredAt} /></span>`;
    case 'talking':
      return html`<${Timer} since=${call.answeredAt} />`;
    case 'waiting':
      return html`<${Timer} since=${call.waitsSince} />`;
    case 'ended':
      return html`<span class="timer">
        ${timer(call.endedAt - (Number.isFinite(call.answeredAt) ? call.answeredAt : call.startedAt))}</span>`;
    default:
      return html`<${Timer} since=${call.startedAt} />`;
  }
}
