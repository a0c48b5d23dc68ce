// Votes to drawings in SVG, as Python makes them: outlines, elements, shapes and layout of the package, function by function.
// Both count in double precision, and round before they choose, so that equals are equal in both.

const SIZE = 36, FACTOR = 2, GRID = SIZE * FACTOR; // units across; places across the grid on which regions are found
const PLACES = GRID * GRID;

// ---- Numbers, as numpy and Python treat them

const range = n => Array.from({ length: n }, (_, i) => i);
const clamp = (x, low, high) => Math.max(low, Math.min(high, x));
const sum = values => values.reduce((total, x) => total + x, 0);

function rint(x) { // halves go to the even side
  const near = Math.round(x);
  return near - x === .5 && near % 2 ? near - 1 : near;
}
const round = (x, digits) => rint(x * 10 ** digits) / 10 ** digits;

export function argmax(values) { // the first of the largest
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

const sortedBy = (items, key) => items.map(item => [key(item), item]).sort((a, b) => a[0] - b[0]).map(pair => pair[1]); // a stable sort

// ---- Fields: numbers on a square grid, row by row

// A matrix of weights. What weighs nothing is passed over: in each row only the entries from `first` to `last` count
function banded(rows, columns, weight) {
  const values = new Float64Array(rows * columns), first = new Int32Array(rows).fill(columns), last = new Int32Array(rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const x = values[i * columns + j] = weight(i, j);
      if (x === 0) continue;
      first[i] = Math.min(first[i], j);
      last[i] = j + 1;
    }
  }
  return { rows, columns, values, first, last };
}

function cubic(distance) {
  if (distance < 1) return 1.5 * distance ** 3 - 2.5 * distance ** 2 + 1;
  return distance < 2 ? -.5 * distance ** 3 + 2.5 * distance ** 2 - 4 * distance + 2 : 0;
}

// Cubic convolution; what lies beyond the edge is taken from the edge
function enlargingMatrix(size, factor) {
  const weights = range(size * factor).map(i => {
    const at = (i + .5) / factor - .5, row = new Float64Array(size);
    for (let offset = -1; offset < 3; offset++) {
      const pixel = Math.floor(at) + offset;
      row[clamp(pixel, 0, size - 1)] += cubic(Math.abs(at - pixel));
    }
    return row;
  });
  return banded(size * factor, size, (i, j) => weights[i][j]);
}

const UNSEEN = 1e-20; // weights below that are left out
const blurs = new Map();
function smoothingMatrix(size, radius) { // a Gaussian blur; its rows sum to 1, also at the edge
  const key = `${size} ${radius}`;
  if (!blurs.has(key)) {
    const weight = (i, j) => Math.exp(-.5 * ((i - j) / radius) ** 2);
    const totals = range(size).map(i => sum(range(size).map(j => weight(i, j))));
    blurs.set(key, banded(size, size, (i, j) => { const x = weight(i, j) / totals[i]; return x < UNSEEN ? 0 : x; }));
  }
  return blurs.get(key);
}

function fieldOf(places, value) {
  const field = new Float64Array(places);
  for (let i = 0; i < places; i++) field[i] = value(i);
  return field;
}

function applyBothWays({ rows, columns, values, first, last }, field) {
  const half = new Float64Array(rows * columns), whole = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = first[i]; j < last[i]; j++) {
      const weight = values[i * columns + j];
      for (let k = 0; k < columns; k++) half[i * columns + k] += weight * field[j * columns + k];
    }
  }
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < rows; k++) {
      let total = 0;
      for (let j = first[k]; j < last[k]; j++) total += values[k * columns + j] * half[i * columns + j];
      whole[i * rows + k] = total;
    }
  }
  return whole;
}

const MOST_COLORS = 7, LEAST_SHARE = .006;
const ENLARGE = enlargingMatrix(SIZE, FACTOR);

// The colours of a picture, most frequent first, and a smooth field of each; the fields sum to 1
function colorFields(votes) {
  const pixels = SIZE * SIZE, entries = votes.length / pixels, wins = new Float64Array(entries), means = new Float64Array(entries);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const own = votes.subarray(pixel * entries, (pixel + 1) * entries);
    wins[argmax(own)]++;
    for (let entry = 0; entry < entries; entry++) means[entry] += own[entry] / pixels;
  }
  const share = Array.from(wins, x => x / pixels);
  const order = sortedBy(range(entries), entry => -(share[entry] + .01 * means[entry])); // the mean decides between equals
  const which = order.slice(0, MOST_COLORS).filter(entry => share[entry] >= LEAST_SHARE);
  const evidence = entry => fieldOf(pixels, pixel => Math.log(votes[pixel * entries + entry] + 1e-4));
  const fields = which.map(entry => applyBothWays(ENLARGE, evidence(entry)));
  for (let at = 0; at < PLACES; at++) {
    let most = -Infinity, total = 0;
    for (const field of fields) most = Math.max(most, field[at]);
    for (const field of fields) total += field[at] = Math.exp(field[at] - most);
    for (const field of fields) field[at] /= total;
  }
  return { which, fields: fields.map(field => applyBothWays(smoothingMatrix(GRID, FACTOR), field)) };
}

