// The page: what is typed, moved and dragged goes to the networks in the worker; what they answer is shown.

import { NOTHING, arrowed, ask, later, loading, nameCells, newestOnly, notesOn, rasterise, show, startWorker, suggest } from './calls.js';
import { crc32 } from './drawing.js';

const $ = id => document.getElementById(id);
const CODE = 16, REACH = 4; // a latent number's slider runs from −REACH to REACH

// ---- What cannot be done

// What answers and what draws: where one part's files are missing, the other goes on
function fail(error, what = 'answer') {
  $('try-status').textContent = what === 'answer' ? `This page cannot answer: ${error.message}. Reload it to try again.`
    : `This page answers, but cannot ${what}: ${error.message}. Reload it to try again.`;
  $('try-status').classList.add('try-failed');
  if (what === 'answer') $('try-note').textContent = '';
  for (const id of ['try-made-up-state', 'try-left']) $(id).textContent = '';
  $('try-bar').hidden = true;
  if (DISABLES[what]) setEnabled(false, DISABLES[what]);
  $('try-it').setAttribute('aria-busy', 'false');
}

const DISABLES = { answer: '#try-it', draw: '.try-draw' };
const cannotAnswer = error => fail(error), cannotDraw = error => fail(error, 'draw'), cannotMakeUp = error => fail(error, 'make emojis up');

function setEnabled(enabled, part) {
  for (const control of document.querySelectorAll(`${part} :is(input, button, textarea)`)) control.disabled = !enabled;
  const map = document.querySelector(`${part} #try-map`);
  map.setAttribute('aria-disabled', !enabled);
  map.tabIndex = enabled ? 0 : -1;
}

// A screen reader hears what came out when the hands rest, not each step on the way
const say = later(900, message => { $('try-said').textContent = message; });

// ---- Small pieces of the page

let known; // slugs, chars, names, cells on the map, codes

const signed = (x, digits = 2) => (x <= -.5 / 10 ** digits ? '−' : '') + Math.abs(x).toFixed(digits);

const hundredths = x => Math.round(100 * x) / 100;

function icon(row) { // an emoji's picture: a window on the sheet that is also the map
  const picture = document.createElement('span');
  picture.className = 'try-icon';
  showIcon(picture, row);
  return picture;
}

function showIcon(picture, row) {
  const [column, line] = known.cells[row], last = known.columns - 1;
  picture.style.backgroundPosition = `${100 * column / last}% ${100 * line / last}%`;
}

// ---- Drawings, shown and saved

// A PNG file with a note in it: a chunk of text behind the header, which is always as long
function withNote(png, keyword, text) {
  const chunk = Uint8Array.from(`tEXt${keyword}\0${text}`, char => char.charCodeAt(0)), number = x => [x >>> 24, x >>> 16, x >>> 8, x];
  return [png.slice(0, 33), Uint8Array.from(number(chunk.length - 4)), chunk, Uint8Array.from(number(crc32(chunk))), png.slice(33)];
}

const SAVED = 512; // pixels across a PNG

async function fileOf(svg, type) { // with the licence in it
  if (type === 'svg') return new Blob([svg.replace('>', `>${known.metadata}`)], { type: 'image/svg+xml' });
  const canvas = await rasterise(svg, SAVED), png = await new Promise(done => canvas.toBlob(done, 'image/png'));
  return new Blob(withNote(new Uint8Array(await png.arrayBuffer()), 'Copyright', known.rights), { type: 'image/png' });
}

