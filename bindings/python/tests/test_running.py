"""Ctrl-C, the GIL, threads and forks."""

import multiprocessing
import os
import signal
import sqlite3
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import CLEAN, LARGE

import sheetlift as sl


@pytest.fixture(scope="module")
def contract():
    contract = sl.infer_contract(LARGE)
    contract["sheetlift"] = {**contract.get("sheetlift", {}), "load": {"table": "items"}}
    return contract


def interrupted(work, after):
    """Seconds from Ctrl-C to KeyboardInterrupt."""
    sent = []

    def send():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(after, send)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            while True:
                work()
    finally:
        timer.cancel()
    return time.monotonic() - sent[0]


def test_ctrl_c_stops_a_read():
    assert interrupted(lambda: sl.read(LARGE), 0.3) < 5


def test_ctrl_c_stops_a_validation(contract):
    assert interrupted(lambda: sl.validate(LARGE, contract), 0.5) < 5


def test_ctrl_c_stops_a_load_and_nothing_is_loaded(contract, database):
    assert interrupted(lambda: sl.load(LARGE, contract, to=f"sqlite:{database}", dry_run=True, create_table=True), 1) < 10
    with sqlite3.connect(database) as connection:
        tables = {row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")}
    assert "items" not in tables
    report = sl.load(CLEAN, sl.infer_contract(CLEAN), to=f"sqlite:{database}", table="items", create_table=True)
    assert report.load["state"] == "committed"


def test_a_signal_handler_runs_while_a_file_is_read():
    seen = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(time.monotonic()))
    try:
        timer = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGUSR1))
        timer.start()
        sl.read(LARGE)
        done = time.monotonic()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen and seen[0] < done


def test_other_threads_go_on_meanwhile(contract):
    ticks, stop = [0], threading.Event()

    def tick():
        while not stop.is_set():
            ticks[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        for work in (lambda: sl.read(LARGE, threads=1), lambda: sl.validate(LARGE, contract)):
            before, started = ticks[0], time.monotonic()
            work()
            seconds = time.monotonic() - started
            assert ticks[0] - before > 20 * seconds, (ticks[0] - before, seconds)
    finally:
        stop.set()
        thread.join()


def test_many_threads_read_one_workbook():
    workbook = sl.open(CLEAN)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: len(workbook.read()), range(64))) == {240}


def read_in_child(path):
    return len(sl.read(path)), sum(len(batch) for batch in sl.open(path).scan(batch_rows=50))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_reads_too():
    assert len(sl.read(LARGE)) == 200_000  # the parent has its threads
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.map_async(read_in_child, [CLEAN] * 4).get(timeout=60)
    assert found == [(240, 240)] * 4
