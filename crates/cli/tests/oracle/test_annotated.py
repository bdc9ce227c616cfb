"""Annotated copies as openpyxl and LibreOffice see them.

SHEETLIFT is the binary. Without LibreOffice (soffice) the test that opens the copies in it is skipped.
"""

import json
import os
import shutil
import subprocess
import zipfile
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table, TableStyleInfo

SHEETLIFT = os.environ["SHEETLIFT"]
FILES = Path(__file__).parents[4] / "fixtures/files"
RED, YELLOW, BLUE = "FFFFC7CE", "FFFFEB9C", "FFDDEBF7"
CONTRACT = {
    "fieldsMatch": "subset",
    "fields": [
        {"name": "sku", "type": "string", "constraints": {"required": True, "unique": True}},
        {"name": "qty", "type": "integer", "constraints": {"minimum": 0}},
        {"name": "day", "type": "date"},
        {"name": "note", "type": "string", "constraints": {"maxLength": 20},
         "sheetlift": {"levels": {"cell/max-length": "warning"}}},
    ]
}


def annotate(book, contract, out):
    report = out.with_suffix(".json")
    ran = subprocess.run(
        [SHEETLIFT, "validate", book, "--contract", contract, "--annotated", out, "--report", report],
        capture_output=True, text=True,
    )
    assert ran.returncode == 1, ran.stderr
    return json.loads(report.read_text()), ran.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("annotated")


@pytest.fixture(scope="module")
def author(folder):
    """A workbook with what an author may have in it, and four faults on its first sheet."""
    book = Workbook()
    sheet = book.active
    sheet.title = "My items"
    sheet.append(["sku", "qty", "day", "note", "double"])
    for row in range(2, 12):
        sheet.append([f"A-{row}", row, date(2025, 1, row), "fine", f"=B{row}*2"])
        sheet[f"C{row}"].number_format = "dd/mm/yyyy"
        sheet[f"B{row}"].font = Font(bold=True, color="FF0000FF")
        sheet[f"B{row}"].alignment = Alignment(horizontal="center")
    sheet["B4"] = "four"
    sheet["B5"] = -1
    sheet["A6"] = None
    sheet["D7"] = "=cmd|' /C calc'!A0 and longer than that"
    sheet["D7"].data_type = "s"
    sheet["B5"].comment = Comment("check this with Ann", "Bob")
    sheet["E3"].comment = Comment("a formula", "Bob")
    sheet["C1"].fill = PatternFill("solid", fgColor="FF00B050")
    sheet.row_dimensions[5].hidden = True
    sheet.column_dimensions["D"].width = 40
    sheet.freeze_panes = "A2"
    sheet.merge_cells("G1:H2")
    sheet.conditional_formatting.add("B2:B11", CellIsRule(operator="greaterThan", formula=["8"], font=Font(italic=True)))
    validation = DataValidation(type="list", formula1='"fine,bad"')
    validation.add("D2:D11")
    sheet.add_data_validation(validation)
    table = Table(displayName="Items", ref="A1:E11")
    table.tableStyleInfo = TableStyleInfo(name="TableStyleMedium2", showRowStripes=True)
    sheet.add_table(table)
    other = book.create_sheet("Totals")
    other["A1"] = "=SUM('My items'!B2:B11)"
    other["A2"].comment = Comment("elsewhere", "Ann")
    path = folder / "author.xlsx"
    book.save(path)
    contract = folder / "contract.json"
    contract.write_text(json.dumps(CONTRACT))
    out = folder / "author.annotated.xlsx"
    report, said = annotate(path, contract, out)
    assert {f["cell"] for f in report["findings"]} == {"E1", "B4", "B5", "A6", "D7"}
    assert "5 cells coloured" in said and "5 comments" in said, said
    return path, out


def fill(cell):
    return cell.fill.fgColor.rgb if cell.fill.fill_type == "solid" else None


def test_bad_cells_are_coloured_and_commented(author):
    _, out = author
    sheet = load_workbook(out)["My items"]
    assert {c.coordinate: fill(c) for row in sheet for c in row if fill(c)} == {
        "C1": "FF00B050", "E1": BLUE, "B4": RED, "B5": RED, "A6": RED, "D7": YELLOW,
    }
    comments = {c.coordinate: c.comment.text for row in sheet for c in row if c.comment}
    assert set(comments) == {"E1", "B4", "B5", "A6", "D7", "E3"}
    assert comments["E3"] == "a formula"
    assert comments["B5"].startswith("check this with Ann") and "sheetlift:" in comments["B5"]
    # What the cell looked like is kept beside the colour.
    assert sheet["B4"].font.b and sheet["B4"].font.color.rgb == "FF0000FF"
    assert sheet["B4"].alignment.horizontal == "center"


