// Charts of the last hour.

import * as api from './api.js';
import { minutes } from './minutes.js';
import { store } from './store.js';
import { onTheme } from './theme.js';
import { clock, delay, timer } from './time.js';
import { Component, createRef, html } from './ui.js';
import { why, words } from './words.js';

const POLL = 15_000;
const HEIGHT = 180;

export class Charts extends Component {
  state = { hour: null, error: null, theme: 0 };

  componentDidMount() {
    this.timer = setInterval(() => document.hidden || this.load(), POLL);
    this.endTheme = onTheme(() => this.setState(({ theme }) => ({ theme: theme + 1 })));
    this.load();
  }

  componentWillUnmount() {
    this.left = true;
    clearInterval(this.timer);
    this.endTheme();
  }

  load = async () => {
    try {
      const [hour, { default: uPlot }] = await Promise.all([api.get('api/v1/charts'), import('../vendor/uplot/uPlot.esm.js')]);
      if (!this.left) this.setState({ hour: minutes(hour.minutes ?? []), uPlot, error: null });
    } catch (error) {
      store.refused(error);
      if (!this.left) this.setState({ error: why(error) });
    }
  };

  render(_, { hour, uPlot, error, theme }) {
    const text = words.health;
    const { series } = text;
    const line = (name, label, format) => ({ name, label, format });
    return html`<section class="charts" aria-labelledby="charts"><h2 id="charts">${text.charts}</h2>
      ${error && html`<p class="wrong" role="alert">${text.chartsFailed} ${error}</p>`}
      ${hour && html`<div class="chart-row">
        <${Chart} key=${`calls${theme}`} uPlot=${uPlot} title=${text.calling} summary=${text.summary(hour.sums.calls, hour.sums.answered, hour.sums.missed)} at=${hour.at} data=${[hour.calls, hour.answered, hour.missed]} bars=${true} steps="count"
          lines=${[line('calls', series.calls, String), line('answered', series.answered, String), line('missed', series.missed, String)]} />
        <${Chart} key=${`times${theme}`} uPlot=${uPlot} title=${text.times} summary=${text.timesSummary(hour.sums.ringMax && timer(hour.sums.ringMax * 1000), hour.sums.talkMax && timer(hour.sums.talkMax * 1000))} at=${hour.at} data=${[hour.ringMedian, hour.talkMedian]} steps="seconds"
          lines=${[line('ring', series.ring, seconds), line('talk', series.talk, seconds)]} />
        <${Chart} key=${`delays${theme}`} uPlot=${uPlot} title=${text.delays} summary=${text.delaysSummary(delay(hour.sums.delayMedian), hour.sums.delayMax && delay(hour.sums.delayMax))} at=${hour.at} data=${[hour.delayMedian, hour.delayMax]} steps="ms"
          lines=${[line('median', series.median, delay), line('max', series.max, delay)]} />
      </div>`}
    </section>`;
  }
}

function seconds(value) {
  return timer(value * 1000);
}

/** One chart. uPlot draws it; it is told of new data and of its width. */
class Chart extends Component {
  place = createRef();

  componentDidMount() {
    const place = this.place.current;
    this.plot = new this.props.uPlot(options(this.props, place, this.props.uPlot), this.data(), place);
    this.watcher = new ResizeObserver(() => place.clientWidth && this.plot.setSize({ width: place.clientWidth, height: HEIGHT }));
    this.watcher.observe(place);
  }

  componentDidUpdate() {
    this.plot.setData(this.data());
  }

  componentWillUnmount() {
    this.watcher.disconnect();
    this.plot.destroy();
  }

  data() {
    return [this.props.at, ...this.props.data];
  }

  render({ title, summary }) {
    return html`<figure class="panel chart"><figcaption><h3>${title}</h3><p class="dim">${summary}</p></figcaption><div class="plot" ref=${this.place} role="img" aria-label=${`${title}: ${summary}`}></div></figure>`;
  }
}

/** Steps of an axis: whole calls, times that people say, thousandths of a second. */
const STEPS = {
  count: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000],
  seconds: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400],
  ms: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 3_600_000],
};

/** The places of values that have none beside them: no line goes there, so a dot is drawn. */
function lonely(plot, series) {
  const values = plot.data[series];
  const alone = [];
  for (let at = 0; at < values.length; at += 1) {
    if (values[at] != null && values[at - 1] == null && values[at + 1] == null) alone.push(at);
  }
  return alone.length ? alone : null;
}

/** Series are told apart by more than their colour: by dashes, or as bars of a width. */
const DASH = [undefined, [6, 3]];
const BARS = { calls: 0.75, missed: 0.4 };

function options({ lines, bars, steps }, place, uPlot) {
  const colour = (name) => resolved(place, `--chart-${name}`);
  const font = `11px ${getComputedStyle(place).fontFamily}`;
  const axis = { stroke: resolved(place, '--dim'), grid: { stroke: resolved(place, '--line'), width: 1 }, ticks: { show: false }, font };
  const value = (format) => (_, number) => (number == null ? words.none : format(number));
  return {
    width: place.clientWidth || 300,
    height: HEIGHT,
    cursor: { y: false, points: { size: 6 } },
    legend: { live: true },
    scales: { x: { time: true }, y: { range: (_, least, most) => [0, Math.max(most == null ? 1 : most * 1.1, 1)] } },
    axes: [
      { ...axis, space: 60, size: 26, values: (_, splits) => splits.map((time) => clock(time * 1000).slice(0, 5)) },
      { ...axis, size: 52, incrs: STEPS[steps], values: (_, splits) => splits.map(lines[0].format) },
    ],
    series: [
      { value: (_, time) => (time == null ? words.none : clock(time * 1000).slice(0, 5)), label: '' },
      ...lines.map(({ name, label, format }, at) => ({
        label,
        stroke: colour(name),
        width: 1.75,
        dash: bars ? undefined : DASH[at],
        value: value(format),
        points: { show: false, size: 5, filter: lonely },
        spanGaps: false,
        ...(bars && BARS[name] && { paths: uPlot.paths.bars({ size: [BARS[name], 14] }), fill: colour(`${name}-fill`), width: 0 }),
      })),
    ],
  };
}

/** What the colour `name` of the style sheet comes to in the theme that holds: a canvas understands no variables. */
function resolved(place, name) {
  place.style.color = `var(${name})`;
  const { color } = getComputedStyle(place);
  place.style.color = '';
  return color;
}
