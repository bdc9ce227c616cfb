"""What counts as the same value, and which mark an answer gets. `python3 -m unittest discover -s benches/fidelity`"""

import unittest

from judge import ACCEPTS, CRASH, ERROR, NOT_READ, RIGHT, WRONG, Case, verdict
from readers import SHEETLIFT, Answer, Reader, Table, crash, name_of, place, sheetlift_tables
from values import agrees, show

LEAP_DAY = ("moment", (2024, 2, 29, 0))
SIX_PM = ("time", 64_800_000)
A_DAY_AND_A_HALF = ("duration", 129_600_000)


class Values(unittest.TestCase):
    def test_values_are_kept(self):
        for wanted, given in [
            (("int", 7), ("float", 7.0)),
            (("int", 7), ("text", "7")),
            (("int", 9_007_199_254_740_993), ("text", "9007199254740993")),
            (("float", 1e-7), ("text", "0.0000001")),
            (("float", 2.0**63), ("text", "9223372036854775808")),
            (("text", "42"), ("int", 42)),
            (("bool", True), ("text", "true")),
            (("error", "#N/A"), ("text", "#N/A")),
            (("error", "#N/A"), ("reported", "#N/A")),
            (LEAP_DAY, ("text", "2024-02-29 00:00:00")),
            (LEAP_DAY, ("serial", (45351.0, False))),
            (LEAP_DAY, ("serial", (43889.0, True))),
            (LEAP_DAY, ("moment", (2024, 2, 28, 86_399_999.9))),
            (("moment", (1900, 1, 1, 0)), ("serial", (1.0, False))),
            (SIX_PM, ("duration", 64_800_000)),
            (SIX_PM, ("moment", (1899, 12, 31, 64_800_000))),
            (SIX_PM, ("text", "18:00:00")),
            (A_DAY_AND_A_HALF, ("serial", (1.5, False))),
            (A_DAY_AND_A_HALF, ("text", "PT36H")),
        ]:
            with self.subTest(wanted=wanted, given=given):
                self.assertTrue(agrees(wanted, given))

    def test_values_are_lost(self):
        for wanted, given in [
            (("int", 7), None),
            (("int", 1), ("bool", True)),
            (("int", 9_007_199_254_740_993), ("float", 9_007_199_254_740_992.0)),
            (("int", 45351), LEAP_DAY),
            (("text", "00042"), ("int", 42)),
            (("text", "TRUE"), ("bool", True)),
            (("text", "#N/A"), ("error", "#N/A")),
            (("bool", True), ("int", 1)),
            (("bool", True), ("text", "1")),
            (("error", "#N/A"), None),
            (("error", "#N/A"), ("reported", "#REF!")),
            (LEAP_DAY, ("int", 45351)),
            (LEAP_DAY, ("text", "45351")),
            (SIX_PM, ("float", 0.75)),
            (SIX_PM, ("moment", (2024, 2, 29, 64_800_000))),
            (A_DAY_AND_A_HALF, ("moment", (1900, 1, 1, 43_200_000))),
        ]:
            with self.subTest(wanted=wanted, given=given):
                self.assertFalse(agrees(wanted, given))

    def test_formats_without_types_may_read_types_into_texts(self):
        for text, given in [("TRUE", ("bool", True)), ("2024-02-29", LEAP_DAY), ("1.50", ("float", 1.5)), ("+7", ("int", 7))]:
            self.assertTrue(agrees(("text", text), given, untyped=True))
            self.assertFalse(agrees(("text", text), given))
        self.assertFalse(agrees(("text", "00042"), ("int", 42), untyped=True))

    def test_values_are_shown_on_one_line(self):
        self.assertEqual(show(("text", "a\nb")), '"a\\nb"')
        self.assertEqual(show(("moment", (2024, 2, 29, 64_800_250))), "2024-02-29 18:00:00.250")
        self.assertIn("32767 characters", show(("text", "x" * 32_767)))


