use std::{
    io,
    thread::{self, JoinHandle},
};

/// A thread that is waited for when this is dropped. It must have been told to end before: by a field of the same
/// struct that stands above this one, and so is dropped first.
pub(crate) struct Worker(Option<JoinHandle<()>>);

impl Worker {
    pub(crate) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        thread::Builder::new().name(name.to_owned()).spawn(work).map(|thread| Self(Some(thread)))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            // One that panicked has told so on its way, and there is nobody here to tell it again.
            let _ = thread.join();
        }
    }
}
