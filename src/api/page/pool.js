// One pool: what it is now, what it did, day by day.

import { ask, listen } from './ask.js';
import { chart, clear } from './chart.js';
import { age, cards, el, number, round, section, share, short, since, table, time, usd, whole } from './text.js';

const SPANS = [30, 90, 365];

export async function pool(main, signal, address) {
  const head = el('div', {}), spans = el('div', { class: 'spans', role: 'group', 'aria-label': 'Days shown' }), charts = el('div', { class: 'pair' }), forecasts = el('div', {}), swaps = el('div', {});
  main.replaceChildren(el('p', { class: 'dim' }, 'reading…'));
  const now = await ask(`/api/features/${address}`, signal).catch(error => error);
  if (signal.aborted) return;
  if (now instanceof Error) return main.replaceChildren(el('h1', {}, short(address)), el('p', { class: 'bad', role: 'alert' }, now.message), el('p', {}, now.hint ?? ''));
  document.title = `${now.pool_name} · Tidegauge`;
  main.replaceChildren(head, spans, charts, forecasts, swaps);
  head.replaceChildren(...describe(now));
  const draw = async days => {
    for (const button of spans.children) button.setAttribute('aria-pressed', String(Number(button.dataset.days) === days));
    const rows = await history(address, days, signal).catch(error => error);
    if (signal.aborted) return;
    clear();
    charts.replaceChildren(...(rows instanceof Error ? [el('p', { class: 'dim' }, `No daily rows: ${rows.message}`)] : plots(rows)));
  };
  spans.replaceChildren(...SPANS.map(days => el('button', { type: 'button', 'data-days': String(days), onclick: () => draw(days) }, `${days} days`)));
  draw(SPANS[1]);
  latest(swaps, address, now.as_of.number, signal);
  outlook(forecasts, address, signal);
  document.addEventListener('theme', () => draw(Number(spans.querySelector('[aria-pressed=true]').dataset.days)), { signal });
  listen(`/api/stream?pools=${address}`, signal, (name, data) => {
    if (name !== 'features' || signal.aborted) return;
    head.replaceChildren(...describe(data));
    head.querySelector('.cards').classList.add('fresh');
    latest(swaps, address, data.as_of.number, signal);
  });
}

function describe(now) {
  const f = now.features;
  return [
    el('h1', {}, now.pool_name),
    el('p', { class: 'dim' }, el('code', {}, now.pool_address), ` · ${f.pool_class} · as of block ${whole(now.as_of.number)}, ${age(since(now.at))} ago`, now.covered_24h ? '' : ' · the last 24 hours are not collected whole'),
    cards([
      ['Volume, 24 h', usd(f.volume_usd_24h)],
      ['Fees, 24 h', usd(f.fees_usd_24h)],
      ['Swaps, 24 h', whole(f.swap_count_24h)],
      ['Users, 24 h', whole(f.unique_users_24h)],
      ['Price, token1 per token0', number(f.price_close)],
      ['Volatility, 7 days', share(f.volatility_7d)],
      ['Fee APR, 7 days', share(f.fee_apr_7d)],
      ['Trend, 3 days', f.trend_3d ?? '–'],
    ]),
  ];
}

/** The last days that are complete, however few they are. */
const history = async (address, days, signal) => (await ask(`/api/features/${address}/history?days=${days}`, signal)).rows;

function plots(rows) {
  const days = rows.map(row => Date.parse(row.date) / 1000);
  const of = name => rows.map(row => row.features[name] ?? null);
  return [
    chart('Price at the end of the day, token1 per token0', days, [{ label: 'Price', values: of('price_close'), as: number }]),
    chart('Volume', days, [{ label: 'Volume', values: of('volume_usd_24h'), as: usd, tick: round, bars: true }]),
    chart('Fees', days, [{ label: 'Fees', values: of('fees_usd_24h'), as: usd, tick: round, bars: true }]),
    chart('Fee APR over 7 days', days, [{ label: 'Fee APR', values: of('fee_apr_7d'), as: share }]),
    chart('Swaps and users', days, [{ label: 'Swaps', values: of('swap_count_24h'), as: whole }, { label: 'Users', values: of('unique_users_24h'), as: whole, color: '--warn' }]),
    chart('Volatility over 7 days', days, [{ label: 'Volatility', values: of('volatility_7d'), as: share }]),
  ];
}

const count = x => Number(x).toLocaleString('en-US', { maximumFractionDigits: 1 });
const TARGETS = [
  ['target_tx_3d_avg_ahead', 'Swaps a day, 3 days', count],
  ['target_tx_7d_avg_ahead', 'Swaps a day, 7 days', count],
  ['target_volume_usd_3d', 'Volume, 3 days', usd],
  ['target_volume_usd_7d', 'Volume, 7 days', usd],
  ['target_fee_apr_3d', 'Fee APR, 3 days', share],
  ['target_fee_apr_7d', 'Fee APR, 7 days', share],
];

/** What each model says of the days to come: the value, its 80 % interval, and how sure it is. */
async function outlook(part, address, signal) {
  const { models } = await ask('/api/models', signal).catch(() => ({ models: [] }));
  const asked = models.map(({ model }) => ask(`/api/predictions/${model}?pool=${address}`, signal).catch(() => null));
  const found = (await Promise.all(asked)).filter(answer => answer?.rows.length);
  if (signal.aborted || !found.length) return;
  const said = ({ rows }, name, as) => {
    const row = rows.find(row => row.target === name);
    if (!row) return '–';
    const small = text => [el('br', {}), el('small', { class: 'dim' }, text)];
    const between = row.interval_low == null ? [] : small(`${as(row.interval_low)} to ${as(row.interval_high)}`);
    const sure = row.confidence == null ? [] : small(`${Math.round(100 * row.confidence)} % within a quarter`);
    return el('span', {}, as(row.value), ...between, ...sure);
  };
  part.replaceChildren(section(`Forecasts from ${found[0].date}, with 80 % intervals`, table([
    ['', ([, title]) => title],
    ...found.map(answer => [answer.model, ([name, , as]) => said(answer, name, as), true]),
  ], TARGETS, '')));
}

async function latest(part, address, tip, signal) {
  const from = Math.max(0, tip - 3000);
  const found = await ask(`/api/swaps/${address}?from=${from}&limit=10000`, signal).catch(error => error);
  if (signal.aborted) return;
  const rows = found instanceof Error ? [] : found.rows.slice(-15).reverse();
  part.replaceChildren(section('Latest swaps', table([
    ['Block', swap => whole(swap.block_number)],
    ['Time (UTC)', swap => time(swap.timestamp)],
    ['Amount 0', swap => swap.token0_amount, true],
    ['Amount 1', swap => swap.token1_amount, true],
    ['Value', swap => usd(swap.volume_usd), true],
    ['Transaction', swap => el('code', { title: swap.tx_hash }, short(swap.tx_hash))],
  ], rows, 'none in the last blocks')));
}
