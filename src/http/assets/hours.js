/* Says what service hours mean while they are typed. Without this script the button beside the field does. */
const field = document.getElementById('zeiten');
const meaning = document.getElementById('bedeutung');
const button = document.querySelector('button[name=pruefen]');
if (field && meaning) {
  let waiting, asked = 0;
  button?.setAttribute('hidden', '');
  field.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const mine = ++asked;
      try {
        const answer = await fetch(`/kanaele/zeiten?${new URLSearchParams({ zeiten: field.value })}`);
        if (answer.ok && mine === asked) meaning.innerHTML = await answer.text();
      } catch { button?.removeAttribute('hidden'); }
    }, 250);
  });
}
