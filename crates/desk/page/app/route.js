// Where we are: `#VIEW` or `#VIEW/CALL`, so that Back, bookmarks and links work.

export const VIEWS = ['now', 'today', 'health'];

/** The view and the call whose story is open, from the address. */
export function route() {
  const [view, call] = location.hash.slice(1).split('/');
  return { view: VIEWS.includes(view) ? view : 'now', call: call ? decode(call) : null };
}

export function goTo(view) {
  location.hash = `#${view}`;
}

/** Opens the story of a call beside the view. */
export function openStory(call) {
  location.hash = `#${route().view}/${encodeURIComponent(call)}`;
}

export function closeStory() {
  if (route().call) location.hash = `#${route().view}`;
}

/** Takes a token out of the address (`#token=…`), and the address out of the history. */
export function takeToken() {
  const found = /^#token=(.+)$/.exec(location.hash);
  if (!found) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return decode(found[1]);
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
