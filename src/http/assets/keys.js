/* Single keys act outside of fields only, and not at all where somebody has switched them off (WCAG 2.1.4). The switch
   stands among all keys of a page; its cookie is that of /konto, so that it holds on every page. */
const box = document.getElementById('tasten-an');
export const areKeysOff = () => document.body.dataset.keys === 'off';
function keysAre(on, show) {
  document.body.dataset.keys = on ? 'on' : 'off';
  box.checked = on;
  show(on);
  // Nothing names a key that does nothing.
  const [from, to] = on ? ['data-shortcut', 'aria-keyshortcuts'] : ['aria-keyshortcuts', 'data-shortcut'];
  for (const one of document.querySelectorAll(`[${from}]`)) { one.setAttribute(to, one.getAttribute(from)); one.removeAttribute(from); }
}
// Each page hides its own hints: `show` is told at once, and at each change, whether keys act.
export function followSwitch(show) {
  keysAre(!areKeysOff(), show);
  box.onchange = () => {
    document.cookie = `lotse_keys=${box.checked ? '' : 'off'}; Path=/; SameSite=Lax; Max-Age=${box.checked ? 0 : 31536000}${location.protocol === 'https:' ? '; Secure' : ''}`;
    keysAre(box.checked, show);
  };
}
