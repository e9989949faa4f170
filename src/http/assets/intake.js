/* Saves time in the form for a request by phone: suggestions, keys, what helps the caller, a draft that survives a
   reload. Without this script the same form does the same. A draft stays in this window alone (sessionStorage) and
   goes when the request is taken or somebody else logs in. It comes back by itself only to the same call: after a
   reload, and where sending it failed. Whoever begins anew begins with an empty form and may fetch it. */
const at = (id) => document.getElementById(id);
const form = at('neu');
const who = document.querySelector('.lo-bar__end [href="/konto"]')?.textContent ?? '';
const store = {
  get: (key) => { try { const kept = JSON.parse(sessionStorage.getItem(key)); return kept?.who === who ? kept : null; } catch { return null; } },
  put: (key, value) => { try { sessionStorage.setItem(key, JSON.stringify({ ...value, who })); } catch { /* no room: nothing is kept */ } },
  drop: (key) => { try { sessionStorage.removeItem(key); } catch { /* nothing was kept */ } },
};
const element = (tag, text, attributes = {}) => {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};
// What stays for the next question of the same person: who they are, and where.
const PERSON = ['ort', 'ars', 'antwort', 'telefon', 'mail', 'name'];
const inField = (target) => target.closest?.('input:not([type=radio]), textarea, select, [contenteditable]');

if (form) intake(); else if (at('kopieren')) done(); else lookUp();

function values() {
  const kept = {};
  for (const [name, value] of new FormData(form)) if (name !== 'csrf') kept[name] = value;
  return kept;
}

function fill(kept) {
  for (const [name, value] of Object.entries(kept)) {
    const field = form.elements.namedItem(name);
    if (field && !['csrf', 'mit'].includes(name)) field.value = value;
  }
}

// Numbers of persons that are not needed: shown, and blacked out with one key. The rules are those of tickets/ticket.rs.
function watchNumbers(text, changed) {
  const warn = at('warn');
  const RULES = [['iban', /\bDE\d{2}(?:[ -]?\d){18}\b/], ['birth', /\b(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?:19\d\d|20[01]\d|2020)\b/],
    ['card', /\b\d(?:[ -]?\d){12,18}\b/], ['tax', /\b[1-9]\d(?: ?\d){9}\b/]];
  const found = () => RULES.map(([kind, rule]) => [kind, text.value.match(rule)?.[0]]).find(([, hit]) => hit);
  function redact() {
    for (let hit = found(); hit; hit = found()) text.value = text.value.replace(hit[1], '█████');
    text.focus();
    check();
    changed();
  }
  function check() {
    const hit = found();
    warn.className = hit ? 'lo-warn' : '';
    if (!hit) return warn.replaceChildren();
    const button = element('button', warn.dataset.redact, { type: 'button', class: 'lo-textbtn', 'aria-keyshortcuts': 'F9' });
    button.onclick = redact;
    warn.replaceChildren(element('span', warn.dataset[hit[0]], { class: 'lo-st lo-st--late' }), ` „${hit[1]}“ ${warn.dataset.rest} `, button, ' ', element('kbd', 'F9', { 'aria-hidden': 'true' }));
  }
  return { check, redact };
}

