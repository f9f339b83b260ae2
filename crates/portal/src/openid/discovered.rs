use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync, time::Instant};

use super::Refused;

/// How long what a provider says of itself is believed before it is asked again.
const FRESH: Duration = Duration::from_secs(300);

/// How long is waited before a provider that did not answer is asked again, or asked for keys that nobody knows yet: whoever
/// makes tokens up must not make us ask and ask.
const PAUSE: Duration = Duration::from_secs(2);

/// For how long people are led by what it said last, while it does not say it again.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// How many wait for its first answer. More would only hold requests that others need, as those that revoke a key.
const WAITING: usize = 16;

/// What a provider says of itself, asked for by one at a time.
pub(super) struct Discovered<T> {
    known: Mutex<Known<T>>,
    asking: sync::Mutex<()>,
    waiting: sync::Semaphore,
}

/// What it said last, and when it did not answer since then.
struct Known<T> {
    said: Option<(Instant, Arc<T>)>,
    failed: Option<(Instant, Refused)>,
}

impl<T> Discovered<T> {
    pub(super) fn new() -> Self {
        Self {
            known: Mutex::new(Known { said: None, failed: None }),
            asking: sync::Mutex::new(()),
            waiting: sync::Semaphore::new(WAITING),
        }
    }

    /// What is known of it, without asking.
    pub(super) fn known(&self) -> Option<Arc<T>> {
        self.with(|known| known.last())
    }

    /// What it says of itself. While it does not answer, what it said last.
    pub(super) async fn get<F>(&self, ask: impl FnOnce() -> F) -> Result<Arc<T>, Refused>
    where
        F: Future<Output = Result<T, Refused>>,
    {
        let asking = match self.asking.try_lock() {
            Ok(asking) => asking,
            // Somebody asks. Nobody else has to wait for that where something is known.
            Err(_) => match self.known() {
                Some(said) => return Ok(said),
                None => self.wait().await?,
            },
        };
        let answer = match self.with(|known| known.answer(FRESH)) {
            Some(answer) => answer,
            None => self.ask(asking, ask).await,
        };
        answer.or_else(|refused| self.known().ok_or(refused))
    }

    /// What it says of itself now: it has begun to sign with another key since it was asked.
    pub(super) async fn get_newer<F>(&self, ask: impl FnOnce() -> F) -> Result<Arc<T>, Refused>
    where
        F: Future<Output = Result<T, Refused>>,
    {
        let asking = self.wait().await?;
        match self.with(|known| known.answer(PAUSE)) {
            Some(answer) => answer,
            None => self.ask(asking, ask).await,
        }
    }

    /// Waits until nobody asks; whoever did has the answer for both.
    async fn wait(&self) -> Result<sync::MutexGuard<'_, ()>, Refused> {
        let _waiting = self.waiting.try_acquire().map_err(|_| Refused::TooMany)?;
        Ok(self.asking.lock().await)
    }

    async fn ask<F>(
        &self,
        _asking: sync::MutexGuard<'_, ()>,
        ask: impl FnOnce() -> F,
    ) -> Result<Arc<T>, Refused>
    where
        F: Future<Output = Result<T, Refused>>,
    {
        let said = ask().await.map(Arc::new);
        let now = Instant::now();
        self.with(|known| match &said {
            Ok(said) => *known = Known { said: Some((now, said.clone())), failed: None },
            Err(refused) => known.failed = Some((now, refused.clone())),
        });
        said
    }

    fn with<R>(&self, done: impl FnOnce(&mut Known<T>) -> R) -> R {
        // Nothing in here is ever half done.
        done(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> Known<T> {
    fn last(&self) -> Option<Arc<T>> {
        let said = self.said.as_ref().filter(|(at, _)| at.elapsed() < KEPT);
        said.map(|(_, said)| said.clone())
    }

    /// What it said at most so long ago, or that it did not answer a moment ago.
    fn answer(&self, at_most: Duration) -> Option<Result<Arc<T>, Refused>> {
        if let Some((at, said)) = &self.said
            && at.elapsed() < at_most
        {
            return Some(Ok(said.clone()));
        }
        let failed = self.failed.as_ref().filter(|(at, _)| at.elapsed() < PAUSE);
        failed.map(|(_, refused)| Err(refused.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::{advance, sleep, timeout};

    use super::*;

    fn away() -> Refused {
        Refused::NoProvider("away".to_owned())
    }

    async fn says(it: &Discovered<u32>, answer: Result<u32, Refused>) -> Result<u32, Refused> {
        it.get(|| ready(answer)).await.map(|said| *said)
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_said_is_believed_for_a_while_and_longer_while_there_is_no_answer() {
        let it = Discovered::new();
        assert_eq!(says(&it, Err(away())).await, Err(away()));
        assert_eq!(says(&it, Ok(1)).await, Err(away()), "it was asked a moment ago");
        advance(PAUSE).await;
        assert_eq!(says(&it, Ok(1)).await, Ok(1));
        assert_eq!(says(&it, Ok(2)).await, Ok(1));
        advance(FRESH).await;
        assert_eq!(says(&it, Err(away())).await, Ok(1), "it is led by what it said last");
        assert_eq!(it.known().as_deref(), Some(&1));
        let newer = it.get_newer(|| ready(Ok(3))).await;
        assert_eq!(newer, Err(away()), "what it said last is not what it says now");
        advance(PAUSE).await;
        assert_eq!(says(&it, Ok(2)).await, Ok(2));
        advance(PAUSE).await;
        assert_eq!(it.get_newer(|| ready(Ok(3))).await.as_deref(), Ok(&3));
        advance(KEPT).await;
        assert_eq!((says(&it, Err(away())).await, it.known()), (Err(away()), None));
    }

    #[tokio::test(start_paused = true)]
    async fn few_wait_for_a_provider_that_hangs_and_nobody_where_something_is_known() {
        let it = Arc::new(Discovered::new());
        let hanging = |it: &Arc<Discovered<u32>>| {
            let it = it.clone();
            tokio::spawn(async move { it.get(pending).await.map(|said| *said) })
        };
        let many: Vec<_> = (0..100).map(|_| hanging(&it)).collect();
        sleep(PAUSE).await;
        let answered = many.iter().filter(|one| one.is_finished()).count();
        assert_eq!(answered, 100 - 1 - WAITING, "whoever cannot wait is told so at once");
        many.iter().for_each(|one| one.abort());
        for one in many {
            assert!(!matches!(one.await, Ok(Ok(_) | Err(Refused::NoProvider(_)))));
        }
        assert_eq!(says(&it, Ok(1)).await, Ok(1));
        advance(FRESH).await;
        let one = hanging(&it);
        sleep(PAUSE).await;
        for _ in 0..100 {
            assert_eq!(timeout(PAUSE, says(&it, Ok(2))).await, Ok(Ok(1)));
        }
        one.abort();
    }
}
