//! Small programs, one idea each: the examples of this package.