async function save(svg, name, type) {
  const link = document.createElement('a'), address = URL.createObjectURL(await fileOf(svg, type));
  Object.assign(link, { href: address, download: `${name}.${type}` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // once it has been read
}

function offerToSave(id, name, drawing) { // buttons that save what `drawing()` gives
  for (const type of ['svg', 'png']) $(`${id}-${type}`).onclick = () => drawing() && save(drawing(), name, type);
}

async function copy(text, button) {
  try { await navigator.clipboard.writeText(text); } catch { return say('This browser does not let a page copy.'); }
  button.textContent = 'Copied';
  setTimeout(() => { button.textContent = 'Copy'; }, 1500);
}

// ---- Text to emojis

function answerItem({ row, score }, first, rest) {
  const button = document.createElement('button'), name = document.createElement('span'), number = document.createElement('span');
  button.type = 'button';
  button.className = 'try-answer';
  button.title = 'Draw it from its code';
  name.className = 'try-name'; name.textContent = known.names[row];
  number.className = 'try-score'; number.textContent = signed(score);
  button.style.setProperty('--part', (score - rest) / Math.max(first - rest, .01)); // ahead of the sixth, which is not shown
  button.append(icon(row), name, number);
  button.onclick = () => { showKnown(row); bringIntoSight(); };
  const item = document.createElement('li'), copier = document.createElement('button');
  Object.assign(copier, { type: 'button', className: 'try-copy', textContent: 'Copy', onclick: () => copy(known.chars[row], copier) });
  copier.setAttribute('aria-label', `Copy ${known.chars[row]}`);
  item.append(button, copier);
  return item;
}

const answerText = newestOnly(async text => {
  if (!text.trim()) {
    $('try-answers').replaceChildren();
    $('try-note').textContent = 'Write something, and five emojis will answer.';
    clearMadeUp();
    return;
  }
  const found = await ask('answer', [text]), { rows, rest, unsure, knownWords } = found;
  $('try-answers').classList.remove('try-old');
  $('try-answers').replaceChildren(...rows.map(found => answerItem(found, rows[0].score, rest)));
  $('try-answers').classList.toggle('try-unsure', unsure);
  $('try-note').textContent = notesOn(found);
  if (!knownWords) {
    clearMadeUp();
    return say($('try-note').textContent);
  }
  say(`Answers: ${rows.map(({ row, score }) => `${known.names[row]} ${signed(score)}`).join(', ')}.`);
  makeUp(text);
}, cannotAnswer);

let canMakeUp = false; // once what it takes is here
let madeUp = null; // the last one: svg, code, score, gain, parents

const madeUpBox = () => $('try-made-up').closest('.try-drawn');

function clearMadeUp() {
  madeUp = null;
  madeUpBox().classList.add('try-nothing');
  show($('try-made-up'), NOTHING);
  $('try-parents').replaceChildren();
  $('try-made-up-score').textContent = '';
  for (const button of madeUpButtons()) button.disabled = true;
}

const madeUpButtons = () => ['try-use', 'try-made-up-svg', 'try-made-up-png'].map($);

function showMadeUp(found) {
  const { svg, score, gain, parents } = madeUp = found;
  show($('try-made-up'), svg);
  madeUpBox().classList.remove('try-nothing', 'try-old');
  const [first, second] = parents.map(row => {
    const picture = icon(row);
    picture.setAttribute('role', 'img');
    picture.setAttribute('aria-label', known.names[row]);
    return picture;
  });
  $('try-parents').replaceChildren('of ', first, ' and ', second);
  const ahead = hundredths(score) - hundredths(score - gain); // of the numbers as they are shown
  $('try-made-up-score').textContent = `${signed(score)}, which is ${signed(Math.abs(ahead))} ${ahead < 0 ? 'below' : 'above'} the best known emoji`;
  for (const button of madeUpButtons()) button.disabled = false;
}

// Mixing and drawing take a second, so they wait until the typing rests
const makeUp = later(350, async text => {
  const isOld = () => text !== $('try-text').value; // a newer text came
  if (isOld() || !canMakeUp) return;
  $('try-made-up-state').textContent = 'making it up …';
  try {
    const found = await suggest(text);
    if (!found || isOld()) return;
    showMadeUp(found);
    $('try-made-up-state').textContent = '';
    const names = found.parents.map(row => known.names[row]).join(' and ');
    $('try-said-made-up').textContent = `Made up of ${names}, with a score of ${$('try-made-up-score').textContent}.`;
    document.documentElement.dataset.tryMadeUp = text; // where tests see that the search has ended
  } catch (error) { cannotMakeUp(error); }
});

function typed() {
  ask('stop'); // the search for what stood here before
  $('try-made-up-state').textContent = '';
  for (const shown of [$('try-answers'), madeUpBox()]) shown.classList.add('try-old'); // until an answer comes
  for (const button of madeUpButtons()) button.disabled = true;
  answerText($('try-text').value);
  noteText($('try-text').value);
}

const LONGEST_ADDRESS = 500; // characters of a text that is worth sending so

const noteText = later(500, text => { // in the address, so that it can be sent
  const address = new URL(location);
  if (text.trim() && text.length <= LONGEST_ADDRESS) address.searchParams.set('text', text); else address.searchParams.delete('text');
  history.replaceState(null, '', address);
});

function takeText() { // from the address
  const text = new URLSearchParams(location.search).get('text');
  if (!text) return;
  $('try-text').value = text;
  clearMadeUp(); // what stood here was made for another text
  $('try-answers').replaceChildren();
}

function offerExamples() {
  for (const button of $('try-examples').querySelectorAll('button')) {
    button.onclick = () => { $('try-text').value = button.textContent; typed(); };
  }
}

// ---- Sixteen numbers to a drawing

let code = new Array(CODE).fill(0); // as exact as it came; the sliders show it in steps of a tenth
let sliders = [];

function makeSliders() {
  sliders = code.map((_, i) => {
    const label = document.createElement('label'), slider = document.createElement('input');
    const number = document.createElement('span'), value = document.createElement('output');
    Object.assign(slider, { type: 'range', min: -REACH, max: REACH, step: .1, value: 0, id: `try-z${i + 1}` });
    slider.setAttribute('aria-label', `latent number ${i + 1}`);
    label.className = 'try-slider';
    number.textContent = i + 1;
    label.append(number, slider, value);
    slider.oninput = () => { code[i] = Number(slider.value); value.textContent = signed(code[i], 1); draw(code, true); };
    $('try-sliders').append(label);
    return { slider, value };
  });
}

function setSliders() {
  sliders.forEach(({ slider, value }, i) => {
    slider.value = code[i];
    value.textContent = signed(code[i], 1);
  });
}

function nearestKnown(code) {
  let best = 0, least = Infinity;
  for (let row = 0; row < known.count; row++) {
    let away = 0;
    for (let i = 0; i < CODE; i++) away += (known.codes[row * CODE + i] - code[i]) ** 2;
    if (away < least) [best, least] = [row, away];
  }
  return { row: best, distance: Math.sqrt(least) };
}

let drawn = null; // SVG of what the sliders say

const drawNow = newestOnly(async ({ wanted, moveMarker }) => {
  drawn = await ask('draw', [wanted, false]);
  show($('try-drawing'), drawn);
  const { row, distance } = nearestKnown(wanted);
  showIcon($('try-near-icon'), row);
  $('try-near').textContent = `${known.names[row]}, ${distance < .05 ? 'this is its code' : `${distance.toFixed(1)} away`}`;
  if (moveMarker) placeMarker(known.cells[row].map(x => x + .5));
  say(`Drawn. The nearest known emoji is ${$('try-near').textContent}.`);
}, cannotDraw);

function draw(wanted, moveMarker) { drawNow({ wanted: Array.from(wanted), moveMarker }); }

function use(wanted, moveMarker = true) { code = Array.from(wanted); setSliders(); draw(code, moveMarker); }

const codeOf = row => known.codes.slice(row * CODE, (row + 1) * CODE);

function showKnown(row) { use(codeOf(row)); }

function bringIntoSight() { // the drawing that a press changed
  const { top, bottom } = $('try-drawing').getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) $('try-drawing').scrollIntoView({ block: 'center' });
}

// ---- The map

const SOFTNESS = .4; // in cells: at the middle of a cell its own emoji counts for most, between cells they blend
let place = [0, 0];  // column and line on the map, where .5 is the middle of a cell

function placeMarker(to) {
  place = to;
  $('try-marker').style.left = `${100 * to[0] / known.columns}%`;
  $('try-marker').style.top = `${100 * to[1] / known.columns}%`;
}

function codeAt([x, y]) { // also where no emoji is near
  const distances = known.cells.map(([column, line]) => (column + .5 - x) ** 2 + (line + .5 - y) ** 2), least = Math.min(...distances);
  const mean = new Array(CODE).fill(0);
  let total = 0;
  distances.forEach((away, row) => {
    const weight = Math.exp((least - away) / (2 * SOFTNESS ** 2));
    total += weight;
    for (let i = 0; i < CODE; i++) mean[i] += weight * known.codes[row * CODE + i];
  });
  return mean.map(x => x / total);
}

function goTo(x, y) {
  const onMap = v => Math.max(.5, Math.min(known.columns - .5, v));
  placeMarker([onMap(x), onMap(y)]);
  use(codeAt(place), false);
}

function watchMap() {
  const map = $('try-map');
  const follow = event => {
    const box = map.getBoundingClientRect();
    goTo((event.clientX - box.left) / box.width * known.columns, (event.clientY - box.top) / box.height * known.columns);
  };
  map.onpointerdown = event => { map.setPointerCapture(event.pointerId); follow(event); };
  map.onpointermove = event => { if (map.hasPointerCapture(event.pointerId)) follow(event); };
  const rows = new Map(known.cells.map(([column, line], row) => [`${column} ${line}`, row]));
  const { name, hide } = nameCells(map, known.columns, (column, line) => known.names[rows.get(`${column} ${line}`)]);
  const nameHere = () => name(...place.map(Math.floor));
  map.onkeydown = event => {
    const way = arrowed(event);
    if (!way) return;
    goTo(place[0] + way[0], place[1] + way[1]);
    nameHere();
  };
  map.onfocus = () => { if (map.matches(':focus-visible')) nameHere(); };
  map.onblur = hide;
}

// ---- Begin

// What the tests, and the curious at the console, may call
function expose() {
  window.emojiSqam = {
    tokens: text => ask('tokens', [text]),
    scores: text => ask('scores', [text]), // of the 872, in the order of their slugs
    answer: async (text, n = 5) => (await ask('answer', [text, n])).rows.map(({ row, score }) => ({ slug: known.slugs[row], score })),
    draw: (code, snap = true) => ask('draw', [code, snap]), // SVG
    codeAt, // of a place on the map
    suggest: async text => { const { parents, ...found } = await suggest(text); return { ...found, parents: parents.map(row => known.slugs[row]) }; },
  };
}

async function begin() {
  setEnabled(false, '.try-draw');
  startWorker(cannotAnswer, loading($('try-bar'), $('try-left')));
  known = await ask('known');
  takeText();
  $('try-text').oninput = typed;
  offerExamples();
  await ask('ready');
  for (const button of $('try-examples').querySelectorAll('button')) button.disabled = false;
  await answerText($('try-text').value);
  beginToDraw().catch(cannotDraw);
}

async function beginToDraw() {
  await ask('drawing');
  expose();
  watchMap();
  setEnabled(true, '.try-draw');
  showKnown(known.slugs.indexOf('1f427')); // 🐧
  $('try-use').onclick = () => { if (madeUp) { use(madeUp.code); bringIntoSight(); } };
  offerToSave('try-made-up', 'made-up', () => madeUp?.svg);
  offerToSave('try-drawing', 'drawing', () => drawn);
  $('try-zero').onclick = () => use(new Array(CODE).fill(0));
  let seed = 0;
  $('try-random').onclick = async () => use(await ask('sample', [++seed]));
  try { await ask('making'); } catch (error) { return cannotMakeUp(error); }
  canMakeUp = true;
  makeUp($('try-text').value);
  $('try-status').textContent = 'Ready: the networks run in this page, and nothing you write leaves it.';
  $('try-bar').hidden = true;
  $('try-it').setAttribute('aria-busy', 'false');
}


makeSliders();
begin().catch(cannotAnswer);
