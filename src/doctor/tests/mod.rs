//! What is judged of facts that a test machine does not have.
