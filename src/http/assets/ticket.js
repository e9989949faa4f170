/* Saves time on the page of a request: keys, drafts that survive a reload, previews as one types. Without this script
   the same forms do the same. A draft stays in this window alone and goes when its form was taken or somebody else logs
   in. */
import { areKeysOff, followSwitch } from './keys.js';

const own = document.querySelector('script[data-number]'), number = own?.dataset.number ?? '';
const who = document.querySelector('.lo-bar__end [href="/konto"]')?.textContent ?? '';
const keep = {
  get: (key) => { try { const kept = JSON.parse(sessionStorage.getItem(key)); return kept?.who === who ? kept : null; } catch { return null; } },
  put: (key, value) => { try { sessionStorage.setItem(key, JSON.stringify({ ...value, who })); } catch { /* no room: nothing is kept */ } },
  drop: (key) => { try { sessionStorage.removeItem(key); } catch { /* nothing was kept */ } },
};
const inField = (target) => target.closest?.('input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]');
const draftOf = (form) => `lotse-ticket-${number}-${form.dataset.entwurf}`;
const sent = `lotse-ticket-${number}-sent`;
const waiting = new WeakMap(), running = new WeakMap();

// All keys at one press, with the switch for single ones.
const dialog = document.getElementById('hilfe'), all = document.getElementById('alle-tasten');
followSwitch((on) => { for (const hint of document.querySelectorAll('.lo-keys')) hint.hidden = !on; });
all.parentElement.hidden = false;
all.onclick = () => dialog.showModal();
document.getElementById('hilfe-zu').onclick = () => dialog.close();

// What was taken needs no draft any more; what came back with faults is newer than any draft.
const isDone = document.querySelector('.lo-done'), hasFaults = document.querySelector('.kern-alert--danger');
if (isDone && keep.get(sent)) keep.drop(keep.get(sent).form);
keep.drop(sent);
// What was just done is said once: a reload or the way back does not repeat it.
const here = new URL(location.href);
if (here.searchParams.has('getan')) { here.searchParams.delete('getan'); history.replaceState(history.state, '', here); }
for (const form of document.querySelectorAll('form[data-entwurf]')) {
  const fields = [...form.querySelectorAll('textarea')];
  const kept = keep.get(draftOf(form));
  if (kept && !hasFaults) {
    let isFilled = false;
    for (const field of fields) if (!field.value && kept.values?.[field.name]) { field.value = kept.values[field.name]; isFilled = true; }
    if (isFilled) { form.closest('details').open = true; preview(form); }
  }
  form.addEventListener('input', () => {
    const values = Object.fromEntries(fields.map((field) => [field.name, field.value]));
    if (Object.values(values).some((value) => value.trim())) keep.put(draftOf(form), { values });
    else keep.drop(draftOf(form));
    later(form);
  });
  form.addEventListener('change', () => later(form));
  form.addEventListener('submit', (event) => { if (event.submitter?.name !== 'nur') keep.put(sent, { form: draftOf(form) }); });
}

// What would go out, as one types: the same answer as the button's, without leaving the page.
function later(form) {
  if (!form.dataset.vorschau) return;
  clearTimeout(waiting.get(form));
  waiting.set(form, setTimeout(() => preview(form), 400));
}
async function preview(form) {
  if (!form.dataset.vorschau) return;
  running.get(form)?.abort();
  const stop = new AbortController();
  running.set(form, stop);
  const body = new URLSearchParams(new FormData(form));
  body.set('nur', 'vorschau');
  try {
    const answer = await fetch(form.action, { method: 'POST', body, signal: stop.signal });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const id = form.dataset.vorschau, old = document.getElementById(id), fresh = page.getElementById(id);
    const button = page.getElementById(form.parentElement.id)?.querySelector('[data-send] .kern-label');
    if (button) form.querySelector('[data-send] .kern-label').textContent = button.textContent;
    if (!old || !fresh || old.innerHTML === fresh.innerHTML) return;
    const focused = old.contains(document.activeElement) ? document.activeElement.name : null;
    const opened = [...old.querySelectorAll('details')].map((one) => one.open);
    old.replaceChildren(...fresh.childNodes);
    old.querySelectorAll('details').forEach((one, at) => { one.open = opened[at] ?? false; });
    if (focused) old.querySelector(`[name="${focused}"]`)?.focus();
  } catch { /* the button does it */ }
}

// A text is put in where the writing is.
for (const button of document.querySelectorAll('[data-baustein]')) {
  const select = button.form.elements.namedItem('baustein'), field = document.getElementById(button.dataset.baustein);
  button.addEventListener('click', (event) => {
    event.preventDefault();
    const text = select.selectedOptions[0]?.dataset.text;
    if (!text) return select.focus();
    const gap = field.value.trim() ? '\n\n' : '';
    field.setRangeText(`${gap}${text}`, field.selectionEnd, field.selectionEnd, 'end');
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.focus();
  });
}

function open(choice) {
  choice.open = true;
  (choice.querySelector('textarea') ?? choice.querySelector('select, input:not([type=hidden]), button'))?.focus();
  choice.scrollIntoView({ block: 'nearest' });
}
const story = () => [...document.querySelectorAll('#geschichte > li')];
function step(by) {
  const all = story(), now = all.indexOf(document.activeElement?.closest?.('#geschichte > li'));
  const to = now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(now + by, 0), all.length - 1);
  all[to]?.focus();
}
addEventListener('keydown', (event) => {
  if (dialog.open) return;
  if (event.key === 'Enter' && event.ctrlKey) {
    const form = event.target.closest?.('form[data-entwurf]') ?? document.querySelector('details[name=tun][open] form');
    const button = form?.querySelector('[data-send], button[type=submit]:not([name=nur])');
    if (button) { event.preventDefault(); form.requestSubmit(button); }
    return;
  }
  if (event.ctrlKey || event.altKey || event.metaKey || inField(event.target) || areKeysOff()) return;
  const key = event.key.toUpperCase();
  if (key === '?') { event.preventDefault(); return dialog.showModal(); }
  if (key === 'J' || key === 'K') { event.preventDefault(); return step(key === 'J' ? 1 : -1); }
  const summary = document.querySelector(`summary[data-key="${CSS.escape(key)}"]`);
  if (summary) { event.preventDefault(); return open(summary.parentElement); }
  const button = document.querySelector(`button[data-key="${CSS.escape(key)}"]`);
  if (button && !event.repeat && !button.dataset.pressed) { event.preventDefault(); button.dataset.pressed = 'yes'; button.click(); }
});
const openNamed = () => { const choice = location.hash.startsWith('#tun-') && document.getElementById(location.hash.slice(1)); if (choice) open(choice); };
openNamed();
addEventListener('hashchange', openNamed);
