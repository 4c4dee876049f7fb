// Orders: nothing is done without having been asked for twice.

import * as api from './api.js';
import { store } from './store.js';
import { Component, createRef, html } from './ui.js';
import { why, words } from './words.js';

let asker = null;

/** Asks `question` (`{title, body, action, danger, path}`) and, if that is meant, posts to `path`. Then calls `done`. */
export function ask(question, done) {
  asker?.ask(question, done);
}

/** Says `text` in the corner for some seconds. */
export function tell(text, bad = false) {
  asker?.tell(text, bad);
}

/** The dialog and the notices. There is one on the page. */
export class Asker extends Component {
  state = { question: null, busy: false, notice: null };
  dialog = createRef();

  componentDidMount() {
    asker = this;
  }

  ask(question, done) {
    this.done = done;
    this.back = document.activeElement;
    this.setState({ question, busy: false }, () => this.dialog.current.showModal());
  }

  tell(text, bad) {
    clearTimeout(this.timer);
    this.setState({ notice: { text, bad } });
    this.timer = setTimeout(() => this.setState({ notice: null }), bad ? 10_000 : 4_000);
  }

  close = () => this.dialog.current.close();

  closed = () => {
    this.setState({ question: null });
    if (this.back?.isConnected) this.back.focus();
  };

  run = async () => {
    this.setState({ busy: true });
    try {
      await api.post(this.state.question.path);
      this.close();
      this.tell(words.order.done, false);
      setTimeout(() => this.done?.(), 1_000);
      this.done?.();
    } catch (error) {
      this.close();
      store.refused(error);
      this.tell(words.order.failed(why(error)), true);
    }
  };

  render(_, { question, busy, notice }) {
    return html`<dialog ref=${this.dialog} class="ask" aria-labelledby="ask-title" onClose=${this.closed}>
        ${
          question &&
          html`<h2 id="ask-title">${question.title}</h2><p>${question.body}</p>
          <div class="buttons"><button type="button" onClick=${this.close}>${words.cancel}</button>
            <button type="button" class=${question.danger ? 'danger' : 'primary'} disabled=${busy}
              onClick=${this.run} autofocus>${question.action}</button></div>`
        }
      </dialog>
      <div class="notice" role="status" data-bad=${notice?.bad}>${notice?.text}</div>`;
  }
}
