"""What broken fixtures held before they were broken.

A reader that answers for a broken file is not wrong if this is what it gives: it has overlooked the damage, or read
around it. What is not here is not known.
"""

A_BOOK = {"A%d" % row: ("text", "a") for row in range(1, 501)} | {"B%d" % row: ("int", row * row) for row in range(1, 501)}
UNKNOWABLE = ("error", "an error")  # equal to nothing that a reader can give

CELLS = {
    "zip_truncated": A_BOOK,
    "zip_directory_damaged": A_BOOK,
    "zip_wrong_crc": A_BOOK,
    "zip_deflate_damaged": A_BOOK,
    "zip_size_beyond_file": A_BOOK,
    "sheet_part_missing": A_BOOK,
    "shared_string_out_of_range": {"A17": ("text", "a"), "C17": UNKNOWABLE},
    "sheet_xml_cut_short": {"A1": ("int", 1), "B1": ("int", 2)},
    "sheet_xml_crossed_tags": {"A1": ("int", 1)},
    "cell_beyond_the_sheet": {"A1": ("int", 1), "XFE1": ("int", 2)},
    "number_not_a_number": {"A1": ("text", "twelve")},
    "text_named_xlsx": {
        "A1": ("text", "sku"), "B1": ("text", "name"), "C1": ("text", "price"),
        "A2": ("text", "00042"), "B2": ("text", "bolt"), "C2": ("text", "1.50"),
    },
}
# Files of these kinds have no cells that could be right.
NO_CELLS = {"file/not-a-workbook", "file/encrypted"}
