//! `embeddings`: the table of what the projector files hold.

use super::View;
use super::projector::{self, Embedding, length, places, read};
use super::scan::Resolved;
use super::selection::Choose;
use crate::error::{Error, Result};
use crate::filter::{Filter, Names};
use crate::table::keys::{dictionary, float64, int32, int64, strings};
use crate::table::schema::{dictionary as dictionary_type, item_field, list};
use arrow_array::builder::{
    BooleanBufferBuilder, Float32Builder, Int64Builder, LargeBinaryBuilder, ListBuilder,
    StringBuilder,
};
use arrow_array::{ArrayRef, ListArray, RecordBatch, StringArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Fields, Schema};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

/// The table of embeddings, read.
pub(super) fn embeddings(view: &View, filter: &Filter) -> Result<Resolved> {
    let (runs, places) = places(view);
    let mut found = Vec::new();
    let store = &*view.catalog.store;
    read(
        store,
        &runs,
        &places,
        filter,
        &mut found,
        &mut |config, error| {
            if view.raises() {
                return Err(error);
            }
            let path = error.path().unwrap_or(config);
            view.report
                .add_unreadable(path, length(store, path), &error);
            Ok(())
        },
    )?;
    let batch = table(&found, &runs)?;
    Resolved::ready(&batch, batch.num_columns() - 1, filter.columns.as_deref())
}

/// Run and name of the embeddings that meet the runs and tags of a filter, and are among those that
/// `choose` chooses. Reads the configs alone.
pub(super) fn names(
    view: &View,
    filter: &Filter,
    choose: Option<&Choose>,
) -> Result<Vec<(String, String)>> {
    let (runs, places) = places(view);
    let mut found = projector::names(&*view.catalog.store, &runs, &places, filter);
    if let Some(choose) = choose {
        let known: BTreeSet<String> = found.iter().map(|(_, name)| name.clone()).collect();
        let chosen = Names::exactly(choose(known.into_iter().collect())?);
        found.retain(|(_, name)| chosen.matches(name));
    }
    let named = found.into_iter();
    Ok(named.map(|(run, name)| (runs[run].clone(), name)).collect())
}

/// What cannot be read of the projector files: the file, its length, and why.
pub(super) fn damage(view: &View, filter: &Filter) -> Result<Vec<(PathBuf, u64, String)>> {
    let (runs, places) = places(view);
    let mut damage = Vec::new();
    let store = &*view.catalog.store;
    read(
        store,
        &runs,
        &places,
        filter,
        &mut Vec::new(),
        &mut |config, error| {
            let path = error.path().unwrap_or(config);
            damage.push((path.to_owned(), length(store, path), error.reason()));
            Ok(())
        },
    )?;
    Ok(damage)
}

fn table(found: &[Embedding], runs: &[String]) -> Result<RecordBatch> {
    let mut shape = ListBuilder::new(Int64Builder::new()).with_field(item_field(DataType::Int64));
    let mut values =
        ListBuilder::new(Float32Builder::new()).with_field(item_field(DataType::Float32));
    let mut sprite = LargeBinaryBuilder::new();
    for embedding in found {
        shape.append_value(embedding.shape.map(|n| Some(n as i64)));
        values.values().append_slice(&embedding.values);
        values.append(true);
        sprite.append_option(embedding.sprite.as_deref());
    }
    let names: Vec<&str> = found.iter().map(|e| e.name.as_str()).collect();
    let tag = int32((0..found.len() as i32).collect());
    let metadata = metadata_column(found);
    let values: ArrayRef = Arc::new(values.finish());
    let (values, values_field) = fixed(values, found);
    let fields = vec![
        Field::new("run", dictionary_type(), false),
        Field::new("tag", dictionary_type(), false),
        Field::new("step", DataType::Int64, false),
        Field::new("wall_time", DataType::Float64, false),
        Field::new("name", DataType::Utf8, false),
        Field::new("shape", list(DataType::Int64), false),
        values_field,
        Field::new("metadata", metadata.data_type().clone(), true),
        Field::new("sprite", DataType::LargeBinary, true),
        Field::new("file", dictionary_type(), false), // provenance: when asked for
    ];
    let arrays = vec![
        dictionary(
            int32(found.iter().map(|e| e.run as i32).collect()),
            strings(runs),
        ),
        dictionary(tag, strings(&names)),
        int64(found.iter().map(|e| e.step).collect()),
        float64(found.iter().map(|e| e.wall_time).collect()),
        strings(&names),
        Arc::new(shape.finish()),
        values,
        metadata,
        Arc::new(sprite.finish()),
        dictionary(
            int32((0..found.len() as i32).collect()),
            strings(found.iter().map(|e| e.file.to_string_lossy())),
        ),
    ];
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(Error::internal)
}

