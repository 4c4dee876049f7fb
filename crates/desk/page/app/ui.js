// The building blocks of the page.

import htm from '../vendor/htm/htm.mjs';
import { Component, createRef, h, render } from '../vendor/preact/preact.mjs';
import { clean, extensionBeside, label } from './text.js';
import { words } from './words.js';

export const html = htm.bind(h);
export { Component, createRef, render };

/** A component that is rendered again only if one of its properties or a field of its state changes. */
export class Pure extends Component {
  shouldComponentUpdate(props, state) {
    return differ(this.props, props) || differ(this.state ?? {}, state ?? {});
  }
}

function differ(left, right) {
  for (const key in right) if (key !== 'children' && !Object.is(left[key], right[key])) return true;
  for (const key in left) if (!(key in right)) return true;
  return false;
}

const NONE = html`<span class="none">${words.none}</span>`;

/** A string from the wire, cleaned and isolated from the text around it. */
export function Wire({ text, class: name }) {
  if (text == null || text === '') return NONE;
  const shown = clean(text);
  return html`<bdi class=${name ? `wire ${name}` : 'wire'} title=${shown.length > 18 ? shown : undefined}>${shown}</bdi>`;
}

/** A caller's or called number. */
export function PhoneNumber({ number }) {
  if (number === 'anonymous') return html`<span class="wire number withheld">${words.anonymous}</span>`;
  return html`<${Wire} class="number" text=${number} />`;
}

/** A user: name and extension. */
export function Person({ party }) {
  const beside = extensionBeside(party);
  return html`<span class="person"><${Wire} text=${label(party)} />${beside && html` <${Wire} class="number dim"
    text=${beside} />`}</span>`;
}

/** Who answered a call. */
export function AnsweredBy({ answeredBy }) {
  if (!answeredBy) return NONE;
  if (answeredBy.kind === 'user') return html`<${Person} party=${answeredBy} />`;
  if (answeredBy.kind === 'number') return html`<${PhoneNumber} number=${answeredBy.number} />`;
  return html`<span class="person">${words.answeredBy[answeredBy.kind] ?? clean(answeredBy.kind)}</span>`;
}

/** The caller as plain text, not cleaned yet: the name, else the number. */
export function callerText(call) {
  return call.fromName || (call.from === 'anonymous' ? words.anonymous : call.from);
}

/** Who answered a call, as plain text. */
export function answeredByText(answeredBy) {
  if (!answeredBy) return '';
  if (answeredBy.kind === 'user') return clean(label(answeredBy));
  return answeredBy.kind === 'number' ? clean(answeredBy.number) : (words.answeredBy[answeredBy.kind] ?? clean(answeredBy.kind));
}

/** Text of the page with `commands` in it. */
export function Prose({ text }) {
  return text.split('`').map((part, at) => (at % 2 ? html`<code>${part}</code>` : part));
}

/** Shown where there is nothing to list. */
export function Empty({ title, hint, children }) {
  return html`<div class="empty"><p class="empty-title">${title}</p>${hint && html`<p><${Prose} text=${hint} /></p>`}
    ${children}</div>`;
}

const ICONS = {
  in: 'M13 3 4 12M4 5v7h7',
  out: 'M3 13 12 4M5 4h7v7',
  internal: 'M2 8h12M5 5 2 8l3 3M11 5l3 3-3 3',
  ringing: 'M8 2a4 4 0 0 0-4 4v3l-1.5 2.5h11L12 9V6a4 4 0 0 0-4-4zM6.5 13.5a1.6 1.6 0 0 0 3 0',
  waiting: 'M4 2h8M4 14h8M5 2v2.5L8 8l3-3.5V2M5 14v-2.5L8 8l3 3.5V14',
  talking: 'M2 4a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2H7l-3 3v-3a2 2 0 0 1-2-2z',
  held: 'M5.5 3v10M10.5 3v10',
  ended: 'm3 8.5 3.5 3.5L13 5',
  missed: 'M2 4l6 5 6-6M14 3v4M14 3h-4M2 13h12',
  free: 'M8 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z',
  ok: 'm3 8.5 3.5 3.5L13 5',
  warn: 'M8 2 1.5 13.5h13zM8 6.5v3M8 11.6v.2',
  bad: 'M4 4l8 8M12 4l-8 8',
  wait: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 5v3l2 2',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.5 14 14',
  auto: 'M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12',
  light: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M3 13l1-1',
  dark: 'M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z',
  leave: 'M9 3H4v10h5M7 8h7M11.5 5.5 14 8l-2.5 2.5',
  close: 'M4 4l8 8M12 4l-8 8',
};

/** An icon beside a word or, with a `label`, instead of one. */
export function Icon({ name, label }) {
  const path = html`<path d=${ICONS[name]} />`;
  return label
    ? html`<svg class="icon" viewBox="0 0 16 16" role="img" aria-label=${label}><title>${label}</title>${path}</svg>`
    : html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">${path}</svg>`;
}

/** A state as an icon, a word and a colour. */
export function Badge({ state, icon, text }) {
  return html`<span class="badge" data-tone=${state}><${Icon} name=${icon ?? state} />${text ?? words.state[state]}</span>`;
}
