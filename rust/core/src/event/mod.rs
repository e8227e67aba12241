//! Records to events and values, and back. Knows the wire format; knows no Arrow and does no I/O.
//!
//! [`view`] finds the parts of a message, [`tensor`] the numbers in them, [`kind`] says what a
//! value is. All of it borrows. What is unusual but legal goes through [`canonical`] first; what
//! is no `Event` at all is told apart there, too. [`encode`] goes the other way.

pub mod canonical;
pub mod check;
pub mod dtype;
pub mod encode;
mod float;
pub mod kind;
pub mod peek;
pub mod tensor;
pub mod view;
pub mod wire;

/// A message that is unusual, or no message at all: the views do not follow it. Nothing of it has
/// been taken in; [`canonical`] gives it the usual form, if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Irregular;
