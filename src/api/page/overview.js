// The first page: is it healthy, how far is it, what is it collecting.

import { ask } from './ask.js';
import { age, bytes, cards, el, milliseconds, section, share, short, since, table, time, usd, whole } from './text.js';

const EVERY_MS = 2000;
const ALERTS_EVERY_MS = 15000;
const ALERTS_SHOWN = 10;
const RATES = 300;

export function overview(main, signal) {
  const parts = Object.fromEntries(['troubles', 'cards', 'rate', 'coverage', 'mirrors', 'daily', 'top', 'swaps', 'endpoints', 'alerts'].map(name => [name, el('div', {})]));
  main.replaceChildren(el('h1', {}, 'The collector'), parts.troubles, parts.cards, el('div', { class: 'pair' }, parts.rate, parts.coverage), parts.mirrors, parts.daily, parts.top, parts.swaps, parts.endpoints, parts.alerts);
  const rates = [];
  let last = null, day = null;
  const show = status => {
    const now = Date.now() / 1000, swaps = status.counters.swaps;
    if (last && now > last.now) rates.push(Math.max(0, (swaps - last.swaps) / (now - last.now)));
    last = { now, swaps };
    rates.splice(0, rates.length - RATES);
    parts.troubles.replaceChildren(...troubles(status.troubles));
    parts.cards.replaceChildren(numbers(status));
    parts.rate.replaceChildren(rate(rates));
    parts.coverage.replaceChildren(coverage(status));
    parts.mirrors.replaceChildren(...mirrors(status.mirrors));
    parts.daily.replaceChildren(...daily(status.daily));
    parts.swaps.replaceChildren(latest(status.latest_swaps));
    parts.endpoints.replaceChildren(endpoints(status.collector));
    const today = status.tip?.timestamp && Math.floor(status.tip.timestamp / 86400);
    if (today && today !== day) { day = today; top(parts.top, today, signal) }
  };
  const tick = async () => {
    const status = await ask('/api/status', signal).catch(error => error);
    if (signal.aborted) return;
    if (status instanceof Error) stage({ error: `no answer from the collector (${status.message})` });
    else { stage(status.collector); show(status) }
    setTimeout(tick, EVERY_MS);
  };
  tick();
  const look = async () => {
    const found = await ask('/api/alerts', signal).catch(error => error);
    if (signal.aborted) return;
    if (!(found instanceof Error)) parts.alerts.replaceChildren(...alerts(found));
    setTimeout(look, ALERTS_EVERY_MS);
  };
  look();
}

/** The line in the head of every page. */
export function stage(collector) {
  const line = document.getElementById('stage');
  const error = collector.error ?? collector.last_error;
  const text = (collector.error ? '' : collector.stage) + (error ? `${collector.error ? '' : ': '}${error}` : '');
  if (line.textContent !== text) line.textContent = text;
  line.title = text;
  line.className = error ? 'bad' : collector.stage === 'following' ? 'good' : 'warn';
}

function numbers({ counters, tip, collector, disk_bytes, chain_id, disputes }) {
  const lag = collector.lag_blocks, old = tip?.timestamp == null ? null : since(tip.timestamp);
  return cards([
    [`Tip of chain ${chain_id}`, tip ? whole(tip.number) : '–'],
    ['Blocks behind the head', whole(lag), lag > 5 ? 'warn' : ''],
    ['Age of the tip', old == null ? '–' : age(old)],
    ['Swaps', whole(counters.swaps)],
    ['Pools', whole(counters.pools_accepted)],
    ['Until durable, half', milliseconds(collector.commit_latency.p50_ms)],
    ['Reorganisations', whole(collector.tail.reorgs)],
    ['In dispute', whole(disputes), disputes ? 'warn' : ''],
    ['On disk', bytes(disk_bytes)],
  ]);
}

function rate(rates) {
  const peak = Math.max(1, ...rates), at = (r, i) => `${(600 * i / Math.max(1, rates.length - 1)).toFixed(1)},${(62 - 58 * r / peak).toFixed(1)}`;
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const set = (element, values) => Object.entries(values).forEach(([key, value]) => element.setAttribute(key, value));
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'polyline');
  const now = rates.at(-1) ?? 0;
  set(svg, { viewBox: '0 0 600 64', width: '100%', height: 64, preserveAspectRatio: 'none', role: 'img', 'aria-label': `Swaps a second since this page was opened, now ${now.toFixed(1)}` });
  set(line, { points: rates.map(at).join(' '), fill: 'none', stroke: 'var(--sea)', 'stroke-width': 1.6, 'vector-effect': 'non-scaling-stroke' });
  svg.append(line);
  return section('Swaps a second, since this page was opened', svg, el('p', { class: 'dim' }, `now ${now.toFixed(1)}, at most ${(rates.length ? peak : 0).toFixed(1)}`));
}

