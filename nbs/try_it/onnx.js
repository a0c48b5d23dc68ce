// Reads .onnx files and runs them: the few operators that our networks are made of, on plain arrays. A whole runtime, compiled to
// WebAssembly, would be four times the size of the networks, and the page would wait for it.

// ---- The file: fields of protocol buffers, each with a number and a kind

function fields(bytes) { // the values of each field, by its number
  const found = {}, view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = () => {
    let value = 0, scale = 1, byte;
    do { byte = bytes[at++]; value += (byte & 127) * scale; scale *= 128; } while (byte & 128);
    return value;
  };
  while (at < bytes.length) {
    const key = varint(), kind = key & 7;
    let value;
    if (kind === 0) value = varint();
    else if (kind === 5) { value = view.getFloat32(at, true); at += 4; }
    else if (kind === 2) { const size = varint(); value = bytes.subarray(at, at += size); }
    else throw new Error(`a network of an unknown form (${kind})`);
    (found[key >> 3] ??= []).push(value);
  }
  return found;
}

const text = bytes => new TextDecoder().decode(bytes);
const signed = value => (value >= 2 ** 63 ? value - 2 ** 64 : value); // a varint as an int64; large ones lose digits that nobody needs

function varints(values = []) { // of a repeated field: packed, or one by one
  return values.flatMap(value => {
    if (typeof value === 'number') return signed(value);
    const all = [];
    for (let at = 0; at < value.length;) {
      let size = 1;
      while (value[at + size - 1] & 128) size++;
      all.push(signed(fields(Uint8Array.of(8, ...value.subarray(at, at += size)))[1][0]));
    }
    return all;
  });
}

const HALVES = Float32Array.from({ length: 2 ** 16 }, (_, half) => { // all numbers of 16 bits
  const exponent = half >> 10 & 31, fraction = half & 1023, sign = half & 0x8000 ? -1 : 1;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
});

export function halves(bytes) {
  const given = new Uint16Array(bytes.slice().buffer), out = new Float32Array(given.length);
  for (let i = 0; i < given.length; i++) out[i] = HALVES[given[i]];
  return out;
}

const KINDS = { // of numbers: how their bytes are read
  1: bytes => new Float32Array(bytes.slice().buffer), 3: bytes => new Int8Array(bytes.slice().buffer),
  6: bytes => new Int32Array(bytes.slice().buffer), 7: bytes => Array.from(new BigInt64Array(bytes.slice().buffer), Number), 10: halves,
};

function tensor({ 1: dims, 2: [kind], 4: floats, 7: integers, 9: [raw] = [] }) {
  if (raw) return { shape: varints(dims), values: kind === 1 ? Float64Array.from(KINDS[1](raw)) : KINDS[kind](raw) };
  return { shape: varints(dims), values: floats ? KINDS[1](floats[0]) : varints(integers) };
}

function attribute({ 1: [name], 2: float, 3: integer, 4: string, 8: integers }) {
  const value = float?.[0] ?? (integer && signed(integer[0])) ?? (string && text(string[0])) ?? varints(integers);
  return [text(name), value];
}

function parse(bytes) {
  const { 1: nodes, 5: constants, 11: inputs, 12: outputs } = fields(fields(bytes)[7][0]), name = one => text(fields(one)[1][0]);
  const known = constants.map(fields).map(constant => [text(constant[8][0]), tensor(constant)]);
  return {
    nodes: nodes.map(fields).map(({ 1: given = [], 2: gives, 4: [type], 5: settings = [] }) => ({
      type: text(type), inputs: given.map(text), output: text(gives[0]),
      settings: Object.fromEntries(settings.map(fields).map(attribute)),
    })),
    constants: new Map(known), inputs: inputs.map(name), output: name(outputs[0]),
  };
}

// ---- Tensors: a shape, and values row by row

const product = sizes => sizes.reduce((total, size) => total * size, 1);
const range = n => Array.from({ length: n }, (_, i) => i);
const axisOf = (axis, { shape }) => (axis < 0 ? axis + shape.length : axis);
const steps = shape => shape.map((_, i) => product(shape.slice(i + 1)));
const isInteger = ({ values }) => Array.isArray(values) || values instanceof Int32Array; // shapes and places

const map = change => ({ shape, values }) => {
  const out = new Float64Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = change(values[i]);
  return { shape, values: out };
};

