//! Whether an engine still answers. One that hangs, or whose machine has gone without a word, keeps
//! its connections and says nothing: whoever waits for it would wait for ever.

use std::time::Duration;

use super::client::Engine;
use super::error::EngineError;

/// Between two pings: they cost the engine next to nothing.
const BETWEEN: Duration = Duration::from_secs(2);

impl Engine {
    /// Returns when the engine does not answer a ping within `limit` any more; what to make of it.
    /// Whether it refuses connections is not looked at: who waits for something is told.
    pub(crate) async fn hangs(&self, limit: Duration) -> EngineError {
        loop {
            tokio::time::sleep(BETWEEN.min(limit)).await;
            if tokio::time::timeout(limit, self.docker().ping()).await.is_err() {
                let reason = format!("it said nothing for {limit:?}");
                return EngineError::Gone { endpoint: self.endpoint().to_string(), reason };
            }
        }
    }
}
