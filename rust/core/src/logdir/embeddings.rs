//! `embeddings`: the projector files beside the events.
//!
//! `projector_config.pbtxt` names, for each embedding, a file of tab-separated numbers (or raw
//! little-endian floats with a shape), metadata and a sprite image. Paths in it are taken from the
//! directory it lies in, and only if they stay inside: a config is input, and could name anything.

use super::pbtxt::{EmbeddingInfo, PbtxtError, ProjectorConfig};
use super::{Root, Scan, View, unique_name};
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::table::keys::{dictionary, float64, int32, int64, strings};
use crate::table::schema::{Layout, TensorData, dictionary as dictionary_type, item_field, list};
use arrow_array::builder::{
    BooleanBufferBuilder, Float32Builder, Int64Builder, LargeBinaryBuilder, ListBuilder,
    StringBuilder,
};
use arrow_array::{ArrayRef, ListArray, RecordBatch, StringArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Fields, Schema};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a config may lie in a run.
const CONFIGS: [&str; 2] = [
    "projector_config.pbtxt",
    "plugins/org_tensorflow_tensorboard_projector/projector_config.pbtxt",
];

/// Header and rows of a metadata file.
type Labels = (Vec<String>, Vec<Vec<String>>);

/// One embedding as read.
struct Embedding {
    run: usize,
    name: String,
    step: i64,
    wall_time: f64,
    shape: [u64; 2],
    values: Vec<f32>,
    /// Header and rows; one column called `label` where the file has no header.
    metadata: Option<Labels>,
    sprite: Option<Vec<u8>>,
}

/// The table of embeddings.
pub(super) fn scan(view: View, roots: &[Root], filter: Filter) -> Result<Scan> {
    let (runs, places) = places(&view, roots);
    let mut found = Vec::new();
    read(&runs, &places, &filter, &mut found, &mut |config, error| {
        if view.raises() {
            return Err(error);
        }
        let path = error.path().unwrap_or(config);
        view.report.add_unreadable(path, &error);
        Ok(())
    })?;
    let batch = table(&found, &runs)?;
    let columns = batch.num_columns();
    let layout = Layout::of(
        batch.schema(),
        columns,
        TensorData::Any,
        filter.columns.as_deref(),
    )?;
    let batch = batch
        .project(&layout.projection)
        .map_err(|e| Error::argument(e.to_string()))?;
    Ok(Scan::ready(batch))
}

/// What cannot be read of the projector files: the file, its length, and why.
pub(super) fn damage(
    view: &View,
    roots: &[Root],
    filter: &Filter,
) -> Result<Vec<(PathBuf, u64, String)>> {
    let (runs, places) = places(view, roots);
    let mut damage = Vec::new();
    read(
        &runs,
        &places,
        filter,
        &mut Vec::new(),
        &mut |config, error| {
            let path = error.path().unwrap_or(config);
            let length = fs::metadata(path).map_or(0, |m| m.len());
            damage.push((path.to_owned(), length, error.reason()));
            Ok(())
        },
    )?;
    Ok(damage)
}

/// The names of the runs, and the directories that may hold a config, with the run of each.
fn places(view: &View, roots: &[Root]) -> (Vec<String>, Vec<(usize, PathBuf)>) {
    let mut runs: Vec<String> = view.run_names().map(str::to_owned).collect();
    let mut directories: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (number, run) in view.snapshot.runs.iter().enumerate() {
        for directory in run.files.iter().filter_map(|file| file.path.parent()) {
            directories.insert(directory.to_owned(), number);
        }
    }
    // A config may lie in a root without event files of its own.
    for root in roots {
        if let Root::Directory { name, path } = root
            && !directories.contains_key(path)
        {
            directories.insert(path.clone(), runs.len());
            runs.push(if name.is_empty() {
                ".".to_owned()
            } else {
                name.clone()
            });
        }
    }
    let mut places: Vec<(usize, PathBuf)> = directories.into_iter().map(|(d, n)| (n, d)).collect();
    places.sort();
    (runs, places)
}

