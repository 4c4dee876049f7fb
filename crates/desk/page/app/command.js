// Commands to the daemon: each is confirmed before it is sent.

import * as api from './api.js';
import { store } from './store.js';
import { Component, createRef, html } from './ui.js';
import { describeError, words } from './words.js';

let dialog = null;

/** Asks to confirm `command` (`{title, body, action, danger, path}`), posts to its `path`, then calls `done`. */
export function confirmCommand(command, done) {
  dialog?.confirm(command, done);
}

/** Shows `text` in the corner for some seconds. */
export function notify(text, bad = false) {
  dialog?.notify(text, bad);
}

/** The confirmation dialog and the notices. There is one on the page. */
export class CommandDialog extends Component {
  state = { command: null, busy: false, notice: null };
  dialog = createRef();

  componentDidMount() {
    dialog = this;
  }

  confirm(command, done) {
    this.done = done;
    this.focusedBefore = document.activeElement;
    this.setState({ command, busy: false }, () => this.dialog.current.showModal());
  }

  notify(text, bad) {
    clearTimeout(this.timer);
    this.setState({ notice: { text, bad } });
    this.timer = setTimeout(() => this.setState({ notice: null }), bad ? 10_000 : 4_000);
  }

  close = () => this.dialog.current.close();

  onClose = () => {
    this.setState({ command: null });
    if (this.focusedBefore?.isConnected) this.focusedBefore.focus();
  };

  send = async () => {
    this.setState({ busy: true });
    try {
      await api.post(this.state.command.path);
      this.close();
      this.notify(words.command.done, false);
      setTimeout(() => this.done?.(), 1_000);
      this.done?.();
    } catch (error) {
      this.close();
      store.onRequestError(error);
      this.notify(words.command.failed(describeError(error)), true);
    }
  };

  render(_, { command, busy, notice }) {
    return html`<dialog ref=${this.dialog} class="confirm" aria-labelledby="confirm-title" onClose=${this.onClose}>
        ${
          command &&
          html`<h2 id="confirm-title">${command.title}</h2><p>${command.body}</p>
          <div class="buttons"><button type="button" onClick=${this.close}>${words.cancel}</button>
            <button type="button" class=${command.danger ? 'danger' : 'primary'} disabled=${busy}
              onClick=${this.send} autofocus>${command.action}</button></div>`
        }
      </dialog>
      <div class="notice" role="status" data-bad=${notice?.bad}>${notice?.text}</div>`;
  }
}
