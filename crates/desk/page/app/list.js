// Lists with arrow keys: Tab stops once, however many rows there are. Of a long list only the visible rows, and some
// beside them, are on the page.

import { Component, createRef, html } from './ui.js';

/** Up to so many rows all are on the page, so that the browser's own search finds them. */
const ALL = 60;
/** Rows beyond what is in sight, on either side; and how far one scrolls until others are shown. */
const BESIDE = 16;
const STEP = 8;
const PAGE = 10;

/** Properties of a row that takes the focus, and with `open` is opened by Enter or a click. */
export function rowProps(open) {
  return {
    class: open ? 'row opens' : 'row',
    onClick:
      open &&
      ((event) => {
        if (!event.target.closest('button, a') && getSelection().isCollapsed) open();
      }),
    onKeyDown:
      open &&
      ((event) => {
        if (event.key !== 'Enter' || event.target !== event.currentTarget) return;
        event.preventDefault();
        open();
      }),
  };
}

/** A table of `items` with `columns` (`{name, label}`); `row` makes a row of an item, with the item's id as its key. */
export class List extends Component {
  state = { first: 0, end: ALL };
  element = createRef();

  componentDidMount() {
    addEventListener('scroll', this.updateRange, { passive: true });
    addEventListener('resize', this.updateRange, { passive: true });
    this.updateRange();
    this.ensureTabStop();
  }

  componentDidUpdate() {
    this.ensureTabStop();
  }

  componentWillUnmount() {
    removeEventListener('scroll', this.updateRange);
    removeEventListener('resize', this.updateRange);
  }

  /** Finds the visible rows. All rows have the same height. */
  updateRange = () => {
    if (this.props.items.length <= ALL) return;
    const rows = this.element.current;
    const height = rows.querySelector('.row')?.offsetHeight || 46;
    const top = -rows.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor((top / height - BESIDE) / STEP) * STEP);
    const end = Math.ceil(((top + innerHeight) / height + BESIDE) / STEP) * STEP;
    if (first !== this.state.first || end !== this.state.end || height !== this.height) this.setState({ first, end });
    this.height = height;
  };

  /** Makes one row the stop for Tab: the one that had the focus last, else the first. */
  ensureTabStop() {
    const rows = this.element.current;
    if (this.rowToFocus) {
      const row = this.find(this.rowToFocus);
      this.rowToFocus = null;
      row?.focus();
    }
    if (!this.current?.isConnected || !rows.contains(this.current)) {
      this.current = rows.querySelector('.row');
      if (this.current) this.current.tabIndex = 0;
    }
  }

  find(id) {
    return this.element.current.querySelector(`[data-call="${CSS.escape(id)}"]`);
  }

  onKey = (event) => {
    const row = event.target;
    if (!row.classList.contains('row')) return;
    const { items } = this.props;
    const at = items.findIndex((item) => item.id === row.dataset.call);
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + PAGE,
      PageUp: at - PAGE,
      Home: 0,
      End: items.length - 1,
    }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    const { id } = items[Math.min(Math.max(to, 0), items.length - 1)];
    const there = this.find(id);
    if (there) {
      there.focus();
      return;
    }
    this.rowToFocus = id;
    this.setState({ pinned: id });
  };

  onFocus = (event) => {
    const row = event.target.closest?.('.row');
    if (!row || row === this.current) return;
    if (this.current) this.current.tabIndex = -1;
    row.tabIndex = 0;
    this.current = row;
    this.setState({ pinned: row.dataset.call });
  };

  /** Rows, with space for those that are not on the page. The row with the focus is always there. */
  rows({ items, row }, { first, end, pinned }) {
    if (items.length <= ALL) return items.map(row);
    const from = Math.min(first, Math.max(0, items.length - ALL));
    const shown = [];
    let next = 0;
    const show = (at) => {
      if (at > next)
        shown.push(
          html`<div key=${`room${at > from}`} style=${{ height: `${(at - next) * (this.height ?? 46)}px` }}></div>`,
        );
      if (at < items.length) shown.push(row(items[at]));
      next = at + 1;
    };
    const held = pinned ? items.findIndex((item) => item.id === pinned) : -1;
    if (held >= 0 && held < from) show(held);
    for (let at = from; at < Math.min(end, items.length); at += 1) show(at);
    if (held >= next) show(held);
    if (next < items.length) show(items.length);
    return shown;
  }

  render(props, state) {
    const { label, columns, kind, items } = props;
    return html`<div class="table" data-kind=${kind} role="grid" aria-label=${label} aria-rowcount=${items.length + 1}>
      <div class="head" role="row">${columns.map(({ name, label }) => html`<span role="columnheader"
        class=${`c-${name}`}>${label}</span>`)}</div>
      <div class="rows" role="rowgroup" ref=${this.element} onKeyDown=${this.onKey} onFocusIn=${this.onFocus}>
        ${this.rows(props, state)}</div>
    </div>`;
  }
}