function intake() {
  const lage = at('lage'), words = lage.dataset, open = at('offen');
  let key = form.elements.namedItem('ars');
  if (!(key instanceof HTMLInputElement)) key = null; // radios: a place was in doubt
  let slug = '', savedAt = '', began = Date.now();

  // The draft. What the server sent back with faults is newer than any draft.
  const hasFaults = document.querySelector('[aria-invalid=true], .kern-alert--danger');
  const draft = store.get('lotse-intake'), person = store.get('lotse-person');
  const isTyped = (kept) => Object.entries(kept?.values ?? {}).some(([name, value]) => value && !['einmal', 'antwort', 'ars'].includes(name));
  const isSameCall = draft?.isSent || ['reload', 'back_forward'].includes(performance.getEntriesByType('navigation')[0]?.type);
  const clock = document.createTextNode(''), kept = element('span', ''), other = element('span', ''), lost = element('span', '');
  lage.replaceChildren(clock, kept, other, lost);
  function tick() {
    const seconds = Math.max(0, Math.floor((Date.now() - began) / 1000));
    clock.data = `${words.since} ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} ${words.minutes}`;
  }
  function load(from) {
    for (const radio of form.querySelectorAll('input[type=radio][name=kategorie]')) radio.checked = false; // what was not chosen is not kept
    fill(from.values);
    const together = form.elements.namedItem('mit');
    if (together) together.checked = from.values.mit === together.value; // chosen for another call it does not count
    slug = from.slug ?? '';
  }
  // Kept beside the draft of the call that has begun, until it is fetched.
  function offer(before) {
    store.put('lotse-intake-before', before);
    const fetches = element('button', words.offer.replace('{}', before.savedAt ?? ''), { type: 'button', class: 'lo-textbtn' });
    fetches.onclick = () => {
      store.drop('lotse-intake-before');
      const now = { values: values(), slug, savedAt };
      load(before);
      other.replaceChildren();
      if (isTyped(now)) offer(now); // what one has typed meanwhile is not lost
      save(); look(); check(); help();
      ort.focus();
    };
    other.replaceChildren(' · ', fetches);
  }
  const isSame = location.hash === '#gleiche' && Boolean(person);
  if (isSame) { fill(Object.fromEntries(PERSON.map((name) => [name, person[name] ?? '']))); history.replaceState(null, '', location.pathname); }
  else if (hasFaults) began = draft?.began ?? began;
  else if (isTyped(draft) && isSameCall) {
    load(draft);
    began = draft.began ?? began;
    const forget = element('button', words.forget, { type: 'button', class: 'lo-textbtn' });
    forget.onclick = () => { store.drop('lotse-intake'); location.reload(); };
    other.replaceChildren(' · ', words.restored, ' ', forget);
  } else if (isTyped(draft)) offer(draft);
  const earlier = store.get('lotse-intake-before');
  if (isTyped(earlier) && !other.hasChildNodes()) offer(earlier);

  function save(isSent = false) {
    savedAt = new Date().toLocaleTimeString('de-DE', { hour: '2-digit', minute: '2-digit', timeZone: 'Europe/Berlin' });
    store.put('lotse-intake', { values: values(), slug, began, savedAt, isSent });
    kept.textContent = ` · ${words.saved} ${savedAt}`;
  }
  if (hasFaults) save(); // it came back, so it is not on its way any more
  setInterval(tick, 1000);
  tick();
  addEventListener('online', () => lost.replaceChildren());
  addEventListener('offline', () => lost.replaceChildren(' · ', element('strong', words.offline, { class: 'lo-late', role: 'alert' })));

  // What still misses, and the fields that the wished way of reply needs.
  function look() {
    const wish = form.elements.namedItem('antwort').value;
    for (const box of form.querySelectorAll('[data-wishes]')) box.hidden = !box.dataset.wishes.includes(wish);
    const needed = ['ort', 'dienst', 'kategorie', 'betreff', 'text', { phone: 'telefon', email: 'mail' }[wish]];
    const label = (name) => { const field = at(name); return (field.labels?.[0] ?? field.querySelector('legend')).firstChild.textContent.trim(); };
    // Words in which no place or service is known, or more than one, are still open.
    const isListed = () => [...at('dienste').options].some((one) => one.value === dienst.value.trim());
    const isNamed = { ort: () => key?.value || isOnePlace(), dienst: () => slug || isOneService() || isListed() };
    const isThere = (name) => form.elements.namedItem(name).value.trim() && (!isNamed[name] || isNamed[name]());
    const missing = needed.filter((name) => name && !isThere(name));
    if (open.dataset.open) open.replaceChildren(...(missing.length ? [element('strong', open.dataset.open), ` ${missing.map(label).join(', ')}`] : []));
  }

  const { check, redact } = watchNumbers(at('text'), () => save());

  // Suggestions lie over the form and never push it.
  let helping;
  async function help() {
    const side = at('hilfe'), place = key?.value ?? form.elements.namedItem('ars').value;
    if (!place || !slug) return;
    helping?.abort();
    helping = new AbortController();
    try {
      const query = new URLSearchParams({ ars: place, dienst: slug, kategorie: form.elements.namedItem('kategorie').value });
      const answer = await fetch(`${side.dataset.source}?${query}`, { signal: helping.signal });
      const html = await answer.text();
      if (answer.ok && html.trim()) side.innerHTML = html;
    } catch { /* the form goes on without it */ }
  }
  function combo(field, take) {
    field.removeAttribute('list');
    const box = element('div', '', { class: 'lo-combo__list', hidden: '' });
    field.parentElement.append(box);
    const listId = `${field.id}-liste`;
    for (const [name, value] of [['role', 'combobox'], ['aria-expanded', 'false'], ['aria-controls', listId], ['aria-autocomplete', 'list']]) field.setAttribute(name, value);
    box.append(element('ul', '', { id: listId, role: 'listbox', 'aria-label': field.dataset.list }));
    let running, waiting, current = -1, shown = '';
    const typed = () => field.value.trim();
    const rows = () => [...box.querySelectorAll('[role=option]')];
    const shut = () => { box.hidden = true; field.setAttribute('aria-expanded', 'false'); field.removeAttribute('aria-activedescendant'); };
    function mark(to) {
      const all = rows();
      if (!all.length) return;
      current = (to + all.length) % all.length;
      all.forEach((row, n) => row.setAttribute('aria-selected', n === current));
      all[current].scrollIntoView({ block: 'nearest' });
      field.setAttribute('aria-activedescendant', all[current].id);
    }
    function choose(row) {
      field.value = row.dataset.label;
      shown = '';
      take(row.dataset.key);
      shut();
      save(); look(); help();
    }
    async function ask() {
      running?.abort();
      running = new AbortController();
      const asked = typed();
      if (!asked) return shut();
      try {
        const answer = await fetch(`${field.dataset.source}?${new URLSearchParams({ q: asked })}`, { signal: running.signal });
        if (!answer.ok) return;
        const html = await answer.text();
        if (typed() !== asked) return;
        box.innerHTML = html;
        const list = box.querySelector('[role=listbox]');
        list.id = listId;
        list.setAttribute('aria-label', field.dataset.list);
        [shown, current] = [asked, -1];
        // Whoever types fast has left the field before the answer came.
        if (document.activeElement !== field) return takeOnly();
        box.hidden = false;
        field.setAttribute('aria-expanded', String(rows().length > 0));
        field.removeAttribute('aria-activedescendant');
        if (sole()) mark(0);
      } catch { /* the server finds it when the form is sent */ }
    }
    // Taken only where nothing else may be meant: the one that is left, or the place that is called just so.
    const sole = () => (rows().length === 1 || 'meant' in (rows()[0]?.dataset ?? {}) ? rows()[0] : null);
    const only = () => (shown && shown === typed() ? sole() : null);
    function takeOnly() {
      const row = only();
      if (row) choose(row);
    }
    field.addEventListener('input', () => { take(''); clearTimeout(waiting); waiting = setTimeout(ask, 60); });
    field.addEventListener('keydown', (event) => {
      if (event.key === 'ArrowDown' && box.hidden) { event.preventDefault(); return ask(); }
      if (box.hidden) return;
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') { event.preventDefault(); mark(event.key === 'ArrowDown' ? current + 1 : Math.max(current, 0) - 1); }
      else if (event.key === 'Escape') { event.preventDefault(); shut(); }
      else if ((event.key === 'Enter' && !event.ctrlKey) || event.key === 'Tab') {
        // Tab takes what is marked, too: what one sees is what one gets. A list of what stood there before is not meant.
        const row = shown === typed() ? rows()[current] : null;
        if (event.key === 'Enter') event.preventDefault();
        if (row) choose(row);
        else if (event.key === 'Enter' && shown !== typed()) { clearTimeout(waiting); ask().then(takeOnly); }
      }
    });
    box.addEventListener('pointerdown', (event) => { const row = event.target.closest('[role=option]'); if (row) { event.preventDefault(); choose(row); } });
    field.addEventListener('blur', () => {
      const isOpen = !box.hidden;
      shut();
      if (isOpen) takeOnly();
      look();
    });
    // What is typed replaces what stands there, as after Tab.
    field.addEventListener('focus', () => field.select());
    if (document.activeElement === field) field.select();
    // Whether the server would find just one, though nobody took it from the list.
    return () => shown && shown === typed() && rows().length === 1;
  }
  const ort = at('ort'), dienst = at('dienst');
  const isOnePlace = combo(ort, (chosen) => { if (key) key.value = chosen; });
  const isOneService = combo(dienst, (chosen) => { slug = chosen; });

  form.addEventListener('input', () => { look(); check(); save(); });
  form.addEventListener('change', (event) => { if (event.target.name === 'kategorie') help(); });
  form.addEventListener('submit', () => { store.put('lotse-person', Object.fromEntries(PERSON.map((name) => [name, form.elements.namedItem(name).value]))); save(true); });
  // Enter in a line goes on to the next field; the request is taken on purpose.
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.ctrlKey && event.target.matches('input') && !event.defaultPrevented) event.preventDefault();
  });
  const side = at('hilft');
  let before = null;
  side.addEventListener('keydown', (event) => { if (event.key === 'Escape' && before) { event.preventDefault(); before.focus(); before = null; } });
  addEventListener('keydown', (event) => {
    const go = { F2: ort, F4: dienst, F8: side }[event.key];
    if (go === side && !side.contains(document.activeElement)) before = document.activeElement;
    if (go && !event.altKey && !event.ctrlKey) { event.preventDefault(); go.focus(); go.select?.(); }
    else if (event.key === 'F9') { event.preventDefault(); redact(); }
    else if (event.key === 'Enter' && event.ctrlKey) { event.preventDefault(); form.requestSubmit(); }
  });
  look(); check(); help();
  // What stayed is not to be overwritten by the next word; the page itself begins at the place.
  if (isSame && ort.value) requestAnimationFrame(() => dienst.focus());
}

