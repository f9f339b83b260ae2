use std::{
    io,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use tokio::runtime::{Builder, EnterGuard, Runtime};

/// A runtime of its own for whoever asks a database and is blocked meanwhile, as by a file: its thread waits for the
/// network, so it may be asked from any other.
pub struct Waiting {
    /// None while it is dropped.
    runtime: Option<Runtime>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // It may be dropped where nobody may wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Waiting {
    /// One with a thread of this name.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn new(thread: &str) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name(thread).enable_all().build();
        Ok(Self { runtime: Some(runtime?) })
    }

    /// For what is made on this thread, and works on the runtime later.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.runtime().enter()
    }

    /// Waits on this thread until the runtime has brought a future to its end.
    ///
    /// Neither `Handle::block_on` nor `block_in_place` would do: a projector applies events within a runtime of its own.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        // What the future drops, it drops within the runtime too.
        let _entered = self.enter();
        // The budget of the task that this thread may be in the middle of is not ours: used up, it would never come back.
        let mut future = pin!(tokio::task::unconstrained(future));
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(answer) => return answer,
                Poll::Pending => thread::park(),
            }
        }
    }

    fn runtime(&self) -> &Runtime {
        let Some(runtime) = &self.runtime else { unreachable!("it is only taken while this is dropped") };
        runtime
    }
}

/// Wakes a thread that waits for a future.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
