//! The desk in a real browser: Chromium without a window, driven over WebDriver.
//!
//! Where there is no `chromedriver` these tests say so and do nothing, unless `RINGWIRE_BROWSER=required`. With
//! `RINGWIRE_SCREENSHOTS=DIRECTORY` they leave pictures there.

mod daemon;
mod demo;
mod driver;
mod hostile;
mod load;
mod restart;

/// How long anything is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(180);