/// `fixed_shape_tensor` where all embeddings have one shape, a plain list otherwise.
fn fixed(values: ArrayRef, found: &[Embedding]) -> (ArrayRef, Field) {
    use arrow_array::cast::AsArray;
    let plain = Field::new("values", values.data_type().clone(), false);
    let Some(first) = found.first().map(|e| e.shape) else {
        return (values, plain);
    };
    let count = i32::try_from(first[0] * first[1]).ok().filter(|n| *n > 0);
    let (Some(count), true) = (count, found.iter().all(|e| e.shape == first)) else {
        return (values, plain);
    };
    let item = item_field(DataType::Float32);
    let inner = Arc::clone(values.as_list::<i32>().values());
    let array = arrow_array::FixedSizeListArray::new(Arc::clone(&item), count, inner, None);
    let field = Field::new("values", DataType::FixedSizeList(item, count), false).with_metadata(
        HashMap::from([
            (
                "ARROW:extension:name".to_owned(),
                "arrow.fixed_shape_tensor".to_owned(),
            ),
            (
                "ARROW:extension:metadata".to_owned(),
                format!("{{\"shape\":[{},{}]}}", first[0], first[1]),
            ),
        ]),
    );
    (Arc::new(array), field)
}

/// `list<utf8>` of labels, or `list<struct>` where any file has a header.
fn metadata_column(found: &[Embedding]) -> ArrayRef {
    let mut names: Vec<&String> = Vec::new();
    let mut numbers: HashMap<&String, usize> = HashMap::new();
    for (header, _) in found.iter().filter_map(|e| e.metadata.as_ref()) {
        for name in header {
            numbers.entry(name).or_insert_with(|| {
                names.push(name);
                names.len() - 1
            });
        }
    }
    let plain = names.iter().all(|n| *n == "label");
    let mut lengths = Vec::new();
    let mut valid = BooleanBufferBuilder::new(found.len());
    let mut columns: Vec<StringBuilder> = names.iter().map(|_| StringBuilder::new()).collect();
    for embedding in found {
        valid.append(embedding.metadata.is_some());
        let Some((header, rows)) = &embedding.metadata else {
            lengths.push(0);
            continue;
        };
        lengths.push(rows.len());
        let mut places: Vec<Option<usize>> = vec![None; names.len()];
        for (place, name) in header.iter().enumerate() {
            places[numbers[name]] = Some(place);
        }
        for row in rows {
            for (place, column) in places.iter().zip(&mut columns) {
                column.append_option(place.and_then(|place| row.get(place)));
            }
        }
    }
    let mut columns: Vec<ArrayRef> = columns
        .iter_mut()
        .map(|c| Arc::new(c.finish()) as ArrayRef)
        .collect();
    let items: ArrayRef = if plain {
        columns
            .pop()
            .unwrap_or_else(|| Arc::new(StringArray::new_null(0)))
    } else {
        let fields: Fields = names
            .iter()
            .map(|n| Field::new(n.as_str(), DataType::Utf8, true))
            .collect();
        Arc::new(StructArray::new(fields, columns, None))
    };
    let item = Arc::new(Field::new("item", items.data_type().clone(), true));
    let nulls = NullBuffer::new(valid.finish());
    Arc::new(ListArray::new(
        item,
        OffsetBuffer::from_lengths(lengths),
        items,
        Some(nulls),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::{LogDir, OnDamage, Options, Root};
    use super::*;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float32Type, Int64Type};
    use std::fs;
    use std::path::Path;

    fn log(folder: &Path, config: &str) -> Result<Vec<RecordBatch>> {
        fs::write(folder.join("projector_config.pbtxt"), config).unwrap();
        fs::write(folder.join("x.tfevents"), b"").unwrap();
        let root = Root::Directory {
            name: String::new(),
            path: folder.to_owned(),
        };
        let options = Options {
            on_damage: OnDamage::Raise,
            ..Options::default()
        };
        let log = LogDir::open(vec![root], options)?;
        log.embeddings(Filter::default()).collect(&mut || true)
    }

    #[test]
    fn numbers_labels_and_sprite_come_together() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("t.tsv"), "1\t2\n3\t-4.5\n").unwrap();
        fs::write(folder.path().join("m.tsv"), "name\tclass\na\t0\nb\t1\n").unwrap();
        fs::write(folder.path().join("s.png"), b"sprite").unwrap();
        let config = "embeddings { tensor_name: 'e:00007' tensor_path: 't.tsv'
            metadata_path: 'm.tsv' sprite { image_path: 's.png' } }";
        let batches = log(folder.path(), config).unwrap();
        let batch = &batches[0];
        assert_eq!(batch.num_rows(), 1);
        let column = |name: &str| batch.column_by_name(name).unwrap();
        assert_eq!(column("step").as_primitive::<Int64Type>().value(0), 7);
        let values = column("values").as_fixed_size_list().value(0);
        assert_eq!(
            values.as_primitive::<Float32Type>().values(),
            &[1.0, 2.0, 3.0, -4.5]
        );
        let metadata = column("metadata").as_list::<i32>().value(0);
        let class = metadata.as_struct().column_by_name("class").unwrap();
        assert_eq!(
            class
                .as_string::<i32>()
                .iter()
                .flatten()
                .collect::<Vec<_>>(),
            ["0", "1"]
        );
        assert_eq!(column("sprite").as_binary::<i64>().value(0), b"sprite");
    }

    #[test]
    fn raw_floats_have_the_shape_the_config_states() {
        let folder = tempfile::tempdir().unwrap();
        let raw: Vec<u8> = [1f32, 2.0, 3.0]
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        fs::write(folder.path().join("t.bytes"), raw).unwrap();
        let config = |shape: &str| {
            format!(
                "embeddings {{ tensor_name: 'e' tensor_path: 't.bytes' tensor_shape: {shape} }}"
            )
        };
        let batches = log(folder.path(), &config("[3, 1]")).unwrap();
        assert_eq!(batches[0].num_rows(), 1);
        for wrong in ["[2, 2]", "3", "[4294967295, 4294967295]"] {
            let error = log(folder.path(), &config(wrong)).unwrap_err();
            assert!(error.to_string().contains("tensor_shape"), "{error}");
        }
    }

    #[test]
    fn a_config_names_no_file_outside_its_directory() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("run");
        fs::create_dir(&inner).unwrap();
        fs::write(folder.path().join("secret"), "1\t2\n").unwrap();
        let secret = folder.path().join("secret");
        for name in ["../secret", secret.to_str().unwrap()] {
            let config = format!("embeddings {{ tensor_name: 'e' tensor_path: '{name}' }}");
            let error = log(&inner, &config).unwrap_err();
            assert!(error.to_string().contains("outside"), "{error}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&secret, inner.join("link")).unwrap();
            let config = "embeddings { tensor_name: 'e' tensor_path: 'link' }";
            assert!(log(&inner, config).is_err());
        }
    }

    #[test]
    fn a_row_of_another_width_or_no_number_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let config = "embeddings { tensor_name: 'e' tensor_path: 't.tsv' }";
        for text in ["1\t2\n3\n", "1\tx\n"] {
            fs::write(folder.path().join("t.tsv"), text).unwrap();
            assert!(log(folder.path(), config).is_err(), "{text:?}");
        }
    }
}
