//! Damage at random, and noise: no panic, and an end.

use proptest::{prelude::*, sample::Index};

use crate::error::Result;

use super::{
    super::{INFO, PACKAGE, is_encrypted},
    changed, container, file, open_with,
};

/// Limits under which each attempt is short.
fn quick(ole: &[u8]) -> Result<Vec<u8>> {
    is_encrypted(ole);
    open_with(ole, "secret", |limits| limits.max_password_spins = 50_000)
}

/// A few bytes changed, and perhaps the end missing.
fn damage() -> impl Strategy<Value = (Vec<(Index, u8)>, Option<Index>)> {
    let changes = prop::collection::vec((any::<Index>(), any::<u8>()), 0..6);
    let cut = prop::option::weighted(0.3, any::<Index>());
    (changes, cut)
}

fn apply(bytes: &mut Vec<u8>, damage: &(Vec<(Index, u8)>, Option<Index>)) {
    for (at, value) in &damage.0 {
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
    }
    if let Some(cut) = damage.1 {
        bytes.truncate(cut.index(bytes.len() + 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_files_never_panic(agile in any::<bool>(), damage in damage()) {
        let mut ole = file(if agile { "agile_few_spins" } else { "standard_aes128" });
        apply(&mut ole, &damage);
        let _ = quick(&ole);
    }

    #[test]
    fn damage_in_the_workbook_is_noticed(damage in damage()) {
        let ole = changed("agile_few_spins", PACKAGE, |package| apply(package, &damage));
        if let Ok(opened) = quick(&ole) {
            prop_assert!(opened == file("plain"));
        }
    }

    #[test]
    fn damaged_descriptions_never_panic(agile in any::<bool>(), damage in damage()) {
        let name = if agile { "agile_few_spins" } else { "standard_aes128" };
        let _ = quick(&changed(name, INFO, |info| apply(info, &damage)));
    }

    #[test]
    fn noise_never_panics(
        version in prop::sample::select(vec![[4, 0, 4, 0], [3, 0, 2, 0], [9, 9, 9, 9]]),
        info in prop::collection::vec(any::<u8>(), 0..300),
        package in prop::collection::vec(any::<u8>(), 0..300),
        tables in prop::collection::vec(any::<u8>(), 512..2048),
    ) {
        let info = [&version[..], &info].concat();
        let _ = quick(&container(&[(INFO, &info), (PACKAGE, &package)]));
        // A sound header before noise.
        let mut ole = container(&[]);
        ole.truncate(512);
        ole.extend(&tables);
        let _ = quick(&ole);
        let _ = quick(&tables);
    }
}
