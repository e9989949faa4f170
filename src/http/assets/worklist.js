/* Saves time in the list of work: keys, and what changes meanwhile. Rows never move by themselves: what is new waits
   behind a button, what changed elsewhere is renewed in its place and marked. The page is the truth: what is shown anew
   is read from the same address, without counting as use of the session. */
import { areKeysOff, followSwitch } from './keys.js';

const at = (id) => document.getElementById(id);
const script = at('skript'), lage = at('lage'), words = lage.dataset, said = at('gesagt'), stand = at('lage-stand');
const body = at('zeilen'), form = at('arbeit'), region = at('liste'), dialog = at('hilfe');
const rows = () => [...body.rows];
const link = (row) => row?.querySelector('th a');
const element = (tag, text, attributes = {}) => {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};
const memory = {
  get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
  put: (key, value) => { try { localStorage.setItem(key, value); } catch { /* then it holds for this page */ } },
};

// What was just done is said once: a reload or the way back does not repeat it.
const here = new URL(location.href);
if (here.searchParams.has('getan')) { here.searchParams.delete('getan'); history.replaceState(history.state, '', here); }

// ---- The row one is at: where the focus is; the last one also while the focus is elsewhere. ----
let current = null;
function mark(row) {
  if (current) current.removeAttribute('aria-current');
  current = row;
  if (row) row.setAttribute('aria-current', 'true');
}
function go(row) {
  if (!row) return;
  mark(row);
  link(row).focus({ preventScroll: true });
  row.scrollIntoView({ block: 'nearest' });
}
body.addEventListener('focusin', (event) => mark(event.target.closest('tr')));
const step = (by) => {
  const all = rows(), now = all.indexOf(current);
  go(now < 0 ? all[by > 0 ? 0 : all.length - 1] : all[Math.min(all.length - 1, Math.max(0, now + by))]);
};
// After the way back from a request one is where one was.
const kept = sessionStorage.getItem('lotse-row');
if (kept && at(kept) && performance.getEntriesByType('navigation')[0]?.type === 'back_forward') mark(at(kept));
body.addEventListener('click', (event) => { const to = event.target.closest('th a'); if (to) sessionStorage.setItem('lotse-row', to.closest('tr').id); });

// ---- Choosing several ----
const ticks = () => [...body.querySelectorAll('[name=anfrage]')];
const bar = at('sammeln'), chosenWords = at('gewaehlt');
let all = null;
function count() {
  const many = ticks().filter((tick) => tick.checked).length;
  if (bar) { bar.hidden = !many; chosenWords.textContent = `${many} ${words.chosen}`; }
  at('tasten').hidden = many > 0;
  if (all) { all.checked = many > 0 && many === ticks().length; all.indeterminate = many > 0 && !all.checked; }
}
if (bar) {
  const head = region.querySelector('thead .lo-c-choose');
  all = element('input', '', { type: 'checkbox', class: 'lo-tick', 'aria-label': words.all });
  all.onchange = () => { for (const tick of ticks()) tick.checked = all.checked; count(); };
  head.replaceChildren(all);
  body.addEventListener('change', count);
}

// ---- What the page says of itself ----
let fresh = 0, lost = null, newer = null, spoken = '';
const inSeconds = () => words.try.replace('#', lost.left);
function say() {
  let shown = [];
  lage.classList.toggle('lo-warn', Boolean(lost));
  stand.hidden = true;
  if (lost?.out) shown = [element('span', words.out, { class: 'lo-st lo-st--late lo-st--free' }), ' ', element('a', words.logIn, { class: 'kern-link', href: `/anmelden?${new URLSearchParams({ weiter: location.pathname + location.search })}` })];
  else if (lost) {
    const again = element('button', words.now, { type: 'button', class: 'lo-textbtn' });
    again.onclick = () => connect();
    const when = element('span', inSeconds(), { 'aria-hidden': 'true', class: 'lo-num' });
    shown = [element('span', `${words.lost.replace('#', words.stand)} ${words.safe}`, { class: 'lo-st lo-st--late lo-st--free' }), ' ', when, ' ', again];
  } else if (fresh) {
    const button = element('button', `${fresh} ${fresh === 1 ? words.newOne : words.new} `, { type: 'button', class: 'lo-news', [areKeysOff() ? 'data-shortcut' : 'aria-keyshortcuts']: 'N' });
    button.append(element('kbd', 'N', { 'aria-hidden': 'true' }));
    button.onclick = showNew;
    shown = [button];
  } else if (spoken) shown = [spoken];
  else stand.hidden = false;
  // A live region speaks when it changes; a countdown is not worth hearing.
  const countdown = lost && !lost.out && said.querySelector('.lo-num');
  if (countdown) { countdown.textContent = inSeconds(); return; }
  said.replaceChildren(...shown);
}
function tell(text) {
  spoken = text;
  say();
  clearTimeout(tell.over);
  tell.over = setTimeout(() => { spoken = ''; say(); }, 8000);
}