/// Takes the config that was read, and what went wrong; an error if that is the end of it.
type OnError<'a> = &'a mut dyn FnMut(&Path, Error) -> Result<()>;

/// Reads the configs of all places. What cannot be read is damage like any other: it costs the
/// embedding it belongs to, or its labels, or its sprite, and no other.
fn read(
    runs: &[String],
    places: &[(usize, PathBuf)],
    filter: &Filter,
    found: &mut Vec<Embedding>,
    on_error: OnError<'_>,
) -> Result<()> {
    for (run, directory) in places {
        if !filter.runs.matches(&runs[*run]) {
            continue;
        }
        let configs = CONFIGS.map(|name| directory.join(name));
        for config in configs.iter().filter(|path| path.exists()) {
            if let Err(error) = read_config(config, *run, filter, found, on_error) {
                on_error(config, error)?;
            }
        }
    }
    Ok(())
}

/// The bytes of a regular file; anything else might never end.
fn contents(path: &Path) -> Result<Vec<u8>> {
    let metadata = fs::metadata(path).map_err(|e| Error::io(e, path))?;
    if !metadata.is_file() {
        return Err(Error::damaged(path, 0, "no regular file"));
    }
    fs::read(path).map_err(|e| Error::io(e, path))
}

fn read_config(
    config: &Path,
    run: usize,
    filter: &Filter,
    found: &mut Vec<Embedding>,
    on_error: OnError<'_>,
) -> Result<()> {
    let text = contents(config)?;
    let text = String::from_utf8(text).map_err(|_| Error::damaged(config, 0, "no UTF-8"))?;
    let bad = |e: PbtxtError| Error::damaged(config, 0, format!("line {}: {}", e.line, e.reason));
    let parsed = ProjectorConfig::parse(&text).map_err(bad)?;
    let base = config.parent().unwrap_or(config);
    let modified = fs::metadata(config).and_then(|m| m.modified()).ok();
    let since = modified.and_then(|m| m.duration_since(std::time::UNIX_EPOCH).ok());
    let wall_time = since.map_or(0.0, |d| d.as_secs_f64());
    let mut report = |error: Error| on_error(config, error);
    for info in &parsed.embeddings {
        let (name, step) = split_name(&info.tensor_name);
        // Without a tensor file the values are in a TensorFlow checkpoint.
        let known = filter.tags.matches(name) && filter.matches_time(step, wall_time);
        if !known || info.tensor_path.is_empty() {
            continue;
        }
        let (shape, values) = match tensor(base, info) {
            Ok(tensor) => tensor,
            Err(error) => {
                report(error)?;
                continue;
            }
        };
        let mut embedding = Embedding {
            run,
            name: name.to_owned(),
            step,
            wall_time,
            shape,
            values,
            metadata: None,
            sprite: None,
        };
        match metadata_of(base, info, shape[0]) {
            Ok(metadata) => embedding.metadata = metadata,
            Err(error) => report(error)?,
        }
        match sprite_of(base, info) {
            Ok(sprite) => embedding.sprite = sprite,
            Err(error) => report(error)?,
        }
        found.push(embedding);
    }
    Ok(())
}

fn sprite_of(base: &Path, info: &EmbeddingInfo) -> Result<Option<Vec<u8>>> {
    match &info.sprite {
        Some(sprite) if !sprite.image_path.is_empty() => {
            contents(&inside(base, &sprite.image_path)?).map(Some)
        }
        _ => Ok(None),
    }
}

/// PyTorch and tensorboardX name a tensor `<tag>:<step, five digits>`.
fn split_name(name: &str) -> (&str, i64) {
    match name.rsplit_once(':') {
        Some((tag, step)) if step.len() >= 5 && step.bytes().all(|b| b.is_ascii_digit()) => {
            (tag, step.parse().unwrap_or(0))
        }
        _ => (name, 0),
    }
}

