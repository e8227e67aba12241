//! Contents to bytes: what a `Summary.Value` holds, for every kind of series.
//!
//! Each function takes plain data and gives the bytes of one `Summary.Value` (or the part of it
//! its name says), ready to be put into an event: there are no message objects in between. What
//! the bytes say is, field by field, what `torch.utils.tensorboard` says, except where that is a
//! mistake; `docs/writing.md` lists those places.
//!
//! Nothing here knows files, steps or Python.

mod array;
mod fitted;
pub mod histogram;
pub mod hparams;
pub mod layout;
pub mod mesh;
pub mod pr_curve;
mod tensor;
mod tsv;
mod value;
mod wire;

pub use array::{Array, Dtype};
pub use fitted::Fitted;
pub use histogram::{Bins, Estimator, Histogram};
pub use tensor::{Spelling, Tensor, tensor};
pub use tsv::tsv;
pub use value::{Content, Metadata, value};

/// Little-endian bytes of `numbers`.
fn bytes_of_f32(numbers: &[f32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}
