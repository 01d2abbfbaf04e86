"""Number of the lowest set bit of a word, for compiled loops that walk over the set bits."""

from numba import types
from numba.extending import intrinsic


@intrinsic
def lowest_bit(typing_context, word):  # type: ignore[no-untyped-def]
    """Return the place of the lowest set bit of a ``uint64``, which must not be 0 (one instruction)."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.cttz(arguments[0], context.get_constant(types.boolean, True))

    return types.uint64(types.uint64), code
