// Charts of the last hour.

import * as api from './api.js';
import { minutes } from './minutes.js';
import { store } from './store.js';
import { onTheme } from './theme.js';
import { clock, delay, timer } from './time.js';
import { Component, createRef, html } from './ui.js';
import { describeError, words } from './words.js';

const POLL = 15_000;
const HEIGHT = 180;
/** Series differ by more than their colour: by bars or dashes. */
const DASHES = [6, 3];

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
      const [hour, { default: uPlot }] = await Promise.all([
        api.get('api/v1/charts'),
        import('../vendor/uplot/uPlot.esm.js'),
      ]);
      if (!this.left) this.setState({ hour: minutes(hour.minutes ?? []), uPlot, error: null });
    } catch (error) {
      store.onRequestError(error);
      if (!this.left) this.setState({ error: describeError(error) });
    }
  };

  render(_, { hour, uPlot, error, theme }) {
    const text = words.health;
    return html`<section class="charts" aria-labelledby="charts">
      <h2 id="charts">${text.charts}</h2>
      ${error && html`<p class="wrong" role="alert">${text.chartsFailed} ${error}</p>`}
      <div class="chart-row">
        ${hour &&
        charts(hour).map((chart) => html`<${Chart} key=${chart.steps + theme} uPlot=${uPlot} at=${hour.at} ...${chart} />`)}
      </div>
    </section>`;
  }
}

/** The charts: title, summary and lines of each. */
function charts({ sums, ...hour }) {
  const text = words.health;
  const { series } = text;
  const longest = (value) => value && seconds(value);
  return [
    {
      title: text.calling,
      summary: text.summary(sums.calls, sums.answered, sums.missed),
      steps: 'count',
      format: String,
      data: [hour.calls, hour.answered, hour.missed],
      lines: [
        { name: 'calls', label: series.calls, bar: 0.75 },
        { name: 'answered', label: series.answered },
        { name: 'missed', label: series.missed, bar: 0.4 },
      ],
    },
    {
      title: text.times,
      summary: text.timesSummary(longest(sums.ringMax), longest(sums.talkMax)),
      steps: 'seconds',
      format: seconds,
      data: [hour.ringMedian, hour.talkMedian],
      lines: [
        { name: 'ring', label: series.ring },
        { name: 'talk', label: series.talk, dash: DASHES },
      ],
    },
    {
      title: text.delays,
      summary: text.delaysSummary(delay(sums.delayMedian), sums.delayMax && delay(sums.delayMax)),
      steps: 'ms',
      format: delay,
      data: [hour.delayMedian, hour.delayMax],
      lines: [
        { name: 'median', label: series.median },
        { name: 'max', label: series.max, dash: DASHES },
      ],
    },
  ];
}

function seconds(value) {
  return timer(value * 1000);
}

/** One chart, drawn by uPlot, which gets new data and a new width as they change. */
class Chart extends Component {
  container = createRef();

  componentDidMount() {
    const container = this.container.current;
    this.plot = new this.props.uPlot(options(this.props, container, this.props.uPlot), this.data(), container);
    this.watcher = new ResizeObserver(
      () => container.clientWidth && this.plot.setSize({ width: container.clientWidth, height: HEIGHT }),
    );
    this.watcher.observe(container);
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
    return html`<figure class="panel chart"><figcaption><h3>${title}</h3><p class="dim">${summary}</p></figcaption>
      <div class="plot" ref=${this.container} role="img" aria-label=${`${title}: ${summary}`}></div></figure>`;
  }
}

/** The steps of an axis: whole calls, round times, milliseconds. */
const STEPS = {
  count: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000],
  seconds: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400],
  ms: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 3_600_000],
};

/** The positions of values without neighbours: there is no line to them, so a dot is drawn. */
function isolatedPoints(plot, series) {
  const values = plot.data[series];
  const alone = [];
  for (let at = 0; at < values.length; at += 1) {
    if (values[at] != null && values[at - 1] == null && values[at + 1] == null) alone.push(at);
  }
  return alone.length ? alone : null;
}

function options({ lines, format, steps }, container, uPlot) {
  const colour = (name) => resolveColour(container, `--chart-${name}`);
  const axis = {
    stroke: resolveColour(container, '--dim'),
    grid: { stroke: resolveColour(container, '--line'), width: 1 },
    ticks: { show: false },
    font: `11px ${getComputedStyle(container).fontFamily}`,
  };
  const minute = (time) => clock(time * 1000).slice(0, 5);
  const bars = (size, name) => ({ paths: uPlot.paths.bars({ size: [size, 14] }), fill: colour(`${name}-fill`), width: 0 });
  return {
    width: container.clientWidth || 300,
    height: HEIGHT,
    cursor: { y: false, points: { size: 6 } },
    scales: { x: { time: true }, y: { range: (_, least, most) => [0, Math.max(most == null ? 1 : most * 1.1, 1)] } },
    axes: [
      { ...axis, space: 60, size: 26, values: (_, times) => times.map(minute) },
      { ...axis, size: 52, incrs: STEPS[steps], values: (_, numbers) => numbers.map(format) },
    ],
    series: [
      { label: words.health.time, value: (_, time) => (time == null ? words.none : minute(time)) },
      ...lines.map(({ name, label, dash, bar }) => ({
        label,
        stroke: colour(name),
        width: 1.75,
        dash,
        value: (_, number) => (number == null ? words.none : format(number)),
        points: { show: false, size: 5, filter: isolatedPoints },
        ...(bar && bars(bar, name)),
      })),
    ],
  };
}

/** The value of the colour `name` in the current theme: a canvas does not understand variables. */
function resolveColour(container, name) {
  container.style.color = `var(${name})`;
  const { color } = getComputedStyle(container);
  container.style.color = '';
  return color;
}