// Values in another order: for each place of the new shape, steps through the old values
function viewed({ values }, shape, by, start = 0) {
  const out = Array.isArray(values) ? [] : new values.constructor(product(shape)), last = shape.length - 1;
  let to = 0;
  const go = (axis, at) => {
    for (let i = 0; i < shape[axis]; i++, at += by[axis]) if (axis === last) out[to++] = values[at]; else go(axis + 1, at);
  };
  if (last < 0) out[0] = values[start]; else go(0, start);
  return { shape, values: out };
}

function broadcast(one, shape) {
  const missing = shape.length - one.shape.length, own = steps(one.shape);
  return viewed(one, shape, shape.map((_, i) => (i < missing || one.shape[i - missing] === 1 ? 0 : own[i - missing]))).values;
}

const isEnd = (shape, all) => shape.every((size, i) => size === all[all.length - shape.length + i]); // then its values repeat as they are

const pairwise = combine => (a, b) => {
  const rank = Math.max(a.shape.length, b.shape.length), size = (one, i) => one.shape[i - rank + one.shape.length] ?? 1;
  const shape = range(rank).map(i => Math.max(size(a, i), size(b, i))), out = new Float64Array(product(shape));
  const [first, second] = [a, b].map(one => (one.values.length === 1 || isEnd(one.shape, shape) ? one.values : broadcast(one, shape)));
  const m = first.length, n = second.length;
  for (let i = 0, j = 0, k = 0; i < out.length; i++, j++, k++) {
    if (j === m) j = 0;
    if (k === n) k = 0;
    out[i] = combine(first[j], second[k]);
  }
  return { shape, values: out };
};

// m × k by k × n. Two rows of the first and four of the second at a time, so that what is read is used more than once
function multiply(a, b, out, [m, k, n], [fromA, fromB, to] = [0, 0, 0]) {
  const whole = k - k % 4;
  for (let i = 0; i < m; i += 2) {
    const first = fromA + i * k, second = i + 1 < m ? first + k : first, place = to + i * n, next = i + 1 < m ? place + n : place;
    for (let l = 0; l < whole; l += 4) {
      const x0 = a[first + l], x1 = a[first + l + 1], x2 = a[first + l + 2], x3 = a[first + l + 3];
      const y0 = a[second + l], y1 = a[second + l + 1], y2 = a[second + l + 2], y3 = a[second + l + 3];
      for (let j = 0, at = fromB + l * n; j < n; j++, at++) {
        const b0 = b[at], b1 = b[at + n], b2 = b[at + 2 * n], b3 = b[at + 3 * n];
        out[place + j] += x0 * b0 + x1 * b1 + x2 * b2 + x3 * b3;
        if (next !== place) out[next + j] += y0 * b0 + y1 * b1 + y2 * b2 + y3 * b3;
      }
    }
    for (let l = whole; l < k; l++) {
      for (let j = 0, at = fromB + l * n; j < n; j++, at++) {
        out[place + j] += a[first + l] * b[at];
        if (next !== place) out[next + j] += a[second + l] * b[at];
      }
    }
  }
}

function matMul(a, b) {
  const [m, k] = a.shape.slice(-2), n = b.shape.at(-1), many = product(a.shape.slice(0, -2)), isShared = b.shape.length === 2;
  const values = new Float64Array(many * m * n);
  for (let i = 0; i < many; i++) multiply(a.values, b.values, values, [m, k, n], [i * m * k, isShared ? 0 : i * k * n, i * m * n]);
  return { shape: [...a.shape.slice(0, -1), n], values };
}

// Of what lies along an axis: `reduce(values, from, step, count)` gives a number, or changes them
function along(one, axis, reduce) {
  const count = one.shape[axis], step = product(one.shape.slice(axis + 1)), many = product(one.shape.slice(0, axis));
  return range(many * step).map(i => reduce(one.values, Math.floor(i / step) * step * count + i % step, step, count));
}

const reduction = reduce => (one, axes, { axes: own, keepdims = 1 }) => {
  const [axis] = (axes?.values ?? own).map(axis => axisOf(axis, one)); // ours have one
  const shape = keepdims ? one.shape.with(axis, 1) : one.shape.toSpliced(axis, 1);
  return { shape, values: Float64Array.from(along(one, axis, reduce)) };
};

