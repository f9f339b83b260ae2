use async_trait::async_trait;

use super::TileName;

/// Where a tree is read from: its files, or whoever serves them.
#[async_trait]
pub trait Tiles: Send + Sync {
    /// The checkpoint that was published last, as it was signed; none where none was.
    ///
    /// # Errors
    /// One sentence.
    async fn checkpoint(&self) -> Result<Option<Vec<u8>>, String>;

    /// A tile; none where there is none. Nothing of it is to be believed before it was checked.
    ///
    /// # Errors
    /// One sentence.
    async fn tile(&self, name: TileName) -> Result<Option<Vec<u8>>, String>;

    /// The key by which it says that its checkpoints are recognised; none where it says nothing.
    ///
    /// # Errors
    /// One sentence.
    async fn verifier_key(&self) -> Result<Option<String>, String>;
}