// ---- Contours

// The field less the level, with a rim on which it is negative, so that lines run along the edge of the picture
function rimmed(field, level, size) {
  const n = size + 2, inner = new Float64Array(n * n);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < n; column++) {
      const value = field[clamp(row - 1, 0, size - 1) * size + clamp(column - 1, 0, size - 1)] - level;
      const isRim = row % (n - 1) === 0 || column % (n - 1) === 0;
      inner[row * n + column] = isRim ? -Math.abs(value) - 1e-6 : value;
    }
  }
  return inner;
}

// Between four places a line goes on from side to side, what is above on its left. Sides: 2 × place for the one to the right of a
// place, and one more for the one below it
function linkSides(inner, n) {
  const next = new Int32Array(2 * n * n).fill(-1), starts = [];
  for (let row = 0; row < n - 1; row++) {
    for (let column = 0; column < n - 1; column++) {
      const at = row * n + column, is = inner[at] > 0;
      if (inner[at + 1] > 0 === is && inner[at + n + 1] > 0 === is && inner[at + n] > 0 === is) continue;
      const corners = [at, at + 1, at + n + 1, at + n], sides = [2 * at, 2 * at + 3, 2 * (at + n), 2 * at + 1]; // clockwise
      const isAbove = corners.map(corner => inner[corner] > 0);
      const enters = range(4).filter(i => isAbove[i] && !isAbove[(i + 1) % 4]); // clockwise on such a side one goes down
      const leaves = range(4).filter(i => !isAbove[i] && isAbove[(i + 1) % 4]);
      starts.push(...enters.map(i => sides[i]));
      const middle = sum(corners.map(corner => inner[corner])) / 4 > 0;
      for (const i of enters) { // of two ways out the nearer one that keeps the middle on its side
        const out = leaves.length === 1 ? leaves[0] : (i + (middle ? 1 : 3)) % 4;
        next[sides[i]] = sides[out];
      }
    }
  }
  return { next, starts };
}

// The closed lines around the places where a field is above a level: lists of points, without the first again
function contours(field, level = .5) {
  const size = GRID, n = size + 2, step = SIZE / size, inner = rimmed(field, level, size), { next, starts } = linkSides(inner, n);
  const crossing = side => {
    const from = side >> 1, to = side % 2 ? from + n : from + 1, part = inner[from] / (inner[from] - inner[to]);
    const x = from % n - .5 + (side % 2 ? 0 : part), y = Math.floor(from / n) - .5 + (side % 2 ? part : 0);
    return [round(x * step, 4), round(y * step, 4)]; // so that in what is symmetric equals are equal
  };
  const lines = [], isDone = new Uint8Array(next.length);
  for (const start of starts) {
    const line = [];
    for (let side = start; !isDone[side]; side = next[side]) {
      isDone[side] = 1;
      line.push(crossing(side));
    }
    if (line.length > 4) lines.push(line);
  }
  return lines;
}

// ---- Outlines

const minus = (a, b) => [a[0] - b[0], a[1] - b[1]];
const length = ([x, y]) => Math.sqrt(x * x + y * y);
const before = (points, i) => points[(i + points.length - 1) % points.length];
const after = (points, i) => points[(i + 1) % points.length];

// How far a point is from the straight line between two others
function offset(point, start, end) {
  const way = minus(end, start), away = minus(point, start), long = length(way);
  return long < 1e-9 ? length(away) : Math.abs(way[0] * away[1] - way[1] * away[0]) / long;
}

function kept(points, first, last, tolerance) { // indices of the points that stay, without the last
  if (last - first < 2) return [first];
  const offsets = points.slice(first + 1, last).map(point => offset(point, points[first], points[last])), farthest = argmax(offsets);
  if (offsets[farthest] <= tolerance) return [first];
  const middle = first + 1 + farthest;
  return [...kept(points, first, middle, tolerance), ...kept(points, middle, last, tolerance)];
}

function simplify(line, tolerance) {
  const top = line.reduce((best, [x, y], i) => y < line[best][1] || y === line[best][1] && x < line[best][0] ? i : best, 0);
  const ring = [...line.slice(top), ...line.slice(0, top), line[top]];
  const farthest = argmax(line.map((_, i) => (ring[i][0] - ring[0][0]) ** 2 + (ring[i][1] - ring[0][1]) ** 2));
  const first = kept(ring, 0, farthest, tolerance), second = kept(ring, farthest, line.length, tolerance);
  const points = [...first, ...second].map(i => ring[i]), cuts = [0, first.length];
  const isStraight = i => cuts.includes(i) && offset(points[i], before(points, i), after(points, i)) < tolerance;
  return points.filter((_, i) => !isStraight(i)); // where it was cut it may be straight
}

const SHARP = 50; // degrees: an outline that turns by more has a corner

function turn(arriving, leaving) { // degrees
  const cross = arriving[0] * leaving[1] - arriving[1] * leaving[0], dot = arriving[0] * leaving[0] + arriving[1] * leaving[1];
  return Math.abs(Math.atan2(cross, dot)) * 180 / Math.PI;
}