function softmax(one, { axis = -1 }) {
  const values = Float64Array.from(one.values);
  along({ ...one, values }, axisOf(axis, one), (_, from, step, count) => {
    let most = -Infinity, total = 0;
    for (let i = 0, at = from; i < count; i++, at += step) most = Math.max(most, values[at]);
    for (let i = 0, at = from; i < count; i++, at += step) total += values[at] = Math.exp(values[at] - most);
    for (let i = 0, at = from; i < count; i++, at += step) values[at] /= total;
  });
  return { shape: one.shape, values };
}

// ---- Convolutions, as products of matrices

// Pairs of a place under the kernel and a place of the picture: `visit(channel and place in the kernel, output place, input place)`
function underKernel(channels, [height, width], [down, across], { kernel_shape: [rows, columns], strides, pads }, visit) {
  for (let k = 0; k < channels * rows * columns; k++) {
    const channel = Math.floor(k / (rows * columns)), row = Math.floor(k / columns) % rows - pads[0], column = k % columns - pads[1];
    for (let i = 0; i < down; i++) {
      const y = i * strides[0] + row;
      if (y < 0 || y >= height) continue;
      for (let j = 0; j < across; j++) {
        const x = j * strides[1] + column;
        if (x >= 0 && x < width) visit(k, i * across + j, (channel * height + y) * width + x);
      }
    }
  }
}

function padded(settings, size) { // `SAME_UPPER`: as many places come out as go in, and what is odd is added behind
  if (settings.auto_pad !== 'SAME_UPPER') return settings;
  const missing = size.map((n, i) => Math.max((Math.ceil(n / settings.strides[i]) - 1) * settings.strides[i] + settings.kernel_shape[i] - n, 0));
  return { ...settings, pads: [...missing.map(n => n >> 1), ...missing.map(n => n + 1 >> 1)] };
}

function add(bias, values, places) {
  if (bias) for (let i = 0; i < values.length; i++) values[i] += bias.values[Math.floor(i / places) % bias.values.length];
}

function conv(one, weights, bias, given) {
  const [many, channels, ...size] = one.shape, settings = padded(given, size), { kernel_shape: kernel, strides, pads } = settings;
  const output = size.map((n, i) => Math.floor((n + pads[i] + pads[i + 2] - kernel[i]) / strides[i]) + 1), places = product(output);
  const filters = weights.shape[0], rows = channels * product(kernel), values = new Float64Array(many * filters * places);
  for (let i = 0; i < many; i++) {
    const seen = new Float64Array(rows * places), from = i * channels * product(size);
    underKernel(channels, size, output, settings, (k, to, at) => { seen[k * places + to] = one.values[from + at]; });
    multiply(weights.values, seen, values, [filters, rows, places], [0, 0, i * filters * places]);
  }
  add(bias, values, places);
  return { shape: [many, filters, ...output], values };
}

const turned = new WeakMap(); // weights with rows and columns exchanged

function convTranspose(one, weights, bias, settings) {
  const [many, channels, ...size] = one.shape, { kernel_shape: kernel, strides, pads } = settings, places = product(size);
  const output = size.map((n, i) => (n - 1) * strides[i] + kernel[i] - pads[i] - pads[i + 2]), filters = weights.shape[1];
  const rows = filters * product(kernel);
  if (!turned.has(weights)) turned.set(weights, viewed(weights, [rows, channels], [1, rows]).values);
  const values = new Float64Array(many * filters * product(output));
  for (let i = 0; i < many; i++) {
    const to = i * filters * product(output), spread = new Float64Array(rows * places);
    multiply(turned.get(weights), one.values, spread, [rows, channels, places], [0, i * channels * places, 0]);
    underKernel(filters, output, size, settings, (k, from, at) => { values[to + at] += spread[k * places + from]; });
  }
  add(bias, values, product(output));
  return { shape: [many, filters, ...output], values };
}

// ---- Shapes

function reshape(one, { values: wanted }) {
  const shape = Array.from(wanted, (size, i) => (size === 0 ? one.shape[i] : size)), rest = product(one.shape) / -product(shape);
  return { shape: shape.map(size => (size === -1 ? rest : size)), values: one.values };
}

function slice(one, starts, ends, axes) {
  const shape = one.shape.slice(), own = steps(one.shape);
  let from = 0;
  axes.values.forEach((given, i) => {
    const axis = axisOf(given, one), n = one.shape[axis], within = x => Math.max(0, Math.min(n, x < 0 ? x + n : x));
    const start = within(starts.values[i]);
    shape[axis] = within(ends.values[i]) - start;
    from += start * own[axis];
  });
  return viewed(one, shape, own, from);
}

