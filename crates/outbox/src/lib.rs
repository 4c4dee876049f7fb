//! The memory: what is owed to whom, in which order, and when to try again.