// What a caller adds to a running request.
function lookUp() {
  const text = at('text');
  if (!text) return;
  const { check, redact } = watchNumbers(text, () => {});
  text.addEventListener('input', check);
  let isSending = false; // a note is written once
  text.form.addEventListener('submit', (event) => { if (isSending) event.preventDefault(); isSending = true; });
  addEventListener('pageshow', () => { isSending = false; });
  addEventListener('keydown', (event) => {
    if (event.key === 'F9') { event.preventDefault(); redact(); }
    else if (event.key === 'Enter' && event.ctrlKey && event.target === text) { event.preventDefault(); text.form.requestSubmit(); }
  });
  check();
}

function done() {
  store.drop('lotse-intake');
  const same = at('gleiche'), copy = at('kopieren');
  if (same && store.get('lotse-person')) same.hidden = false;
  at('naechster')?.addEventListener('click', () => store.drop('lotse-person'));
  if (!copy) return;
  const button = element('button', copy.dataset.copy, { type: 'button', class: 'lo-textbtn', 'aria-keyshortcuts': 'N' });
  button.onclick = async () => {
    try { await navigator.clipboard.writeText(copy.dataset.number); button.textContent = copy.dataset.copied; } catch { getSelection().selectAllChildren(at('nummer')); }
  };
  copy.append(button, ' ', element('kbd', 'N', { 'aria-hidden': 'true' }));
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || inField(event.target) || document.body.dataset.keys === 'off') return;
    if (event.key.toLowerCase() === 'n') button.click();
    if (event.key.toLowerCase() === 'w' && same && !same.hidden) same.click();
  });
}
