//! Makes the logs that benches and tests read: `corpus <name> <dir> [--scale F]`.
//!
//! Every corpus is a function of its name and scale alone: the generator is seeded, and so are the
//! clock and the host in the file names. `--scale` multiplies what grows in real life (steps, or
//! runs in `small-runs`), so that `--scale 0.1` is the same log, stopped earlier.
//!
//! What a reader must find is in `expected.json`, written last: its presence means a whole corpus.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the command line"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

#[path = "corpus/expected.rs"]
mod expected;
#[path = "corpus/proto.rs"]
mod proto;
#[path = "corpus/random.rs"]
mod random;

use expected::Expected;
use proto::{Metadata, double, fixed32, int, message, packed_doubles, text};
use random::{Rng, fnv1a64, fold};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

type Make = fn(&mut Corpus) -> Result<()>;

const NAMES: &[(&str, Make)] = &[
    ("scalars-simple", |c| c.scalars(50, 5_000, Encoding::Simple)),
    ("scalars-tensor", |c| {
        c.scalars(50, 5_000, Encoding::TensorOnce)
    }),
    ("scalars-tf2", |c| {
        c.scalars(50, 5_000, Encoding::TensorAlways)
    }),
    ("scalars-one", |c| {
        c.scalars(1, 100_000, Encoding::TensorOnce)
    }),
    ("histograms-tensor", |c| c.histograms(400, false)),
    ("histograms-legacy", |c| c.histograms(200, true)),
    ("images", Corpus::images),
    ("images-99", Corpus::mostly_images),
    ("small-runs", Corpus::small_runs),
];

/// Fifteen bytes on average, as names in training loops are.
const TAGS: [&str; 20] = [
    "train/loss",
    "train/accuracy",
    "train/top5_accuracy",
    "train/grad_norm",
    "train/learning_rate",
    "train/weight_decay",
    "train/throughput",
    "val/loss",
    "val/accuracy",
    "val/top5_accuracy",
    "val/perplexity",
    "loss/encoder",
    "loss/decoder",
    "loss/regularizer",
    "optim/beta1",
    "optim/momentum",
    "time/data_loading",
    "time/forward",
    "time/backward",
    "gpu/memory_reserved",
];

/// How a scalar stands in the file.
#[derive(Clone, Copy, PartialEq)]
enum Encoding {
    /// `simple_value` without metadata: TensorFlow 1, torch, tensorboardX.
    Simple,
    /// A tensor, with metadata where a tag appears for the first time: TensorFlow 1's `FileWriter`
    /// with `tensor_summary`.
    TensorOnce,
    /// A tensor with metadata on every event: TensorFlow 2.
    TensorAlways,
}

/// A corpus being written.
struct Corpus {
    dir: PathBuf,
    scale: f64,
    rng: Rng,
    picture: Vec<u8>,
    runs: u64,
    records: u64,
    bytes: u64,
    kinds: BTreeMap<&'static str, Expected>,
}

/// One event file of it.
struct Log {
    file: BufWriter<File>,
    frame: Vec<u8>,
    records: u64,
    bytes: u64,
}

impl Log {
    fn event(&mut self, wall_time: f64, step: i64, what: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        self.frame.clear();
        tfevents::record::frame_in_place(&mut self.frame, |out| {
            double(out, 1, wall_time);
            int(out, 2, step as u64);
            what(out);
            Ok(())
        })?;
        self.records += 1;
        self.bytes += self.frame.len() as u64;
        Ok(self.file.write_all(&self.frame)?)
    }

    fn value(
        &mut self,
        wall_time: f64,
        step: i64,
        tag: &str,
        content: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        self.event(wall_time, step, |event| {
            message(event, 5, |summary| {
                message(summary, 1, |value| {
                    text(value, 1, tag);
                    content(value);
                });
            });
        })
    }
}

/// When a run starts, in seconds since the epoch.
fn start_of(run: u64) -> f64 {
    1_700_000_000.0 + 4_000.0 * run as f64
}

impl Corpus {
    /// `count`, scaled, and at least one.
    fn scaled(&self, count: u64) -> u64 {
        ((count as f64 * self.scale).round() as u64).max(1)
    }

    /// Opens the one file of `run`, named as its writer names it, and writes the version record.
    fn run(&mut self, run: u64, name: &str, tf2: bool) -> Result<Log> {
        let dir = self.dir.join(name);
        fs::create_dir_all(&dir)?;
        let start = start_of(run);
        let (suffix, writer) = if tf2 {
            (".v2", "tensorflow.core.util.events_writer")
        } else {
            ("", "tensorboard.summary.writer.event_file_writer")
        };
        let pid = 4_000 + run;
        let name = format!("events.out.tfevents.{start:010.0}.gpu-node.{pid}.0{suffix}");
        let mut log = Log {
            file: BufWriter::with_capacity(1 << 18, File::create(dir.join(name))?),
            frame: Vec::new(),
            records: 0,
            bytes: 0,
        };
        log.event(start, 0, |event| {
            text(event, 3, "brain.Event:2");
            message(event, 10, |metadata| text(metadata, 1, writer));
        })?;
        self.runs += 1;
        Ok(log)
    }

