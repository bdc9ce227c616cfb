"""Fixtures of the workspace, written by `test.sh`. What is tested is the installed wheel."""

import json
import os
import sqlite3
from pathlib import Path

import pytest

FIXTURES = Path(os.environ["SHEETLIFT_FIXTURES"])
LARGE = Path(os.environ["SHEETLIFT_LARGE"])
MANIFEST = json.loads((FIXTURES / "manifest.json").read_text(encoding="utf-8"))
READABLE = [entry for entry in MANIFEST if "sheets" in entry["expect"]]
BROKEN = [entry for entry in MANIFEST if "error" in entry["expect"]]

DIRTY = FIXTURES / "dirty_inventory.xlsx"
CLEAN = FIXTURES / "clean_inventory.xlsx"
CONTRACT = FIXTURES / "inventory.contract.json"


@pytest.fixture
def database(tmp_path):
    return tmp_path / "inventory.db"


def count(database, table="inventory"):
    with sqlite3.connect(database) as connection:
        return connection.execute(f'select count(*) from "{table}"').fetchone()[0]