// ---- Renewing from the page itself ----
const quiet = { headers: { 'x-lotse-by-itself': '1' }, credentials: 'same-origin', redirect: 'manual' };
async function read() {
  const answer = await fetch(location.href, quiet);
  if (answer.type === 'opaqueredirect' || answer.status === 403) { end(); return null; }
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}
// Everything but what time alone changes.
const content = (row) => [...row.cells].filter((cell) => !cell.matches('.lo-c-due, .lo-c-choose')).map((cell) => cell.textContent.trim()).join('|');
const before = new Map(rows().map((row) => [row.id, content(row)]));
function note(row, text, sign) {
  row.classList.add(sign);
  const line = row.querySelector('.lo-c-state small');
  const own = line.dataset.own ??= line.textContent;
  // Of what has left the view, the line before is not true any more.
  line.replaceChildren(element('strong', text, { class: 'lo-noted' }), ...(sign === 'lo-gone' || !own ? [] : [' · ', own]));
}
function renew(row, from) {
  const focus = document.activeElement;
  const was = row.contains(focus) ? (focus.name || 'link') : null;
  const tick = row.querySelector('[name=anfrage]')?.checked;
  [...row.cells].forEach((cell, n) => { const next = from.cells[n]; if (next && cell.innerHTML !== next.innerHTML) cell.innerHTML = next.innerHTML; });
  const ticked = row.querySelector('[name=anfrage]');
  if (ticked && tick) ticked.checked = true;
  if (was && !row.contains(document.activeElement)) (row.querySelector(`[name="${was}"]`) ?? link(row)).focus({ preventScroll: true });
}
function take(page) {
  const theirs = new Map([...page.querySelectorAll('#zeilen > tr')].map((row) => [row.id, row]));
  for (const row of rows()) {
    const from = theirs.get(row.id);
    if (!from) continue;
    const next = content(from);
    if (before.get(row.id) !== next) { before.set(row.id, next); renew(row, from); note(row, words.changed, 'lo-changed'); row.classList.remove('lo-gone'); }
    else if (!row.matches('.lo-changed, .lo-fresh')) renew(row, from);
    else row.querySelector('.lo-c-due').innerHTML = from.querySelector('.lo-c-due').innerHTML;
  }
  // A row that is missing has left the view, unless it only slid beyond the end of the page.
  const mine = rows(), lastCommon = mine.findLastIndex((row) => theirs.has(row.id)), isCut = page.querySelector('#seiten [rel=next]');
  mine.forEach((row, n) => { if (!theirs.has(row.id) && (!isCut || n < lastCommon) && !row.matches('.lo-gone')) { note(row, words.gone, 'lo-gone'); const tick = row.querySelector('[name=anfrage]'); if (tick) { tick.checked = false; tick.disabled = true; } row.querySelector('[name=eine]')?.remove(); } });
  const known = new Set(mine.map((row) => row.id));
  fresh = [...theirs.keys()].filter((id) => !known.has(id)).length;
  newer = page;
  document.querySelectorAll('.lo-filter a').forEach((tab, n) => { const next = page.querySelectorAll('.lo-filter a')[n]; if (next) tab.innerHTML = next.innerHTML; });
  stand.textContent = page.getElementById('lage-stand').textContent;
  words.stand = page.getElementById('lage').dataset.stand;
  count();
  say();
}
function showNew() {
  if (!newer || !fresh) return;
  const known = new Set(rows().map((row) => row.id)), chosen = new Set(ticks().filter((tick) => tick.checked).map((tick) => tick.value)), id = current?.id;
  at('leer')?.remove();
  region.hidden = false;
  body.replaceChildren(...[...newer.querySelectorAll('#zeilen > tr')].map((row) => document.importNode(row, true)));
  const pages = newer.getElementById('seiten');
  if (at('seiten')) at('seiten').replaceWith(...(pages ? [document.importNode(pages, true)] : []));
  else if (pages) region.after(document.importNode(pages, true));
  before.clear();
  let first = null;
  for (const row of rows()) {
    before.set(row.id, content(row));
    const tick = row.querySelector('[name=anfrage]');
    if (tick) tick.checked = chosen.has(tick.value);
    if (!known.has(row.id)) { note(row, words.fresh, 'lo-fresh'); first ??= row; }
  }
  fresh = 0;
  current = null;
  // One stays at one's row; whoever was at none is led to the first new one.
  const stay = id && at(id);
  go(stay || first);
  tell(words.came);
  count();
}
let flight = null, again = false, asked = 0;
function refresh() {
  if (flight) { again = true; return flight; }
  const slow = setTimeout(() => { spoken = words.slow; say(); }, 1000);
  flight = read().then((page) => { if (page) { asked = Date.now(); take(page); } return Boolean(page); }).finally(() => {
    clearTimeout(slow);
    flight = null;
    if (spoken === words.slow) { spoken = ''; say(); }
    if (again) { again = false; setTimeout(() => refresh().catch(() => {}), 1000); }
  });
  return flight;
}

