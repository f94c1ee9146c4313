#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ss_tests::property::nesting(input));