function coverage({ coverage, evidence_blocks, start, tip, finalized }) {
  const strip = el('div', { class: 'strip', role: 'img' }, coverage.map(range => el('i', { class: range.evidence, style: `flex-grow:${range.to - range.from + 1}`, title: `${whole(range.from)} to ${whole(range.to)}: ${range.evidence}` })));
  const by = Object.entries(evidence_blocks).filter(([, blocks]) => blocks).map(([level, blocks]) => `${whole(blocks)} by ${level}`).join(', ');
  const text = tip ? `Blocks ${whole(start)} to ${whole(tip.number)}, final to ${whole(finalized)}: ${by}` : 'nothing yet';
  strip.setAttribute('aria-label', text);
  return section('Coverage and evidence', strip, el('p', { class: 'dim' }, text));
}

function mirrors({ postgres, s3, snapshots }) {
  const behind = m => m.lag_blocks ? `${whole(m.lag_blocks)} blocks${m.lag_seconds == null ? '' : `, ${age(m.lag_seconds)}`}` : 'none';
  const rows = [];
  if (postgres) rows.push({ name: 'Postgres', m: postgres, state: postgres.phase, at: postgres.block, lag: behind(postgres), said: `${whole(postgres.rows)} swaps written since the start` });
  if (s3) rows.push({ name: 'Lake', m: s3, state: s3.phase, at: s3.block, lag: behind(s3), said: `${whole(s3.rows)} rows in ${whole(s3.objects)} objects, ${bytes(s3.bytes)}` });
  if (snapshots) rows.push({ name: 'Snapshots', m: snapshots, state: snapshots.under_way ? 'under way' : 'waiting for the next', at: snapshots.block, lag: snapshots.taken_at == null ? '–' : `${age(since(snapshots.taken_at))} old`, said: snapshots.bytes == null ? 'none since the start' : `${bytes(snapshots.bytes)}, of which ${bytes(snapshots.uploaded_bytes)} were new` });
  if (!rows.length) return [];
  return [section('Mirrors', table([
    ['Mirror', row => row.name],
    ['State', row => el('td', { class: row.m.last_error ? 'bad' : 'good' }, row.m.last_error ? 'failing' : row.state.replace('_', ' '))],
    ['At block', row => whole(row.at), true],
    ['Behind the store', row => row.lag],
    ['', row => row.m.last_error ?? row.said],
  ], rows, ''))];
}

function troubles(list) {
  if (!list.length) return [];
  return [section('Troubles', table([
    ['', row => el('td', { class: row.severity === 'page' ? 'bad' : 'warn' }, row.severity)],
    ['Rule', row => row.rule],
    ['Since (UTC)', row => time(row.since)],
    ['', row => row.summary],
    ['What to do', row => el('code', {}, row.runbook)],
  ], list, ''))];
}

function alerts({ told, sinks, heard }) {
  const sections = [], kind = alert => alert.state === 'recovered' ? 'good' : alert.severity === 'page' ? 'bad' : 'warn';
  if (told.length) sections.push(section('What was told', table([
    ['Time (UTC)', alert => time(alert.at)],
    ['', alert => el('td', { class: kind(alert) }, alert.state)],
    ['Severity', alert => alert.severity],
    ['Rule', alert => alert.rule],
    ['', alert => alert.summary],
  ], told.slice(0, ALERTS_SHOWN), ''), told.length > ALERTS_SHOWN && el('p', { class: 'dim' }, `the latest ${ALERTS_SHOWN} of ${told.length}; all in /api/alerts`)));
  if (sinks.length) sections.push(section('To whom', table([
    ['Place', sink => sink.name],
    ['Waiting', sink => el('td', { class: sink.waiting ? 'n warn' : 'n' }, whole(sink.waiting)), true],
    ['Given up', sink => el('td', { class: sink.given_up ? 'n bad' : 'n' }, whole(sink.given_up)), true],
    ['', sink => sink.last_error ?? ''],
  ], sinks, '')));
  if (heard.length) sections.push(section('What others told us', table([
    ['Time (UTC)', message => time(message.at)],
    ['From', message => message.from],
    ['', message => typeof message.said === 'string' ? message.said : JSON.stringify(message.said)],
  ], heard.slice(0, ALERTS_SHOWN), '')));
  return sections;
}

