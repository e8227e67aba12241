//! Texts that programs and people write, and texts that nobody should.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;

const TORCH: &str = r#"embeddings {
  tensor_name: "logits:00003"
  metadata_path: "00003/logits/metadata.tsv"
  sprite {
    image_path: "00003/logits/sprite.png"
    single_image_dim: 8
    single_image_dim: 9
  }
  tensor_path: "00003/logits/tensors.tsv"
}
"#;

fn name_of(text: &str) -> String {
    let config = ProjectorConfig::parse(text).unwrap();
    config.embeddings[0].tensor_name.clone()
}

fn refused(text: &str) -> (usize, String) {
    let error = ProjectorConfig::parse(text).unwrap_err();
    (error.line, error.reason)
}

#[test]
fn torch_writes_this() {
    let config = ProjectorConfig::parse(TORCH).unwrap();
    let wanted = EmbeddingInfo {
        tensor_name: "logits:00003".into(),
        metadata_path: "00003/logits/metadata.tsv".into(),
        sprite: Some(SpriteMetadata {
            image_path: "00003/logits/sprite.png".into(),
            single_image_dim: vec![8, 9],
        }),
        tensor_path: "00003/logits/tensors.tsv".into(),
        ..EmbeddingInfo::default()
    };
    assert_eq!(config.embeddings, [wanted]);
    assert_eq!(config.model_checkpoint_path, "");
}

#[test]
fn golden_configs_parse() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/golden");
    for (folder, names) in [
        ("torch_digits/lr0.01_bs32", &["logits:00003"][..]),
        ("tbx_all", &["emb:00001", "emb2:00002"]),
        (
            "keras_digits_emb",
            &["layer_with_weights-0/embeddings/.ATTRIBUTES/VARIABLE_VALUE"],
        ),
    ] {
        let text = fs::read_to_string(golden.join(folder).join("projector_config.pbtxt")).unwrap();
        let config = ProjectorConfig::parse(&text).unwrap();
        let found: Vec<_> = config.embeddings.iter().map(|e| &e.tensor_name).collect();
        assert_eq!(found, names);
    }
}

#[test]
fn forms_are_equal() {
    let wanted = ProjectorConfig::parse(TORCH).unwrap();
    for text in [
        TORCH.replace('{', ": {"),
        TORCH.replace('{', "<").replace('}', ">"),
        TORCH.replace('\n', " "),
        TORCH.replace('\n', "\r\n"),
        TORCH.replace('\n', " # \"{ comment\n"),
        TORCH.replace("\"\n", "\",\n").replace("8\n", "8;\n"),
        TORCH
            .replace("dim: 8", "dim: [8, 0x9]")
            .replace("single_image_dim: 9", ""),
        TORCH.replace("dim: 8", "dim: 010"),
        TORCH.replace('"', "'"),
        TORCH.replace("logits:", "log\"\n'its'  \":"),
        TORCH.replacen("embeddings {", "embeddings: [{", 1) + "]",
        format!("\u{feff}{TORCH}"),
    ] {
        assert_eq!(
            ProjectorConfig::parse(&text).as_ref(),
            Ok(&wanted),
            "{text}"
        );
    }
}

#[test]
fn empty_texts_are_empty_configs() {
    for text in ["", " \n", "# nothing", "\u{feff}"] {
        assert_eq!(ProjectorConfig::parse(text), Ok(ProjectorConfig::default()));
    }
}

#[test]
fn escapes_are_read() {
    for (text, wanted) in [
        (r"a\n\t\\\'\?", "a\n\t\\'?"),
        (r"\303\274", "ü"),
        (r"\xc3\xBC", "ü"),
        (r"\u00fc\U0001F600", "ü😀"),
        (r"\08", "\08"),
        ("ünï 标签", "ünï 标签"),
    ] {
        let text = format!("embeddings {{ tensor_name: \"{text}\" }}");
        assert_eq!(name_of(&text), wanted);
    }
}

#[test]
fn unknown_fields_are_passed_over() {
    let text = r#"
        later: 1 later: -2.5e3f later: - inf later: SOME_ENUM later: "a" 'b'
        later { deep < x: 1 y: [1, 2] z: [{a: 1}, {}] > } [org.example/thing]: { k: "}" }
        embeddings { new: true tensor_name: "t" new { tensor_name: "not this" } empty: [] }
    "#;
    assert_eq!(name_of(text), "t");
}

#[test]
fn the_last_of_a_field_counts_and_sprites_merge() {
    let text = "embeddings { tensor_name: 'a' tensor_name: 'b' \
                sprite { image_path: 'i' } sprite { single_image_dim: 3 } tensor_shape: [2, 3] }";
    let info = &ProjectorConfig::parse(text).unwrap().embeddings[0];
    assert_eq!(info.tensor_name, "b");
    assert_eq!(info.tensor_shape, [2, 3]);
    let sprite = info.sprite.as_ref().unwrap();
    assert_eq!(
        (sprite.image_path.as_str(), &sprite.single_image_dim[..]),
        ("i", &[3][..])
    );
}

