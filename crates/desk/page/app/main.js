// The entry point of the page.

import { startAnnouncements, startTitle } from './announce.js';
import { Shell } from './shell.js';
import { takeToken } from './route.js';
import { signIn } from './sign-in.js';
import { store } from './store.js';
import { startTimers } from './timers.js';
import { html, render } from './ui.js';

const token = takeToken();
const page = document.getElementById('page');

startTimers();
startTitle();
startAnnouncements(document.getElementById('spoken'));

const wrong = token === null ? null : await signIn(token);
if (token === null || wrong) await store.enter();
page.textContent = '';
render(html`<${Shell} wrong=${wrong} />`, page);

document.addEventListener('visibilitychange', () => document.hidden || store.wake());
// A link with a token that is opened where the page is already: the browser only changes the address.
addEventListener('hashchange', async () => {
  const token = takeToken();
  if (token !== null) await signIn(token);
});
addEventListener('online', () => store.wake());
addEventListener('pageshow', (event) => event.persisted && store.wake());
