// The address: `#VIEW` or `#VIEW/CALL`, so that Back, bookmarks and links work.

export const VIEWS = ['now', 'today', 'health'];

/** The view and the open call, from the address. */
export function route() {
  const [view, call] = location.hash.slice(1).split('/');
  return { view: VIEWS.includes(view) ? view : 'now', call: call ? decode(call) : null };
}

export function goTo(view) {
  location.hash = `#${view}`;
}

/** Opens the details of a call beside the view. */
export function openCall(call) {
  location.hash = `#${route().view}/${encodeURIComponent(call)}`;
}

export function closeCall() {
  if (route().call) location.hash = `#${route().view}`;
}

/** Takes a token (`#token=…`) out of the address and the history. */
export function takeToken() {
  const match = /^#token=(.+)$/.exec(location.hash);
  if (!match) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return decode(match[1]);
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
