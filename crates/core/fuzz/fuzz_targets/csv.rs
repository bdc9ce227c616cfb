#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| sheetlift_core::fuzzing::csv(data));
