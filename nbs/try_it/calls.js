// Calls to the networks in their worker, and what the pages that use them do with drawings and maps.

let worker, calls = new Map(), lastId = 0;

// `onFail` hears of a script that could not be loaded, `onProgress` how many bytes have come. One that is to `draw` loads nothing else
export function startWorker(onFail, onProgress = () => {}, name = '') {
  // A worker from a file would be under no policy of this page. One from a blob is, so that the library in it reaches this site only, too
  const code = `import ${JSON.stringify(new URL('networks.js', import.meta.url).href)};`;
  worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })), { type: 'module', name });
  worker.onmessage = ({ data: { id, value, error, came } }) => {
    if (came) return onProgress(came);
    const waiting = calls.get(id);
    calls.delete(id);
    error === undefined ? waiting.resolve(value) : waiting.reject(new Error(error));
  };
  worker.onerror = event => onFail(new Error(event.message || 'a script could not be loaded'));
}

export function ask(call, given = []) {
  return new Promise((resolve, reject) => {
    calls.set(++lastId, { resolve, reject });
    worker.postMessage({ id: lastId, call, given });
  });
}

// Only the newest of many wishes is worth fulfilling: while one is under way, later ones replace each other
export function newestOnly(work, onFail) {
  let waiting = null, running = false;
  return async wish => {
    waiting = wish;
    if (running) return;
    running = true;
    while (waiting !== null) {
      const now = waiting; waiting = null;
      try { await work(now); } catch (error) { onFail(error); }
    }
    running = false;
  };
}

export function later(milliseconds, work) {
  let timer;
  return (...given) => { clearTimeout(timer); timer = setTimeout(work, milliseconds, ...given); };
}

// Shows in a bar, and in words beside it, how much is left to load
export function loading(bar, words) {
  let left = bar.max;
  return bytes => {
    if (bar.hidden) return; // something failed
    left = Math.max(0, left - bytes);
    bar.value = bar.max - left;
    words.textContent = left ? `${(left / 1e6).toFixed(1)} MB left` : '';
  };
}

// What the page says of an answer, besides the answer
export function notesOn({ unsure, knownWords, cut, note }) {
  if (!knownWords) return 'No word of this is known, so there is no answer. The vocabulary is English.';
  const notes = [note, cut && `Only the first ${cut} words and marks are read.`,
    unsure && 'Unsure: the first answers score almost the same.'];
  return notes.filter(Boolean).join(' ');
}

// ---- Drawings

export const SIZE = 36;

export const NOTHING = '<svg xmlns="http://www.w3.org/2000/svg"/>';

export function show(picture, svg) { picture.src = `data:image/svg+xml,${encodeURIComponent(svg)}`; }

export async function rasterise(svg, size) { // a canvas
  const picture = new Image(), canvas = document.createElement('canvas');
  show(picture, svg.replace('<svg ', `<svg width="${size}" height="${size}" `));
  await picture.decode();
  canvas.width = canvas.height = size;
  canvas.getContext('2d').drawImage(picture, 0, 0, size, size);
  return canvas;
}

async function pixelsOf(svg) { return (await rasterise(svg, SIZE)).getContext('2d').getImageData(0, 0, SIZE, SIZE).data; }

// An emoji made up for a text: the worker mixes and draws, the browser rasterises, the worker chooses. Null where a newer text came
export async function suggest(text) {
  const drawn = await ask('mixes', [text]);
  return drawn && ask('choose', [text, drawn, await Promise.all(drawn.map(({ svg }) => pixelsOf(svg)))]);
}

// ---- Maps

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// How far an arrow key goes to the right and down: one step, with Shift a quarter. Nothing for other keys
export function arrowed(event) {
  const way = ARROWS[event.key];
  if (!way || event.ctrlKey || event.altKey || event.metaKey) return null;
  event.preventDefault(); // or the page would scroll
  return way.map(x => x * (event.shiftKey ? .25 : 1));
}

// Labels the cell under the pointer with what `nameAt` calls it. The label also goes where `name` is told
export function nameCells(map, columns, nameAt) {
  const label = document.createElement('span'), hide = () => { label.hidden = true; };
  label.className = 'map-name';
  label.setAttribute('aria-hidden', 'true'); // the page says it, too
  hide();
  map.append(label);
  const name = (column, line) => {
    const words = nameAt(column, line), along = 100 * (column + .5) / columns, isLow = line > columns / 2;
    label.textContent = words ?? '';
    label.hidden = !words;
    Object.assign(label.style, { left: `${along}%`, top: `${100 * (line + !isLow) / columns}%`, translate: `-${along}% ${isLow ? -120 : 20}%` });
    return words;
  };
  map.addEventListener('pointermove', ({ clientX, clientY }) => {
    const { left, top, width, height } = map.getBoundingClientRect();
    name(Math.floor((clientX - left) / width * columns), Math.floor((clientY - top) / height * columns));
  });
  map.addEventListener('pointerleave', hide);
  return { name, hide };
}
