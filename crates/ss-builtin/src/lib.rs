//! ss-builtin
