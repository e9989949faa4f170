/* "Wer kann mir helfen?" as an element for any web page. Part of Lotse, EUPL-1.2. No dependencies.
   <script type="module" src="https://LOTSE/embed/wer-kann-mir-helfen.js"></script>
   <wer-kann-mir-helfen service="…" ars="…" lang="de"><a href="https://LOTSE/hilfe/…/…">Wer kann mir helfen?</a></wer-kann-mir-helfen>
   The link inside stands where scripts do not run or Lotse is away. Nothing is set as HTML, no style attribute is
   used: a policy without 'unsafe-inline' is enough. */

const SERVER = new URL(import.meta.url).origin;
const ZONE = 'Europe/Berlin';
const TEXTS = {
  de: {
    title: 'Wer kann mir helfen?', open: 'Jetzt geöffnet', closed: 'Jetzt geschlossen', now: 'offen', later: 'geschlossen',
    until: (d, t) => `bis ${d} um ${t}`, from: (d, t) => `öffnet ${d} um ${t}`, today: 'heute', tomorrow: 'morgen', on: d => `am ${d}`,
    others: 'Weitere Sprachen', all: 'Alle Wege', number: 'Nummer', confirmed: d => `Zuletzt bestätigt am ${d}.`
  },
  'de-x-leicht': {
    title: 'Wer kann mir helfen?', open: 'Jetzt ist jemand da.', closed: 'Jetzt ist niemand da.', now: 'Jetzt ist jemand da.',
    later: 'Jetzt ist niemand da.', until: (d, t) => `Bis ${d}, ${t}.`, from: (d, t) => `Wieder offen: ${d} ab ${t}.`,
    today: 'heute', tomorrow: 'morgen', on: d => `am ${d}`, others: 'Andere Sprachen', all: 'Mehr Hilfe', number: 'Die Nummer ist:', confirmed: d => `Das haben wir zuletzt geprüft am ${d}.`
  },
  en: {
    title: 'Who can help me?', open: 'Open now', closed: 'Closed now', now: 'open', later: 'closed',
    until: (d, t) => `until ${t} ${d}`, from: (d, t) => `opens ${d} at ${t}`, today: 'today', tomorrow: 'tomorrow', on: d => `on ${d}`,
    others: 'Other languages', all: 'All ways', number: 'Number', confirmed: d => `Last confirmed on ${d}.`
  }
};
const NAMES = { de: 'Deutsch', 'de-x-leicht': 'Leichte Sprache', en: 'English' };

const STYLE = new CSSStyleSheet();
STYLE.replaceSync(`
:host { display: block; container-type: inline-size; color-scheme: light dark;
  --t: var(--lotse-text, #131525); --g: var(--lotse-grund, #fff); --a: var(--lotse-akzent, #2044aa); --r: var(--lotse-rand, #6e7597);
  --m: var(--lotse-leise, #404565); --ok: #007155; --w: #006b8c; --wg: #e9f8fc;
  font: 1rem/1.5 var(--lotse-schrift, "Fira Sans", system-ui, sans-serif); color: var(--t); }
:host([hidden]) { display: none; }
@media (prefers-color-scheme: dark) { :host(:not([theme=light])) {
  --t: var(--lotse-text, #f2f3f8); --g: var(--lotse-grund, #131525); --a: var(--lotse-akzent, #a3bbff); --r: var(--lotse-rand, #8a90ad);
  --m: var(--lotse-leise, #c8cbdc); --ok: #5fd3ac; --w: #6fcbe8; --wg: #0c2f3b; } }
:host([theme=dark]) {
  --t: var(--lotse-text, #f2f3f8); --g: var(--lotse-grund, #131525); --a: var(--lotse-akzent, #a3bbff); --r: var(--lotse-rand, #8a90ad);
  --m: var(--lotse-leise, #c8cbdc); --ok: #5fd3ac; --w: #6fcbe8; --wg: #0c2f3b; color-scheme: dark; }
:host([theme=light]) { color-scheme: light; }
section { border: 1px solid var(--r); border-radius: 6px; padding: 1.25rem; background: var(--g); overflow-wrap: anywhere; }
[role=heading] { font-size: 1.25rem; line-height: 1.3; font-weight: 600; margin: 0 0 .25rem; }
p { margin: .25rem 0; white-space: pre-line; }
a { color: var(--a); text-underline-offset: 3px; }
a:focus-visible { outline: 3px solid var(--m); outline-offset: 2px; border-radius: 3px; }
.n { font-size: 3.5rem; line-height: 1.1; font-weight: 600; text-decoration: none; font-variant-numeric: tabular-nums; }
.l { font-size: clamp(1.25rem, 9cqi, 2rem); }
.n:hover { text-decoration: underline; }
.s { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.ok::before { content: "✓"; content: "✓" / ""; margin-inline-end: .25em; color: var(--ok); font-weight: 700; }
.no::before { content: "–"; content: "–" / ""; margin-inline-end: .25em; font-weight: 700; }
.m { color: var(--m); font-size: .9375rem; }
.w { margin: .75rem 0; padding: .5rem .75rem; border-inline-start: 4px solid var(--w); background: var(--wg); }
ul { list-style: none; margin: .75rem 0 0; padding: .75rem 0 0; border-top: 1px solid var(--r); }
li { margin: .5rem 0 0; } li:first-child { margin: 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; } nav li { margin: 0; }
@media print { .t { display: none; } section { border-color: #000; } }
`);

