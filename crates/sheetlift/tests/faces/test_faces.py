"""One workbook, one contract: every face gives the same rows, the same findings and the same error."""

import os
from pathlib import Path

import pytest

FIXTURES = Path(os.environ["SHEETLIFT_FIXTURES"])

JUDGED = {  # rows accepted and rejected
    "dirty_inventory.xlsx": (200, 40),
    "clean_inventory.xlsx": (240, 0),
    "plain_numbers.xlsx": (0, 0),  # another header: blocked
}
REFUSED = {  # error code, exception of Python
    "zip_wrong_crc.xlsx": ("file/corrupt", "MalformedError"),
    "encrypted.xlsx": ("file/encrypted", "EncryptedError"),
    "empty_file.xlsx": ("file/not-a-workbook", "MalformedError"),
    "word_document.xlsx": ("file/not-a-workbook", "MalformedError"),
}


def comparable(report):
    """Without ids and times, and with the name of the file only: each face knows it by another path."""
    report = {key: value for key, value in report.items() if key not in ("timings", "load")}
    return {**report, "file": report["file"].rsplit("/", 1)[-1]}


@pytest.mark.parametrize("name", JUDGED)
def test_same_rows_and_findings(name, faces, contract, tmp_path):
    answers = {face: ask(FIXTURES / name, contract, tmp_path) for face, ask in faces.items()}
    expected = answers["rust"]
    rows = expected.report["rows"]
    assert (rows["accepted"], rows["rejected"]) == JUDGED[name]
    assert expected.accepted.num_rows == rows["accepted"]
    assert expected.report["findings"] or name == "clean_inventory.xlsx"
    for face, answer in answers.items():
        assert comparable(answer.report) == comparable(expected.report), face
        assert answer.accepted.schema.names == expected.accepted.schema.names, face
        assert answer.accepted.equals(expected.accepted), face


@pytest.mark.parametrize("name", REFUSED)
def test_same_error(name, faces, contract, tmp_path):
    code, exception = REFUSED[name]
    answers = {face: ask(FIXTURES / name, contract, tmp_path) for face, ask in faces.items()}
    codes = {face: answer.code for face, answer in answers.items() if face != "cli"}
    assert codes == dict.fromkeys(codes, code)
    mapped = {face: answer.face_code for face, answer in answers.items()}
    assert mapped == {"cli": 3, "rust": "File", "python": exception, "http": 422, "lambda": 422}
