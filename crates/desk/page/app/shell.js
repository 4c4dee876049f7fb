// The frame around the views: the bar with tabs, the state of the connection, the open call.

import { CommandDialog } from './command.js';
import { Health } from './health.js';
import { Now } from './now.js';
import { VIEWS, closeCall, goTo, route } from './route.js';
import { SignIn } from './sign-in.js';
import { store } from './store.js';
import { CallDetail } from './call-detail.js';
import { clean } from './text.js';
import { nextTheme, setTheme, theme } from './theme.js';
import { clock } from './time.js';
import { Today } from './today.js';
import { Component, Icon, Wire, html } from './ui.js';
import { words } from './words.js';

const VIEW = { now: Now, today: Today, health: Health };

export class Shell extends Component {
  state = { ...route(), version: 0 };

  componentDidMount() {
    store.on('session', () => this.setState(({ version }) => ({ version: version + 1 })));
    addEventListener('hashchange', () => this.setState(route()));
    document.addEventListener('keydown', this.onKey);
  }

  /** `/` searches; Esc closes what is open. */
  onKey = (event) => {
    if (
      event.defaultPrevented ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      document.querySelector('dialog[open]')
    )
      return;
    const typing = event.target.closest?.('input, select, textarea');
    if (event.key === '/' && !typing) {
      const field = document.querySelector('[data-search]');
      if (!field) return;
      event.preventDefault();
      field.focus();
      field.select();
    } else if (event.key === 'Escape') {
      if (typing && event.target.type === 'search' && event.target.value) return;
      if (typing) event.target.blur();
      else closeCall();
    }
  };

  render({ wrong }, { view, call }) {
    if (store.me === false) return html`<${SignIn} wrong=${wrong} />`;
    if (store.me === null)
      return html`<${Banner} /><main id="main" class="sign-in"><p class="quiet" role="status">${words.connection.never}
        </p></main>`;
    const views = VIEWS.filter((name) => name !== 'today' || store.can('agent'));
    const shown = views.includes(view) ? view : 'now';
    const open = store.can('agent') ? call : null;
    const View = VIEW[shown];
    return html`<${TopBar} view=${shown} views=${views} />
      <${Banner} />
      <div class="body" data-detail-open=${Boolean(open)}>
        <main id="main" tabIndex=${-1}><div role="tabpanel" id="view" aria-labelledby=${`tab-${shown}`}><${View}
          selected=${open} /></div></main>
        ${open && html`<${CallDetail} key=${open} id=${open} />`}
      </div>
      <${CommandDialog} />`;
  }
}

class TopBar extends Component {
  state = { version: 0 };

  refresh = () => this.setState(({ version }) => ({ version: version + 1 }));

  componentDidMount() {
    this.ends = [store.on('connection', this.refresh), store.on('health', this.refresh)];
  }

  componentWillUnmount() {
    for (const end of this.ends) end();
  }

  onKey = (event) => {
    const { views, view } = this.props;
    const at = views.indexOf(view);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: views.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const name = views[(to + views.length) % views.length];
    goTo(name);
    document.getElementById(`tab-${name}`).focus();
  };

  switchTheme = () => {
    setTheme(nextTheme());
    this.refresh();
  };

  render({ view, views }) {
    const problems = (store.health?.components ?? []).filter((component) => !component.ok).length;
    const now = theme();
    const switchLabel = words.theme.next(words.theme[now], words.theme[nextTheme()]);
    return html`<header class="top">
      <a class="brand" href="#now"><img src="icon.svg" width="22" height="22" alt="" /><h1>${words.product}</h1></a>
      <div class="tabs" role="tablist" aria-label=${words.views} onKeyDown=${this.onKey}>
        ${views.map(
          (
            name,
          ) => html`<button type="button" role="tab" id=${`tab-${name}`} aria-selected=${name === view}
            aria-controls="view" tabIndex=${name === view ? 0 : -1} onClick=${() => goTo(name)}>
          ${words.view[name]}${name === 'health' && problems > 0 && html`<span class="problem-count"><${Icon} name="warn" />
            ${problems}<span class="unseen"> ${words.health.problemCount(problems).replace(/^\d+ /, '')}</span></span>`}
            </button>`,
        )}
      </div>
      <div class="right">
        <${Connection} />
        <span class="me"><${Wire} text=${store.me.name} /> <span class="role">${store.me.role}</span></span>
        <button type="button" class="bare" onClick=${this.switchTheme} title=${switchLabel} aria-label=${switchLabel}><${Icon}
          name=${now} /></button>
        <button type="button" class="bare" onClick=${() => store.signOut()} title=${words.signOut}
          aria-label=${words.signOut}><${Icon} name="leave" /></button>
      </div>
    </header>`;
  }
}

function Connection() {
  const { live, why } = store.connection;
  const text = live
    ? words.connection.live
    : why === 'starting'
      ? words.connection.starting
      : why === 'checking'
        ? words.connection.checkingShort
        : words.connection.lost;
  return html`<span id="connection" class="connection" data-state=${live ? 'live' : 'lost'}
    data-why=${live ? undefined : why}><span class="dot"></span>${text}</span>`;
}

/** Warns that the page may be out of date or incomplete. */
class Banner extends Component {
  componentDidMount() {
    const refresh = () => this.forceUpdate();
    this.ends = [store.on('connection', refresh), store.on('health', refresh)];
  }

  componentWillUnmount() {
    for (const end of this.ends) end();
  }

  render() {
    const { live, since, why } = store.connection;
    const { connection: text } = words;
    const stale = !live && why !== 'starting';
    const disconnected = (store.health?.components ?? []).filter(({ name, ok }) => !ok && name.startsWith('pbx '));
    document.documentElement.dataset.stale = String(stale);
    document.documentElement.dataset.banner = String(stale || disconnected.length > 0 || store.newVersion !== null);
    const banner = (tone, icon, message, more) =>
      html`<div class="banner" data-tone=${tone} role="region" aria-label=${text.label}><${Icon} name=${icon} /><span>
        ${message}</span>${more}</div>`;
    if (stale)
      return banner(
        'bad',
        'warn',
        why === 'checking' ? text.checking : why === 'refused' ? text.refused(clock(since)) : text.since(clock(since)),
      );
    if (disconnected.length > 0) {
      const names = disconnected.map(
        ({ name, state }) =>
          html`<${Wire} text=${name.slice(4)} /> (${(words.health.pbx[state] ?? clean(state)).toLowerCase()})`,
      );
      return banner(
        'warn',
        'warn',
        html`${text.disconnected(disconnected.length)} ${names.map((name, at) => [at > 0 && ', ', name])}`,
        html`<button type="button" onClick=${() => goTo('health')}>${text.why}</button>`,
      );
    }
    if (store.newVersion)
      return banner(
        'info',
        'ok',
        text.updated(store.newVersion),
        html`<button type="button" onClick=${() => location.reload()}>${text.reload}</button>`,
      );
    return null;
  }
}
