//! Every limit holds exactly: what is at it is read, what is one past it is not, and the error has its name.

use sheetlift_core::{
    ErrorKind, HeaderRow, Limits, OpenOptions, ReadOptions, Result, Source, Table, Workbook,
};
use sheetlift_fixtures::{Book, forge_ods::Ods};

/// A file, and how much of something is in it.
struct Case {
    bytes: Vec<u8>,
    /// The smallest value of the limit that lets it pass.
    at: u64,
    /// A value that does not.
    past: u64,
}

impl Case {
    fn new(bytes: Vec<u8>, at: u64) -> Case {
        let past = at - 1;
        Case { bytes, at, past }
    }
}

impl Case {
    /// Where it lies depends on what else is counted: the least value that passes is looked for.
    fn least(name: &str, bytes: Vec<u8>) -> Case {
        let (mut past, mut at) = (0, 1 << 40);
        while at - past > 1 {
            let middle = (past + at) / 2;
            match read(&bytes, with(name, middle)) {
                Ok(_) => at = middle,
                Err(_) => past = middle,
            }
        }
        Case { bytes, at, past }
    }
}

/// Limits that do not end a read.
const OTHERS: [&str; 1] = ["max_findings"];
/// Limits that are reached by no file alone: time and what a large file may ask for (`src/limits.rs` has the tests), rounds of hashing (`src/crypto/tests`).
const ELSEWHERE: [&str; 3] = ["max_read_seconds", "max_password_spins", "max_size_ratio"];

/// The case of each limit: a new limit needs a new one.
fn case(name: &str) -> Option<Case> {
    Some(match name {
        "max_file_bytes" => {
            let bytes = two_by_two();
            let len = bytes.len() as u64;
            Case::new(bytes, len)
        }
        "max_entries" => {
            let bytes = two_by_two();
            let entries = parts(&bytes).len() as u64;
            Case::new(bytes, entries)
        }
        "max_part_bytes" => {
            let bytes = book(&"<row><c><v>1</v></c></row>".repeat(500)).build();
            let largest = parts(&bytes).into_iter().map(|part| part.1).max().unwrap();
            Case::new(bytes, largest)
        }
        "max_small_part_bytes" => {
            let bytes = book(ROW).after_sheets(&"<a/>".repeat(500)).build();
            let largest = parts(&bytes).into_iter().map(|part| part.1).max().unwrap();
            Case::new(bytes, largest)
        }
        "max_total_inflated_bytes" => {
            let bytes = two_by_two();
            let read = parts(&bytes)
                .into_iter()
                .filter(|part| part.0 != "[Content_Types].xml");
            let total = read.map(|part| part.1).sum();
            Case::new(bytes, total)
        }
        // Letters of three bits each: between two and three bytes for each compressed one, wherever one looks.
        "max_inflate_ratio" => Case::new(book(&noise(1_300)).build(), 2),
        "max_xml_depth" => {
            let bytes = book(ROW)
                .after_sheets("<b><c><d><e><f/></e></d></c></b>")
                .build();
            Case::new(bytes, 6)
        }
        // A chunk grows by doubling, and a row is looked for each time.
        "max_row_bytes" => {
            let row = |letters: usize| {
                format!("<row><c t=\"str\"><v>{}</v></c></row>", "x".repeat(letters))
            };
            let long = row(1_000_000);
            let bytes = book(&format!("{ROW}{long}{ROW}")).build();
            let at = long.len() as u64;
            Case {
                bytes,
                at,
                past: at / 2,
            }
        }
        "max_rows" => Case::new(two_by_two(), 2),
        "max_columns" => Case::new(two_by_two(), 2),
        "max_cells" => Case::new(two_by_two(), 4),
        "max_cell_bytes" => Case::new(book("<row><c t=\"str\"><v>abcd</v></c></row>").build(), 4),
        // A view of 16 bytes for each string, and the text of those that do not fit one.
        "max_shared_string_bytes" => {
            let strings = ["a", "a string of more than twelve bytes"];
            Case::new(
                book(ROW).strings(&strings).build(),
                2 * 16 + strings[1].len() as u64,
            )
        }
        "max_attributes" => Case::new(
            book("<row r=\"1\" a=\"\" b=\"\" c=\"\" d=\"\"><c><v>1</v></c></row>").build(),
            5,
        ),
        // Two cells are written, five there are.
        "max_repeated_cells" => {
            let cell = "<table:table-cell table:number-columns-repeated=\"2\" office:value-type=\"float\" office:value=\"1\"/>";
            let rows = format!(
                "<table:table-row table:number-rows-repeated=\"2\">{cell}</table:table-row>\
                 <table:table-row>{cell}</table:table-row>"
            );
            Case::new(Ods::new().sheet("Sheet1", &rows).build(), 4)
        }
        // Far more than sixteen bytes for each of the file.
        "max_held_bytes" => Case::least(name, book(&ROW.repeat(20_000)).build()),
        "max_blank_cells" => {
            let rows = "<row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"B1\"><v>2</v></c></row>\
                        <row r=\"100000\"><c r=\"A100000\"><v>3</v></c></row>";
            let bytes = book(rows).build();
            Case::new(bytes, 99_999 * 2 - 1)
        }
        "max_text_bytes" => {
            let cells = "<c t=\"s\"><v>0</v></c>".repeat(1_000);
            let header = format!("<row>{}</row>", "<c><v>1</v></c>".repeat(1_000));
            let bytes =
                book(&format!("{header}<row>{cells}</row>")).strings(&["x".repeat(1_000).as_str()]);
            Case::new(bytes.build(), 1_000_000)
        }
        _ => return None,
    })
}

