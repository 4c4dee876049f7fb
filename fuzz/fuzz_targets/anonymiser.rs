#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| ringwire_recording::fuzzing::check_anonymiser(data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let changed = if seed % 4 == 0 { ringwire_fuzz::mutate::mutate(data, size, seed / 4) } else { None };
    changed.unwrap_or_else(|| fuzzer_mutate(data, size, max_size))
});