// Where the sides before and after a short side meet, if that one cuts off a corner; else null
function cutCorner(earlier, first, second, later, short) {
  const arriving = minus(first, earlier), cut = minus(second, first), leaving = minus(later, second), long = length(cut);
  if (long >= short || 2 * long > Math.min(length(arriving), length(leaving))) return null;
  const angle = turn(arriving, leaving);
  if (!(SHARP < angle && angle < 170)) return null;
  const area = arriving[0] * leaving[1] - arriving[1] * leaving[0];
  const forward = (cut[0] * leaving[1] - cut[1] * leaving[0]) / area, back = (arriving[0] * cut[1] - arriving[1] * cut[0]) / area;
  const corner = [first[0] + forward * arriving[0], first[1] + forward * arriving[1]];
  const away = minus(corner, [(first[0] + second[0]) / 2, (first[1] + second[1]) / 2]);
  return Math.min(forward, back) >= 0 && length(away) < 2.5 * short ? corner : null;
}

function restoreCorners(points, short) {
  const n = points.length, found = [];
  for (let i = 0; i < n && n > 3; i++) {
    const corner = cutCorner(before(points, i), points[i], after(points, i), points[(i + 2) % n], short);
    found.push(corner ?? points[i]);
    if (!corner) continue;
    if (i === n - 1) found.shift(); // the cut went on to the first point
    i++;
  }
  const whole = found.length ? found : points;
  const isCorner = whole.map((point, i) => {
    const arriving = minus(point, before(whole, i)), leaving = minus(after(whole, i), point);
    return turn(arriving, leaving) > SHARP && Math.min(length(arriving), length(leaving)) >= short;
  });
  return { points: whole, isCorner };
}

// Points added on long sides, as far from their ends as the next side is long
function keepStraight({ points, isCorner }) {
  const sides = points.map((point, i) => minus(after(points, i), point)), lengths = sides.map(length);
  const more = [], corners = [];
  const add = (point, corner) => { more.push(point); corners.push(corner); };
  points.forEach((point, i) => {
    const along = part => [point[0] + sides[i][0] * part, point[1] + sides[i][1] * part], long = lengths[i];
    add(point, isCorner[i]);
    if (!isCorner[i] && long > 2 * before(lengths, i)) add(along(before(lengths, i) / long), false);
    if (!after(isCorner, i) && long > 2 * after(lengths, i)) add(along(1 - after(lengths, i) / long), false);
  });
  return { points: more, isCorner: corners };
}

// Control points of curves that pass through the points, nearly
function controlPoints(points, isCorner) {
  return points.map((point, i) => {
    const last = before(points, i), next = after(points, i), along = minus(next, last), long = Math.max(length(along), 1e-9);
    const normal = [-along[1] / long, along[0] / long];
    const missing = [0, 1].map(j => (2 * point[j] - last[j] - next[j]) / 8 * normal[j]);
    const out = isCorner[i] ? 0 : missing[0] + missing[1];
    return [point[0] + out * normal[0], point[1] + out * normal[1]];
  });
}

function fitOutline(line, tolerance, short) {
  const { points, isCorner } = keepStraight(restoreCorners(simplify(line, tolerance), short));
  return { points: controlPoints(points, isCorner), isCorner };
}

// ---- SVG

function number(value) { // at most two decimals, as SVG takes it
  const text = value.toFixed(2).replace(/\.?0+$/, '');
  return text === '-0' ? '0' : text.replace(/^(-?)0\./, '$1.');
}

function pair([x, y]) {
  const first = number(x), second = number(y);
  return second.startsWith('-') ? first + second : `${first} ${second}`;
}

const moved = ([x, y], matrix, middle) => [x * matrix[0] + y * matrix[1] + middle[0], x * matrix[2] + y * matrix[3] + middle[1]];
const IDENTITY = [1, 0, 0, 1], ORIGIN = [0, 0];
const RESTART = 8; // curves after which a control point is written out

function outlinePath({ points, isCorner }, matrix = IDENTITY, middle = ORIGIN) {
  const placed = points.map(point => moved(point, matrix, middle).map(x => round(x, 2)));
  const ends = placed.map((point, i) => point.map((x, j) => round((x + after(placed, i)[j]) / 2, 2)));
  let at = ends.at(-1), path = `M${pair(at)}`, chain = 0; // chain: curves since a control point was written
  placed.forEach((point, i) => {
    const end = ends[i];
    if (isCorner[i]) path += `l${pair(minus(point, at))}l${pair(minus(end, point))}`;
    else if (chain) path += `t${pair(minus(end, at))}`;
    else path += `q${pair(minus(point, at))} ${pair(minus(end, at))}`;
    chain = isCorner[i] ? 0 : (chain + 1) % RESTART;
    at = end;
  });
  return `${path}z`;
}

const svgDocument = body => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${SIZE}">${body}</svg>`;

const TOLERANCE = .12; // units by which an outline may be off

function extent(line) { // the lesser of width and height
  const along = axis => Math.max(...line.map(point => point[axis])) - Math.min(...line.map(point => point[axis]));
  return Math.min(along(0), along(1));
}

