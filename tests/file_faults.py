"""Disturb `answer_files` at each of its file operations, and let the next call go on.

    file_faults.py FOLDER SOURCE TARGET kill|full STEP

SOURCE lies in FOLDER; the n-th run writes to FOLDER/n/TARGET. At its n-th operation it is killed, or the disk is full. The same
call again must end with the output of a run that nobody disturbed; each second run is killed once more on its way there.
Operations are those that Python announces to audit hooks, and the middle of each write. Networks are left out."""
import builtins, errno, io, os, signal, sys
from pathlib import Path
import numpy as np
from emoji_sqam import bulk, tables
from emoji_sqam.weights import PRETRAINED

CHANGES = {'os.mkdir', 'os.rename', 'os.remove', 'os.rmdir', 'os.utime', 'os.truncate', 'os.link', 'os.symlink'}
READS = {'open', 'os.listdir', 'os.scandir'}
NEEDS_SPACE = {'os.mkdir', 'os.rename', 'write'}
DONE, WRONG, FULL, SWALLOWED = 0, 1, 3, 4  # how a child may end; SWALLOWED: the disk was full where that does not matter


class Answerer:
    "Answers that depend on the text alone"
    folder, offered = PRETRAINED, [f'{i:x}' for i in range(845)]
    def answer_texts(self, texts, n):
        numbers = np.array([[(len(text)*31+i) % 845 for i in range(n)] for text in texts])
        return numbers.astype(str).astype(object), (numbers/1000).astype('float32'), np.ones(len(texts), int)


class Fault:
    "Kills this process at the n-th operation on files below a folder, or says there that the disk is full"
    def __init__(self, folder, at, kind): self.folder, self.at, self.kind, self.count = os.fspath(folder), at, kind, 0

    def hook(self, event, args):
        if event not in CHANGES | READS or not args or not isinstance(args[0], (str, os.PathLike)): return
        within = args[-1] if event in CHANGES and isinstance(args[-1], int) else -1  # the descriptor of a folder
        path = os.path.join(os.readlink(f'/proc/self/fd/{within}') if within >= 0 else '', args[0])
        writes = event == 'open' and (args[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if path.startswith(self.folder): self.operation('write' if writes else event)

    def operation(self, event):
        if self.kind == 'full' and event not in NEEDS_SPACE: return
        self.count += 1
        if self.count != self.at: return
        if self.kind == 'kill': os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(errno.ENOSPC, 'No space left on device')

    def begin(self):
        plain = builtins.open
        def opened(path, mode='r', *args, **options):
            file = plain(path, mode, *args, **options)
            ours = not isinstance(path, int) and os.fspath(path).startswith(self.folder)
            return HalfWritten(file, self) if ours and set(mode) & set('wax+') else file
        builtins.open = io.open = opened
        sys.addaudithook(self.hook)


class HalfWritten:
    "A file whose writes are done by halves, with an operation between them"
    def __init__(self, file, fault): self.file, self.fault = file, fault
    def __getattr__(self, name): return getattr(self.file, name)
    def __enter__(self): return self
    def __exit__(self, *error): self.file.close()

    def write(self, data):
        self.file.write(data[:len(data)//2])
        self.file.flush()
        self.fault.operation('write')
        return self.file.write(data[len(data)//2:])


def contents(folder): return {str(p.relative_to(folder)): p.is_file() and p.read_bytes() for p in folder.rglob('*')}


def in_a_child(work, *args):
    "How a child process ended that does some work: its exit status, or −9 where it was killed"
    pid = os.fork()
    if not pid:
        try: os._exit(work(*args))
        except BaseException as error:
            print(f'{type(error).__name__}: {error}', flush=True)
            os._exit(WRONG)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Trial:
    "Runs with one input, each into a folder of its own"
    def __init__(self, folder, source, target, kind):
        self.folder, self.source, self.target, self.kind = Path(folder), Path(folder)/source, target, kind
        assert in_a_child(self.undisturbed, 0) == DONE
        self.right = contents(self.folder/'0')

    def answer(self, number): return str(bulk.answer_files(self.source, self.folder/str(number)/self.target, n=2, rows=2))

    def undisturbed(self, number):
        "The first one notes its counts, the others must give the same"
        (self.folder/str(number)).mkdir(exist_ok=True)
        counts, note = self.answer(number), self.folder/'counts'
        if not note.exists(): note.write_text(counts)
        return DONE if counts == note.read_text() else WRONG

    def disturbed(self, number, at):
        (self.folder/str(number)).mkdir(exist_ok=True)
        fault = Fault(self.folder/str(number), at, self.kind)
        fault.begin()
        try: self.answer(number)
        except OSError as error: return FULL if 'No space left' in str(error) else WRONG
        return DONE if fault.count < at else SWALLOWED

    def run(self, number):
        "Whether there was a such operation, and whether all ended well"
        ended = in_a_child(self.disturbed, number, number)
        if ended in (DONE, WRONG): return ended == WRONG, ended == DONE
        if ended == -signal.SIGKILL and number % 2: ended = in_a_child(self.disturbed, number, number//2 + 1)
        well = ended in (DONE, SWALLOWED) or in_a_child(self.undisturbed, number) == DONE
        return True, well and contents(self.folder/str(number)) == self.right


def main(folder, source, target, kind, step):
    trial, number, bad = Trial(folder, source, target, kind), 1, []
    while True:
        more, well = trial.run(number)
        if not well: bad.append(number)
        if not more: break
        number += step
    print(f'{number-1} operations, disturbed at each {step}th; not well at {bad}')
    sys.exit(bool(bad))


if __name__ == '__main__': main(*sys.argv[1:5], int(sys.argv[5]))
