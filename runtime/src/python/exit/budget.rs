//! The budget that the extension modules of a process share.
