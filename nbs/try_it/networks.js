// The trained networks, in a worker, so that the page stays quick while they think.
// Everything is read from files beside this one: the very .onnx files and the tokenizer.json that Python answers with.
import { Tokenizer } from '../site_libs/tokenizers/tokenizers.min.mjs';
import { Shapes, argmax, countShapes, paintOutlines, paintShapes } from './drawing.js';
import { halves, network } from './onnx.js';

const CODE = 16, PIXELS = 36 * 36;

// ---- What is read

async function open(name) { // its bytes, as they come
  let response;
  try { response = await fetch(new URL(name, import.meta.url)); } catch { throw new Error(`${name} could not be loaded`); }
  if (!response.ok) throw new Error(`${name} could not be loaded (${response.status})`);
  const counted = new TransformStream({ transform: (part, on) => { postMessage({ came: part.length }); on.enqueue(part); } });
  return response.body.pipeThrough(counted);
}

const load = async (name, kind) => new Response(await open(name))[kind]();

async function loadTokenizer() {
  const saved = await load('tokenizer.json', 'json');
  // The library takes the unknown token from a second file of settings; ours stands in tokenizer.json
  const tokenizer = new Tokenizer(saved, { unk_token: saved.model.unk_token });
  const longest = saved.truncation.max_length;
  return text => {
    const { ids } = tokenizer.encode(text);
    return { ids: ids.slice(0, longest), cut: ids.length > longest ? longest : 0 };
  };
}

async function loadKnown() {
  const [about, numbers] = await Promise.all([load('known.json', 'json'), load('known.bin', 'arrayBuffer')]);
  const count = about.slugs.length, codes = new Float32Array(numbers, 0, count * CODE); // emojis.npz: the codes …
  const vectors = halves(new Uint8Array(numbers, codes.byteLength)), width = vectors.length / count; // … and the embeddings
  for (let at = 0; at < vectors.length; at += width) {
    const own = vectors.subarray(at, at + width), long = Math.hypot(...own);
    own.forEach((x, i) => { own[i] = x / long; });
  }
  return { ...about, count, vectors, codes };
}

// tokens.npz: for each token a vector as bytes with a scale, how much it counts in a sum, and what kind of token it is.
// The rows of common words come first, so that most texts are answered long before the last row is here
async function loadTable() {
  const { tokens, tokenDimensions: width } = await known, row = width + 4, start = 3 * tokens;
  const bytes = new Uint8Array(start + tokens * row);
  let came = 0, failure = null, waiting = [];
  const goOn = () => { waiting = waiting.filter(({ end, resolve, reject }) => (came >= end ? resolve() : failure ? reject(failure) : true)); };
  const until = end => new Promise((resolve, reject) => { waiting.push({ end, resolve, reject }); goOn(); });
  const read = async () => {
    for (const reader = (await open('tokens.bin')).getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes.set(value, came);
      came += value.length;
      goOn();
    }
    if (came < bytes.length) throw new Error('tokens.bin could not be loaded whole');
  };
  const whole = read().catch(error => { failure = error; goOn(); throw error; });
  whole.catch(() => {}); // who waits for it is told
  await until(start);
  const place = new Uint16Array(bytes.buffer, 0, tokens), kinds = bytes.subarray(2 * tokens, start), whereOf = id => start + place[id] * row;
  const lookup = async ids => {
    await until(Math.max(...ids.map(whereOf)) + row);
    const vectors = new Float32Array(ids.length * width), importance = new Float32Array(ids.length);
    ids.forEach((id, i) => {
      const at = whereOf(id), [scale, counts] = halves(bytes.subarray(at, at + 4)), own = new Int8Array(bytes.buffer, at + 4, width);
      own.forEach((x, j) => { vectors[i * width + j] = x * scale; });
      importance[i] = counts;
    });
    return { vectors, importance, width };
  };
  return { lookup, kinds, whole };
}

async function loadNetwork(name) {
  const bytes = await load(name, 'arrayBuffer');
  try { return network(bytes); } catch (error) { throw new Error(`${name}: ${error.message}`); }
}

// What answers comes first, the small parts before the table of tokens, and what draws last. Where nothing is answered, none but that
const onlyDraws = self.name === 'draw';
const unlessOnlyDraws = load => (onlyDraws ? Promise.reject(new Error('this page only draws')) : load());
const tokenizer = unlessOnlyDraws(loadTokenizer), known = unlessOnlyDraws(loadKnown), textEncoder = unlessOnlyDraws(() => loadNetwork('text_encoder.onnx'));
const table = Promise.all([tokenizer, known, textEncoder]).then(loadTable), answers = table.then(({ whole }) => whole);
const first = onlyDraws ? Promise.resolve() : answers, drawer = first.then(() => loadNetwork('drawer.onnx')), drawing = first.then(loadDrawing);
const imageEncoder = unlessOnlyDraws(() => drawer.then(() => loadNetwork('image_encoder.onnx')));
for (const part of [tokenizer, known, table, textEncoder, answers, drawer, imageEncoder, drawing]) part.catch(() => {}); // who asks for it is told

