// Which page is shown, and the theme.

import { ask } from './ask.js';
import { clear } from './chart.js';
import { overview, stage } from './overview.js';
import { pool } from './pool.js';
import './search.js';

const main = document.getElementById('content');
let left = new AbortController();

function show() {
  left.abort();
  left = new AbortController();
  clear();
  document.title = 'Tidegauge';
  const found = location.hash.match(/^#\/pool\/(0x[0-9a-fA-F]{40})$/);
  if (!found) return overview(main, left.signal);
  const { signal } = left;
  pool(main, signal, found[1].toLowerCase());
  const tick = async () => {
    const status = await ask('/api/status', signal).catch(error => error);
    if (signal.aborted) return;
    stage(status instanceof Error ? { error: `no answer from the collector (${status.message})` } : status.collector);
    setTimeout(tick, 5000);
  };
  tick();
}

document.getElementById('theme').addEventListener('click', () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  try { localStorage.setItem('theme', root.dataset.theme) } catch { /* storage may be forbidden */ }
  document.dispatchEvent(new Event('theme'));
});

addEventListener('hashchange', () => { show(); main.focus() });
show();
