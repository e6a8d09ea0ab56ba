// Lines and bars over days, drawn by uPlot, with the same numbers as a table for those who cannot see them.

import { el, table } from './text.js';

const color = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const drawn = new Set();
const iso = seconds => new Date(seconds * 1000).toISOString().slice(0, 10);

/** Forgets all charts of a page that is left. */
export function clear() {
  for (const chart of drawn) chart.destroy();
  drawn.clear();
}

/**
 * A chart into a fresh element: `days` are unix seconds, each series is
 * {label, values, as (text of a value), tick? (a shorter one), bars?, color?, dash?}.
 */
export function chart(title, days, series) {
  const box = el('div', { class: 'chart', role: 'img', 'aria-label': describe(title, days, series) });
  const rows = days.map((day, i) => ({ day, i })).reverse();
  const columns = [['Day', ({ day }) => iso(day)], ...series.map(s => [s.label, ({ i }) => s.as(s.values[i]), true])];
  const data = el('details', {}, el('summary', {}, 'as a table'), el('div', { class: 'wide' }, table(columns, rows, 'nothing yet')));
  const part = el('section', {}, el('h2', {}, title), box, data);
  requestAnimationFrame(() => draw(box, days, series));
  return part;
}

function describe(title, days, series) {
  if (!days.length) return `${title}: nothing yet`;
  const last = series.map(s => `${s.label} ${s.as(s.values.findLast(v => v != null))}`).join(', ');
  return `${title}, ${days.length} days, last: ${last}`;
}

function draw(box, days, series) {
  if (!box.isConnected) return;
  const width = () => Math.max(240, box.clientWidth);
  const bars = uPlot.paths.bars({ size: [0.7, 24] });
  const line = { stroke: color('--dim'), grid: { stroke: color('--line'), width: 1 }, ticks: { stroke: color('--line') } };
  const made = new uPlot({
    width: width(), height: 190, tzDate: ts => uPlot.tzDate(new Date(ts * 1e3), 'Etc/UTC'),
    scales: { x: { time: true } },
    axes: [{ ...line, values: (_, ticks) => ticks.map(t => iso(t).slice(5)) }, { ...line, size: 70, values: (_, ticks) => ticks.map(t => (series[0].tick ?? series[0].as)(t)) }],
    series: [{ value: (_, t) => t == null ? '–' : iso(t), label: 'Day' }, ...series.map(s => ({
      label: s.label, stroke: color(s.color ?? '--sea'), width: 1.6, dash: s.dash, value: (_, v) => s.as(v),
      ...(s.bars ? { paths: bars, fill: color(s.color ?? '--sea') + '66', points: { show: false } } : {}),
    }))],
  }, [days, ...series.map(s => s.values)], box);
  drawn.add(made);
  new ResizeObserver(() => made.setSize({ width: width(), height: 190 })).observe(box);
}