class Marks(unittest.TestCase):
    def mark(self, expect, *answers, reader=Reader("peer", frozenset({"xlsx"}), gives_tables=True), file="a.xlsx", name="a"):
        case = Case({"name": name, "file": file, "about": "", "theme": "", "expect": expect})
        return verdict(case, reader, lambda **how: answers[any(how.values())]).mark

    def test_marks_of_good_files(self):
        expect = {"sheets": [{"name": "S", "cells": [{"at": "B3", "value": {"type": "int", "value": 1}}]}]}
        here, floating = Table(0, 0, {(2, 1): ("int", 1)}), Table(None, None, {(0, 0): ("int", 1)})
        shifted, more = Table(0, 0, {(0, 0): ("int", 1)}), Table(0, 0, {(2, 1): ("int", 1), (9, 9): ("int", 1)})
        refused, crashed = Answer("refused"), Answer("crashed")
        answered = lambda table: Answer("answered", tables={"S": table})
        for mark, answers in [
            (RIGHT, [answered(here)]), (RIGHT, [answered(floating)]), (WRONG, [answered(shifted)]), (WRONG, [answered(more)]),
            (WRONG, [Answer("answered")]), (CRASH, [crashed]), (ERROR, [refused, refused]), (ERROR, [refused, answered(more)]),
            (RIGHT, [refused, answered(here)]),
        ]:
            self.assertEqual(self.mark(expect, *answers), mark, answers)
        self.assertEqual(self.mark(expect, answered(more), answered(here)), WRONG)  # there is no header to be told of
        self.assertEqual(self.mark(expect, refused, reader=SHEETLIFT), ERROR)
        self.assertEqual(self.mark(expect, refused, file="a.ods"), NOT_READ)

    def test_marks_of_broken_files(self):
        right, wrong = Table(0, 0, {(0, 0): ("int", 1)}), Table(0, 0, {})
        answered = lambda table: Answer("answered", tables={"S": table})
        for mark, answer, name in [
            (RIGHT, Answer("refused"), "sheet_xml_crossed_tags"), (CRASH, Answer("crashed"), "sheet_xml_crossed_tags"),
            (ACCEPTS, answered(right), "sheet_xml_crossed_tags"), (WRONG, answered(wrong), "sheet_xml_crossed_tags"),
            (WRONG, answered(right), "shared_string_out_of_range"), (ACCEPTS, answered(right), "another"),
        ]:
            self.assertEqual(self.mark({"error": "file/corrupt"}, answer, name=name), mark, name)
        self.assertEqual(self.mark({"error": "file/encrypted"}, answered(right)), WRONG)


class Lines(unittest.TestCase):
    def test_places_have_names(self):
        for at, name in [((0, 0), "A1"), ((6, 26), "AA7"), ((1_048_575, 16_383), "XFD1048576")]:
            self.assertEqual((place(name), name_of(*at)), (at, name))

    def test_cells_of_sheetlift(self):
        text = "\n".join([
            '{"sheet":"S","ref":"A1","type":"datetime","value":"2024-02-29T18:00:00.250"}',
            '{"sheet":"S","ref":"B1","type":"duration","value":"36:00:00"}',
            '{"sheet":"Hidden","ref":"A1","type":"int","value":1}',
        ])
        tables = sheetlift_tables(text, ["S", "Empty"])
        self.assertEqual(tables["S"].cells, {(0, 0): ("moment", (2024, 2, 29, 64_800_250)), (0, 1): A_DAY_AND_A_HALF})
        self.assertEqual((tables["Empty"].cells, "Hidden" in tables), ({}, False))

    def test_crashes_have_reasons(self):
        self.assertEqual(crash(101, "thread main panicked"), "panics")
        self.assertIn("GiB", crash(-6, "memory allocation of 9 bytes failed"))
        self.assertIn("signal 11", crash(-11, ""))


if __name__ == "__main__":
    unittest.main()
