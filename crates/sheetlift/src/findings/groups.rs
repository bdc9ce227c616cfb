//! Findings by what repairs them: the same fault of the same value.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use serde::Serialize;
use sheetlift_core::{Finding, Level};

use super::{Kind, Kinds};

/// Groups that are kept; what comes later joins the group of its kind that has no value.
const MAX_GROUPS: usize = 1 << 16;
/// Addresses that a group names.
const NAMED: usize = 5;

/// Findings that one correction repairs: the same fault, of the same value where it is a cell's.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct FindingGroup {
    /// The same for the same fault of the same value in every run: eight hexadecimal digits.
    pub id: String,
    /// How much it matters.
    pub level: Level,
    /// Code of its findings.
    pub code: String,
    /// The rule as the contract states it.
    pub rule: String,
    /// Label of the column; `None` where it is about rows or sheets.
    pub column: Option<String>,
    /// Field of the contract.
    pub field: Option<String>,
    /// The value they share; `None` for no value, for rows, and for values beyond the first 65,536.
    pub value: Option<String>,
    /// How many there are.
    pub count: u64,
    /// Where the first ones are, up to five.
    pub first: Vec<String>,
    /// What was expected.
    pub expected: String,
    /// What the first one says.
    pub message: String,
    /// A likely correction.
    pub suggestion: Option<String>,
    /// How likely it is, 0 to 1, where it is a value.
    pub score: Option<f64>,
}

/// Groups under construction.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    kinds: Kinds,
    /// By kind and the hash of the value: two values of a kind with the same 64 bits are not expected.
    places: HashMap<(usize, u64), usize>,
    groups: Vec<Group>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Group {
    kind: usize,
    first: Finding,
    has_value: bool,
    count: u64,
    places: Vec<String>,
}

impl Groups {
    pub(crate) fn add(&mut self, finding: &Finding) {
        let kind = self.kinds.number(finding);
        let has_value = finding.column_index.is_some() && finding.value.is_some();
        let hash = |value: Option<&str>| self.hasher.hash_one(value);
        let value = finding.value.as_deref().filter(|_| has_value);
        let key = (kind, hash(value));
        let has_room = self.groups.len() < MAX_GROUPS || self.places.contains_key(&key);
        let (key, has_value) = match has_room {
            true => (key, has_value),
            false => ((kind, hash(None)), false),
        };
        let groups = &mut self.groups;
        let place = *self.places.entry(key).or_insert_with(|| {
            groups.push(Group {
                kind,
                first: finding.clone(),
                has_value,
                count: 0,
                places: Vec::new(),
            });
            groups.len() - 1
        });
        let group = &mut groups[place];
        group.count += 1;
        if group.places.len() < NAMED {
            group.places.push(finding.address());
        }
    }

    /// The groups, the worst and largest first.
    pub(crate) fn finish(self) -> Vec<FindingGroup> {
        let kinds = self.kinds.all;
        let mut groups: Vec<FindingGroup> = self
            .groups
            .into_iter()
            .map(|group| group.finish(&kinds))
            .collect();
        groups.sort_by_key(|group| {
            (
                std::cmp::Reverse(group.level),
                std::cmp::Reverse(group.count),
            )
        });
        groups
    }
}

impl Group {
    fn finish(self, kinds: &[Kind]) -> FindingGroup {
        let kind = &kinds[self.kind];
        let value = self.first.value.filter(|_| self.has_value);
        let mut hash = blake3::Hasher::new();
        let parts = [
            &*kind.code,
            kind.field
                .as_deref()
                .or(kind.column.as_deref())
                .unwrap_or_default(),
            &kind.rule,
            value.as_deref().unwrap_or_default(),
        ];
        for part in parts {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        FindingGroup {
            id: hash.finalize().to_hex()[..8].to_owned(),
            level: kind.level,
            code: kind.code.to_string(),
            rule: kind.rule.clone(),
            column: kind.column.as_deref().map(str::to_owned),
            field: kind.field.as_deref().map(str::to_owned),
            value,
            count: self.count,
            first: self.places,
            expected: kind.expected.clone(),
            message: self.first.message,
            suggestion: self.first.suggestion,
            score: self.first.score,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: &'static str, row: u32, value: Option<&str>) -> Finding {
        Finding {
            level: Level::Error,
            code: code.into(),
            rule: "enum: [kg]".to_owned(),
            sheet: "Items".into(),
            row: Some(row),
            column_index: Some(2),
            column: Some("unit".into()),
            field: Some("unit".into()),
            row_key: None,
            value: value.map(str::to_owned),
            expected: "kg".to_owned(),
            message: format!("message of row {row}"),
            suggestion: None,
            score: None,
        }
    }

    #[test]
    fn the_same_fault_of_the_same_value_is_one_group() {
        let mut groups = Groups::default();
        for row in 2..10 {
            let value = if row % 2 == 0 { "KG" } else { "lb" };
            groups.add(&finding("cell/enum", row, Some(value)));
        }
        groups.add(&finding("cell/enum", 10, Some("KG")));
        groups.add(&finding("cell/required", 11, None));
        let groups = groups.finish();
        let shown: Vec<_> = groups
            .iter()
            .map(|group| (&*group.code, group.value.as_deref(), group.count))
            .collect();
        assert_eq!(
            shown,
            [
                ("cell/enum", Some("KG"), 5),
                ("cell/enum", Some("lb"), 4),
                ("cell/required", None, 1)
            ]
        );
        assert_eq!(
            groups[0].first,
            ["Items!C2", "Items!C4", "Items!C6", "Items!C8", "Items!C10"]
        );
        assert_eq!(groups[0].message, "message of row 2");
        assert_eq!(groups[0].id.len(), 8);
        assert_ne!(groups[0].id, groups[1].id);
    }

    #[test]
    fn values_beyond_the_first_join_one_group() {
        let mut groups = Groups::default();
        for row in 0..MAX_GROUPS as u32 + 10 {
            groups.add(&finding("cell/enum", row + 2, Some(&row.to_string())));
        }
        groups.add(&finding("cell/enum", 2, Some("7")));
        let groups = groups.finish();
        assert_eq!(groups.len(), MAX_GROUPS + 1);
        assert_eq!((groups[0].count, groups[0].value.as_deref()), (10, None));
        assert_eq!(
            (groups[1].count, groups[1].value.as_deref()),
            (2, Some("7"))
        );
    }
}
