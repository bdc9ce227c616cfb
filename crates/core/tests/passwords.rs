//! Workbooks with a password, through the public face. (What each method of encryption needs is tested in `src/crypto`.)

use std::path::PathBuf;

use sheetlift_core::{
    ErrorKind, OpenOptions, Password, ReadOptions, Result, Source, Table, Workbook,
};

fn path(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/files/encrypted");
    dir.join(format!("{name}.xlsx"))
}

fn read(name: &str, password: Option<&str>) -> Result<Table> {
    let mut options = OpenOptions::default();
    options.password = password.map(Password::new);
    let source = Source::from_path(path(name), &options.limits)?;
    Workbook::open(source, options)?.read(&ReadOptions::default())
}

#[test]
fn the_right_password_opens_a_workbook() {
    let plain = read("plain", None).unwrap();
    assert!(plain.num_rows() > 0);
    for (name, password) in [
        ("agile_few_spins", Some("secret")),
        ("standard_aes128", Some("secret")),
        ("standard_aes256", Some("pässwörd 密")),
        ("agile_default_password", None), // spreadsheet programs do not ask for it either
    ] {
        assert_eq!(
            read(name, password).unwrap().batches,
            plain.batches,
            "{name}"
        );
    }
    // A password that is not needed does not matter.
    assert_eq!(
        read("plain", Some("secret")).unwrap().batches,
        plain.batches
    );
}

#[test]
fn a_wrong_password_or_none_is_an_error_of_its_own() {
    for password in [None, Some("Secret"), Some("")] {
        let error = read("agile_few_spins", password).unwrap_err();
        assert_eq!(error.code(), "file/encrypted", "{error}");
        assert!(matches!(error.kind(), ErrorKind::Encrypted));
        assert!(
            error.to_string().contains("agile_few_spins.xlsx"),
            "{error}"
        );
    }
    let hint = read("agile_few_spins", None).unwrap_err();
    assert!(hint.hint().unwrap().contains("password"));
}

#[test]
fn a_password_is_never_printed() {
    let options = OpenOptions::default().with_password(Password::new("secret"));
    assert!(!format!("{options:?}").contains("secret"));
}