/* An element with a class, attributes and children; text stays text. */
const make = (name, attributes, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value != null) made.setAttribute(key, value);
  made.append(...children.filter(child => child != null && child !== ''));
  return made;
};
const day = date => date.toLocaleDateString('sv-SE', { timeZone: ZONE });
const safe = url => { try { return /^https?:$/.test(new URL(url).protocol) ? url : null; } catch { return null; } };
const dial = phone => 'tel:' + (phone.trim().startsWith('+') ? phone.replaceAll('(0)', '') : phone).replace(/[^\d+]/g, '');

class Help extends HTMLElement {
  static observedAttributes = ['service', 'ars', 'ags', 'lang', 'theme', 'heading'];
  #root = this.attachShadow({ mode: 'open' });
  #timer;
  #asked = 0;
  #read = 0;
  #seen = () => { if (!document.hidden && Date.now() - this.#read > 60e3) this.#load(); };

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [STYLE];
    this.#root.append(document.createElement('slot'));
  }
  connectedCallback() {
    document.addEventListener('visibilitychange', this.#seen);
    this.#load();
  }
  disconnectedCallback() {
    document.removeEventListener('visibilitychange', this.#seen);
    clearTimeout(this.#timer);
  }
  attributeChangedCallback(name, before, now) {
    if (this.isConnected && before !== now && name !== 'theme') this.#load();
  }

  get #language() {
    const asked = this.getAttribute('lang') || document.documentElement.lang || 'de';
    return asked in TEXTS ? asked : asked.startsWith('en') ? 'en' : 'de';
  }

  async #load() {
    const number = ++this.#asked, lang = this.#language;
    const query = new URLSearchParams({ service: this.getAttribute('service') ?? '' });
    const place = this.hasAttribute('ars') ? 'ars' : 'ags';
    query.set(place, this.getAttribute(place) ?? '');
    query.set('lang', lang);
    clearTimeout(this.#timer);
    let help = null;
    try {
      const answer = await fetch(`${SERVER}/api/v1/help?${query}`, { credentials: 'omit', signal: AbortSignal.timeout(10e3) });
      if (answer.ok) help = await answer.json();
    } catch { /* Away: the link or what was there stays. */ }
    if (number !== this.#asked || !this.isConnected) return;
    if (help) {
      this.#read = Date.now();
      this.#root.replaceChildren(this.#show(help, lang));
    } else {
      // Whether somebody is there now is no longer known.
      this.#root.querySelectorAll('.now').forEach(now => now.remove());
    }
    const changes = (help?.channels ?? []).map(way => Date.parse(way.open?.changes_at) - Date.now()).filter(ms => ms > 0);
    this.#timer = setTimeout(() => document.hidden ? (this.#read = 0) : this.#load(), Math.max(5e3, Math.min(600e3, ...changes.map(ms => ms + 1e3))));
  }

  #show(help, lang) {
    const texts = TEXTS[lang], english = lang === 'en';
    const german = english ? 'de' : null;
    const page = tag => `${SERVER}/hilfe/${encodeURIComponent(help.service.slug)}/${help.municipality.ars}${tag === 'de' ? '' : '?lang=' + tag}`;
    const level = /^[1-6]$/.test(this.getAttribute('heading')) ? this.getAttribute('heading') : '2';
    const [first, ...others] = help.channels;
    const parts = [make('div', { role: 'heading', 'aria-level': level, id: 't' }, texts.title)];
    const target = way => {
      if (way.kind === '115' || way.kind === 'phone') return [dial(way.phone ?? ''), way.phone ?? way.label];
      if (way.kind === 'email') return ['mailto:' + way.email, way.email ?? way.label];
      return [safe(way.url), way.label];
    };
    const state = (way, short) => {
      const always = way.open?.is_open && !way.open.changes_at;
      if (!way.open || always && !way.phone) return null;
      const word = way.open.is_open ? (short ? texts.now : texts.open) : (short ? texts.later : texts.closed);
      return make('span', { class: 't now' }, make(short ? 'span' : 'strong', { class: way.open.is_open ? 'ok' : 'no' }, word), ' ' + this.#change(way.open, lang));
    };
    const hours = way => way.open?.is_open && !way.open.changes_at && !way.phone ? null : way.hours_text || null;
    if (first) {
      const [href, shown] = target(first);
      const isNumber = href?.startsWith('tel:');
      if (!isNumber || first.kind !== '115') parts.push(make('p', {}, make('span', { lang: german }, first.label)));
      if (isNumber) parts.push(make('p', {}, make('a', { class: shown.length > 5 ? 'n l' : 'n', href }, make('span', { class: 's' }, texts.number + ' '), shown)));
      else parts.push(make('p', {}, make('a', { href }, shown)));
      const now = state(first, false);
      if (now) parts.push(make('p', {}, now));
      if (hours(first)) parts.push(make('p', { class: 'm' }, hours(first)));
      if (first.cost_note) parts.push(make('p', { class: 'm', lang: german }, first.cost_note));
    }
    if (help.advice) parts.push(make('p', {}, help.advice));
    for (const notice of help.notices ?? []) {
      parts.push(make('div', { class: 'w t', lang: english ? notice.language : null }, make('strong', {}, notice.title), make('p', {}, notice.text)));
    }
    if (others.length) parts.push(make('ul', {}, ...others.map(way => {
      const [href, shown] = target(way), now = state(way, true);
      const item = make('li', {}, make('a', { href, lang: shown === way.label ? german : null }, shown));
      if (shown !== way.label) item.append(make('p', { class: 'm', lang: german }, way.label));
      if (now) item.append(make('p', { class: 'm' }, now));
      if (hours(way)) item.append(make('p', { class: 'm' }, hours(way)));
      return item;
    })));
    const said = /^(\d{4})-(\d\d)-(\d\d)$/.exec(help.confirmed_on ?? '');
    if (said) {
      const [, year, month, date] = said;
      parts.push(make('p', { class: 'm' }, texts.confirmed(english ? `${+date}/${+month}/${year}` : `${date}.${month}.${year}`)));
    }
    const languages = Object.keys(TEXTS).filter(tag => tag !== lang);
    parts.push(make('nav', { 'aria-label': texts.others, class: 't' }, make('ul', {},
      ...languages.map(tag => make('li', {}, make('a', { href: page(tag), lang: tag === 'en' ? 'en' : 'de', hreflang: tag === 'en' ? 'en' : 'de' }, NAMES[tag]))),
      make('li', {}, make('a', { href: page(lang) }, texts.all)))));
    return make('section', { 'aria-labelledby': 't', lang: english ? 'en' : 'de' }, ...parts);
  }

  /* Until when somebody is there, or from when again. */
  #change(open, lang) {
    if (!open.changes_at) return '';
    const texts = TEXTS[lang], at = new Date(open.changes_at), locale = lang === 'en' ? 'en-GB' : 'de-DE';
    const away = Math.round((Date.parse(day(at)) - Date.parse(day(new Date()))) / 864e5);
    const date = away > 6 ? { weekday: 'long', day: 'numeric', month: 'long' } : { weekday: 'long' };
    const when = away < 1 ? texts.today : away === 1 ? texts.tomorrow : texts.on(at.toLocaleDateString(locale, { ...date, timeZone: ZONE }));
    const [hour, minute] = at.toLocaleTimeString('en-GB', { timeZone: ZONE, hour: '2-digit', minute: '2-digit' }).split(':').map(Number);
    return (open.is_open ? texts.until : texts.from)(when, clock(hour, minute, lang));
  }
}

/* The same words as on the page. */
const clock = (hour, minute, lang) => {
  const half = String(minute).padStart(2, '0');
  if (lang === 'de') return `${hour}${minute ? ':' + half : ''} Uhr`;
  if (lang === 'en') {
    if (!minute && hour % 12 === 0) return hour ? 'noon' : 'midnight';
    return `${(hour + 11) % 12 + 1}${minute ? ':' + half : ''} ${hour < 12 ? 'am' : 'pm'}`;
  }
  const part = hour < 6 || hour > 21 ? 'nachts' : hour < 10 ? 'morgens' : hour < 12 ? 'vormittags' : hour < 14 ? 'mittags' : hour < 18 ? 'nachmittags' : 'abends';
  return `${(hour + 11) % 12 + 1} Uhr ${minute ? minute + ' ' : ''}${part}`;
};

if (!customElements.get('wer-kann-mir-helfen')) customElements.define('wer-kann-mir-helfen', Help);
