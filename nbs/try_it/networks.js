// The trained networks, in a worker, so that the page stays quick while they think.
// Everything is read from files beside this one: the very .onnx files and the tokenizer.json that Python answers with.
import { Tokenizer } from '../site_libs/tokenizers/tokenizers.min.mjs';
import * as ort from '../site_libs/onnxruntime-web/ort.wasm.min.mjs';

const here = name => new URL(name, import.meta.url);
ort.env.wasm.wasmPaths = here('../site_libs/onnxruntime-web/').href;
ort.env.wasm.numThreads = 1; // more need headers that a static host does not send

const CODE = 16, PIXELS = 36 * 36 * 4;

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
  const session = await ort.InferenceSession.create(await load(name, 'arrayBuffer'), { executionProviders: ['wasm'] });
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
const decoder = loadNetwork('vae_decoder.onnx'), imageEncoder = loadNetwork('image_encoder.onnx');
for (const part of [tokenizer, known, table, textEncoder, decoder, imageEncoder]) part.catch(() => {}); // who asks for it is told

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

// ---- Codes to pictures

async function decode(codes) {
  const flat = Float32Array.from(codes.flat ? codes.flat() : codes);
  return (await decoder)([flat, [flat.length / CODE, CODE]]);
}

// Pixels as they are shown: 256 steps, and no colour where nothing is seen
function shown(images) {
  const pixels = Uint8ClampedArray.from(images, x => x * 255);
  for (let i = 0; i < pixels.length; i += 4) if (!pixels[i + 3]) pixels.fill(0, i, i + 3);
  return pixels;
}

// ---- Emojis that nobody has drawn: the search of `Answerer.suggest`, smaller

const TRIES = 256, PARENTS = 32, ROUNDS = 6, BATCH = 16;

function generator(seed) { // mulberry32: small, and the same everywhere, so that a text always gets the same emoji
  const uniform = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal, below: n => Math.floor(uniform() * n) };
}

// The Gaussian of the known codes, in coordinates where it is standard; nothing farther out than most known codes are
function within(white, { limit }) {
  const length = Math.hypot(...white);
  return length > limit ? white.map(x => x * limit / length) : white;
}
const toCode = (white, { mean, spread }) => mean.map((m, i) => white.reduce((sum, x, j) => sum + spread[i][j] * x, m));

function mixed(parents, step, random) { // a child of two: each number from one of them, and a nudge
  const a = parents[random.below(parents.length)].white, b = parents[random.below(parents.length)].white;
  return a.map((x, i) => (random.uniform() < .5 ? x : b[i]) + step * random.normal());
}

const pause = () => new Promise(go => setTimeout(go)); // lets messages in: a new text ends the old search

async function judged(whites, wanted, prior, stopped) {
  const all = [];
  for (let at = 0; at < whites.length && !stopped(); at += BATCH) {
    const batch = whites.slice(at, at + BATCH), codes = batch.map(white => toCode(white, prior));
    const pixels = shown(await decode(codes));
    const vectors = await (await imageEncoder)([Float32Array.from(pixels, x => x / 255), [batch.length, 36, 36, 4]]);
    batch.forEach((white, i) => all.push({ white, code: codes[i], score: cosine(wanted, vectors, i), pixels: pixels.slice(i * PIXELS, (i + 1) * PIXELS) }));
    await pause();
  }
  return all;
}

async function suggest(text, seed, stopped, progress) {
  const [{ vector, scores: known872, knownWords }, { prior }] = await Promise.all([scores(text), known]);
  if (!knownWords) return null;
  const random = generator(seed), best = known872.reduce((a, b) => Math.max(a, b));
  const whites = Array.from({ length: TRIES }, () => within(Array.from({ length: CODE }, random.normal), prior));
  let fittest = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const tried = round ? Array.from({ length: PARENTS }, () => within(mixed(fittest, .5 * .8 ** (round - 1), random), prior)) : whites;
    const more = await judged(tried, vector, prior, stopped);
    if (stopped()) return null;
    fittest = [...fittest, ...more].sort((a, b) => b.score - a.score).slice(0, PARENTS);
    const { code, pixels, score } = fittest[0];
    progress({ code, pixels, score, gain: score - best, round, rounds: ROUNDS });
  }
  const { code, pixels, score } = fittest[0];
  return { code, pixels, score, gain: score - best };
}

async function sample(seed) { // a random code that is likely under the known ones
  const random = generator(seed), { prior } = await known;
  return toCode(within(Array.from({ length: CODE }, random.normal), prior), prior);
}

// ---- What the page may ask

let search = 0; // the newest; older ones stop
const calls = {
  answer, sample,
  known: async () => { const { vectors, ...rest } = await known; return rest; },
  ready: async () => { await Promise.all([tokenizer, known, table, textEncoder]); },
  drawing: async () => { await Promise.all([decoder, imageEncoder]); },
  tokens: async text => (await tokenizer)(text).ids,
  scores: async text => Array.from((await scores(text)).scores),
  decode: async codes => decode(codes),
  stop: () => { search++; },
};

onmessage = async ({ data: { id, call, given } }) => {
  try {
    let value;
    if (call === 'suggest') {
      const mine = ++search;
      value = await suggest(...given, () => mine !== search, so_far => postMessage({ id, so_far }));
    } else value = await calls[call](...given);
    postMessage({ id, value });
  } catch (error) { postMessage({ id, error: String(error.message || error) }); }
};
