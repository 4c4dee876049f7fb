//! What the fuzz targets do with a sequence of bytes. Each module stands alone, so that the ordinary tests can include
//! it by its path and play the corpus through the same code.

pub mod codec;
pub mod mutate;
pub mod tracker;