const ROW: &str = "<row><c><v>1</v></c></row>";

fn book(rows: &str) -> Book {
    Book::new().sheet("Sheet1", rows)
}

/// A header and two rows of two cells.
fn two_by_two() -> Vec<u8> {
    let row =
        |n: u32| format!("<row r=\"{n}\"><c t=\"s\"><v>0</v></c><c t=\"s\"><v>0</v></c></row>");
    book(&(1..=3).map(row).collect::<String>())
        .strings(&["a"])
        .build()
}

/// Rows of a kilobyte of letters that cannot be compressed but for their being eight.
fn noise(rows: usize) -> String {
    let mut state = 1_u64;
    let mut letter = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'a' + (state >> 61) as u8)
    };
    let row = |_| {
        let text: String = (0..1_000).map(|_| letter()).collect();
        format!("<row><c t=\"str\"><v>{text}</v></c></row>")
    };
    (0..rows).map(row).collect()
}

/// Names and sizes of the parts, as the directory has them.
fn parts(bytes: &[u8]) -> Vec<(String, u64)> {
    let records = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, word)| *word == b"PK\x01\x02");
    let record = |(at, _): (usize, &[u8])| {
        let word = |from: usize| u32::from_le_bytes(bytes[at + from..][..4].try_into().unwrap());
        let name_len = (word(28) & 0xffff) as usize;
        let name = String::from_utf8_lossy(&bytes[at + 46..][..name_len]).into_owned();
        (name, u64::from(word(24)))
    };
    records.map(record).collect()
}

fn read(bytes: &[u8], limits: Limits) -> Result<Table> {
    let source = Source::from_bytes(bytes.to_vec(), &limits)?;
    Workbook::open(source, OpenOptions::default().with_limits(limits))?
        .read(&ReadOptions::default())
}

fn with(name: &str, value: u64) -> Limits {
    let mut limits = Limits::default();
    limits.set(name, value).unwrap();
    limits
}

#[test]
fn each_limit_holds_at_it_and_not_one_past_it() {
    for name in Limits::NAMES {
        if OTHERS.contains(name) || ELSEWHERE.contains(name) {
            continue;
        }
        let case = case(name).unwrap_or_else(|| panic!("{name} has no case"));
        if let Err(error) = read(&case.bytes, with(name, case.at)) {
            panic!("{name} at {}: {error}", case.at);
        }
        let Err(error) = read(&case.bytes, with(name, case.past)) else {
            panic!("{name} at {}: read", case.past);
        };
        let ErrorKind::Limit {
            name: found,
            limit,
            actual,
        } = *error.kind()
        else {
            panic!("{name}: {error}")
        };
        assert_eq!((found, limit), (*name, case.past), "{error}");
        assert!(actual > limit, "{name}: {actual} is not beyond {limit}");
        let code = if *name == "max_inflate_ratio" {
            "file/zip-bomb"
        } else {
            "file/too-large"
        };
        assert_eq!(error.code(), code);
        assert!(error.message().contains(name), "{error}");
        assert!(
            error.hint().is_some_and(|hint| hint.contains(name)),
            "{name}"
        );
    }
}