#[test]
fn errors_name_the_line() {
    for (text, line, part) in [
        ("embeddings {\n", 2, "ends inside a message"),
        ("embeddings {\n  tensor_name: \"a\n}", 2, "inside a string"),
        (
            "embeddings {\n  tensor_name: 5\n}",
            2,
            "tensor_name wants a string",
        ),
        ("\n\nembeddings: 5", 3, "embeddings wants a message"),
        (
            "# x\nembeddings { sprite { single_image_dim: 8.5 } }",
            2,
            "not '8.5'",
        ),
        ("embeddings { tensor_shape: -1 }", 1, "not '-1'"),
        (
            "embeddings { tensor_shape: [1 2] }",
            1,
            "expected ',' or ']'",
        ),
        ("a: 1\n}", 2, "found '}'"),
        ("a: 1\nü: 1", 2, "found 'ü'"),
        ("a b", 1, "after a"),
        ("a:\n\n", 3, "expected a value"),
        (r#"model_checkpoint_path: "\q""#, 1, "begins no escape"),
        (r#"model_checkpoint_path: "\xff""#, 1, "not UTF-8"),
        (r#"model_checkpoint_path: "\777""#, 1, "octal"),
        (r#"model_checkpoint_path: "\u12""#, 1, "too few digits"),
        (r#"model_checkpoint_path: "\ud800""#, 1, "no character"),
        (r#"model_checkpoint_path: "\"#, 1, "begins no escape"),
        ("[open", 1, "name of a field"),
    ] {
        let (found, reason) = refused(text);
        assert!(
            found == line && reason.contains(part),
            "{text:?}: line {found}: {reason}"
        );
    }
}

#[test]
fn depth_is_bounded() {
    for open in ["a {", "a: [", "a: [{b: "] {
        let (_, reason) = refused(&open.repeat(100_000));
        assert!(!reason.is_empty());
    }
    let (_, reason) = refused(&"a {".repeat(DEPTH + 1));
    assert!(reason.contains("deep"), "{reason}");
}

#[test]
fn every_prefix_and_every_changed_byte_is_handled() {
    for end in 0..TORCH.len() {
        let _ = ProjectorConfig::parse(&TORCH[..end]);
        for new in ["", "\"", "\\", "{", "}", "[", "]", ":", "#", "\n", "ü", "0"] {
            let text = format!("{}{new}{}", &TORCH[..end], &TORCH[end + 1..]);
            let _ = ProjectorConfig::parse(&text);
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_handled(text in r#"([a-z_]{1,3}|[\[\]{}<>:;,'"\\#\n 0-9.xu-]|embeddings|sprite|ü){0,60}"#) {
        let _ = ProjectorConfig::parse(&text);
    }

    #[test]
    fn escaped_strings_come_back(name in any::<String>()) {
        let octal: String = name.bytes().map(|b| format!("\\{b:03o}")).collect();
        prop_assert_eq!(name_of(&format!("embeddings {{ tensor_name: '{octal}' }}")), name);
    }
}

const NEW: &str = "embeddings {\n  tensor_name: \"n\"\n}\n";

#[test]
fn an_embedding_is_replaced_however_its_name_is_spelled() {
    for old in [
        "embeddings { tensor_name: 'n' }",
        "embeddings: <tensor_name: \"\\156\">",
        "embeddings { tensor_path: 'a' tensor_name: '' 'n' };\n",
        "embeddings: [{ tensor_name: 'n' }]",
    ] {
        assert_eq!(replace_embedding(old, "n", NEW).unwrap(), NEW);
    }
}

#[test]
fn all_other_text_stays_as_it_is_spelled() {
    let kept = "# a comment } \nmodel_checkpoint_path: 'x'\r\nother { a: [1, 2] } ";
    let old = "embeddings { tensor_name: \"old\" }";
    let text = format!("{kept}embeddings {{ tensor_name: 'n' }} {old} # end");
    let wanted = format!("{kept} {old} # end\n{NEW}");
    assert_eq!(replace_embedding(&text, "n", NEW).unwrap(), wanted);
    assert_eq!(replace_embedding("", "n", NEW).unwrap(), NEW);
    let list = "embeddings: [{tensor_name: 'a'}, {tensor_name: 'n'}, {tensor_name: 'b'}]";
    let wanted = format!("embeddings {{tensor_name: 'a'}}\nembeddings {{tensor_name: 'b'}}\n{NEW}");
    assert_eq!(replace_embedding(list, "n", NEW).unwrap(), wanted);
}

#[test]
fn what_is_no_config_is_not_edited() {
    let error = replace_embedding("a: 1\nembeddings {", "n", NEW).unwrap_err();
    assert_eq!(error.line, 2);
}

proptest! {
    #[test]
    fn editing_changes_no_other_embedding(names in prop::collection::vec("[a-c]", 0..6)) {
        let text: String = names
            .iter()
            .map(|name| format!("embeddings {{ tensor_name: '{name}' }} "))
            .collect();
        let edited = replace_embedding(&text, "a", "embeddings { tensor_name: 'a' }").unwrap();
        let config = ProjectorConfig::parse(&edited).unwrap();
        let found: Vec<String> = config.embeddings.into_iter().map(|e| e.tensor_name).collect();
        let mut wanted: Vec<String> = names.into_iter().filter(|name| name != "a").collect();
        wanted.push("a".into());
        prop_assert_eq!(found, wanted);
    }
}
