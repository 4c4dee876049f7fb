//! The fuzz targets. Each module is self-contained, so that the ordinary tests can include it by its path and run the
//! corpus through the same code.

pub mod codec;
pub mod mutate;
pub mod tracker;
