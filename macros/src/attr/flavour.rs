//! The three macros that read a struct.

use crate::attr::arguments::Known;

/// Which of the macros reads the struct.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Flavour {
    MustShutdown,
    /// `#[pyclass_teardown]`, on the struct.
    PyClass,
    Teardown,
}

impl Flavour {
    /// As the user writes it.
    pub(crate) fn spelling(self) -> &'static str {
        match self {
            Flavour::MustShutdown => "#[must_shutdown]",
            Flavour::PyClass => "#[pyclass_teardown]",
            Flavour::Teardown => "#[derive(Teardown)]",
        }
    }

    /// The attribute that takes the arguments of the struct.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Flavour::MustShutdown => "must_shutdown",
            Flavour::PyClass => "pyclass_teardown",
            Flavour::Teardown => "teardown",
        }
    }

    /// Whether its structs have a guard.
    pub(crate) fn is_guarded(self) -> bool {
        match self {
            Flavour::MustShutdown | Flavour::PyClass => true,
            Flavour::Teardown => false,
        }
    }

    /// The attribute that carries the arguments of the struct.
    pub(crate) fn carrier(self) -> &'static str {
        match self {
            Flavour::MustShutdown | Flavour::PyClass => "__sundown",
            Flavour::Teardown => "teardown",
        }
    }

    /// The arguments of the struct.
    pub(crate) fn arguments(self) -> &'static [Known] {
        match self {
            Flavour::MustShutdown => MUST_SHUTDOWN,
            Flavour::PyClass => PYCLASS,
            Flavour::Teardown => TEARDOWN,
        }
    }
}

const MUST_SHUTDOWN: &[Known] = &[
    Known { key: "timeout", example: "timeout = \"10s\"" },
    Known { key: "on_drop", example: "on_drop = \"log\"" },
    Known { key: "name", example: "name = \"Runner\"" },
    Known { key: "shared", example: "shared" },
    Known { key: "manual", example: "manual" },
    Known { key: "methods", example: "methods = \"stop\"" },
    Known { key: "starting", example: "starting" },
    Known { key: "crate", example: "crate = ::sundown" },
];

const PYCLASS: &[Known] = &[
    Known { key: "timeout", example: "timeout = \"10s\"" },
    Known { key: "on_drop", example: "on_drop = \"quiet\"" },
    Known { key: "name", example: "name = \"Client\"" },
    Known { key: "crate", example: "crate = ::sundown_python" },
    // Written by the attribute, which sees what `#[pyclass]` says.
    Known { key: "__unsendable", example: "__unsendable" },
    Known { key: "__extends", example: "__extends" },
];

const TEARDOWN: &[Known] = &[
    Known { key: "timeout", example: "timeout = \"10s\"" },
    Known { key: "name", example: "name = \"Runner\"" },
    Known { key: "crate", example: "crate = ::sundown" },
];
