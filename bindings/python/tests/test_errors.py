import pickle

import pytest
from conftest import BROKEN, CLEAN, CONTRACT, FIXTURES

import sheetlift as sl

CLASSES = {
    "file/corrupt": sl.MalformedError,
    "file/not-a-workbook": sl.MalformedError,
    "file/encrypted": sl.EncryptedError,
    "file/unsupported": sl.UnsupportedError,
}


def read_all(source):
    with sl.open(source) as workbook:
        for sheet in workbook.sheets:
            workbook.read(sheet=sheet.name, header=None)


@pytest.mark.parametrize("entry", BROKEN, ids=lambda entry: entry["name"])
def test_a_broken_file_says_how(entry):
    path = FIXTURES / entry["file"]
    code = entry["expect"]["error"]
    with pytest.raises(sl.SheetliftError) as raised:
        read_all(path)
    error = raised.value
    assert type(error) is CLASSES[code]
    assert error.code == code
    assert error.location["file"] == str(path)
    assert str(error).startswith(str(path))
    with pytest.raises(CLASSES[code]):
        sl.validate(path, CONTRACT)
    with pytest.raises(CLASSES[code]):
        sl.load(path, CONTRACT, to="sqlite:never.db", dry_run=True, create_table=True)


def test_an_error_names_its_place_and_what_to_do():
    with pytest.raises(sl.MalformedError, match="cell .*: shared string") as raised:
        read_all(FIXTURES / "shared_string_out_of_range.xlsx")
    assert raised.value.location["cell"] and raised.value.location["sheet"]
    with pytest.raises(sl.EncryptedError) as raised:
        sl.open(FIXTURES / "encrypted.xlsx")
    assert "give the password" in raised.value.hint
    assert any("give the password" in note for note in getattr(raised.value, "__notes__", [raised.value.hint]))


def test_an_old_workbook_is_unsupported():
    with pytest.raises(sl.UnsupportedError) as raised:
        sl.open(b"\x09\x04\x06\x00" + bytes(2000), name="old.xls")
    assert raised.value.code == "file/unsupported" and raised.value.location == {"file": "old.xls"}


def test_limits_are_asked():
    with pytest.raises(sl.LimitError) as raised:
        sl.read(CLEAN, limits={"max_rows": 100})
    assert (raised.value.name, raised.value.limit) == ("max_rows", 100)
    assert raised.value.actual > 100
    for source in [CLEAN, CLEAN.read_bytes(), open(CLEAN, "rb")]:
        with pytest.raises(sl.LimitError, match="max_file_bytes is 1000"):
            sl.open(source, limits={"max_file_bytes": 1000})
    assert len(sl.read(CLEAN, limits={"max_rows": None})) == 240


def test_the_environment_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        sl.open(tmp_path / "nothing.xlsx")
    assert isinstance(raised.value, sl.SheetliftIoError)
    assert raised.value.errno == 2
    with pytest.raises(sl.UsageError, match="directory"):
        sl.open(tmp_path)
    with pytest.raises(OSError) as raised:
        sl.load(CLEAN, CONTRACT, to=f"sqlite:{tmp_path}/no/such/folder/a.db")
    assert type(raised.value) is sl.SheetliftIoError


def test_a_bad_contract_names_the_key():
    for contract in [{"fields": 3}, '{"fields": 3}', "fields:\n- 3\n"]:
        with pytest.raises(sl.ContractError) as raised:
            sl.validate(CLEAN, contract)
        assert isinstance(raised.value, (sl.UsageError, ValueError))
        assert raised.value.code == "contract/invalid"
    with pytest.raises(TypeError, match="a contract is"):
        sl.validate(CLEAN, 3)


def test_exceptions_survive_another_process():
    with pytest.raises(sl.LimitError) as raised:
        sl.read(CLEAN, limits={"max_rows": 100})
    again = pickle.loads(pickle.dumps(raised.value))
    assert type(again) is sl.LimitError and vars(again) == vars(raised.value) and str(again) == str(raised.value)


def test_every_class_has_its_place():
    assert issubclass(sl.UsageError, ValueError) and issubclass(sl.ContractError, sl.UsageError)
    assert issubclass(sl.SheetliftIoError, OSError)
    for name in sl.__all__:
        if name.endswith("Error"):
            assert issubclass(getattr(sl, name), sl.SheetliftError)
