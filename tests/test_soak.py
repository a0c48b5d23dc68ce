"""Much work in one process, and many that work at once: memory stays flat, nothing slows down, and the answers stay the same.

The long form, `make soak`, does a hundred times more and keeps what it measured in figures/soak.json."""
import copy, multiprocessing, pickle, time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from threading import Barrier
import numpy as np, pytest
from conftest import SOAK
from emoji_sqam.core import peak_memory
from emoji_sqam.data import load_emojis, load_tweets
from emoji_sqam.prediction import Answerer

ANSWERS, SUGGESTIONS, THREADS = (1_000_000, 1000, 32) if SOAK else (10_000, 20, 8)
BATCH = 1000           # texts that are answered at a time, and then one of them alone
GROWTH = 1.05          # most memory by the end, of the most in the first tenth
SLOWDOWN = 1.25        # seconds of the processor for the last tenth, of those for the first; in the long form, which takes minutes


def in_a_new_process(work, *args):
    "What some work gives in a process that does nothing else"
    with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool: return pool.submit(work, *args).result()


def by_tenths(count, work):
    "Some work on the numbers below `count`: for each tenth of it seconds of the processor, and the most memory (MB) so far"
    seconds, memory, start = [], [], time.time()
    for numbers in np.split(np.arange(count), 10):
        began = time.process_time()
        work(numbers.tolist())
        seconds.append(time.process_time() - began)
        memory.append(peak_memory())
    return {'count': count, 'seconds': time.time()-start, 'seconds_of_tenths': seconds, 'memory_of_tenths': memory}


def answer_many(count):
    answerer, texts = Answerer.from_pretrained(), load_tweets().text.tolist()
    def answer_batch(): return answerer.answer_texts(texts[:BATCH], 5)
    def work(numbers):
        for start in range(0, len(numbers), BATCH):
            some = [texts[number % len(texts)] for number in numbers[start:start+BATCH]]
            answerer.answer_texts(some, 5)
            answerer.answer(some[0])
    emojis, scores, _ = answer_batch()
    outcome = by_tenths(count, work)
    again = answer_batch()
    assert (emojis == again[0]).all() and np.array_equal(scores, again[1], equal_nan=True)
    return outcome


def suggest_many(count):
    answerer, texts = Answerer.from_pretrained(), load_tweets().text.tolist()
    def work(numbers):
        for number in numbers: assert len(answerer.suggest(texts[number], seed=number)) == 1
    first = answerer.suggest(texts[0])[0]
    outcome = by_tenths(count, work)
    assert answerer.suggest(texts[0])[0].svg == first.svg
    return outcome


@pytest.mark.parametrize('work, count', [(answer_many, ANSWERS), (suggest_many, SUGGESTIONS)], ids=['answers', 'suggestions'])
def test_memory_stays_flat_and_nothing_slows_down(work, count, note, monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '1')  # so that seconds of the processor are those of the work, on a busy machine too
    outcome = in_a_new_process(work, count)
    seconds, memory = outcome.pop('seconds_of_tenths'), outcome.pop('memory_of_tenths')
    slowdown = seconds[-1]/seconds[0]
    assert memory[-1] <= GROWTH*memory[0], memory
    if SOAK: assert slowdown <= SLOWDOWN, seconds
    note(f'many {work.__name__.split("_")[0]}s', **outcome, memory_mb=memory[0], memory_mb_at_the_end=memory[-1],
         last_tenth_of_first=slowdown)


TEXTS = ['what a lovely flight', 'happy birthday 🎂', "can't wait :)", '谢谢你']


def all_about(answerer, text, emojis):
    "What can be asked about a text, as plain values"
    chosen, scores, known = answerer.answer_texts([text], 5)
    made_up = [(emoji.svg, emoji.score, emoji.parents) for emoji in answerer.suggest(text)]
    return (answerer.answer(text).to_dict('list'), answerer.answer(text, among=emojis).to_dict('list'), made_up,
            np.nan_to_num(scores).tolist(), chosen.tolist(), known.tolist(), answerer.sentiment([text]).tolist())


def test_many_threads_get_what_one_gets(note):
    emojis = load_emojis('latest')[:300]
    alone = [all_about(Answerer.from_pretrained(), text, emojis) for text in TEXTS]
    answerer, all_there = Answerer.from_pretrained(), Barrier(THREADS)  # that has loaded no network yet
    def ask(number):
        order = np.random.default_rng(number).permutation(len(TEXTS))
        all_there.wait()
        return {row: all_about(answerer, TEXTS[row], emojis) for row in order}
    with ThreadPoolExecutor(THREADS) as pool: found = list(pool.map(ask, range(THREADS)))
    for answers in found: assert [answers[row] for row in range(len(TEXTS))] == alone
    note('many threads', threads=THREADS, calls=THREADS*len(TEXTS)*5, different=0)


def report(queue, answerer, emojis): queue.put([all_about(answerer, text, emojis) for text in TEXTS])


def answers_of_copies():
    "What an answerer gives that has answered, and what its copies give, here and in other processes"
    answerer, emojis = Answerer.from_pretrained(), load_emojis('latest')[:300]
    answers = {'one': [all_about(answerer, text, emojis) for text in TEXTS]}
    copies = {'pickle': pickle.loads(pickle.dumps(answerer)), 'copy': copy.copy(answerer), 'deepcopy': copy.deepcopy(answerer)}
    for name, twin in copies.items(): answers[name] = [all_about(twin, text, emojis) for text in TEXTS]
    for name in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context(name)
        queue = context.Queue()
        child = context.Process(target=report, args=(queue, answerer, emojis))
        child.start()
        answers[name] = queue.get(timeout=300)
        child.join()
    return answers


def test_copies_and_children_give_the_same(note):
    answers = in_a_new_process(answers_of_copies)
    alone = answers.pop('one')
    assert {'fork', 'spawn', 'pickle', 'copy', 'deepcopy'} <= answers.keys() | {'fork'}  # Windows has no fork
    for name, found in answers.items(): assert found == alone, name
    note('copies and children', ways=sorted(answers), different=0)
