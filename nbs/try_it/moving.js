// Figures that move. They stand still as the page opens; when one is first touched, the network that draws is loaded.
import { arrowed, ask, loading, nameCells, newestOnly, show, startWorker } from './calls.js';

const signed = x => x.toFixed(1).replace('-0.0', '0.0').replace('-', '−');

// ---- What draws

let ready = null;

function fail(error) {
  for (const figure of document.querySelectorAll('.moving')) {
    figure.querySelector('progress').hidden = true;
    const said = figure.querySelector('[role=status]');
    said.textContent = `This figure cannot move: ${error.message}. Reload the page to try again.`;
  }
}

function start(figure) { // once; the bar is that of the figure that was touched first
  ready ??= (async () => {
    if (typeof Worker !== 'function') throw new Error('this browser runs no workers');
    const bar = figure.querySelector('progress');
    bar.hidden = false;
    startWorker(fail, loading(bar, figure.querySelector('[role=status]')), 'draw');
    await ask('drawing');
    bar.hidden = true;
  })();
  return ready;
}

// A function that draws a code in the figure: with outlines, which change smoothly
function drawIn(figure) {
  for (const kind of ['pointerdown', 'keydown']) {
    figure.addEventListener(kind, ({ key }) => { if (key !== 'Tab') start(figure).catch(fail); });
  }
  return newestOnly(async code => {
    await start(figure);
    show(figure.querySelector('.moving-drawing'), await ask('draw', [code, false]));
    figure.dataset.drawn = JSON.stringify(code); // where tests see what is drawn
  }, fail);
}

// ---- A walk between two emojis

function walk(figure) {
  const [from, to] = JSON.parse(figure.dataset.codes), slider = figure.querySelector('input'), draw = drawIn(figure);
  slider.disabled = false;
  slider.addEventListener('input', () => {
    const part = slider.valueAsNumber;
    slider.setAttribute('aria-valuetext', `${Math.round(100 * part)} % of the way`);
    draw(from.map((x, i) => x + part * (to[i] - x)));
  });
}

// ---- A plane to explore: the first coordinate goes down, the second to the right; a code is eight times each

function explore(figure) {
  const plane = figure.querySelector('.moving-plane'), said = figure.querySelector('output'), draw = drawIn(figure);
  const ticks = Number(figure.dataset.ticks), limit = Number(figure.dataset.limit);
  const step = 2 * limit / (ticks - 1), edge = limit + step / 2; // a code stands at the middle of its cell
  const marker = document.createElement('span'), onPlane = x => Math.max(-limit, Math.min(limit, x));
  let place;
  const mark = (first, second) => {
    place = [onPlane(first), onPlane(second)];
    marker.style.top = `${50 + 50 * place[0] / edge}%`;
    marker.style.left = `${50 + 50 * place[1] / edge}%`;
  };
  const goTo = (first, second) => {
    mark(first, second);
    said.textContent = `first coordinate ${signed(place[0])}, second ${signed(place[1])}`;
    draw(place.flatMap(x => new Array(8).fill(x)));
  };
  const follow = ({ clientX, clientY }) => {
    const { left, top, width, height } = plane.getBoundingClientRect();
    goTo(edge * (2 * (clientY - top) / height - 1), edge * (2 * (clientX - left) / width - 1));
  };
  marker.className = 'moving-marker';
  plane.append(marker);
  mark(0, 0);
  plane.tabIndex = 0;
  plane.setAttribute('role', 'application');
  const label = 'The plane of composition A: arrow keys move the place that is drawn, with Shift in small steps';
  plane.setAttribute('aria-label', label);
  plane.addEventListener('pointerdown', follow);
  plane.addEventListener('pointermove', follow);
  plane.addEventListener('keydown', event => {
    const way = arrowed(event);
    if (way) goTo(place[0] + step * way[1], place[1] + step * way[0]);
  });
}

// ---- Sixteen numbers

function takeApart(figure) {
  const sliders = [...figure.querySelectorAll('input')], back = figure.querySelector('button'), draw = drawIn(figure);
  const update = () => {
    for (const slider of sliders) slider.nextElementSibling.textContent = signed(slider.valueAsNumber);
    draw(sliders.map(slider => slider.valueAsNumber));
  };
  for (const control of [...sliders, back]) control.disabled = false;
  for (const slider of sliders) slider.addEventListener('input', update);
  back.addEventListener('click', () => {
    for (const slider of sliders) slider.value = slider.defaultValue;
    update();
  });
}

// ---- Names on the map

// Under the pointer, and where the keyboard goes; the names are loaded when either comes near
function nameMap(map) {
  const marker = document.createElement('span'), said = document.createElement('span');
  const columns = Number(map.dataset.columns);
  let cells = [], loaded = null, place = null;
  const load = () => (loaded ??= (async () => {
    cells = await (await fetch(new URL('moving/map.json', import.meta.url))).json();
  })());
  const { name, hide } = nameCells(map, columns, (column, line) => cells[line]?.[column]);
  const goTo = (...cell) => {
    place = cell.map(x => Math.max(0, Math.min(columns - 1, x)));
    marker.style.left = `${100 * place[0] / columns}%`;
    marker.style.top = `${100 * place[1] / columns}%`;
    said.textContent = name(...place) || 'no emoji here';
  };
  marker.className = 'map-marker';
  said.className = 'visually-hidden';
  marker.style.width = `${100 / columns}%`;
  marker.tabIndex = 0;
  marker.setAttribute('role', 'application');
  marker.setAttribute('aria-label', 'Names on the map: arrow keys go from emoji to emoji');
  said.setAttribute('role', 'status');
  map.append(marker, said);
  map.addEventListener('pointerenter', () => load().catch(() => {})); // the picture is there without its names
  marker.addEventListener('focus', async () => {
    try { await load(); } catch { said.textContent = 'The names could not be loaded.'; return; }
    if (document.activeElement === marker) goTo(...place ?? [columns >> 1, columns >> 1]);
  });
  marker.addEventListener('blur', hide);
  marker.addEventListener('keydown', event => {
    const way = cells.length && arrowed(event);
    if (way) goTo(place[0] + Math.sign(way[0]), place[1] + Math.sign(way[1]));
  });
}

// ---- Begin

const begin = { 'moving-walk': walk, 'moving-grid': explore, 'moving-sliders': takeApart };
for (const figure of document.querySelectorAll('.moving')) begin[figure.id](figure);
for (const map of document.querySelectorAll('.named-map')) nameMap(map);
