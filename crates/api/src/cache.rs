//! An answer that is dear to find, kept for a moment: fifty who ask cost one question.

use std::time::Duration;

use tokio::{sync::Mutex, time::Instant};

/// A value that is found anew when it is too old.
#[derive(Debug)]
pub(crate) struct Cached<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Cached<T> {
    /// The value, not older than `fresh`; otherwise what `find` gives. Whoever comes while it is being found waits for
    /// that answer. A failure is not kept.
    ///
    /// # Errors
    /// It could not be found.
    pub(crate) async fn get<E>(
        &self,
        fresh: Duration,
        find: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut known = self.0.lock().await;
        if let Some((when, value)) = &*known
            && when.elapsed() < fresh
        {
            return Ok(value.clone());
        }
        let value = find.await?;
        *known = Some((Instant::now(), value.clone()));
        Ok(value)
    }
}
