#!/usr/bin/env python
"""Run notebooks in order, one kernel each, and say how long every cell took.

A cell marked `#| eval: false` is left as it is. Progress bars go to the terminal and not into the notebook. What ran is
written even after an error, so that it can be read."""
import argparse, os, re, sys, time
from pathlib import Path
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

SKIP = re.compile(r'^\s*#\s*\|\s*eval:\s*false\s*$', re.M)
BAR = re.compile(r'\r[^\n]*|\x1b\[A')  # a progress bar begins each time at the start of its line, or goes up to the bar above it


class Client(NotebookClient):
    "Executes one notebook, with its progress on the terminal"
    async def async_execute_cell(self, cell, cell_index, **kwargs):
        if cell.cell_type != 'code' or not cell.source.strip() or SKIP.search(cell.source): return cell
        start = time.time()
        cell = await super().async_execute_cell(cell, cell_index, **kwargs)
        seconds = time.time() - start
        if seconds >= 1:
            head = next((line for line in cell.source.splitlines() if line.strip() and not line.startswith('#|')), '')
            print(f'  cell {cell_index:3d} of {len(self.nb.cells)-1}  {seconds:6.1f} s  {head[:70]}', flush=True)
        return cell

    def process_message(self, msg, cell, cell_index):
        content = msg['content']
        if msg['msg_type'] == 'stream' and content['name'] == 'stderr':
            sys.stderr.write(content['text']); sys.stderr.flush()
            if self.is_progress(content['text']): return None
        return super().process_message(msg, cell, cell_index)

    def is_progress(self, text):
        "Bars, and the one line that says what is being fetched"
        rest = BAR.sub('', text).strip()
        return not rest or rest.startswith(('fetching ', 'asking Kaggle', 'Kaggle cannot'))


SHORTER = ('> **A shorter run.** These outputs are of `make run`, which trains for less time than what ships. What the text says of outcomes '
           'was written beside the long run, whose outputs stand in `nbs/` and on the site.')


def run(source, target, timeout):
    "Execute `source` with its own folder as the working folder, write the outcome to `target`"
    notebook = nbformat.read(source, as_version=4)
    if target != source: notebook.cells.insert(1, nbformat.v4.new_markdown_cell(SHORTER))
    client = Client(notebook, timeout=timeout, kernel_name='python3', resources={'metadata': {'path': str(source.parent)}},
                    record_timing=False, store_widget_state=False, extra_arguments=['--IPKernelApp.log_level=ERROR'])
    try: client.execute()
    finally:
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('notebooks', nargs='+', type=Path)
    parser.add_argument('--to', type=Path, help='folder for the executed notebooks; without it they are written in place')
    parser.add_argument('--timeout', type=int, default=7200, help='seconds that one cell may take')
    args = parser.parse_args()
    os.environ['EMOJI_SQAM_STILL'] = '1'  # nobody is there to move widgets: pictures in their place
    for number, path in enumerate(args.notebooks, 1):
        print(f'[{number}/{len(args.notebooks)}] {path}', flush=True)
        start = time.time()
        try: run(path, args.to/path.name if args.to else path, args.timeout)
        except CellExecutionError as error:
            print(error, file=sys.stderr)
            sys.exit(f'{path} stopped after {time.time()-start:.0f} s')
        print(f'  done in {time.time()-start:.0f} s', flush=True)


if __name__ == '__main__': main()