/// The file `name` under `base`, which it must not lead out of.
fn inside(base: &Path, name: &str) -> Result<PathBuf> {
    let path = base.join(name);
    let real = fs::canonicalize(&path).map_err(|e| Error::io(e, &path))?;
    let base = fs::canonicalize(base).map_err(|e| Error::io(e, base))?;
    if !real.starts_with(&base) {
        return Err(Error::damaged(
            &path,
            0,
            "projector config names a file outside its directory",
        ));
    }
    Ok(real)
}

fn tensor(base: &Path, info: &EmbeddingInfo) -> Result<([u64; 2], Vec<f32>)> {
    let path = inside(base, &info.tensor_path)?;
    let bytes = contents(&path)?;
    let text = std::str::from_utf8(&bytes)
        .ok()
        .filter(|_| path.extension().is_none_or(|e| e != "bytes"));
    let Some(text) = text else {
        let values: Vec<f32> = bytes
            .as_chunks()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect();
        let shape: Vec<u64> = info.tensor_shape.iter().map(|&n| u64::from(n)).collect();
        return match shape[..] {
            [n, d] if n.checked_mul(d) == Some(values.len() as u64) => Ok(([n, d], values)),
            _ => Err(Error::damaged(
                &path,
                0,
                "raw tensor does not have the bytes of its tensor_shape",
            )),
        };
    };
    let (mut values, mut width, mut points) = (Vec::new(), None, 0);
    for line in text.lines().filter(|line| !line.is_empty()) {
        let before = values.len();
        for number in line.split('\t') {
            let value = number.trim().parse::<f32>();
            let bad =
                |_| Error::damaged(&path, 0, format!("{number:?} in row {points} is no number"));
            values.push(value.map_err(bad)?);
        }
        let columns = values.len() - before;
        if *width.get_or_insert(columns) != columns {
            return Err(Error::damaged(
                &path,
                0,
                format!("row {points} has {columns} columns"),
            ));
        }
        points += 1;
    }
    Ok(([points, width.unwrap_or(0) as u64], values))
}

fn metadata_of(base: &Path, info: &EmbeddingInfo, points: u64) -> Result<Option<Labels>> {
    if info.metadata_path.is_empty() {
        return Ok(None);
    }
    let path = inside(base, &info.metadata_path)?;
    let text = contents(&path)?;
    let text = String::from_utf8_lossy(&text); // as `text()` shows what is no UTF-8
    let mut lines: Vec<&str> = text.split('\n').collect();
    if lines.last().is_some_and(|l| l.is_empty()) {
        lines.pop();
    }
    // TensorBoard's rule: a tab in the first line makes it a header.
    let header: Vec<String> = match lines.first() {
        Some(first) if first.contains('\t') => distinct(lines.remove(0).split('\t')),
        _ => vec!["label".to_owned()],
    };
    if header.len().saturating_mul(lines.len()) > 16 * (text.len() + 256) {
        let reason = "metadata with far more columns than its rows have";
        return Err(Error::damaged(&path, 0, reason));
    }
    let mut rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| line.splitn(header.len(), '\t').map(str::to_owned).collect())
        .collect();
    rows.resize(
        usize::try_from(points).unwrap_or(0).min(rows.len()),
        Vec::new(),
    );
    Ok(Some((header, rows)))
}

/// The names of columns; one that is there already gets a number.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    names.map(|name| unique_name(name, &mut taken)).collect()
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
    ];
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|e| Error::argument(format!("internal error: {e}; please report this")))
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
    use super::super::{LogDir, OnDamage, Options};
    use super::*;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float32Type, Int64Type};

    #[test]
    fn a_step_is_five_digits_behind_a_colon() {
        assert_eq!(split_name("logits:00003"), ("logits", 3));
        assert_eq!(split_name("a:b:123456"), ("a:b", 123_456));
        assert_eq!(split_name("layer/kernel:0"), ("layer/kernel:0", 0));
        assert_eq!(split_name("x:12e45"), ("x:12e45", 0));
    }

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
        log.embeddings(Filter::default())?.collect(&mut || true)
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