#[test]
fn no_limit_lets_everything_pass() {
    for name in Limits::NAMES {
        if let Some(case) = case(name) {
            read(&case.bytes, with(name, Limits::NONE))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

/// The text of a cell has the same limit wherever it stands.
#[test]
fn texts_of_all_kinds_have_the_limit_of_a_cell() {
    let word = "a word of 22 letters..";
    let shared = format!("<row><c t=\"s\"><v>0</v></c></row>{ROW}");
    let files = [
        ("a formula", book(&format!("<row><c t=\"str\"><f>A1</f><v>{word}</v></c></row>")).build()),
        ("inline", book(&format!("<row><c t=\"inlineStr\"><is><t>{word}</t></is></c></row>")).build()),
        (
            "inline runs",
            book(&format!("<row><c t=\"inlineStr\"><is><r><t>a word of</t></r><r><t>{}</t></r></is></c></row>", &word[9..])).build(),
        ),
        ("an error", book(&format!("<row><c t=\"e\"><v>{word}</v></c></row>")).build()),
        ("shared", book(&shared).strings_xml(&format!("<si><t>{word}</t></si>")).build()),
        ("shared with an entity", book(&shared).strings_xml("<si><t>a word of 21 letters &amp;</t></si>").build()),
        (
            "shared runs",
            book(&shared).strings_xml("<si><r><t>a word of</t></r><r><t> 22 letters..</t></r></si>").build(),
        ),
    ];
    for (kind, bytes) in files {
        let len = word.len() as u64;
        read(&bytes, with("max_cell_bytes", len)).unwrap_or_else(|error| panic!("{kind}: {error}"));
        let error = read(&bytes, with("max_cell_bytes", len - 1)).expect_err(kind);
        assert!(
            error.message().contains("max_cell_bytes"),
            "{kind}: {error}"
        );
    }
}

/// Digits are no text: a number takes eight bytes however many its author gave it, whichever scanner reads it.
#[test]
fn numbers_are_no_text() {
    for number in ["1234567", "12345.6", "1234567890123456789012", " 12345 "] {
        let bytes = book(&format!("<row><c><v>{number}</v></c></row>")).build();
        let mut options = ReadOptions::default();
        options.header = HeaderRow::None;
        let limits = with("max_cell_bytes", 3);
        let source = Source::from_bytes(bytes, &limits).unwrap();
        let open = OpenOptions::default().with_limits(limits);
        let read = Workbook::open(source, open).unwrap().read(&options);
        assert!(read.is_ok(), "{number}: {read:?}");
    }
}

/// Part and row are named where a limit is met on the way.
#[test]
fn errors_say_where() {
    let case = case("max_row_bytes").unwrap();
    let error = read(&case.bytes, with("max_row_bytes", 1_000)).unwrap_err();
    assert_eq!(
        error.location().part.as_deref(),
        Some("xl/worksheets/sheet1.xml")
    );
    assert!(error.location().byte.is_some(), "{error:?}");
}

#[test]
fn the_first_fault_of_a_text_file_is_told_however_many_threads_read_it() {
    // A cell that is too long, then a quote that is not closed: in the same chunk, in the next one of a debug build, far behind.
    for between in [0, 400, 20_000] {
        let lines = |count: usize| "1,2\n".repeat(count);
        let long = "y".repeat(100);
        let text = format!("a,b\n{}{long},1\n{}\"x", lines(400), lines(between));
        let errors = [1, 2, 3, 8].map(|threads| {
            let limits = with("max_cell_bytes", 64);
            let source = Source::from_bytes(text.clone(), &limits).unwrap();
            let options = OpenOptions::default().with_limits(limits);
            let book = Workbook::open(source.with_name("a.csv"), options).unwrap();
            let options = ReadOptions::default().with_threads(threads);
            book.read(&options).unwrap_err().to_string()
        });
        assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
    }
}