function concat(...given) {
  const { axis: wanted } = given.pop(), axis = axisOf(wanted, given[0]), shape = given[0].shape.slice();
  shape[axis] = given.reduce((total, one) => total + one.shape[axis], 0);
  const widths = given.map(one => product(one.shape.slice(axis))), many = product(shape.slice(0, axis)), values = [];
  for (let i = 0; i < many; i++) given.forEach((one, k) => values.push(...one.values.slice(i * widths[k], (i + 1) * widths[k])));
  return { shape, values: isInteger(given[0]) ? values : Float64Array.from(values) };
}

function transpose(one, { perm }) {
  const own = steps(one.shape);
  return viewed(one, perm.map(axis => one.shape[axis]), perm.map(axis => own[axis]));
}

function gather(one, { shape, values }) { // along the first axis
  const width = product(one.shape.slice(1));
  return { shape: [...shape, ...one.shape.slice(1)], values: Array.from(values).flatMap(i => Array.from(one.values.slice(i * width, (i + 1) * width))) };
}

function unsqueeze(one, { values: axes }) {
  const shape = one.shape.slice();
  for (const axis of axes) shape.splice(axis < 0 ? axis + shape.length + 1 : axis, 0, 1);
  return { ...one, shape };
}

function squeeze(one, axes) {
  const gone = Array.from(axes.values, axis => axisOf(axis, one));
  return { ...one, shape: one.shape.filter((_, i) => !gone.includes(i)) };
}

function dequantize({ shape, values }, scale, { axis }) {
  const step = product(shape.slice(axis + 1)), count = scale.values.length;
  return { shape, values: Float64Array.from(values, (x, i) => x * scale.values[Math.floor(i / step) % count]) };
}

// ---- Networks

const total = (values, from, step, count) => { let sum = 0; for (let i = 0; i < count; i++) sum += values[from + i * step]; return sum; };
const largest = (values, from, step, count) => {
  let most = -Infinity;
  for (let i = 0; i < count; i++) most = Math.max(most, values[from + i * step]);
  return most;
};

const OPERATORS = { // each takes its inputs and, last, its settings
  Add: pairwise((a, b) => a + b), Sub: pairwise((a, b) => a - b), Mul: pairwise((a, b) => a * b), Min: pairwise(Math.min),
  Greater: pairwise((a, b) => Number(a > b)), Tanh: map(Math.tanh), Sqrt: map(Math.sqrt), Relu: map(x => Math.max(0, x)),
  Sigmoid: map(x => 1 / (1 + Math.exp(-x))), Reciprocal: map(x => 1 / x),
  Cast: (one, { to }) => (to === 1 ? { ...one, values: Float64Array.from(one.values) } : one),
  Shape: one => ({ shape: [one.shape.length], values: one.shape.slice() }),
  MatMul: matMul, Softmax: softmax, ReduceSum: reduction(total),
  ReduceMax: (one, settings) => reduction(largest)(one, null, settings),
  Conv: (...given) => conv(...optional(given)), ConvTranspose: (...given) => convTranspose(...optional(given)),
  Reshape: reshape, Slice: slice, Concat: concat, Transpose: transpose, Gather: gather, Unsqueeze: unsqueeze, Squeeze: squeeze,
  DequantizeLinear: dequantize,
};
const optional = given => (given.length === 3 ? [...given.slice(0, 2), null, given[2]] : given); // a bias may be missing

// A function from values with their shapes to the values of the first output
export function network(bytes) {
  const { nodes, constants, inputs, output } = parse(new Uint8Array(bytes)), missing = nodes.find(({ type }) => !OPERATORS[type]);
  if (missing) throw new Error(`a network asks for ${missing.type}, which this page does not know`);
  const run = ({ type, inputs, settings }, known) => OPERATORS[type](...inputs.map(name => known.get(name)), settings);
  const isFixed = ({ inputs }) => inputs.every(name => constants.has(name));
  for (const node of nodes) if (isFixed(node)) constants.set(node.output, run(node, constants)); // once, as weights are unpacked
  const left = nodes.filter(node => !constants.has(node.output));
  return (...given) => {
    const known = new Map([...constants, ...given.map(([values, shape], i) => [inputs[i], { shape, values: Float64Array.from(values) }])]);
    for (const node of left) known.set(node.output, run(node, known));
    return known.get(output).values;
  };
}
