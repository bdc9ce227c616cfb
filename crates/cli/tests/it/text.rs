//! Text files whose encoding or delimiter is easily guessed wrong.

use crate::common::Desk;

/// Many good letters in UTF-8, `fault` in their midst, and where it is.
fn with_fault(fault: &[u8]) -> (Vec<u8>, usize) {
    let rows = "Müller,1\n".repeat(1_000);
    let mut bytes = format!("name,n\n{rows}M").into_bytes();
    let at = bytes.len();
    bytes.extend_from_slice(fault);
    bytes.extend_from_slice(b"ller,2\n");
    bytes.extend_from_slice(rows.as_bytes());
    (bytes, at)
}

#[test]
fn a_bad_byte_does_not_change_the_letters_of_all_others() {
    let desk = Desk::new();
    let (bytes, at) = with_fault(b"\xfc");
    desk.put("bad.csv", &bytes);
    for flags in ["", " --encoding utf-8"] {
        let ran = desk.run(&format!("convert bad.csv -o out.csv{flags}"));
        ran.fails(3, &format!("byte {at}: the byte 0xfc is not in utf-8"));
        assert!(ran.stderr.contains("--encoding windows-1252"), "{ran:?}");
    }
    let ran = desk.run("convert bad.csv -o - --format csv --encoding windows-1252");
    assert!(ran.text().contains("\nMüller,2\n"), "as it was asked for");

    let (bytes, _) = with_fault("ü".as_bytes());
    let cut = &bytes[..bytes.len() - "ller,1\n".len() - 1];
    desk.put("cut.csv", cut);
    for flags in ["", " --encoding utf-8"] {
        let ran = desk.run(&format!("convert cut.csv -o out.csv{flags}"));
        ran.fails(3, &format!("byte {}: the text ends within", cut.len() - 1));
    }
}

#[test]
fn the_old_encodings_are_still_read() {
    let desk = Desk::new();
    for (name, bytes) in [
        ("one.csv", &b"name,n\nM\xfcller,1\n"[..]),
        ("end.csv", b"n,name\n1,Caf\xe9"),
        (
            "mixed.csv",
            b"name,n\nM\xc3\xbcller,1\nM\xfcller,2\nM\xfcller,3\n",
        ),
    ] {
        desk.put(name, bytes);
        let ran = desk.run(&format!("inspect {name} --json"));
        let inspected: serde_json::Value = serde_json::from_str(ran.text()).unwrap();
        assert_eq!(inspected["text"]["encoding"], "windows-1252", "{name}");
    }
}

#[test]
fn a_fault_in_another_encoding_has_its_byte() {
    let desk = Desk::new();
    let rows = "name,1\n".repeat(1_000);
    desk.put(
        "bad.csv",
        &[rows.as_bytes(), b"\x81\n", rows.as_bytes()].concat(),
    );
    let ran = desk.run("convert bad.csv -o out.csv --encoding shift_jis");
    ran.fails(3, &format!("byte {}: ", rows.len()));
}

#[test]
fn utf_32_is_refused_by_its_name() {
    let desk = Desk::new();
    let text = "\u{feff}sku,name\n1,bolt\n";
    let wide = |bytes: fn(u32) -> [u8; 4]| text.chars().flat_map(|c| bytes(c as u32)).collect();
    let both: [Vec<u8>; 2] = [wide(u32::to_le_bytes), wide(u32::to_be_bytes)];
    for bytes in both {
        desk.put("wide.csv", &bytes);
        desk.run("convert wide.csv -o out.csv").fails(3, "UTF-32");
    }
}

#[test]
fn inspect_tells_what_was_detected() {
    let desk = Desk::new();
    desk.put("a.csv", b"name;n\nM\xfcller;1\n");
    let ran = desk.run("inspect a.csv");
    assert!(
        ran.text()
            .starts_with("a.csv  16 B, windows-1252 text, delimiter ';'\n"),
        "{ran:?}"
    );
    assert!(
        desk.run("inspect clean.xlsx")
            .text()
            .contains(", 2 sheets\n")
    );
}

#[test]
fn decimal_commas_part_no_columns() {
    let desk = Desk::new();
    for (bytes, columns) in [
        ("betrag\n1,50\n2,75\n", 1),
        ("betrag\n-1.200,50\n2\n\n2,75\n", 1),
        ("a,b\n1,50\n2,75\n", 2),
        ("1,50\n2,75\n", 2), // no header, or one of numbers
        ("title\na,b\n1,50\n", 2),
        ("title\n1,50\n1,x\n", 2),
    ] {
        desk.put("a.csv", bytes.as_bytes());
        let ran = desk.run("inspect a.csv --json");
        let inspected: serde_json::Value = serde_json::from_str(ran.text()).unwrap();
        let delimiter = if columns == 1 { ";" } else { "," };
        assert_eq!(inspected["text"]["delimiter"], delimiter, "{bytes:?}");
    }
    desk.put("a.csv", b"betrag\n1,50\n2,75\n");
    let ran = desk.run("convert a.csv -o - --format csv");
    assert_eq!(ran.text(), "betrag\n\"1,50\"\n\"2,75\"\n", "{ran:?}");
}