function trace(field, level = .5) {
  const lines = contours(field, level).filter(line => extent(line) > 2 * TOLERANCE);
  return lines.map(line => outlinePath(fitOutline(line, TOLERANCE, 2 * SIZE / GRID))).join('');
}

function traceMask(mask) { // without steps; a large one is rounded more
  const units = SIZE / GRID, radius = .6 + .03 * Math.sqrt(sum(mask)) * units;
  return trace(applyBothWays(smoothingMatrix(GRID, round(radius / units, 1)), mask));
}

// ---- The frames of masks, in which they are compared with shapes

// Middle and covariances, in units
function moments(mask) {
  const step = SIZE / GRID, at = range(GRID).map(i => (i + .5) * step), byX = new Float64Array(GRID), byY = new Float64Array(GRID);
  mask.forEach((value, i) => { byX[i % GRID] += value; byY[Math.floor(i / GRID)] += value; });
  const total = Math.max(sum(byX), 1e-9), mean = (by, value) => sum(range(GRID).map(i => by[i] / total * value(i)));
  const x = mean(byX, i => at[i]), y = mean(byY, i => at[i]), own = step ** 2 / 12; // the spread of a single pixel
  let xy = 0;
  for (let row = 0; row < GRID; row++) {
    let inRow = 0;
    for (let column = 0; column < GRID; column++) inRow += mask[row * GRID + column] * (at[column] - x);
    xy += inRow * (at[row] - y);
  }
  return { middle: [x, y], xx: mean(byX, i => (at[i] - x) ** 2) + own, xy: xy / total, yy: mean(byY, i => (at[i] - y) ** 2) + own };
}

const LONG = 2, LEANING = .25; // ratio of the variances along and across; angle to the nearest axis, in radians

function angleOf({ xx, xy, yy }) { // that of a frame that may lean; 0: it is upright
  let angle = .5 * Math.atan2(2 * xy, xx - yy);
  if (Math.abs(angle) > Math.PI / 4) angle -= Math.sign(angle) * Math.PI / 2; // to the nearest axis
  const root = Math.sqrt((xx - yy) ** 2 / 4 + xy ** 2), isLong = (xx + yy) / 2 + root > LONG * ((xx + yy) / 2 - root);
  return isLong && Math.abs(angle) > LEANING ? angle : 0;
}

function frame({ xx, xy, yy }, angle) { // [a, b, c, d]; the columns are the mask's own axes, as long as its spread
  const c = Math.cos(angle), s = Math.sin(angle);
  const along = Math.sqrt(Math.max(xx * c * c + 2 * xy * c * s + yy * s * s, 1e-9));
  const across = Math.sqrt(Math.max(xx * s * s - 2 * xy * c * s + yy * c * c, 1e-9));
  return [c * along, -s * across, s * along, c * across];
}

const REACH = 2.9, STANDARD = 20, CELLS = STANDARD ** 2; // a standardised mask shows so many spreads each way, on 20 × 20 places
const STANDARD_AT = range(STANDARD).map(i => ((i + .5) / STANDARD * 2 - 1) * REACH);

function interpolated(mask, x, y) { // between four places; nothing outside
  if (!(x >= 0 && y >= 0 && x <= GRID - 1 && y <= GRID - 1)) return 0;
  const column = Math.min(Math.floor(x), GRID - 2), row = Math.min(Math.floor(y), GRID - 2), right = x - column, down = y - row, at = row * GRID + column;
  return (1 - down) * ((1 - right) * mask[at] + right * mask[at + 1]) + down * ((1 - right) * mask[at + GRID] + right * mask[at + GRID + 1]);
}

function standardise(mask, middle, frameOf) {
  const scale = GRID / SIZE, standard = new Float64Array(CELLS);
  for (let i = 0; i < CELLS; i++) {
    const [x, y] = moved([STANDARD_AT[i % STANDARD], STANDARD_AT[Math.floor(i / STANDARD)]], frameOf, middle);
    standard[i] = interpolated(mask, x * scale - .5, y * scale - .5);
  }
  return standard;
}

// The eight ways to mirror and turn a shape, as they act on points
const SYMMETRIES = [[1, 0, 0, 1], [-1, 0, 0, 1], [1, 0, 0, -1], [-1, 0, 0, -1], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, -1, 0], [0, -1, -1, 0]];

function symmetricView(mask, view) {
  return Float64Array.from(mask, (_, i) => {
    const column = view & 1 ? STANDARD - 1 - i % STANDARD : i % STANDARD, line = Math.floor(i / STANDARD), row = view & 2 ? STANDARD - 1 - line : line;
    return mask[view & 4 ? column * STANDARD + row : row * STANDARD + column];
  });
}

const product = (a, b) => [a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3]];

// ---- The codebook of shapes

const DISC_RADIUS = 2, ROUND = .06; // a disc that is wider than high, or higher than wide, by less than that is drawn as a circle
const CIRCLE = { // stands for a disc where curves are needed
  points: range(8).map(i => [Math.cos(i * Math.PI / 4), Math.sin(i * Math.PI / 4)].map(x => x * DISC_RADIUS / Math.cos(Math.PI / 8))),
  isCorner: new Array(8).fill(false),
};

