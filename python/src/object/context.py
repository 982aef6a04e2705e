# What `with` and `async with` call: in Python, so that no Rust frame lies below a `close` that a subclass overrides.

# As in `types`, which a small program need not have imported.
MethodDescriptorType = type(str.join)


def __enter__(self):
    """Returns the object; `close()` is called at the end of the block."""
    self._sundown_check()
    return self


def __exit__(self, *_):
    self.close()


async def __aenter__(self):
    """Returns the object; `aclose()` is awaited at the end of the block."""
    self._sundown_check()
    if type(type(self).aclose) is MethodDescriptorType:
        needs_asyncio()  # That of the class does, and by then it is too late to say so. That of a subclass may not.
    return self


async def __aexit__(self, *_):
    await self.aclose()