// ---- Text to emojis

const LONGEST = 10_000; // characters of a text that are read

async function vectorOf(text) {
  const [encode, { lookup, kinds }, embed] = await Promise.all([tokenizer, table, textEncoder]);
  const { ids, cut } = encode(wellFormed(text).slice(0, LONGEST));
  const read = ids.length ? ids : [1]; // as in Python, where nothing is left of a text
  const { vectors, importance, width } = await lookup(read);
  const vector = embed([vectors, [1, read.length, width]], [importance, [1, read.length, 1]]);
  return { ...countKnown(read.map(id => kinds[id])), cut, vector };
}

const wellFormed = text => (text.toWellFormed ? text.toWellFormed() : text); // halves of characters become U+FFFD

const cosine = (vector, vectors, row) => {
  let sum = 0;
  for (let i = 0, at = row * vector.length; i < vector.length; i++) sum += vector[i] * vectors[at + i];
  return Math.max(-1, Math.min(1, sum));
};

async function scores(text) {
  const [{ vectors, count }, { vector, ...read }] = await Promise.all([known, vectorOf(text)]);
  return { ...read, vector, scores: Float32Array.from({ length: count }, (_, row) => cosine(vector, vectors, row)) };
}

const WORD = 1, LONG = 2, PIECE = 4; // flags of a token, as in Python: a word; may be part of a longer one; goes on a word
function countKnown(kinds) { // a word of several tokens is known where each of them is a word itself
  const words = [];
  for (const kind of kinds) if (kind & PIECE && words.length) words.at(-1).push(kind); else words.push([kind]);
  const isKnown = word => word[0] & WORD && (word.length === 1 || word.every(kind => kind & LONG));
  return { knownWords: words.filter(isKnown).length };
}