export class Shapes {
  // masks: bytes, 20 × 20 of each; weights: what is added to the overlap with each; outlines: a list of them for each
  constructor(masks, weights, outlines) {
    this.outlines = outlines;
    this.views = [];
    outlines.forEach((_, row) => {
      const mask = masks.subarray(row * CELLS, (row + 1) * CELLS);
      for (let view = 0; view < 8; view++) {
        const values = symmetricView(mask, view);
        this.views.push({ values, area: sum(values), bonus: weights[row] + (view < 2 ? .01 : 0) });
      }
    });
  }

  // From what the builder of the site wrote: how many points each line has, to which shape it belongs, and the numbers
  static fromFiles({ lineShape, lineLength }, numbers) {
    const count = lineShape.at(-1) + 1, points = sum(lineLength);
    const weights = new Float32Array(numbers, 0, count), places = new Float32Array(numbers, 4 * count, 2 * points);
    const masks = new Uint8Array(numbers, 4 * count + 8 * points, count * CELLS), corners = new Uint8Array(numbers, 4 * count + 8 * points + count * CELLS, points);
    const outlines = range(count).map(() => []);
    let start = 0;
    lineShape.forEach((shape, line) => {
      const own = range(lineLength[line]).map(i => start + i);
      outlines[shape].push({ points: own.map(i => [places[2 * i], places[2 * i + 1]]), isCorner: own.map(i => corners[i] > 0) });
      start += own.length;
    });
    return new Shapes(masks, weights, outlines);
  }

  // The shape that fits a mask best: its row, the overlap, and the matrix and middle that put it in its place
  fit(mask) {
    const found = moments(mask), lean = angleOf(found);
    const fits = (lean ? [0, lean] : [0]).map(angle => this.fitInFrame(mask, found.middle, frame(found, angle)));
    return fits.length > 1 && fits[1].score > fits[0].score ? fits[1] : fits[0];
  }

  fitInFrame(mask, middle, frameOf) {
    const own = standardise(mask, middle, frameOf), area = sum(own), filled = range(CELLS).filter(i => own[i]);
    const overlaps = this.views.map(view => {
      let both = 0;
      for (let k = 0; k < filled.length; k++) both += own[filled[k]] * view.values[filled[k]];
      return both / (255 * area + view.area - both);
    });
    const scores = overlaps.map((x, i) => round(x + this.views[i].bonus, 6)), best = argmax(scores); // of equals the first
    return { row: Math.floor(best / 8), overlap: overlaps[best], matrix: product(frameOf, SYMMETRIES[best % 8]), middle, score: scores[best] };
  }

  isDisc(fit) { return !this.outlines[fit.row][0].points.length; }

  lines(fit) { return this.isDisc(fit) ? [CIRCLE] : this.outlines[fit.row]; }

  // The same, moved and shrunk so that nothing of it leaves the picture
  within(fit) {
    const points = this.lines(fit).flatMap(line => line.points.map(point => moved(point, fit.matrix, fit.middle)));
    const fitAlong = axis => {
      const low = Math.min(...points.map(point => point[axis])), high = Math.max(...points.map(point => point[axis]));
      const from = Math.max(low, 0), scale = (Math.min(high, SIZE) - from) / Math.max(high - low, 1e-6);
      return { scale, middle: from + scale * (fit.middle[axis] - low) };
    };
    const [x, y] = [fitAlong(0), fitAlong(1)], [a, b, c, d] = fit.matrix;
    return { ...fit, matrix: [x.scale * a, x.scale * b, y.scale * c, y.scale * d], middle: [x.middle, y.middle] };
  }

  path(fit) { return this.lines(fit).map(line => outlinePath(line, fit.matrix, fit.middle)).join(''); }

  element(fit, attributes) {
    if (!this.isDisc(fit)) return `<path ${attributes} fill-rule="evenodd" d="${this.path(fit)}"/>`;
    const [a, b, c, d] = fit.matrix, [x, y] = fit.middle.map(number);
    let rx = DISC_RADIUS * length([a, c]), ry = DISC_RADIUS * length([b, d]); // the lengths of its columns
    if (Math.abs(rx / ry - 1) < ROUND) return `<circle ${attributes} cx="${x}" cy="${y}" r="${number(Math.sqrt(rx * ry))}"/>`;
    let angle = (Math.atan2(c, a) * 180 / Math.PI % 180 + 180) % 180;
    if (Math.abs(angle - 90) < 1) [rx, ry, angle] = [ry, rx, 0];
    const turned = Math.min(angle, 180 - angle) < 1 ? '' : ` transform="rotate(${number(angle)} ${x} ${y})"`;
    return `<ellipse ${attributes} cx="${x}" cy="${y}" rx="${number(rx)}" ry="${number(ry)}"${turned}/>`;
  }
}

// ---- Masks: a byte for each place, 1 inside

