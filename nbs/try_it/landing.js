// The landing page: its answers stand in it from the start; the networks are loaded when the text box is touched.
import { ask, later, loading, newestOnly, notesOn, show, startWorker, suggest } from './calls.js';

const $ = id => document.getElementById(id);
const EMPTY = 'Write something, and five emojis will answer.';

let ready = null, names, drawsToo = false;

function fail(error) {
  $('ask-note').textContent = `This page cannot answer: ${error.message}. Reload it to try again.`;
  $('ask-left').textContent = '';
  $('ask-bar').hidden = true;
}

function failToDraw(error) {
  fail(error);
  $('ask-note').textContent = `This page answers, but cannot draw: ${error.message}.`;
}

// ---- What is shown

function emoji({ slug, name }) {
  const item = document.createElement('li'), picture = document.createElement('img'), words = document.createElement('span');
  Object.assign(picture, { src: `twemoji/${slug}.svg`, alt: '', width: 112, height: 112 });
  words.textContent = name;
  item.append(picture, words);
  return item;
}

function showAnswer(emojis, note) {
  document.querySelector('.ask-answer').classList.remove('ask-old');
  $('ask-answers').replaceChildren(...emojis.map(emoji));
  $('ask-drawing').classList.toggle('ask-waits', emojis.length > 0);
  if (!emojis.length) $('ask-drawing').replaceChildren();
  $('ask-note').textContent = note;
}

function showDrawing(drawing, parents) {
  $('ask-drawing').replaceChildren(drawing);
  $('ask-parents').textContent = parents;
  $('ask-drawing').classList.remove('ask-waits');
}

// ---- What the page knows already

const settle = text => text.trim().replace(/\s+/g, ' ');

function known(text) { // the row of an example that was answered when the site was built
  return [...document.querySelectorAll('#ask-examples li')].find(row => row.querySelector('button').textContent === settle(text));
}

function showExample(row) {
  showAnswer([...row.querySelectorAll('img')].map(picture => ({ slug: picture.dataset.slug, name: picture.alt })), '');
  showDrawing(row.querySelector('svg').cloneNode(true), row.dataset.parents);
}

// ---- What the networks answer

function start() { // once: what answers, and in the background what draws
  ready ??= (async () => {
    if (typeof Worker !== 'function') throw new Error('this browser runs no workers');
    $('ask-bar').hidden = false;
    startWorker(fail, loading($('ask-bar'), $('ask-left')));
    const about = await ask('known');
    names = about.slugs.map((slug, row) => ({ slug, name: about.names[row] }));
    await ask('ready');
    Promise.all([ask('drawing'), ask('making')]).then(() => {
      drawsToo = true;
      $('ask-bar').hidden = true;
      drawFor($('ask-text').value);
    }, failToDraw);
  })();
  return ready;
}

const answer = newestOnly(async text => {
  const row = known(text);
  if (row) return showExample(row);
  if (!text.trim()) return showAnswer([], EMPTY);
  if (!names) $('ask-note').textContent = 'Loading the networks …';
  await start();
  if (text !== $('ask-text').value) return;
  const found = await ask('answer', [text]);
  showAnswer(found.rows.map(({ row }) => names[row]), notesOn(found));
  document.documentElement.dataset.answered = text; // where tests see that an answer has come
  if (found.knownWords) drawFor(text);
}, fail);

const drawFor = later(300, async text => {
  const isOld = () => text !== $('ask-text').value || known(text) || !text.trim();
  if (!drawsToo || isOld()) return;
  try {
    const found = await suggest(text);
    if (!found || isOld()) return;
    const picture = new Image(112, 112);
    picture.alt = `Made up for: ${text}`;
    show(picture, found.svg);
    showDrawing(picture, found.parents.map(row => names[row].name).join(' and '));
    document.documentElement.dataset.madeUp = text;
  } catch (error) { failToDraw(error); }
});

// ---- Begin

const box = $('ask-text');
for (const kind of ['focus', 'pointerdown']) box.addEventListener(kind, () => start().catch(fail), { once: true });
box.addEventListener('input', () => {
  ready?.then(() => ask('stop'), () => {}); // the drawing for what stood here before
  document.querySelector('.ask-answer').classList.toggle('ask-old', box.value.trim() !== ''); // until an answer comes
  answer(box.value);
});
for (const row of document.querySelectorAll('#ask-examples li')) {
  row.querySelector('button').addEventListener('click', () => {
    box.value = row.querySelector('button').textContent;
    showExample(row);
    if ($('ask').getBoundingClientRect().top < 0) $('ask').scrollIntoView({ block: 'start' });
  });
}