def test_everything_else_is_kept(author):
    path, out = author
    before, after = load_workbook(path), load_workbook(out)
    assert after.sheetnames == before.sheetnames + ["Findings"]
    for name in before.sheetnames:
        old, new = before[name], after[name]
        cells = {c.coordinate: (c.value, c.number_format) for row in old for c in row}
        assert cells == {c.coordinate: (c.value, c.number_format) for row in new for c in row}
        assert old.merged_cells == new.merged_cells and old.freeze_panes == new.freeze_panes
        assert old.tables.keys() == new.tables.keys()
        assert len(old.conditional_formatting) == len(new.conditional_formatting)
        assert old.data_validations.count == new.data_validations.count
        assert {k: d.hidden for k, d in old.row_dimensions.items()} == {
            k: d.hidden for k, d in new.row_dimensions.items()
        }
    assert after["Totals"]["A2"].comment.text == "elsewhere"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out) as new:
        assert new.testzip() is None
        changed = {n for n in old.namelist() if old.read(n) != new.read(n)}
        assert changed == {
            "[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml",
            "xl/worksheets/sheet1.xml", "xl/comments/comment1.xml", "xl/drawings/commentsDrawing1.vml"
            if "xl/drawings/commentsDrawing1.vml" in old.namelist() else "xl/drawings/legacyDrawing1.vml",
        } | ({"xl/worksheets/_rels/sheet1.xml.rels"} & changed)


def test_the_list_has_links_and_texts_only(author):
    _, out = author
    sheet = load_workbook(out)["Findings"]
    rows = list(sheet.iter_rows(min_row=2))
    places = ["E1", "B4", "B5", "A6", "D7"]
    assert [row[0].value for row in rows] == places
    assert [row[0].hyperlink.location for row in rows] == [f"'My items'!{place}" for place in places]
    value = rows[4][4]
    assert value.value.startswith("=cmd|") and value.data_type in ("s", "inlineStr")
    assert value.quotePrefix
    assert not [c for row in sheet for c in row if c.data_type == "f"]
    assert [fill(row[1]) for row in rows] == [BLUE, RED, RED, RED, YELLOW]


def test_the_sample_inventory(folder):
    out = folder / "inventory.xlsx"
    report, _ = annotate(FILES / "dirty_inventory.xlsx", FILES / "inventory.contract.json", out)
    sheet = load_workbook(out)["Items"]
    red = {c.coordinate for row in sheet for c in row if fill(c) == RED}
    assert red == {finding["cell"] for finding in report["findings"]}
    assert {c.coordinate for row in sheet for c in row if c.comment} == red


def test_other_files_become_workbooks_of_values(folder):
    book = folder / "items.csv"
    book.write_text("sku,qty,day,note\nA-1,1,2025-01-01,fine\nA-2,two,2025-01-01,fine\n")
    out = folder / "csv.annotated.xlsx"
    _, said = annotate(book, folder / "contract.json", out)
    assert "values only" in said
    after = load_workbook(out)
    sheet = after.worksheets[0]
    assert sheet["B2"].value == "1" and fill(sheet["B3"]) == RED and sheet["B3"].comment
    assert after.sheetnames[1:] == ["Findings"]


def test_several_sheets_are_marked(folder):
    book = Workbook()
    for number, title in enumerate(("Bob's items", "Lager 2")):
        sheet = book.create_sheet(title) if number else book.active
        sheet.title = title
        sheet.append(["sku", "qty", "day", "note"])
        for row in range(2, 6):
            sheet.append([f"{number}-{row}", row, date(2025, 1, row), "fine"])
        sheet["B3"] = "three"
    book["Bob's items"]["B3"].comment = Comment("ask Ann", "Bob")
    path, out = folder / "two.xlsx", folder / "two.annotated.xlsx"
    book.save(path)
    contract = folder / "all.json"
    contract.write_text(json.dumps({"schema": CONTRACT, "sheetlift": {"locate": {"sheets": "all"}}}))
    annotate(path, contract, out)
    after = load_workbook(out)
    for title in ("Bob's items", "Lager 2"):
        cell = after[title]["B3"]
        assert fill(cell) != fill(after[title]["B4"]) and "three" in cell.comment.text
    assert "ask Ann" in after["Bob's items"]["B3"].comment.text
    rows = [row for row in after["Findings"].iter_rows(min_row=2) if row[1].value]
    assert [(row[0].value, row[1].value, row[1].hyperlink.location) for row in rows] == [
        ("Bob's items", "B3", "'Bob''s items'!B3"),
        ("Lager 2", "B3", "'Lager 2'!B3"),
    ]


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice (soffice) is not here")
def test_libreoffice_reads_the_copies(folder, author):
    """All copies in one run; a file that has to be repaired is not converted."""
    copies = [
        author[1], folder / "inventory.xlsx", folder / "csv.annotated.xlsx", folder / "two.annotated.xlsx"
    ]
    copies = [copy for copy in copies if copy.exists()]
    for kind in ("pdf", "ods"):
        subprocess.run(
            ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless",
             "--convert-to", kind, "--outdir", folder / kind, *copies],
            check=True, capture_output=True, timeout=300,
        )
        for copy in copies:
            made = folder / kind / f"{copy.stem}.{kind}"
            assert made.stat().st_size > 1_000, made
    with zipfile.ZipFile(folder / "ods" / "author.annotated.ods") as ods:
        content = ods.read("content.xml").decode()
    assert content.count("<office:annotation ") == 7  # six on the first sheet, one on the second
    assert "check this with Ann" in content and "sheetlift:" in content
    assert 'table:name="Findings"' in content and "xlink:href" in content
    assert "of:=[.B2]*2" in content
