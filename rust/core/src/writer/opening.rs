//! The first file of a writer: made at once, so that a wrong directory is an error where it is
//! given, but on a thread of its own, since a disk that hangs is not waited for without end.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, SendError};
use std::thread;
use std::time::{Duration, Instant};

use super::buffer::Shared;
use super::output::Output;
use super::policy::Target;
use crate::{Error, Result, interrupt};

/// Between two looks at whether the caller still waits.
const REST: Duration = Duration::from_millis(50);

/// An output, if the disk has answered, and what came of opening its first file.
pub(super) type Opened = (Option<Box<Output>>, Result<()>);

/// Opens the first file of what `make` makes, and waits for it for no longer than `close_timeout`.
/// A file that comes later is removed again.
///
/// One that was given by its name is waited for: to open it later would cut off what was written
/// to it meanwhile.
pub(super) fn open(make: impl Fn() -> Box<Output>, shared: &Arc<Shared>) -> Opened {
    let here = || {
        let mut output = make();
        let opened = output.open_first(shared);
        (Some(output), opened)
    };
    let Target::Directory { path, .. } = &shared.options.target else {
        return here();
    };
    let (send, receive) = mpsc::sync_channel(0);
    let theirs = Arc::clone(shared);
    let mut output = make();
    let work = move || {
        let opened = output.open_first(&theirs);
        if let Err(SendError((output, _))) = send.send((output, opened)) {
            output.discard(&theirs);
        }
    };
    let thread = thread::Builder::new().name("tfevents-open".to_owned());
    let Ok(thread) = thread.stack_size(256 << 10).spawn(work) else {
        return here();
    };
    let limit = shared.options.close_timeout;
    let deadline = Instant::now().checked_add(limit);
    loop {
        let error = match receive.recv_timeout(REST) {
            Ok((output, opened)) => {
                let _ = thread.join(); // it ends now: many writers leave no row of threads behind
                return (Some(output), opened);
            }
            Err(RecvTimeoutError::Disconnected) => {
                Error::io(io::Error::other("the sink failed"), path)
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Err(error) = interrupt::check() {
                    return (None, Err(error));
                }
                if deadline.is_none_or(|deadline| Instant::now() < deadline) {
                    continue;
                }
                let text = format!("the disk did not answer for {limit:?}; no file is open yet");
                Error::io(io::Error::new(io::ErrorKind::TimedOut, text), path)
            }
        };
        return (None, Err(error));
    }
}