function daily({ jobs, daily_at, success_rate, success_rate_wanted, job_seconds_wanted, features_seconds_wanted }) {
  if (!jobs.length) return [];
  const took = (seconds, wanted) => seconds == null ? '–' : el('span', { class: seconds > wanted ? 'warn' : '' }, seconds ? age(seconds) : 'under 1 s');
  const step = (job, name) => job.steps.find(step => step.name === name);
  const now = job => job.steps.length ? `${job.steps.at(-1).name}: ${job.steps.at(-1).said}` : '';
  const rate = success_rate == null ? '' : el('p', { class: success_rate < success_rate_wanted ? 'warn' : 'dim' }, `${share(success_rate)} of the last 30 days are complete; ${share(success_rate_wanted)} are wanted. Each day's job is due at ${daily_at} UTC.`);
  return [section('Daily job', table([
    ['Day', job => job.day],
    ['State', job => el('td', { class: job.complete == null ? 'warn' : job.complete ? 'good' : 'bad' }, job.complete == null ? 'under way' : job.complete ? 'complete' : 'not complete')],
    ['Took', job => took(job.took_s, job_seconds_wanted), true],
    ['Of it, features', job => took(step(job, 'features')?.took_s, features_seconds_wanted), true],
    ['', job => job.ended_at == null ? now(job) : step(job, 'collected')?.said ?? ''],
  ], jobs, ''), rate)];
}

async function top(part, today, signal) {
  for (const back of [1, 2]) {
    const date = new Date((today - back) * 86400e3).toISOString().slice(0, 10);
    const found = await ask(`/api/pools/${date}?sort=-volume_usd_24h&limit=12`, signal).catch(error => error);
    if (signal.aborted) return;
    if (found instanceof Error) continue;
    part.replaceChildren(section(`Top pools of ${date}, ${whole(found.total)} in all (${found.status})`, table([
      ['Pool', row => el('a', { href: `#/pool/${row.pool_address}` }, row.pool_name)],
      ['Volume', row => usd(row.features.volume_usd_24h), true],
      ['Fees', row => usd(row.features.fees_usd_24h), true],
      ['Swaps', row => whole(row.features.swap_count_24h), true],
      ['Users', row => whole(row.features.unique_users_24h), true],
      ['Class', row => row.features.pool_class],
    ], found.rows, 'no pool had a swap')));
    return;
  }
  part.replaceChildren(section('Top pools', el('p', { class: 'dim' }, 'no day is complete yet')));
}

function latest(swaps) {
  return section('Latest swaps', table([
    ['Block', swap => whole(swap.block)],
    ['Time (UTC)', swap => time(swap.timestamp)],
    ['Pool', swap => el('a', { href: `#/pool/${swap.pool}` }, swap.pool_name)],
    ['Amount 0', swap => swap.amount0, true],
    ['Amount 1', swap => swap.amount1, true],
    ['Transaction', swap => el('code', { title: swap.tx_hash }, short(swap.tx_hash))],
  ], swaps, 'none yet'));
}

function endpoints({ endpoints, tail }) {
  const kind = state => state === 'healthy' ? 'good' : ['open', 'quarantined'].includes(state) ? 'bad' : 'warn';
  const median = endpoint => (endpoint.latency.find(l => l.method === 'eth_getBlockReceipts') ?? endpoint.latency.find(l => l.method !== 'eth_chainId'))?.p50_ms;
  const against = endpoint => endpoint.contradictions.reduce((sum, c) => sum + c.count, 0);
  return section(`Endpoints (new blocks are ${tail.announced ? 'announced' : 'polled'})`, table([
    ['Endpoint', e => e.endpoint],
    ['State', e => el('td', { class: kind(e.state), title: e.last_error }, e.state)],
    ['Health', e => `${Math.round(100 * e.health)} %`, true],
    ['Median', e => milliseconds(median(e)), true],
    ['Requests', e => whole(e.requests), true],
    ['Compute units', e => whole(e.billed_cu), true],
    ['Refuted', e => el('td', { class: 'n', title: e.contradictions.map(c => c.last).join('\n') }, whole(against(e))), true],
  ], endpoints, 'none has answered yet'));
}

