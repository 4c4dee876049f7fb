//! The call model against recorded and made-up calls: see `tests/it`. Nothing here is shipped.
