//! Findings by what repairs them: the same fault of the same value.

use std::{borrow::Cow, cmp::Reverse, collections::HashMap, sync::Arc};

use serde::Serialize;
use sheetlift_core::{Finding, Level, column_name};

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
    /// The same for the same fault of the same value in every run: sixteen hexadecimal digits; see [`FindingGroup::id_of`].
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

impl FindingGroup {
    /// The [`id`](Self::id) of the group that a finding belongs to, out of the finding alone: a hash of its code, its field (or else
    /// its column), the rule, and the value where it is a cell's. Files with every finding have it in each line (`group`).
    ///
    /// A report keeps 65,536 groups apart and lists 1,000: not every such id is in [`Report::groups`](crate::Report::groups).
    ///
    /// ```
    /// use sheetlift::{Contract, FindingGroup, Job};
    /// # use sheetlift_fixtures::inventory::{contract_json, dirty_inventory};
    /// # let contract: Contract = contract_json().parse()?;
    /// let report = Job::from_bytes(dirty_inventory(), "items.xlsx")?.with_contract(contract).validate()?;
    /// let id = FindingGroup::id_of(&report.findings[0]);
    /// assert!(report.groups.iter().any(|group| group.id == id));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn id_of(finding: &Finding) -> String {
        name(key(finding, own_value(finding)))
    }
}

/// The value that tells groups of a kind apart.
fn own_value(finding: &Finding) -> Option<&str> {
    let value = finding.value.as_deref();
    value.filter(|_| finding.column_index.is_some())
}

/// The same for the same fault of the same value: two of them with the same 64 bits are not expected.
fn key(finding: &Finding, value: Option<&str>) -> u64 {
    let column = || finding.column_index.map(column_name);
    let place = match finding.field.as_deref().or(finding.column.as_deref()) {
        Some(name) => Cow::Borrowed(name),
        None => column().map_or(Cow::Borrowed(""), Cow::Owned),
    };
    let parts: [Option<&str>; 4] = [
        Some(&finding.code),
        Some(&place),
        Some(&finding.rule),
        value,
    ];
    let mut bytes = Vec::with_capacity(128);
    for part in parts.into_iter().flatten() {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    let hash = blake3::hash(&bytes);
    let first = hash.as_bytes().first_chunk();
    first.map_or(0, |first| u64::from_be_bytes(*first))
}

fn name(key: u64) -> String {
    format!("{key:016x}")
}

/// Groups under construction.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    kinds: Kinds,
    places: HashMap<u64, usize>,
    groups: Vec<Group>,
}

/// There can be many: what findings of its kind have in common is not in it.
#[derive(Debug)]
struct Group {
    key: u64,
    kind: usize,
    value: Option<Box<str>>,
    message: Box<str>,
    suggestion: Option<Box<str>>,
    score: Option<f64>,
    count: u64,
    /// Sheet, row and column of the first ones.
    first: Vec<(Arc<str>, Option<u32>, Option<u32>)>,
}

impl Groups {
    pub(crate) fn add(&mut self, finding: &Finding) {
        let mut value = own_value(finding);
        let mut group = key(finding, value);
        let has_room = self.groups.len() < MAX_GROUPS || self.places.contains_key(&group);
        if !has_room {
            value = None;
            group = key(finding, None);
        }
        let (groups, kinds) = (&mut self.groups, &mut self.kinds);
        let place = *self.places.entry(group).or_insert_with(|| {
            groups.push(Group {
                key: group,
                kind: kinds.number(finding),
                value: value.map(Box::from),
                message: Box::from(&*finding.message),
                suggestion: finding.suggestion.as_deref().map(Box::from),
                score: finding.score,
                count: 0,
                first: Vec::with_capacity(1),
            });
            groups.len() - 1
        });
        let group = &mut groups[place];
        group.count += 1;
        if group.first.len() < NAMED {
            let sheet = Arc::clone(&finding.sheet);
            group.first.push((sheet, finding.row, finding.column_index));
        }
    }

