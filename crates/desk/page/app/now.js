// The view of live calls.

import { overview } from './overview.js';
import { CallRow } from './call-row.js';
import { List } from './list.js';
import { Missed, Queues, Users } from './sidebar.js';
import { store } from './store.js';
import { Timer } from './timers.js';
import { Component, Empty, Icon, Pure, html } from './ui.js';
import { words } from './words.js';

const COLUMNS = ['way', 'state', 'caller', 'who', 'called', 'time'].map((name) => ({
  name,
  label: words.now.columns[name] ?? '',
}));
COLUMNS[0].label = html`<span class="unseen">${words.now.direction}</span>`;

export class Now extends Component {
  state = { text: '', direction: '', version: 0 };

  componentDidMount() {
    this.end = store.on('calls', () => this.setState(({ version }) => ({ version: version + 1 })));
  }

  componentWillUnmount() {
    this.end();
  }

  filter = (event) => this.setState({ text: event.target.value });
  filterDirection = (event) => this.setState({ direction: event.target.value });
  clear = () => this.setState({ text: '', direction: '' });

  render({ selected }, { text, direction }) {
    const { rows, counts, queues, users } = overview(store.calls, { text: text.trim(), direction });
    const canOpen = store.can('agent');
    return html`<div class="now" data-view="now">
      <${Tiles} ...${counts} ...${longest(queues, rows)} />
      <div class="columns">
        <div class="panel calls">
          <div class="bar">
            <h2>${words.now.calls} <span class="count">
              ${words.now.shown(rows.filter((call) => call.state !== 'ended').length, counts.live)}</span></h2>
            <label class="search"><span class="unseen">${words.now.filter}</span><${Icon} name="search" />
              <input type="search" data-search value=${text} onInput=${this.filter} placeholder=${words.now.filterHint}
                autocomplete="off" spellcheck=${false} /></label>
            <label><span class="unseen">${words.now.direction}</span>
              <select value=${direction} onChange=${this.filterDirection}><option value="">${words.now.anyDirection}</option>
                ${Object.entries(words.direction).map(([value, word]) => html`<option value=${value}>${word}</option>`)}
                  </select></label>
          </div>
          ${
            rows.length > 0
              ? html`<${List} kind="live" label=${words.now.title} columns=${COLUMNS} items=${rows}
                row=${(call) => html`<${CallRow} key=${call.id} call=${call} canOpen=${canOpen}
                selected=${selected === call.id} />`} />`
              : !store.isLoaded
                ? html`<p class="quiet" role="status">${words.loading}</p>`
                : counts.live > 0
                  ? html`<${Empty} title=${words.now.filtered}><button type="button" onClick=${this.clear}>
                    ${words.now.clearFilter}</button></${Empty}>`
                  : html`<${Empty} title=${words.now.empty} hint=${words.now.emptyHint} />`
          }
        </div>
        <div class="side" tabIndex=${0} role="region" aria-label=${words.now.side}>
          <${Queues} queues=${queues} />
          <${Missed} />
          <${Users} users=${users} />
        </div>
      </div>
    </div>`;
  }
}

function longest(queues, rows) {
  let waits = NaN;
  for (const { waiting } of queues)
    if (waiting.length && !(waiting[0].waitsSince >= waits)) waits = waiting[0].waitsSince;
  return { waits, rings: rows.find((call) => call.state === 'ringing')?.startedAt };
}

/** The number of calls in each state. */
class Tiles extends Pure {
  render({ ringing, waiting, talking, held, waits, rings }) {
    const tile = (state, count, since) => html`<div class="tile" data-tone=${state} data-none=${count === 0}>
      <span class="tile-name"><${Icon} name=${state} />${words.now.tiles[state]}</span>
      <span class="tile-count">${count}</span>
      ${count > 0 && Number.isFinite(since) && html`<span class="tile-more">${words.now.longest('')} <${Timer}
        since=${since} /></span>`}
    </div>`;
    return html`<div class="tiles">${tile('ringing', ringing, rings)}${tile('waiting', waiting, waits)}
      ${tile('talking', talking)}${tile('held', held)}</div>`;
  }
}
