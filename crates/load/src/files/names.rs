//! Where things lie below the prefix of a sink.
//!
//! A table's folder is its name where that is made of `a-z`, `0-9`, `_` and inner dots and no longer than 100 bytes; any other name
//! becomes what can be kept of it, `-`, and 32 hexadecimal digits of its BLAKE3 hash. A plain name has no `-`, so that no two tables
//! share a folder, whatever a file system thinks of case.

use object_store::path::Path;

/// The longest name that is its own folder, and what is kept of longer ones.
const MAX_PLAIN_BYTES: usize = 100;
const MAX_KEPT_BYTES: usize = 60;

/// The folder of the manifests inside that of the table. Readers of Hadoop's family skip names that begin with `_`.
const MANIFESTS: &str = "_sheetlift";

/// A table's folder, one segment of a path.
pub(super) fn folder(table: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.';
    if table.len() <= MAX_PLAIN_BYTES
        && !table.is_empty()
        && table.bytes().all(is_plain)
        && !table.starts_with('.')
        && !table.ends_with('.')
    {
        return table.to_owned();
    }
    let kept = table.chars().map(|c| match c {
        'A'..='Z' | 'a'..='z' | '0'..='9' => c,
        _ => '_',
    });
    let kept: String = kept.take(MAX_KEPT_BYTES).collect();
    let hash = blake3::hash(table.as_bytes()).to_hex();
    format!("{kept}-{}", &hash[..32])
}

/// The paths of one import, below the root of the store.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// What every path begins with.
    prefix: Path,
    table: String,
    import_id: String,
}

impl Layout {
    pub(super) fn new(prefix: &Path, table: &str, import_id: &str) -> Layout {
        Layout {
            prefix: prefix.clone(),
            table: folder(table),
            import_id: import_id.to_owned(),
        }
    }

    /// The manifest, whose existence is the commit.
    pub(super) fn manifest(&self) -> Path {
        self.manifests()
            .join(format!("{}.json", self.import_id).as_str())
    }

    /// The folder of the manifests.
    pub(super) fn manifests(&self) -> Path {
        self.table_folder().join(MANIFESTS)
    }

    /// The folder of the import.
    pub(super) fn folder(&self) -> Path {
        self.table_folder().join(self.import_id.as_str())
    }

    /// A file of the import, by its name.
    pub(super) fn file(&self, name: &str) -> Path {
        self.folder().join(name)
    }

    /// The same below the folder of the table, as the manifest has it.
    pub(super) fn relative(&self, name: &str) -> String {
        format!("{}/{name}", self.import_id)
    }

    /// Resolves what [`Layout::relative`] made, as read from a manifest: none for a path that is anything else.
    pub(super) fn resolve(&self, relative: &str) -> Option<Path> {
        let name = relative.strip_prefix(&self.import_id)?.strip_prefix('/')?;
        let regular = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        (name.bytes().all(regular) && !name.starts_with('.')).then(|| self.file(name))
    }

    fn table_folder(&self) -> Path {
        self.prefix.clone().join(self.table.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_folders_and_no_two_tables_share_one() {
        for plain in ["items", "order_2026", "main.items", "_x", "a..b"] {
            assert_eq!(folder(plain), plain);
        }
        let long = "x".repeat(300);
        let odd = [
            "Items",
            "ITEMS",
            "..",
            ".",
            ".hidden",
            "a/b",
            "a\\b",
            "../etc",
            "a_b ",
            "größe",
            "表",
            "a\0b",
            "items-",
            &long,
            &long[1..],
            "con:",
            "",
        ];
        let mut seen = std::collections::HashSet::new();
        for name in odd {
            let folder = folder(name);
            assert!(folder.len() <= 100 && !folder.starts_with('.'), "{folder}");
            assert!(
                folder
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'),
                "{folder}"
            );
            assert!(
                folder.contains('-') && seen.insert(folder.to_ascii_lowercase()),
                "{name:?} {folder}"
            );
        }
        assert_eq!(
            folder("a/b"),
            format!("a_b-{}", &blake3::hash(b"a/b").to_hex()[..32]),
            "a layout that is in the field"
        );
    }

    #[test]
    fn paths_of_a_manifest_stay_inside_of_the_import() {
        let layout = Layout::new(&Path::from("p/q"), "items", "imp_1");
        let part = layout.file("part-00000.csv");
        assert_eq!(part.as_ref(), "p/q/items/imp_1/part-00000.csv");
        assert_eq!(
            layout.manifest().as_ref(),
            "p/q/items/_sheetlift/imp_1.json"
        );
        assert_eq!(
            layout.resolve(&layout.relative("part-00000.csv")),
            Some(part)
        );
        for bad in [
            "",
            "imp_2/x",
            "imp_1",
            "imp_1/../x",
            "imp_1/a/b",
            "imp_1/..",
            "/etc/passwd",
        ] {
            assert_eq!(layout.resolve(bad), None, "{bad}");
        }
    }
}
