// On every page: the switch of light and dark, figures that open large, and places that the keyboard can scroll.

const root = document.documentElement;
const scheme = window.matchMedia('(prefers-color-scheme: dark)');

function useScheme(dark) {
  if (dark) Object.assign(root.dataset, { bsTheme: 'dark', scheme: 'alternate' });
  else { delete root.dataset.bsTheme; delete root.dataset.scheme; }
  root.classList.toggle('quarto-dark', dark);
}

function chosen() {
  try { return localStorage.getItem('smalldocs-scheme'); } catch { return null; } // a private window keeps nothing
}

document.querySelector('[data-toggle-scheme]')?.addEventListener('click', event => {
  event.stopImmediatePropagation(); // whoever else listens would turn it back
  const dark = !root.classList.contains('quarto-dark');
  useScheme(dark);
  try { localStorage.setItem('smalldocs-scheme', dark ? 'alternate' : 'default'); } catch { /* as above */ }
});
scheme.addEventListener('change', () => { if (!chosen()) useScheme(scheme.matches); });

// ---- The contents list marks what is being read: the last heading in the upper third of the window

const entries = [...document.querySelectorAll('#TOC a.nav-link')];
const headings = entries.map(entry => document.getElementById(decodeURIComponent(entry.hash.slice(1))));

function markRead() {
  let current = headings.findLastIndex(heading => heading && heading.getBoundingClientRect().top < innerHeight / 3);
  if (innerHeight + scrollY >= document.body.scrollHeight - 2) current = entries.length - 1;
  entries.forEach((entry, place) => entry.classList.toggle('active', place === Math.max(current, 0)));
}

document.addEventListener('scroll', () => requestAnimationFrame(markRead), { passive: true });
addEventListener('load', markRead);

// ---- Figures

const dialog = document.createElement('dialog');
dialog.className = 'figure-large';
dialog.addEventListener('click', event => { if (event.target.tagName !== 'IMG') dialog.close(); });

function enlarge(picture) {
  const large = new Image(), close = document.createElement('button');
  Object.assign(large, { src: picture.currentSrc, alt: picture.alt });
  Object.assign(close, { type: 'button', textContent: 'Close' });
  dialog.setAttribute('aria-label', picture.alt || 'Figure');
  dialog.replaceChildren(close, large);
  if (!dialog.isConnected) document.body.append(dialog);
  dialog.showModal();
}

for (const picture of document.querySelectorAll('main img.enlarge')) {
  const button = document.createElement('button');
  Object.assign(button, { type: 'button', className: 'figure-open', title: 'Enlarge' });
  button.setAttribute('aria-label', `Enlarge: ${picture.alt || 'figure'}`);
  button.addEventListener('click', () => enlarge(picture));
  picture.replaceWith(button);
  button.append(picture);
}

// ---- What scrolls sideways can be reached with the Tab key, and fades where it goes on

const WIDE = 'main pre, main .sd-table, main .cell-output-display, main .math.display, main .figure-open';

function fade(box) {
  const hidden = box.scrollWidth - box.clientWidth;
  box.classList.toggle('goes-on-left', box.scrollLeft > 2);
  box.classList.toggle('goes-on-right', hidden - box.scrollLeft > 2);
}

function reachable() {
  for (const box of document.querySelectorAll(WIDE)) {
    if (box.tagName !== 'BUTTON') { // which the Tab key finds anyhow
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute('tabindex');
    }
    fade(box);
  }
}

document.addEventListener('scroll', ({ target }) => { if (target.matches?.(WIDE)) fade(target); }, { capture: true, passive: true });

new ResizeObserver(reachable).observe(document.querySelector('main'));
document.addEventListener('toggle', reachable, true); // source that is unfolded
