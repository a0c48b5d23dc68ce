// The trained networks, in a worker, so that the page stays quick while they think.
// Everything is read from files beside this one: the very .onnx files and the tokenizer.json that Python answers with.
import { Tokenizer } from '../site_libs/tokenizers/tokenizers.min.mjs';
import * as ort from '../site_libs/onnxruntime-web/ort.wasm.min.mjs';
import { Shapes, argmax, countShapes, paintOutlines, paintShapes } from './drawing.js';

const here = name => new URL(name, import.meta.url);
ort.env.wasm.wasmPaths = here('../site_libs/onnxruntime-web/').href;
ort.env.wasm.numThreads = 1; // more need headers that a static host does not send

const CODE = 16, PIXELS = 36 * 36;

async function load(name, kind) {
  let response;
  try { response = await fetch(here(name)); } catch { throw new Error(`${name} could not be loaded`); }
  if (!response.ok) throw new Error(`${name} could not be loaded (${response.status})`);
  return response[kind]();
}

// ---- What is read

async function loadTokenizer() {
  const saved = await load('tokenizer.json', 'json');
  // The library takes the unknown token from a second file of settings; ours stands in tokenizer.json
  const tokenizer = new Tokenizer(saved, { unk_token: saved.model.unk_token });
  const longest = saved.truncation.max_length;
  return text => {
    const { ids, tokens } = tokenizer.encode(text);
    return { ids: ids.slice(0, longest), tokens: tokens.slice(0, longest) };
  };
}

async function loadKnown() {
  const [about, numbers] = await Promise.all([load('known.json', 'json'), load('known.bin', 'arrayBuffer')]);
  const count = about.slugs.length;
  const vectors = new Float32Array(numbers, 0, count * about.dimensions); // emojis.npz: the embeddings, at unit length …
  const codes = new Float32Array(numbers, vectors.byteLength, count * CODE); // … and the codes
  return { ...about, count, vectors, codes };
}

// tokens.npz: for each token a vector as bytes with a scale, how much it counts in a sum, and what kind of token it is
async function loadTable() {
  const { tokens, tokenDimensions: width } = await load('known.json', 'json');
  const numbers = await load('tokens.bin', 'arrayBuffer');
  const scale = new Float32Array(numbers, 0, tokens), importance = new Float32Array(numbers, 4 * tokens, tokens);
  const bytes = new Int8Array(numbers, 8 * tokens, tokens * width), kinds = new Uint8Array(numbers, (8 + width) * tokens, tokens);
  const lookup = ids => {
    const vectors = new Float32Array(ids.length * width);
    ids.forEach((id, i) => { for (let j = 0; j < width; j++) vectors[i * width + j] = bytes[id * width + j] * scale[id]; });
    return { vectors, importance: Float32Array.from(ids, id => importance[id]), width };
  };
  return { lookup, kinds };
}

// A network as a function from numbers, with their shapes, to numbers. Calls wait for each other: a session does one thing at a time
let busy = Promise.resolve();
async function loadNetwork(name) {
  const extra = { session: { disable_quant_qdq: '1' } }; // weights in bytes, but sums in full precision, as in Python
  const session = await ort.InferenceSession.create(await load(name, 'arrayBuffer'), { executionProviders: ['wasm'], extra });
  const [output] = session.outputNames;
  return (...given) => {
    const run = async () => {
      const tensors = given.map(([numbers, shape]) => new ort.Tensor('float32', numbers, shape));
      const outputs = await session.run(Object.fromEntries(session.inputNames.map((input, i) => [input, tensors[i]])));
      return outputs[output].data;
    };
    return busy = busy.then(run, run);
  };
}

// All files are asked for at once; WebAssembly starts to compile when the first network is there, while the others still come
const tokenizer = loadTokenizer(), known = loadKnown(), table = loadTable(), textEncoder = loadNetwork('text_encoder.onnx');
const drawer = loadNetwork('drawer.onnx'), imageEncoder = loadNetwork('image_encoder.onnx'), drawing = loadDrawing();
for (const part of [tokenizer, known, table, textEncoder, drawer, imageEncoder, drawing]) part.catch(() => {}); // who asks for it is told

// ---- Text to emojis

async function vectorOf(text) {
  const [encode, { lookup, kinds }, embed] = await Promise.all([tokenizer, table, textEncoder]);
  const { ids } = encode(text.toWellFormed ? text.toWellFormed() : text); // halves of characters become U+FFFD
  const read = ids.length ? ids : [1]; // as in Python, where nothing is left of a text
  const { vectors, importance, width } = lookup(read);
  const vector = await embed([vectors, [1, read.length, width]], [importance, [1, read.length, 1]]);
  return { ...countKnown(read.map(id => kinds[id])), vector };
}

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

async function answer(text, n = 5) {
  const [found, { offered, unsureBelow }] = await Promise.all([scores(text), known]);
  const rows = found.knownWords ? Array.from(offered) : []; // in the order of slugs, so that equals stay in it
  rows.sort((a, b) => found.scores[b] - found.scores[a]);
  const best = rows.slice(0, n).map(row => ({ row, score: found.scores[row] }));
  const lead = rows.length ? found.scores[rows[0]] - found.scores[rows[5]] : 0; // over the first that is not shown
  return { rows: best, unsure: best.length > 0 && lead < unsureBelow, knownWords: found.knownWords };
}

// ---- Codes to drawings

const ENTRIES = 40; // colours of the palette

async function loadDrawing() {
  const [about, numbers] = await Promise.all([load('drawing.json', 'json'), load('drawing.bin', 'arrayBuffer')]);
  return { ...about, shapes: Shapes.fromFiles(about, numbers), colors: about.palette.map(hexToBytes) };
}

const hexToBytes = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));

const votes = async codes => (await drawer)([Float32Array.from(codes.flat()), [codes.length, CODE]]);

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
    const vectors = await (await imageEncoder)([pixels, [batch.length, 36, 36, 4]]);
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
  const [{ vector, scores: found, knownWords }, { offered, codes }, about] = await Promise.all([scores(text), known, drawing]);
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
  const [{ vector, scores: found }, about, { offered }] = await Promise.all([scores(text), drawing, known]);
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
  ready: async () => { await Promise.all([tokenizer, known, table, textEncoder]); },
  drawing: async () => { await Promise.all([drawer, imageEncoder, drawing]); },
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