const LEAST = .0045; // share of the picture below which a region is a speck
const NOTHING = 0;   // the entry of the palette that is transparent

function where(test) { // the places for which something holds
  const mask = new Uint8Array(PLACES);
  for (let i = 0; i < PLACES; i++) if (test(i)) mask[i] = 1;
  return mask;
}
const any = masks => where(i => masks.some(mask => mask[i]));
const count = test => { let total = 0; for (let i = 0; i < PLACES; i++) if (test(i)) total++; return total; };
const area = mask => count(i => mask[i]);
const isEdge = i => i < GRID || i >= PLACES - GRID || i % GRID === 0 || i % GRID === GRID - 1;

function spread(from, isInside, onto, value) { // to all places that hang together with one, side by side
  const waiting = [from];
  onto[from] = value;
  let reached = 0;
  const visit = i => { if (isInside(i) && !onto[i]) { onto[i] = value; waiting.push(i); } };
  while (waiting.length) {
    const i = waiting.pop();
    reached++;
    if (i % GRID) visit(i - 1);
    if (i % GRID < GRID - 1) visit(i + 1);
    if (i >= GRID) visit(i - GRID);
    if (i < PLACES - GRID) visit(i + GRID);
  }
  return reached;
}

function label(isInside) { // numbers of connected regions, from 1 in the order in which one reads; areas[0] is not used
  const labels = new Int32Array(PLACES), areas = [0];
  for (let i = 0; i < PLACES; i++) if (isInside(i) && !labels[i]) areas.push(spread(i, isInside, labels, areas.length));
  return { labels, areas };
}

function regions(isInside, least = LEAST) {
  const { labels, areas } = label(isInside);
  return range(areas.length).slice(1).filter(own => areas[own] >= least * PLACES).map(own => where(i => labels[i] === own));
}

function fillHoles(mask) {
  const outside = new Uint8Array(PLACES), isFree = i => !mask[i];
  for (let i = 0; i < PLACES; i++) if (isEdge(i) && isFree(i) && !outside[i]) spread(i, isFree, outside, 1);
  return where(i => !outside[i]);
}

// Whether any place of a square window is inside, first along rows, then along columns
function grow(mask, places) {
  const along = (from, step) => {
    const grown = new Uint8Array(PLACES);
    for (let i = 0; i < PLACES; i++) {
      if (!from[i]) continue;
      const position = step === 1 ? i % GRID : Math.floor(i / GRID);
      for (let k = Math.max(-places, -position); k <= Math.min(places, GRID - 1 - position); k++) grown[i + k * step] = 1;
    }
    return grown;
  };
  return along(along(mask, 1), GRID);
}
const inverse = mask => where(i => !mask[i]);
const shrink = (mask, places) => inverse(grow(inverse(mask), places)); // the edge of the picture takes nothing away

function mirror(mask, axis) { // about an upright axis
  const shift = rint(2 * axis * GRID / SIZE) - GRID;
  return mask.map((_, i) => {
    const column = i % GRID - shift;
    return column >= 0 && column < GRID ? mask[i - i % GRID + GRID - 1 - column] : 0;
  });
}

const overlap = (a, b) => count(i => a[i] && b[i]) / Math.max(1, count(i => a[i] || b[i]));

function winners(fields) {
  const winner = new Int32Array(PLACES);
  for (let i = 0; i < PLACES; i++) {
    for (let row = 1; row < fields.length; row++) if (fields[row][i] > fields[winner[i]][i]) winner[i] = row;
  }
  return winner;
}

// Fields that are below all others where a colour would only make a speck; a hole counts as one up to twice the size
function withoutSpecks(which, given) {
  const fields = given.map(field => field.slice());
  for (let round = 0; round < 2; round++) { // what comes forth may be a speck as well
    const winner = winners(fields);
    which.forEach((entry, row) => {
      const { labels, areas } = label(i => winner[i] === row);
      const isSpeck = areas.map(size => size < (entry === NOTHING ? 2 * LEAST : LEAST) * PLACES);
      if (entry === NOTHING) labels.forEach((own, i) => { if (isEdge(i)) isSpeck[own] = false; }); // around a picture is no hole
      labels.forEach((own, i) => { if (own && isSpeck[own]) fields[row][i] = -1; });
    });
  }
  return fields;
}

// ---- Silhouettes with parts

const ALIKE = .85; // overlap of a silhouette with its mirror image from which on it counts as symmetric

function findAxis(mask) {
  let total = 0;
  for (let i = 0; i < PLACES; i++) total += mask[i] * (i % GRID + .5);
  const axis = total / area(mask) * SIZE / GRID;
  return overlap(mask, mirror(mask, axis)) > ALIKE ? axis : null;
}

const CLOSING = 4, BEYOND = 3;        // in places of the grid
const STRAY = .012, STRAY_RIM = .4;   // a part that is smaller, and of whose rim more lies outside, is dropped
const STICKS_OUT = .62;               // one of whose rim more lies outside is a silhouette of its own
const close = mask => shrink(grow(mask, CLOSING), CLOSING);

