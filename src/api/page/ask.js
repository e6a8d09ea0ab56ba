// Asking the server, with a token where it wants one.

const dialog = document.getElementById('access');
const input = document.getElementById('token');

/** A refusal, in the server's words. */
export class Refused extends Error {
  constructor(status, error) {
    super(error?.message ?? `HTTP ${status}`);
    this.status = status;
    this.hint = error?.hint ?? '';
    this.progress = error?.progress;
  }
}

const headers = () => {
  const token = sessionStorage.getItem('token');
  return token ? { authorization: `Bearer ${token}` } : {};
};

let asking = null;
/** Asks the person for a token; those who ask meanwhile wait for the same answer. */
function token() {
  asking ??= new Promise(resolve => {
    dialog.showModal();
    dialog.addEventListener('close', () => {
      if (input.value) sessionStorage.setItem('token', input.value.trim());
      input.value = '';
      asking = null;
      resolve();
    }, { once: true });
  });
  return asking;
}

async function open(path, options) {
  for (;;) {
    const response = await fetch(path, { ...options, headers: { ...headers(), ...options?.headers } });
    if (response.ok) return response;
    const body = await response.json().catch(() => null);
    if (response.status !== 401) throw new Refused(response.status, body?.error);
    await token();
  }
}

/** A document. */
export const ask = async (path, signal) => (await open(path, { signal })).json();

/** Calls `heard(name, data)` for every event until `signal` ends it; comes back after a break. */
export async function listen(path, signal, heard) {
  let last = null;
  while (!signal.aborted) {
    try {
      const response = await open(path, { signal, headers: last ? { 'last-event-id': last } : {} });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
        const parts = text.split('\n\n');
        text = parts.pop();
        for (const part of parts) {
          const field = name => part.split('\n').find(line => line.startsWith(name + ':'))?.slice(name.length + 1).trim();
          if (!field('event')) continue;
          last = field('id') ?? last;
          heard(field('event'), JSON.parse(field('data')));
        }
      }
    } catch (error) {
      if (signal.aborted) return;
    }
    await new Promise(resolve => setTimeout(resolve, 2000));
  }
}