// Texts of self-harm are told by the same patterns as in Python, and answered with the same few emojis
const careWords = text => text.replace(/&(#39|#x27|#8217|apos|rsquo);/gi, "'").normalize('NFKC').toLowerCase()
  .replace(/[\u2018\u2019\u02bc`´]/g, "'").replace(/#/g, ' ').trim().replace(/\s+/g, ' ');

function needsCare(text, { stems, patterns }) {
  const words = careWords(text);
  return stems.some(stem => words.includes(stem)) && new RegExp(`\\b(?:${patterns.join('|')})`).test(words);
}

async function offeredFor(text) { // rows, in the order of slugs, and a note
  const { offered, care } = await known;
  return needsCare(text, care) ? { offered: care.rows, note: care.note } : { offered };
}

async function answer(text, n = 5) {
  const [found, { offered, note }, { unsureBelow }] = await Promise.all([scores(text), offeredFor(text), known]);
  const rows = found.knownWords ? Array.from(offered) : []; // in the order of slugs, so that equals stay in it
  rows.sort((a, b) => found.scores[b] - found.scores[a]);
  const best = rows.slice(0, n).map(row => ({ row, score: found.scores[row] }));
  const rest = rows.length > 5 ? found.scores[rows[5]] : 0; // the best of those that are not shown
  const unsure = best.length > 0 && best[0].score - rest < unsureBelow && !note;
  return { rows: best, rest, unsure, note, knownWords: found.knownWords, cut: found.cut };
}

// ---- Codes to drawings

const ENTRIES = 40; // colours of the palette

async function loadDrawing() {
  const [about, numbers] = await Promise.all([load('drawing.json', 'json'), load('drawing.bin', 'arrayBuffer')]);
  return { ...about, shapes: Shapes.fromFiles(about, numbers), colors: about.palette.map(hexToBytes) };
}

const hexToBytes = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));

const votes = async codes => Float32Array.from((await drawer)([codes.flat(), [codes.length, CODE]])); // as Python rounds them

// Snapped: regions become shapes. Else they keep outlines of their own, which is quicker and changes smoothly with the code
async function draw(code, snap) {
  const [{ shapes, palette }, found] = await Promise.all([drawing, votes([code])]);
  return snap ? paintShapes(found, shapes, palette) : paintOutlines(found, palette);
}

// ---- Emojis that nobody has drawn, as `Answerer.suggest` makes them with the seed 0

const BATCH = 12;

const pause = () => new Promise(go => setTimeout(go)); // lets messages in: a new text ends the old search

// The colour that each pixel of a picture votes for, and how sure the pixels are
function elected(found) {
  const labels = new Uint8Array(PIXELS);
  let sureness = 0;
  for (let i = 0; i < PIXELS; i++) {
    const own = found.subarray(i * ENTRIES, (i + 1) * ENTRIES);
    labels[i] = argmax(own);
    sureness += own[labels[i]] / PIXELS;
  }
  return { labels, sureness };
}

async function electedOf(codes, stopped) {
  const all = [];
  for (let at = 0; at < codes.length && !stopped(); at += BATCH) {
    const batch = codes.slice(at, at + BATCH), found = await votes(batch), size = PIXELS * ENTRIES;
    batch.forEach((_, i) => all.push(elected(found.subarray(i * size, (i + 1) * size))));
    await pause();
  }
  return all;
}

// Cosines with pictures: bytes of 36 × 36 pixels each
async function pictureScores(wanted, pictures, stopped) {
  const all = [];
  for (let at = 0; at < pictures.length && !stopped(); at += BATCH) {
    const batch = pictures.slice(at, at + BATCH), pixels = new Float32Array(batch.length * PIXELS * 4);
    batch.forEach((picture, i) => picture.forEach((x, j) => { pixels[i * PIXELS * 4 + j] = x / 255; }));
    const vectors = (await imageEncoder)([pixels, [batch.length, 36, 36, 4]]);
    batch.forEach((_, i) => all.push(cosine(wanted, vectors, i)));
    await pause();
  }
  return all;
}

// Pixels of one colour each, without edges
function flatPicture(labels, colors) {
  const pixels = new Uint8Array(PIXELS * 4);
  labels.forEach((entry, i) => { if (entry) pixels.set([...colors[entry], 255], 4 * i); });
  return pixels;
}

const share = (labels, test) => labels.reduce((total, entry, i) => total + test(entry, i), 0) / PIXELS;

// Mixes of the emojis that answer best, drawn: those that promise most. How they score as drawn, `choose` finds
async function mixes(text, stopped) {
  const [{ vector, scores: found, knownWords }, { offered }, { codes }, about] = await Promise.all([scores(text), offeredFor(text), known, drawing]);
  if (!knownWords) return null;
  const rows = Array.from(offered).sort((a, b) => found[b] - found[a]).slice(0, about.parents);
  const parents = rows.map(row => Array.from(codes.subarray(row * CODE, (row + 1) * CODE)));
  const mixed = about.pairs.map(([first, second], k) => {
    const part = about.shares[k % about.shares.length];
    return parents[first].map((x, i) => (1 - part) * x + part * parents[second][i] + about.noise[k][i]);
  });
  const all = await electedOf([...parents, ...mixed], stopped), own = all.slice(0, rows.length), made = all.slice(rows.length);
  const cosines = await pictureScores(vector, made.map(({ labels }) => flatPicture(labels, about.colors)), stopped);
  if (stopped()) return null;
  const isRejected = (labels, [first, second]) => share(labels, entry => entry > 0) < about.leastPaint // nearly empty …
    || [first, second].some(parent => share(labels, (entry, i) => entry === own[parent].labels[i]) >= about.copy); // … or a copy
  const promise = made.map(({ labels, sureness }, k) => cosines[k] + about.sureness * sureness - isRejected(labels, about.pairs[k]));
  const best = made.map((_, k) => k).sort((a, b) => promise[b] - promise[a]).slice(0, about.drawn), drawn = [];
  for (const k of best) {
    drawn.push({ svg: await draw(mixed[k], true), code: mixed[k], sureness: made[k].sureness, parents: about.pairs[k].map(i => rows[i]) });
    await pause();
    if (stopped()) return null;
  }
  return drawn;
}

// The best of some that were drawn, by how their pictures score
async function choose(text, drawn, pictures, stopped) {
  const [{ vector, scores: found }, about, { offered }] = await Promise.all([scores(text), drawing, offeredFor(text)]);
  const cosines = await pictureScores(vector, pictures, stopped);
  if (stopped()) return null;
  const [fewest, most] = about.elements, isPlain = ({ svg }) => countShapes(svg) < fewest || countShapes(svg) > most;
  const best = argmax(drawn.map((one, i) => cosines[i] + about.sureness * one.sureness - isPlain(one)));
  return { ...drawn[best], score: cosines[best], gain: cosines[best] - Math.max(...offered.map(row => found[row])) };
}

// ---- A random code

function generator(seed) { // mulberry32: small, and the same everywhere
  const uniform = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

// Under the Gaussian of the known codes, and no farther out than most of them
async function sample(seed) {
  const normal = generator(seed), { prior: { mean, spread, limit } } = await known;
  const white = Array.from({ length: CODE }, normal), scale = Math.min(1, limit / Math.hypot(...white));
  return mean.map((m, i) => white.reduce((total, x, j) => total + spread[i][j] * x * scale, m));
}

// ---- What the page may ask

let search = 0; // the newest; older ones stop
const calls = {
  answer, sample, draw,
  known: async () => { const { vectors, ...rest } = await known; return rest; },
  ready: async () => { await table; },
  drawing: async () => { await Promise.all([drawer, drawing]); },
  making: async () => { await imageEncoder; },
  tokens: async text => (await tokenizer)(text).ids,
  scores: async text => Array.from((await scores(text)).scores),
  mixes: text => { const mine = ++search; return mixes(text, () => mine !== search); },
  choose: (text, drawn, pictures) => { const mine = search; return choose(text, drawn, pictures, () => mine !== search); },
  stop: () => { search++; },
};

onmessage = async ({ data: { id, call, given } }) => {
  try {
    postMessage({ id, value: await calls[call](...given) });
  } catch (error) { postMessage({ id, error: String(error.message || error) }); }
};
