// Makes strings from the wire safe to show. They stay text; control and invisible characters are replaced.

/** Longer names and numbers are cut: nobody reads on, and a page with a thousand of them should stay light. */
const LONGEST = 160;

/** The limit of reasons, replies and explanations. */
export const PROSE = 4_000;

// Bidirectional overrides, marks and isolates, invisible and line-breaking characters, tags: what can reorder, hide or
// break a line. Joiners (U+200C, U+200D) stay, because emoji and Persian names need them.
const DISTURBING =
  /[\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb]|\udb40[\udc00-\udc7f]/g;
const MARKS = /(\p{M}{3})\p{M}+/gu;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** `wire` with control characters shown as pictures (␀ … ␡), disturbing ones as �, and cut after `longest`. */
export function clean(wire, longest = LONGEST) {
  const text = String(wire ?? '');
  const cut = text.length > longest ? cutAt(text, longest) + '…' : text;
  return wellFormed(cut.replace(CONTROL, controlPicture).replace(DISTURBING, '\ufffd').replace(MARKS, '$1'));
}

function cutAt(text, length) {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}

function controlPicture(control) {
  const code = control.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? '\u2421' : '\ufffd';
}

function wellFormed(text) {
  return text.toWellFormed
    ? text.toWellFormed()
    : text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

/** The label of a user: the name, else the extension, else the endpoint. */
export function label(party) {
  return party.name || party.extension || party.endpoint || '';
}

/** The extension of a user, unless it is the label. */
export function extensionBeside(party) {
  return party.name && party.extension ? party.extension : '';
}

/** Whether `needle`, in lower case, is in one of the strings. */
export function anyHas(needle, strings) {
  return strings.some((text) => text && String(text).toLowerCase().includes(needle));
}