function baseEntry(labels, own, filled) { // holds most of the area and of the rim
  const inner = shrink(filled, 2), most = Math.max(...labels) + 1, areas = new Float64Array(most), rims = new Float64Array(most);
  own.forEach((isOwn, i) => { if (isOwn) { areas[labels[i]]++; if (!inner[i]) rims[labels[i]]++; } });
  const all = sum(areas), rim = Math.max(1, sum(rims));
  return argmax(range(most).map(entry => entry === NOTHING ? 0 : areas[entry] / all + rims[entry] / rim));
}

function outerShare(mask, filled) { // of a part's rim
  const wide = grow(mask, 2);
  return count(i => wide[i] && !mask[i] && !filled[i]) / Math.max(1, count(i => wide[i] && !mask[i]));
}

const isStray = (mask, filled) => area(mask) / PLACES < STRAY && outerShare(mask, filled) > STRAY_RIM;

function reachOf(mask, filled, later) { // where a part may be, with its dents closed and beyond the rim
  const closed = close(mask), wide = grow(mask, BEYOND);
  return where(i => mask[i] || closed[i] && (!filled[i] || later[i]) || wide[i] && !filled[i]);
}

function findParts(labels, own, filled, base) { // largest first
  const entries = Array.from(new Set(labels.filter((_, i) => own[i]))).sort((a, b) => a - b);
  const found = entries.flatMap(entry => regions(i => labels[i] === entry && own[i]).map(region => ({ entry, region })));
  const filledOf = region => { const whole = fillHoles(region); return where(i => whole[i] && filled[i]); };
  const upon = found.filter(({ entry }) => entry !== base).map(({ entry, region }) => ({ entry, mask: filledOf(region) }))
    .filter(({ mask }) => !isStray(mask, filled));
  const covered = any(upon.map(({ mask }) => mask));
  for (const { entry, region } of found) {
    if (entry === base && count(i => region[i] && covered[i]) / area(region) > .5) upon.push({ entry, mask: fillHoles(region) });
  }
  const parts = sortedBy(upon, ({ mask }) => -area(mask));
  return parts.map(({ entry, mask }, i) => ({ entry, mask, reach: reachOf(mask, filled, any(parts.slice(i + 1).map(part => part.mask))) }));
}

function pieces(labels, own) { // what hangs together, cut where a part sticks out of it like a leaf of an apple
  const filled = fillHoles(own), parts = findParts(labels, own, filled, baseEntry(labels, own, filled));
  const outer = parts.filter(part => outerShare(part.mask, filled) > STICKS_OUT).map(part => where(i => part.mask[i] && own[i]));
  const cut = any(outer);
  return [...regions(i => own[i] && !cut[i]), ...outer];
}

function findSilhouettes(labels) { // largest first
  const seen = where(i => labels[i] !== NOTHING), all = regions(i => seen[i]).flatMap(own => pieces(labels, own));
  return sortedBy(all, own => -area(own)).map(own => {
    const filled = fillHoles(own), closed = close(filled), near = grow(filled, 1), entry = baseEntry(labels, own, filled);
    const holes = regions(i => filled[i] && !seen[i], 2 * LEAST).filter(hole => area(shrink(hole, 2)));
    const mask = where(i => filled[i] || (closed[i] || near[i]) && seen[i]); // no gap between two
    return { entry, mask, holes, axis: findAxis(mask), parts: findParts(labels, own, filled, entry) };
  });
}

const ACROSS = .75, APART = .1; // overlap of a part with its own mirror image: it is set upon the axis; it lies on one side
const TWINS = .3;               // overlap with the mirror image of another from which on the two are twins
const VOTES = .2;               // share of the votes on the other side from which on a part gets a twin

function isAlone(part, parts, axis) { // on one side, and nothing like it on the other
  const image = mirror(part.mask, axis), same = parts.filter(other => other !== part && other.entry === part.entry);
  return overlap(image, part.mask) < APART && same.every(other => overlap(image, other.mask) < TWINS);
}

function addTwins(silhouette, votesFor) { // on the other side of the axis, where there are votes for them
  const { axis, parts } = silhouette;
  if (axis === null) return silhouette;
  const hasVotes = ({ entry, mask }) => {
    const size = area(mask);
    return size && sum(votesFor.get(entry).filter((_, i) => mask[i])) / size > VOTES;
  };
  const images = parts.filter(part => isAlone(part, parts, axis))
    .map(part => ({ ...part, mask: mirror(part.mask, axis), reach: mirror(part.reach, axis) }));
  return { ...silhouette, parts: sortedBy([...parts, ...images.filter(hasVotes)], part => -area(part.mask)) };
}

const mirrored = (fit, axis) => {
  const [a, b, c, d] = fit.matrix, [x, y] = fit.middle;
  return { ...fit, matrix: [-a, -b, c, d], middle: [2 * axis - x, y] };
};

