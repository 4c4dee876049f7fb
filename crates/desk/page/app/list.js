// Lists whose rows are walked with the arrow keys: one stop for Tab, however many rows there are.

import { Component, createRef, html } from './ui.js';

/** Properties of a row that can be walked to, and opened with Enter or a click if `open` is given. */
export function walkable(open) {
  return {
    class: open ? 'row opens' : 'row',
    onClick: open && ((event) => {
      if (!event.target.closest('button, a') && getSelection().isCollapsed) open();
    }),
    onKeyDown: open && ((event) => {
      if (event.key !== 'Enter' || event.target !== event.currentTarget) return;
      event.preventDefault();
      open();
    }),
  };
}

/** A table of `columns` (`{name, label}`), its rows as children. */
export class List extends Component {
  element = createRef();

  componentDidMount() {
    this.settle();
  }

  componentDidUpdate() {
    this.settle();
  }

  /** There is always one row that Tab leads to: the one walked to last, else the first. */
  settle() {
    const rows = this.element.current;
    if (this.current?.isConnected && rows.contains(this.current)) return;
    this.current = rows.querySelector('.row');
    if (this.current) this.current.tabIndex = 0;
  }

  walk = (event) => {
    const row = event.target.closest?.('.row');
    if (!row || event.target !== row) return;
    const to = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling, Home: row.parentElement.firstElementChild, End: row.parentElement.lastElementChild }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (to?.classList.contains('row')) to.focus();
  };

  arrive = (event) => {
    const row = event.target.closest?.('.row');
    if (!row || row === this.current) return;
    if (this.current) this.current.tabIndex = -1;
    row.tabIndex = 0;
    this.current = row;
  };

  render({ label, columns, kind, children }) {
    return html`<div class="table" data-kind=${kind} role="grid" aria-label=${label}>
      <div class="head" role="row">${columns.map(({ name, label }) => html`<span role="columnheader" class=${`c-${name}`}>${label}</span>`)}</div>
      <div class="rows" role="rowgroup" ref=${this.element} onKeyDown=${this.walk} onFocusIn=${this.arrive}>${children}</div>
    </div>`;
  }
}
