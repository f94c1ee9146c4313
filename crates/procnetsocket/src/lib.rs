//! procnetsocket