function pairUp(parts, given, axis) { // the places of parts, made symmetric where they nearly are
  const fits = given.slice(), paired = new Set();
  parts.forEach((part, i) => {
    if (paired.has(i)) return;
    const image = mirror(part.mask, axis);
    if (overlap(part.mask, image) > ACROSS) {
      fits[i] = { ...fits[i], middle: [axis, fits[i].middle[1]] };
      return;
    }
    const others = range(parts.length).filter(j => j > i && !paired.has(j) && parts[j].entry === part.entry);
    if (!others.length) return;
    const alike = others.map(j => overlap(image, parts[j].mask)), best = argmax(alike), twin = others[best];
    if (alike[best] < TWINS) return;
    const other = mirrored(fits[twin], axis).middle;
    fits[i] = { ...fits[i], middle: fits[i].middle.map((x, j) => (x + other[j]) / 2) };
    fits[twin] = mirrored(fits[i], axis);
    paired.add(twin);
  });
  return fits;
}

// ---- Painting

const MOST_SHAPES = 12;
const ENOUGH_BASE = .89, ENOUGH = .80;    // overlap from which on a shape takes the place of a silhouette, of a part …
const SMALL = .025, ENOUGH_SMALL = .70;   // … and of a part that holds less of the picture

function painted(mask, fit, shapes, attributes, enough) { // the element of a region: its shape, or its own outline
  if (fit.overlap >= enough) return shapes.element(fit, attributes);
  return `<path ${attributes} d="${traceMask(mask)}" fill-rule="evenodd"/>`;
}

function paintedBase(silhouette, mask, fits, shapes, attributes) { // its holes are left open
  const base = shapes.within(fits[0]), { holes } = silhouette;
  if (!holes.length) return painted(mask, base, shapes, attributes, ENOUGH_BASE);
  const part = (region, fit, enough) => fit.overlap >= enough ? shapes.path(fit) : traceMask(region);
  const d = part(mask, base, ENOUGH_BASE) + holes.map((hole, i) => part(hole, fits[1 + i], ENOUGH)).join('');
  return `<path ${attributes} d="${d}" fill-rule="evenodd"/>`;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => range(8).reduce(c => c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1, n));
export function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

function paintSilhouette(silhouette, shapes, palette) { // a base of one colour, and parts that are cut off at its outline
  const { axis, parts, holes } = silhouette, flipped = axis === null ? silhouette.mask : mirror(silhouette.mask, axis);
  const mask = fieldOf(PLACES, i => (silhouette.mask[i] + flipped[i]) / 2);
  const fits = [mask, ...holes, ...parts.map(part => part.reach)].map(region => shapes.fit(region));
  const fill = `fill="${palette[silhouette.entry]}"`;
  if (!parts.length) return paintedBase(silhouette, mask, fits, shapes, fill);
  const outline = paintedBase(silhouette, mask, fits, shapes, 'clip-rule="evenodd"').replaceAll(' fill-rule="evenodd"', '');
  const found = fits.slice(1 + holes.length), partFits = axis === null ? found : pairUp(parts, found, axis);
  const body = parts.map((part, i) => painted(part.reach, partFits[i], shapes, `fill="${palette[part.entry]}"`,
    area(part.reach) / PLACES < SMALL ? ENOUGH_SMALL : ENOUGH)).join('');
  const name = `c${crc32(new TextEncoder().encode(outline)).toString(16).padStart(8, '0')}`; // the same name only for the same outline
  return `<clipPath id="${name}">${outline}</clipPath><g clip-path="url(#${name})"><path ${fill} d="M0 0H${SIZE}V${SIZE}H0Z"/>${body}</g>`;
}

// votes: 36 × 36 × k, the probability of each colour for each pixel; palette: k colours as SVG writes them
export function paintShapes(votes, shapes, palette) {
  const { which, fields } = colorFields(votes), votesFor = new Map(which.map((entry, row) => [entry, fields[row]]));
  const labels = winners(withoutSpecks(which, fields)).map(row => which[row]);
  let left = MOST_SHAPES, body = '';
  for (const found of findSilhouettes(labels)) {
    if (left < 1) break;
    const whole = addTwins(found, votesFor), silhouette = { ...whole, parts: whole.parts.slice(0, left - 1) };
    left -= 1 + silhouette.parts.length;
    body += paintSilhouette(silhouette, shapes, palette);
  }
  return svgDocument(body);
}

// Regions with outlines of their own, one path for each colour: quicker, and it changes smoothly with the code
export function paintOutlines(votes, palette) {
  const { which, fields: given } = colorFields(votes), fields = withoutSpecks(which, given), areas = which.map(() => 0);
  for (const row of winners(fields)) areas[row]++;
  const order = sortedBy(range(which.length), row => -areas[row]).filter(row => which[row] !== NOTHING && areas[row]);
  const below = range(which.length).filter(row => which[row] === NOTHING);
  const highest = (rows, i) => rows.reduce((most, row) => Math.max(most, fields[row][i]), -1);
  let body = '';
  order.forEach((row, k) => {
    const upper = order.slice(k), d = trace(fieldOf(PLACES, i => highest(upper, i) - highest(below, i)), 0);
    if (d) body += `<path fill="${palette[which[row]]}" d="${d}" fill-rule="evenodd"/>`;
    below.push(row);
  });
  return svgDocument(body);
}

export const countShapes = svg => svg.split(' fill="#').length - 1;
