// The form that asks for a token.

import * as api from './api.js';
import { store } from './store.js';
import { Component, Prose, createRef, html } from './ui.js';
import { words } from './words.js';

const describe = (error) =>
  error.status === 401 || error.status === 403 || error.status === 400 || error.status === 422
    ? words.signIn.wrong
    : error.status === 429
      ? words.signIn.busy
      : words.signIn.unreachable;

/** Exchanges `token` for a session; returns what went wrong, or null. */
export async function signIn(token) {
  try {
    await api.post('api/v1/session', { token: token.trim() });
  } catch (error) {
    return describe(error);
  }
  await store.enter();
  return null;
}

export class SignIn extends Component {
  state = { busy: false, wrong: this.props.wrong ?? null };
  field = createRef();

  componentDidMount() {
    this.field.current.focus();
  }

  submit = async (event) => {
    event.preventDefault();
    const field = this.field.current;
    if (!field.value) return field.focus();
    this.setState({ busy: true, wrong: null });
    const wrong = await signIn(field.value);
    if (!wrong) return;
    this.setState({ busy: false, wrong });
    field.select();
  };

  render(_, { busy, wrong }) {
    const { signIn: text } = words;
    return html`<main id="main" class="sign-in" data-view="sign-in">
      <form class="panel" onSubmit=${this.submit}>
        <img src="icon.svg" width="40" height="40" alt="" />
        <h1>${text.title}</h1>
        <p class="dim">${text.lead}</p>
        <label for="token">${text.token}</label>
        <input id="token" name="token" type="password" ref=${this.field} autocomplete="current-password"
          autocapitalize="off" spellcheck=${false} required
          aria-describedby=${wrong ? 'token-wrong token-hint' : 'token-hint'} aria-invalid=${wrong ? 'true' : undefined} />
        <p id="token-wrong" class="wrong" role="alert">${wrong && html`<${Prose} text=${wrong} />`}</p>
        <button type="submit" class="primary" disabled=${busy}>${busy ? text.waiting : text.action}</button>
        <p id="token-hint" class="hint">${text.hint}</p>
      </form>
    </main>`;
  }
}
