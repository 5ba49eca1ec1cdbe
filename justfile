# What one does here; `just` lists it.

default:
    @just --list

# See the main job work, step by step (a minute)
demo:
    cargo run --release -- demo

# All tests that this machine can run (half an hour from nothing, minutes after)
test *parts:
    ./test {{ parts }}

# Unit tests of one package (a minute)
unit package:
    cargo test --release -p {{ package }}

# One bar, for example: just bench segment --entries 1000
bench *arguments:
    cargo run --release -p techo-bench -- {{ arguments }}

# Look for panics in one parser, until stopped
fuzz target:
    cargo +nightly fuzz run {{ target }}

# Write the list of error codes anew after a change
errors:
    TECHO_WRITE=1 cargo test --release -p techo errors

# Write the book's vectors anew after a format was added
vectors:
    TECHO_WRITE=1 cargo test --release -p techo-tests --test book vectors