// ---- Being told ----
let source = null, wait = 2, timer = null, over = false;
function end() {
  over = true;
  source?.close();
  clearTimeout(timer);
  lost = { out: true };
  say();
}
function drop() {
  source?.close();
  source = null;
  if (over || document.hidden) return;
  lost = { left: wait };
  const tick = () => { if (!lost || lost.out) return; lost.left -= 1; if (lost.left <= 0) connect(); else { say(); timer = setTimeout(tick, 1000); } };
  wait = Math.min(wait * 2, 30);
  say();
  clearTimeout(timer);
  timer = setTimeout(tick, 1000);
}
// Newer pages of the same person have all places: this one looks by itself, and takes that of the oldest after a minute.
function giveWay() {
  source = null;
  poll = true;
  clearTimeout(timer);
  timer = setTimeout(connect, 60000);
}
async function connect() {
  clearTimeout(timer);
  // A page that nobody sees needs none; the way back (pageshow, visibilitychange) asks twice for one.
  if (over || document.hidden || source?.readyState < EventSource.CLOSED) return;
  const wasLost = lost;
  if (wasLost) {
    // Whether anybody is there, and whether we still may: the page says it. It also brings what was missed.
    try { if (!(await refresh())) return; } catch { drop(); return; }
    lost = null;
    wait = 2;
    tell(words.back);
  }
  source?.close();
  source = new EventSource(script.dataset.strom);
  const mine = source;
  let stood = false;
  mine.addEventListener('bereit', () => { stood = true; wait = 2; poll = false; });
  mine.addEventListener('stand', () => refresh().catch(() => { if (mine === source) drop(); }));
  mine.addEventListener('ende', (event) => { mine.close(); if (event.data === 'anmeldung') end(); else if (event.data === 'platz') giveWay(); else drop(); });
  mine.onerror = () => {
    if (mine !== source) return;
    mine.close();
    // All places are taken: then the page looks by itself.
    if (!stood && !wasLost) { source = null; refresh().then((done) => { if (done) poll = true; }, () => drop()); } else drop();
  };
}
let poll = false;
// Times go on, also where nothing happens.
setInterval(() => { if (!document.hidden && !over && !lost && Date.now() - asked > (poll ? 30000 : 60000)) refresh().catch(() => drop()); }, 5000);
asked = Date.now();
// A page that nobody sees holds no connection; when it is seen again it is renewed first.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) { source?.close(); source = null; clearTimeout(timer); } else if (!over) { lost ??= null; refresh().then(() => { lost = null; say(); connect(); }, () => drop()); }
});
addEventListener('pagehide', () => { source?.close(); source = null; clearTimeout(timer); });
addEventListener('pageshow', (event) => { if (event.persisted && !over) refresh().then(() => connect(), () => drop()); });
addEventListener('offline', () => drop());
addEventListener('online', () => { if (lost && !over) connect(); });
connect();

// ---- Claiming without leaving one's place ----
async function claim(row) {
  const button = row?.querySelector('[name=eine]');
  if (!button) return;
  const sent = new URLSearchParams({ csrf: form.elements.csrf.value, zurueck: form.elements.zurueck.value, eine: button.value });
  try {
    const answer = await fetch(form.action, { method: 'POST', body: sent, credentials: 'same-origin' });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const done = page.querySelector('.lo-done'), why = page.querySelector('.lo-lines small, main h1');
    await refresh();
    tell(`${button.value}: ${(done ?? why)?.textContent.trim() ?? answer.status}`);
    if (current === row) link(row).focus({ preventScroll: true });
  } catch { drop(); }
}
body.addEventListener('click', (event) => { const button = event.target.closest('[name=eine]'); if (button) { event.preventDefault(); claim(button.closest('tr')); } });

// ---- Keys ----
followSwitch((on) => { for (const hint of document.querySelectorAll('.lo-keys, .lo-search kbd, #alle-tasten kbd')) hint.classList.toggle('lo-off-keys', !on); });
at('alle-tasten').hidden = false;
at('alle-tasten').onclick = () => dialog.showModal();
at('hilfe-zu').onclick = () => dialog.close();
const inField = (target) => target.closest?.('input:not([type=checkbox]), textarea, select, [contenteditable]');
const search = at('q');
search.addEventListener('keydown', (event) => { if (event.key === 'Escape' && !search.value) go(current ?? rows()[0]); });
addEventListener('keydown', (event) => {
  if (areKeysOff() || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || dialog.open || inField(event.target)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const does = {
    j: () => step(1),
    k: () => step(-1),
    c: () => claim(current),
    x: () => { const tick = current?.querySelector('[name=anfrage]:enabled'); if (tick) { tick.checked = !tick.checked; count(); } },
    n: showNew,
    '/': () => { search.focus(); search.select(); },
    '?': () => dialog.showModal(),
    Enter: () => (document.activeElement === document.body || document.activeElement === region) && link(current)?.click(),
  }[key] ?? (/^[1-5]$/.test(key) ? () => document.querySelector(`.lo-filter [data-taste="${key}"]`)?.click() : null);
  if (!does) return;
  if (key !== 'Enter') event.preventDefault();
  does();
});
count();