    fn close(&mut self, mut log: Log) -> Result<()> {
        log.file.flush()?;
        self.records += log.records;
        self.bytes += log.bytes;
        Ok(())
    }

    fn scalars(&mut self, runs: u64, steps: u64, encoding: Encoding) -> Result<()> {
        let steps = self.scaled(steps);
        for run in 0..runs {
            let mut log = self.run(run, &run_name(run), encoding != Encoding::Simple)?;
            self.training(&mut log, run, steps, &TAGS, encoding, |_, _, _, _| Ok(()))?;
            self.close(log)?;
        }
        Ok(())
    }

    /// A training loop: each step logs every tag, under one reading of the clock, and then does
    /// `also`.
    fn training(
        &mut self,
        log: &mut Log,
        run: u64,
        steps: u64,
        tags: &[&str],
        encoding: Encoding,
        mut also: impl FnMut(&mut Self, &mut Log, i64, f64) -> Result<()>,
    ) -> Result<()> {
        let metadata = Metadata::new("scalars");
        let mut walks: Vec<_> = tags
            .iter()
            .map(|tag| (*tag, fnv1a64(tag.as_bytes()), self.rng.walk()))
            .collect();
        let mut now = start_of(run);
        for step in 0..steps as i64 {
            now += self.rng.between(0.09, 0.13);
            for (tag, hash, walk) in &mut walks {
                let value: f32 = walk.next(&mut self.rng);
                let described = match encoding {
                    Encoding::Simple => false,
                    Encoding::TensorOnce => step == 0,
                    Encoding::TensorAlways => true,
                };
                log.value(now, step, tag, |out| match encoding {
                    Encoding::Simple => fixed32(out, 2, value.to_bits()),
                    _ => {
                        message(out, 8, |tensor| {
                            int(tensor, 1, 1); // DT_FLOAT
                            message(tensor, 2, |_| {}); // rank 0
                            message(tensor, 4, |content| content.extend(value.to_le_bytes()));
                        });
                        if described {
                            metadata.append(out);
                        }
                    }
                })?;
                let expected = self.kinds.entry("scalars").or_default();
                expected.sum += f64::from(value);
                expected.row(*hash, step, now, fold(f64::from(value)));
            }
            also(self, log, step, now)?;
        }
        Ok(())
    }

    fn histograms(&mut self, steps: u64, legacy: bool) -> Result<()> {
        let steps = self.scaled(steps);
        let metadata = Metadata::new("histograms");
        let layers = [
            "attention/query",
            "attention/value",
            "mlp/up",
            "mlp/down",
            "norm/scale",
        ];
        let tags: Vec<_> = (0..50)
            .map(|i| format!("layer_{}/{}", i / layers.len(), layers[i % layers.len()]))
            .collect();
        let mut lefts = Vec::new();
        let mut rights = Vec::new();
        let mut counts = Vec::new();
        let mut content = Vec::new();
        for run in 0..10 {
            let mut log = self.run(run, &run_name(run), !legacy)?;
            let mut now = start_of(run);
            for step in 0..steps as i64 {
                now += self.rng.between(9.0, 13.0);
                for tag in &tags {
                    let buckets = if legacy { 200 } else { 30 };
                    self.rng
                        .buckets(buckets, legacy, &mut lefts, &mut rights, &mut counts);
                    log.value(now, step, tag, |out| {
                        if legacy {
                            let num: f64 = counts.iter().sum();
                            message(out, 5, |histo| {
                                double(histo, 1, lefts[0]);
                                double(histo, 2, rights[buckets - 1]);
                                double(histo, 3, num);
                                double(histo, 4, num * 0.01);
                                double(histo, 5, num * 0.02);
                                packed_doubles(histo, 6, &rights);
                                packed_doubles(histo, 7, &counts);
                            });
                            return;
                        }
                        content.clear();
                        for i in 0..buckets {
                            for number in [lefts[i], rights[i], counts[i]] {
                                content.extend(number.to_le_bytes());
                            }
                        }
                        message(out, 8, |tensor| {
                            int(tensor, 1, 2); // DT_DOUBLE
                            message(tensor, 2, |shape| {
                                message(shape, 2, |dim| int(dim, 1, buckets as u64));
                                message(shape, 2, |dim| int(dim, 1, 3));
                            });
                            message(tensor, 4, |out| out.extend_from_slice(&content));
                        });
                        metadata.append(out);
                    })?;
                    let expected = self.kinds.entry("histograms").or_default();
                    expected.buckets += buckets as u64;
                    expected.sum += counts.iter().sum::<f64>();
                    let bits = counts
                        .iter()
                        .fold(0u64, |sum, n| sum.wrapping_add(fold(*n)));
                    expected.row(fnv1a64(tag.as_bytes()), step, now, bits);
                }
            }
            self.close(log)?;
        }
        Ok(())
    }

