/* Adds a button to each snippet that copies it. Without this script the texts are there to be selected. */
for (const text of document.querySelectorAll('textarea[data-copy]')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'kern-btn kern-btn--secondary';
  const label = document.createElement('span');
  label.className = 'kern-label';
  label.textContent = text.dataset.copy;
  button.append(label);
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text.value);
    } catch {
      text.select();
      return;
    }
    label.textContent = text.dataset.copied;
    setTimeout(() => { label.textContent = text.dataset.copy; }, 4000);
  });
  text.after(button);
}
