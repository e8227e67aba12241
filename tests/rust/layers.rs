//! What each layer may know, and where unsafe code may stand.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

/// The files that may hold unsafe code, and nothing else may.
const UNSAFE: [&str; 5] = [
    "record/crc.rs",
    "source/guard.rs",
    "source/map.rs",
    "table/memory.rs",
    "writer/system.rs",
];

/// A layer, and what none of its lines may mention. Tests may.
const FORBIDDEN: [(&str, &[&str]); 4] = [
    (
        "record",
        &[
            "prost",
            "proto",
            "arrow",
            "crate::event",
            "crate::source",
            "std::fs",
            "std::io",
        ],
    ),
    (
        "event",
        &[
            "arrow",
            "crate::source",
            "crate::table",
            "crate::pipeline",
            "std::fs",
            "std::io",
        ],
    ),
    (
        "table",
        &[
            "std::fs",
            "std::path",
            "std::thread",
            "crate::source",
            "crate::logdir",
            "crate::pipeline",
        ],
    ),
    (
        "source",
        &[
            "prost",
            "arrow",
            "crate::record",
            "crate::event",
            "crate::table",
            "crate::pipeline",
        ],
    ),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The code of a file: no comments, and nothing of its tests, which stand last.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap();
    let line = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_layer_knows_those_above_it() {
    for (layer, forbidden) in FORBIDDEN {
        let files = sources(&root().join(layer));
        assert!(!files.is_empty(), "{layer}");
        for path in files.iter().filter(|p| !p.ends_with("tests.rs")) {
            let allowed = |word: &str| {
                // The slow path and the files that open things are the exceptions by design.
                (path.ends_with("event/canonical.rs") && matches!(word, "prost" | "proto"))
                    || (layer == "source" && word.starts_with("std"))
            };
            let code = code(path);
            for word in forbidden.iter().filter(|w| !allowed(w)) {
                assert!(!code.contains(word), "{} mentions {word}", path.display());
            }
        }
    }
}

#[test]
fn only_the_slow_path_of_event_uses_prost() {
    for path in sources(&root().join("event")) {
        let uses = code(&path).contains("prost") || code(&path).contains("crate::proto");
        assert_eq!(uses, path.ends_with("canonical.rs"), "{}", path.display());
    }
}

#[test]
fn unsafe_code_stands_in_the_named_files_only() {
    for path in sources(&root()) {
        let name = path
            .strip_prefix(root())
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/");
        let code = code(&path);
        let has =
            code.contains("unsafe {") || code.contains("unsafe fn") || code.contains("unsafe impl");
        assert_eq!(has, UNSAFE.contains(&&*name), "{name}");
        assert_eq!(code.contains("unsafe_code"), has, "{name}");
    }
}

#[test]
fn every_file_says_first_what_it_is() {
    for path in sources(&root()) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{}", path.display());
    }
}