    /// 2,000 images of 1 MiB in four runs, with a few scalars at every step.
    fn images(&mut self) -> Result<()> {
        let steps = self.scaled(100);
        for run in 0..4 {
            let mut log = self.run(run, &run_name(run), true)?;
            let encoding = Encoding::TensorAlways;
            self.training(
                &mut log,
                run,
                steps,
                &TAGS[..2],
                encoding,
                |corpus, log, step, now| {
                    for sample in 0..5 {
                        corpus.image(log, &format!("samples/{sample}"), step, now)?;
                    }
                    Ok(())
                },
            )?;
            self.close(log)?;
        }
        Ok(())
    }

    /// One run whose 100,000 scalars are one per cent of its bytes.
    fn mostly_images(&mut self) -> Result<()> {
        let steps = self.scaled(5_000);
        let mut log = self.run(0, &run_name(0), false)?;
        let encoding = Encoding::Simple;
        self.training(
            &mut log,
            0,
            steps,
            &TAGS,
            encoding,
            |corpus, log, step, now| {
                if step % 10 == 0 {
                    corpus.image(log, "samples/validation", step, now)?;
                }
                Ok(())
            },
        )?;
        self.close(log)
    }

    /// A sweep: 10,000 runs of 20 scalars each.
    fn small_runs(&mut self) -> Result<()> {
        for run in 0..self.scaled(10_000) {
            let mut log = self.run(run, &format!("sweep/trial_{run:05}"), false)?;
            let encoding = Encoding::Simple;
            self.training(&mut log, run, 10, &TAGS[..2], encoding, |_, _, _, _| Ok(()))?;
            self.close(log)?;
        }
        Ok(())
    }

    /// A picture of 1 MiB as TensorFlow 2 logs it: `[width, height, bytes]`.
    fn image(&mut self, log: &mut Log, tag: &str, step: i64, now: f64) -> Result<()> {
        let metadata = Metadata::new("images");
        let picture = &mut self.picture;
        self.rng.png(1 << 20, picture);
        log.value(now, step, tag, |out| {
            message(out, 8, |tensor| {
                int(tensor, 1, 7); // DT_STRING
                message(tensor, 2, |shape| message(shape, 2, |dim| int(dim, 1, 3)));
                text(tensor, 8, "590");
                text(tensor, 8, "590");
                message(tensor, 8, |out| out.extend_from_slice(picture));
            });
            metadata.append(out);
        })?;
        let length = picture.len() as u64;
        let last = picture
            .last_chunk()
            .map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let expected = self.kinds.entry("images").or_default();
        expected.data_bytes += length;
        expected.row(
            fnv1a64(tag.as_bytes()),
            step,
            now,
            length.wrapping_add(last),
        );
        Ok(())
    }
}

fn run_name(run: u64) -> String {
    let rate = ["0.1", "0.03", "0.01", "0.003", "0.001"][run as usize % 5];
    format!("lr{rate}_seed{}", run / 5)
}

fn make(name: &str, dir: &Path, scale: f64) -> Result<()> {
    let Some((_, write)) = NAMES.iter().find(|(known, _)| *known == name) else {
        let known: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
        return Err(format!("no corpus {name:?}; there are: {}", known.join(", ")).into());
    };
    if dir.exists() && fs::read_dir(dir)?.next().is_some() {
        return Err(format!("{} is not empty", dir.display()).into());
    }
    let mut corpus = Corpus {
        dir: dir.to_path_buf(),
        scale,
        rng: Rng::new(fnv1a64(name.as_bytes())),
        picture: Vec::new(),
        runs: 0,
        records: 0,
        bytes: 0,
        kinds: BTreeMap::new(),
    };
    let start = Instant::now();
    write(&mut corpus)?;
    let fields = [
        ("runs", corpus.runs),
        ("files", corpus.runs),
        ("records", corpus.records),
        ("bytes", corpus.bytes),
    ];
    let json = expected::json(name, scale, &fields, &corpus.kinds);
    fs::write(dir.join("expected.json"), json)?;
    let (records, megabytes) = (corpus.records, corpus.bytes as f64 / 1e6);
    let seconds = start.elapsed().as_secs_f64();
    println!("{name}: {records} records, {megabytes:.1} MB, made in {seconds:.1} s");
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (name, dir, scale) = match args.as_slice() {
        [name, dir] => (*name, *dir, Ok(1.0)),
        [name, dir, "--scale", scale] => (*name, *dir, scale.parse::<f64>()),
        _ => {
            eprintln!("usage: corpus <name> <dir> [--scale F]");
            return ExitCode::from(2);
        }
    };
    let made = scale
        .map_err(Into::into)
        .and_then(|scale| make(name, Path::new(dir), scale));
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("corpus: {error}");
            ExitCode::FAILURE
        }
    }
}
