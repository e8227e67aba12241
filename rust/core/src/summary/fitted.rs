//! Results of values that a format cannot hold as they are.
//!
//! A training that diverges gives NaN. That is no reason to end it: the encoders write what they
//! can, and say what they changed. The caller decides whether that is a warning or an error.

/// A result, and what had to be changed in the values to make it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted<T> {
    /// The result.
    pub made: T,
    /// What the values should have been, and what was written instead. `None` if nothing was
    /// changed.
    pub problem: Option<String>,
}

impl<T> Fitted<T> {
    /// A result of values that were as they should be.
    pub fn exactly(made: T) -> Self {
        Self {
            made,
            problem: None,
        }
    }

    /// Makes something else of the result.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn and_then<U>(
        self,
        make: impl FnOnce(T) -> crate::error::Result<U>,
    ) -> crate::error::Result<Fitted<U>> {
        Ok(Fitted {
            made: make(self.made)?,
            problem: self.problem,
        })
    }
}