    /// The worst and largest groups, so many of them at most.
    pub(crate) fn finish(mut self, max: usize) -> Vec<FindingGroup> {
        let kinds = &self.kinds.all;
        self.groups
            .sort_by_key(|group| (Reverse(kinds[group.kind].level), Reverse(group.count)));
        self.groups.truncate(max);
        let groups = self.groups.into_iter();
        groups.map(|group| group.finish(kinds)).collect()
    }
}

impl Group {
    fn finish(self, kinds: &[Kind]) -> FindingGroup {
        let kind = &kinds[self.kind];
        let first = self.first.into_iter().map(|(sheet, row, column_index)| {
            let place = Finding {
                row,
                column_index,
                ..Finding::about(kind.level, kind.code.clone(), sheet)
            };
            place.address()
        });
        FindingGroup {
            id: name(self.key),
            level: kind.level,
            code: kind.code.to_string(),
            rule: kind.rule.clone(),
            column: kind.column.as_deref().map(str::to_owned),
            field: kind.field.as_deref().map(str::to_owned),
            value: self.value.map(String::from),
            count: self.count,
            first: first.collect(),
            expected: kind.expected.clone(),
            message: self.message.into(),
            suggestion: self.suggestion.map(String::from),
            score: self.score,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

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
        let groups = groups.finish(usize::MAX);
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
        assert_eq!(groups[0].id.len(), 16);
        let ids: HashSet<&str> = groups.iter().map(|group| &*group.id).collect();
        assert_eq!(ids.len(), groups.len());
        let id_of = |value| FindingGroup::id_of(&finding("cell/enum", 99, value));
        assert_eq!(
            [&groups[0].id, &groups[1].id],
            [&id_of(Some("KG")), &id_of(Some("lb"))]
        );
    }

    #[test]
    fn values_beyond_the_first_join_one_group() {
        let mut groups = Groups::default();
        for row in 0..MAX_GROUPS as u32 + 10 {
            groups.add(&finding("cell/enum", row + 2, Some(&row.to_string())));
        }
        groups.add(&finding("cell/enum", 2, Some("7")));
        let groups = groups.finish(usize::MAX);
        assert_eq!(groups.len(), MAX_GROUPS + 1);
        assert_eq!(
            groups[0].id,
            FindingGroup::id_of(&finding("cell/enum", 2, None))
        );
        assert_eq!((groups[0].count, groups[0].value.as_deref()), (10, None));
        assert_eq!(
            (groups[1].count, groups[1].value.as_deref()),
            (2, Some("7"))
        );
    }

    #[test]
    fn a_group_is_named_by_what_repairs_it() {
        let one = finding("cell/enum", 2, Some("KG"));
        let id = FindingGroup::id_of(&one);
        let with = |change: fn(&mut Finding)| {
            let mut other = one.clone();
            change(&mut other);
            FindingGroup::id_of(&other)
        };
        for same in [
            with(|it| it.row = Some(99)),
            with(|it| it.sheet = "Other".into()),
            with(|it| it.column_index = Some(7)),
            with(|it| it.column = Some("Unit".into())),
            with(|it| it.message = String::new()),
        ] {
            assert_eq!(same, id);
        }
        let others = [
            with(|it| it.code = "cell/pattern".into()),
            with(|it| it.rule = "enum: [g]".to_owned()),
            with(|it| it.field = Some("weight".into())),
            with(|it| it.value = Some("kG".to_owned())),
            with(|it| it.value = Some(String::new())),
            with(|it| it.value = None),
            with(|it| (it.field, it.column) = (None, None)),
        ];
        let different: HashSet<&String> = others.iter().chain([&id]).collect();
        assert_eq!(different.len(), others.len() + 1);
        // The value of a row is its own, and no repair of others.
        assert_eq!(
            with(|it| it.column_index = None),
            with(|it| it.value = None)
        );
    }
}
