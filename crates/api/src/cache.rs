//! An answer that is expensive to find, kept for a moment: fifty clients cost one query.

use std::time::Duration;

use tokio::{sync::Mutex, time::Instant};

/// A value that is found again when it is too old.
#[derive(Debug)]
pub(crate) struct Cached<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Cached<T> {
    /// The value, not older than `max_age`; otherwise what `find` gives. A client that comes while it is being found waits for
    /// that answer. A failure is not kept.
    ///
    /// # Errors
    /// It could not be found.
    pub(crate) async fn get<E>(
        &self,
        max_age: Duration,
        find: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut known = self.0.lock().await;
        if let Some((when, value)) = &*known
            && when.elapsed() < max_age
        {
            return Ok(value.clone());
        }
        let value = find.await?;
        *known = Some((Instant::now(), value.clone()));
        Ok(value)
    }
}
