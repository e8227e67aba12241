//! One visit of an I/O thread to a writer.

use std::io;
use std::path::Path;
use std::sync::{Arc, MutexGuard};
use std::time::Instant;

use super::super::buffer::{Shared, State, Wake};
use super::super::policy::Durability;
use super::super::thread::threads;
use super::Output;
use crate::Error;

/// What became of an output while a thread had it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::writer) enum Served {
    Done,
    /// It was given up meanwhile.
    InVain,
}

/// Does what there is to do for a writer, once.
pub(in crate::writer) fn serve(shared: &Arc<Shared>) -> Served {
    let mut state = shared.lock();
    let mut serving = Serving {
        shared,
        abandoned: state.abandoned,
        output: state.output.take(),
    };
    if let Some(output) = &mut serving.output
        && let Some(command) = output.command(shared, &mut state)
    {
        drop(state);
        let mut result = output.write(shared, &command);
        if result.is_ok() && (command.flush.is_some() || command.closing) {
            let durable = shared.options.durability == Durability::Fsync;
            result = output.flush_sink(shared, durable);
        }
        state = output.conclude(shared, &command, result);
    }
    let wake = serving.give_back(&mut state);
    drop(state);
    let Some(wake) = wake else {
        return Served::InVain;
    };
    shared.wake(wake);
    Served::Done
}

/// An output in the hands of a thread.
struct Serving<'a> {
    shared: &'a Arc<Shared>,
    /// As in the state when it was taken.
    abandoned: u64,
    output: Option<Box<Output>>,
}

impl Serving<'_> {
    /// Puts the output back, and says when this writer has to be served next. A file that was
    /// closed, or given up, stays here to be dropped with the state unlocked. `None` if it was given
    /// up: others serve the writer by now.
    fn give_back(&mut self, state: &mut MutexGuard<'_, State>) -> Option<Wake> {
        if state.abandoned != self.abandoned {
            return None;
        }
        self.shared.dequeue(state);
        let session = state.session;
        if let Some(output) = self.output.take_if(|output| output.session == session) {
            state.output = Some(output);
        }
        // It may be that of a file which was opened while the one before was closed.
        let Some(output) = state.output.take() else {
            return Some(Wake::Not);
        };
        let now = Instant::now();
        if state.timer.is_some_and(|timer| timer <= now) {
            state.timer = None;
        }
        let wake = if output.is_due(self.shared, state, now) {
            Wake::Now
        } else {
            let due = output.due(self.shared, state);
            due.map_or(Wake::Not, |at| state.alarm(at))
        };
        state.output = Some(output);
        Some(wake)
    }
}

impl Drop for Serving<'_> {
    /// After a panic of the sink nobody is left waiting.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let shared = self.shared;
        let mut state = shared.lock();
        let session = self.output.as_ref().map(|output| output.session);
        if state.abandoned == self.abandoned && session == Some(state.session) {
            let open = self.output.as_ref().and_then(|output| output.open.as_ref());
            let path = open.map_or(Path::new(""), |open| &open.path);
            let error = Error::io(io::Error::other("the sink failed"), path);
            shared.notice(&mut state, error.clone());
            shared.abandon(&mut state, error);
            drop(state);
            threads().close();
        }
    }
}
