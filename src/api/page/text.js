// Numbers and elements as people read them.

export const whole = x => x == null ? '–' : Number(x).toLocaleString('en-US');
export const usd = x => {
  if (x == null) return '–';
  const v = Number(x), a = Math.abs(v);
  for (const [size, unit] of [[1e9, 'B'], [1e6, 'M'], [1e3, 'K']]) if (a >= size) return `$${(v / size).toFixed(2)}${unit}`;
  return `$${v.toFixed(2)}`;
};
/** Dollars for an axis. */
export const round = x => usd(x).replace(/\.?0+(?=[KMB]?$)/, '');
export const share = x => x == null ? '–' : `${(100 * x).toFixed(Math.abs(x) < 0.1 ? 2 : 1)} %`;
export const number = x => x == null ? '–' : Number(x).toLocaleString('en-US', { maximumSignificantDigits: 6 });
export const bytes = b => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let i = 0;
  while (b >= 1024 && i < 4) { b /= 1024; i++ }
  return `${b.toFixed(i ? 1 : 0)} ${units[i]}`;
};
export const age = s => s < 90 ? `${Math.round(s)} s` : s < 5400 ? `${Math.round(s / 60)} min` : s < 172800 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} d`;
export const milliseconds = x => x == null ? '–' : x < 10 ? `${x.toFixed(1)} ms` : `${Math.round(x)} ms`;
export const time = s => new Date(s * 1000).toISOString().slice(0, 19).replace('T', ' ');
export const short = hash => `${hash.slice(0, 8)}…${hash.slice(-4)}`;
export const since = s => Math.max(0, Math.round(Date.now() / 1000 - s));

/** An element with attributes and children; text is never read as HTML. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (key in element && typeof value !== 'string') element[key] = value; else element.setAttribute(key, value);
  }
  element.append(...children.flat().filter(child => child != null && child !== false));
  return element;
}

export const section = (title, ...children) => el('section', { class: 'wide' }, el('h2', {}, title), ...children);
export const cards = list => el('div', { class: 'cards' }, list.map(([label, value, kind]) => el('div', { class: 'card' }, el('b', { class: kind ?? '' }, value), el('span', {}, label))));

/** A table; columns are [title, cell(row), numeric?]. */
export function table(columns, rows, nothing) {
  if (!rows.length) return el('p', { class: 'dim' }, nothing);
  const kind = numeric => numeric ? 'n' : '';
  return el('table', {},
    el('thead', {}, el('tr', {}, columns.map(([title, , numeric]) => el('th', { scope: 'col', class: kind(numeric) }, title)))),
    el('tbody', {}, rows.map(row => el('tr', {}, columns.map(([, cell, numeric]) => {
      const made = cell(row);
      return made instanceof HTMLTableCellElement ? made : el('td', { class: kind(numeric) }, made);
    })))));
}
