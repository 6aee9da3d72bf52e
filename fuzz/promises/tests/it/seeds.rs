//! The seeds in `fuzz/corpus`.

use std::collections::BTreeSet;

use prost::Message;
use prost_types::FileDescriptorSet;
use tenantry_promises::{ALL, REQUESTS};

use crate::{fuzz, names, seeds};

/// Above which a seed slows every run down for little.
const LARGEST_SEED: usize = 4_096;

#[test]
fn every_promise_holds_for_its_seeds_of_which_some_are_accepted_and_some_are_not() {
    for (name, promise) in ALL {
        let seeds = seeds(name);
        let accepted = seeds.iter().filter(|(_, seed)| promise(seed)).count();
        assert!(accepted > 0, "no seed of {name} is accepted any more");
        assert!(accepted < seeds.len(), "no seed of {name} is refused any more");
    }
}

/// A seed whose name begins with `good` that is refused leads the fuzzer nowhere: its form has changed.
#[test]
fn the_name_of_a_seed_says_whether_it_is_accepted() {
    for (name, promise) in ALL {
        for (path, seed) in seeds(name) {
            let file = path.file_name().unwrap().to_str().unwrap();
            if is_of_a_run(file) {
                continue;
            }
            let kind = file.split('-').next().unwrap();
            let expected = match kind {
                "good" => true,
                "bad" => false,
                other => panic!("{}: begins with neither good nor bad but {other}", path.display()),
            };
            assert_eq!(promise(&seed), expected, "{}", path.display());
            assert!(seed.len() <= LARGEST_SEED, "{}", path.display());
        }
    }
}

/// Whether a run of the fuzzer has left it, with its SHA-1 for a name.
fn is_of_a_run(file: &str) -> bool {
    file.len() == 40 && file.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[test]
fn every_corpus_belongs_to_a_promise() {
    let promises: Vec<_> = ALL.map(|(name, _)| name.to_owned()).to_vec();
    assert_eq!(names(&fuzz().join("corpus")), promises);
}

#[test]
fn every_request_of_every_service_is_decoded() {
    let descriptors = FileDescriptorSet::decode(tenantry_proto::FILE_DESCRIPTOR_SET).unwrap();
    let methods = descriptors
        .file
        .iter()
        .flat_map(|file| &file.service)
        .flat_map(|service| &service.method);
    let served: BTreeSet<_> = methods
        .map(|method| method.input_type().trim_start_matches('.').to_owned())
        .collect();
    let decoded: BTreeSet<_> = REQUESTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert!(served.len() > 20, "{served:?}");
    assert_eq!(decoded, served, "list it in promises/src/request.rs, at the end");
}

#[test]
fn every_request_has_a_seed() {
    let seeds = seeds("request");
    for (which, (name, decoded)) in REQUESTS.iter().enumerate() {
        let of_its_own = seeds
            .iter()
            .filter(|(_, seed)| seed.first().is_some_and(|&first| usize::from(first) == which));
        let good = of_its_own.filter(|(_, seed)| decoded(&seed[1..])).count();
        assert!(good > 0, "{name} has no seed that begins with byte {which}");
    }
}
