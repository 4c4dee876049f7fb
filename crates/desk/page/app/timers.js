// Timers that are updated in place once a second, without rendering the tree around them.

import { store } from './store.js';
import { clock, span, timer } from './time.js';
import { Pure, createRef, html } from './ui.js';

const running = new Set();

/** The time since `since`, running. With `ago`, which makes a phrase of a span, it is in words. */
export class Timer extends Pure {
  element = createRef();

  componentDidMount() {
    running.add(this);
    this.show();
  }

  componentDidUpdate() {
    this.show();
  }

  componentWillUnmount() {
    running.delete(this);
  }

  show() {
    const { since, ago } = this.props;
    const length = store.now() - since;
    const text = ago ? ago(span(length)) : timer(length);
    const element = this.element.current;
    if (!element.firstChild) element.textContent = text;
    else if (element.firstChild.data !== text) element.firstChild.data = text;
  }

  render({ since }) {
    return html`<span class="timer" ref=${this.element} title=${clock(since)}></span>`;
  }
}

/** Starts the timers. */
export function startTimers() {
  setInterval(() => {
    store.tick();
    if (document.hidden) return;
    for (const one of running) one.show();
  }, 1_000);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    for (const one of running) one.show();
  });
}
