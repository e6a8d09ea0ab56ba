// The search box: a combobox that leads to a pool.

import { ask } from './ask.js';
import { el, short, whole } from './text.js';

const input = document.getElementById('q');
const list = document.getElementById('found');
let asked = null, timer = null;

const options = () => [...list.querySelectorAll('[role=option]')];
const chosen = () => list.querySelector('[aria-selected=true]');

function close() {
  list.hidden = true;
  input.setAttribute('aria-expanded', 'false');
  input.removeAttribute('aria-activedescendant');
}

function select(option) {
  for (const other of options()) other.setAttribute('aria-selected', String(other === option));
  if (!option) return;
  input.setAttribute('aria-activedescendant', option.id);
  option.scrollIntoView({ block: 'nearest' });
}

function go(option) {
  if (!option) return;
  location.hash = `#/pool/${option.dataset.pool}`;
  input.value = '';
  close();
}

async function look() {
  asked?.abort();
  const text = input.value.trim();
  if (!text) return close();
  asked = new AbortController();
  const found = await ask(`/api/search?limit=12&q=${encodeURIComponent(text)}`, asked.signal).catch(error => error);
  if (found.name === 'AbortError') return;
  const rows = found.rows ?? [];
  list.replaceChildren(...rows.map((row, i) => el('li', { role: 'option', id: `found-${i}`, 'aria-selected': 'false', 'data-pool': row.pool_address },
    el('span', {}, row.pool_name), el('span', { class: 'dim' }, `${short(row.pool_address)} · ${whole(row.swaps_last_day)} swaps`))));
  if (!rows.length) list.replaceChildren(el('li', { class: 'none dim' }, found.message ?? 'no pool is called that'));
  list.hidden = false;
  input.setAttribute('aria-expanded', 'true');
  select(options()[0]);
}

input.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(look, 150) });
input.addEventListener('keydown', event => {
  const all = options(), at = all.indexOf(chosen());
  if (event.key === 'ArrowDown') select(all[Math.min(at + 1, all.length - 1)]);
  else if (event.key === 'ArrowUp') select(all[Math.max(at - 1, 0)]);
  else if (event.key === 'Enter') go(chosen());
  else if (event.key === 'Escape') close();
  else return;
  event.preventDefault();
});
list.addEventListener('mousedown', event => { event.preventDefault(); go(event.target.closest('[role=option]')) });
input.addEventListener('blur', close);
