/* Saves people the puzzles: finds what solves the form's challenge (SHA-256 of challenge, ":" and a number begins with
   so many zero bits) in a worker while they write, and warns of numbers that are not needed. Without this script the
   same form is sent; the server then takes fewer of them. Nothing that is typed is kept or sent before the button. */
const K = new Uint32Array(64), START = new Uint32Array(8);
for (let n = 2, found = 0; found < 64; n++) {
  let prime = true;
  for (let d = 2; d * d <= n && prime; d++) prime = n % d > 0;
  if (!prime) continue;
  const part = (root) => Math.floor((root - Math.floor(root)) * 4294967296);
  if (found < 8) START[found] = part(Math.sqrt(n));
  K[found++] = part(Math.cbrt(n));
}
const W = new Uint32Array(64);
function mix(state, bytes, at) {
  for (let i = 0, p = at; i < 16; i++, p += 4) W[i] = (bytes[p] << 24) | (bytes[p + 1] << 16) | (bytes[p + 2] << 8) | bytes[p + 3];
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15], y = W[i - 2];
    W[i] = (W[i - 16] + W[i - 7] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10))) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const s = (h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const t = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + s) | 0; d = c; c = b; b = a; a = (s + t) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d; state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}
// All of the challenge that fills whole blocks is hashed once.
function solver(challenge) {
  const text = new TextEncoder().encode(`${challenge}:`), bits = Number(challenge.split('.')[1]);
  const whole = text.length - (text.length % 64), middle = START.slice(), rest = text.slice(whole), block = new Uint8Array(128);
  for (let at = 0; at < whole; at += 64) mix(middle, text, at);
  return (from, to) => {
    for (let n = from; n < to; n++) {
      const digits = String(n), end = rest.length + digits.length, size = end + 9 > 64 ? 128 : 64, length = (text.length + digits.length) * 8;
      block.fill(0);
      block.set(rest);
      for (let i = 0; i < digits.length; i++) block[rest.length + i] = digits.charCodeAt(i);
      block[end] = 0x80;
      block[size - 2] = length >>> 8;
      block[size - 1] = length;
      const state = middle.slice();
      for (let at = 0; at < size; at += 64) mix(state, block, at);
      if (bits === 0 || Math.clz32(state[0]) >= bits) return String(n);
    }
    return null;
  };
}

if (typeof document === 'undefined') {
  onmessage = ({ data }) => {
    const solve = solver(data);
    for (let n = 0; ; n += 10000) { const found = solve(n, n + 10000); if (found) return postMessage(found); }
  };
} else page();

function page() {
  const at = (id) => document.getElementById(id), form = at('anfrage'), solution = form.elements.namedItem('loesung');
  const challenge = form.elements.namedItem('pruefung').value;
  const inSlices = () => new Promise((done) => {
    const solve = solver(challenge);
    (function slice(n) { const found = solve(n, n + 3000); if (found) done(found); else setTimeout(slice, 0, n + 3000); })(0);
  });
  const solved = new Promise((done, fail) => {
    const worker = new Worker(import.meta.url, { type: 'module' });
    worker.onmessage = ({ data }) => { worker.terminate(); done(data); };
    worker.onerror = fail;
    worker.postMessage(challenge);
  }).catch(inSlices).then((found) => { solution.value = found; });

  let sending = false;
  form.addEventListener('submit', async (event) => {
    if (sending) return event.preventDefault(); // a second press is no second request
    sending = true;
    if (solution.value) return;
    event.preventDefault();
    at('arbeit').textContent = form.dataset.wait;
    // Whatever happens: it is sent.
    await Promise.race([solved, new Promise((done) => setTimeout(done, 30000))]);
    form.submit();
  });
  addEventListener('pageshow', ({ persisted }) => { if (persisted) sending = false; });

  // The rules are those of tickets/ticket.rs.
  const RULES = [['iban', /\bDE\d{2}(?:[ -]?\d){18}\b/], ['birth', /\b(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?:19\d\d|20[01]\d|2020)\b/],
    ['card', /\b\d(?:[ -]?\d){12,18}\b/], ['tax', /\b[1-9]\d(?: ?\d){9}\b/]];
  const text = at('text'), warning = at('warnung');
  const check = () => {
    const hit = RULES.find(([, rule]) => rule.test(text.value)), words = hit ? warning.dataset[hit[0]] : '';
    if (warning.textContent !== words) warning.textContent = words;
  };
  text.addEventListener('input', check);
  check();

  const files = at('dateien'), fault = at('dateien-fehler');
  files.addEventListener('change', () => {
    const size = [...files.files].reduce((all, file) => all + file.size, 0), large = size > Number(form.dataset.most);
    fault.hidden = !large;
    fault.lastElementChild.textContent = large ? form.dataset.large : '';
    files.setCustomValidity(large ? form.dataset.large : '');
  });
  document.querySelector('.kern-alert--danger a, [aria-invalid=true]')?.focus();
}
